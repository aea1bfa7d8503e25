"""The values of the next sweep, narrowed around chosen ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosmos_houdini.model.batch import Randomization, Range
from cosmos_houdini.model.control import Control
from cosmos_houdini.sweeps.narrow import SEEDS, Varied, narrow, narrow_values


@pytest.mark.parametrize(
    ("values", "chosen", "expected", "why"),
    [
        (Range(min=0, max=1), [0.4, 0.6], Range(min=0, max=1), "stays"),
        (Range(min=0.0, max=1.0), [0.4, 0.6], Range(min=0.3375, max=0.6625), "from 0.0-1.0 to"),
        (Range(min=0.0, max=1.0), [0.95], Range(min=0.8875, max=1.0), "around 0.95"),
        (Range(min=10, max=50), [20, 24], Range(min=17, max=27), "around 20 and 24"),
        (Range(min=0.0, max=1.0, step=0.1), [0.3, 0.4], Range(min=0.2, max=0.5, step=0.1), "from"),
        (Range(min=1, max=9, step=2), [5], Range(min=3, max=7, step=2), "from"),
        (Range(min=2, max=2), [2], (2,), "fixed"),
        ((1, 2, 3), [3, 1], (1, 3), "2 of 3 values"),
        (("rain", "snow"), ["snow", "snow"], ("snow",), "fixed at snow"),
        ((1, 2), [7], (7,), "fixed at 7"),
    ],
)
def test_values_are_narrowed_around_the_chosen_ones(values: Varied, chosen: list[object], expected: Varied, why: str):
    found, said = narrow_values(values, chosen)
    assert found == expected
    assert why in said


@given(
    st.floats(-50, 50),
    st.floats(0.1, 90),
    st.lists(st.floats(0, 1), min_size=1, max_size=5),
    st.sampled_from([None, 7]),
)
def test_a_narrowed_range_holds_the_chosen_values_and_no_more_than_before(
    low: float, width: float, shares: list[float], steps: int | None
):
    values = Range(min=low, max=low + width, step=None if steps is None else width / steps)
    chosen = [min(max(low + share * width, low), low + width) for share in shares]
    found, _ = narrow_values(values, chosen)
    ends = (found.min, found.max) if isinstance(found, Range) else (min(found), max(found))
    room = 1e-3 if steps is None else width / steps
    assert low - 1e-4 <= ends[0] <= min(chosen) + room
    assert max(chosen) - room <= ends[1] <= low + width + 1e-4


def test_weights_parameters_and_listed_seeds_are_narrowed_with_a_reason_each():
    how = Randomization.model_validate(
        {
            "control_weights": {"min": 0.0, "max": 1.0},
            "seeds": [1, 2, 3],
            "steps": [20, 35],
            "guidance": {"min": 1, "max": 9},
        }
    )
    weights = [{Control.DEPTH: 0.8, Control.EDGE: 0.2}, {Control.DEPTH: 0.9, Control.EDGE: 0.2}]
    parameters = [{"seed": 2, "num_steps": 35, "guidance": 4.0}, {"seed": 3, "num_steps": 35, "guidance": 5.0}]
    names = {"steps": "num_steps", "guidance": "guidance", SEEDS: "seed"}
    found = narrow(how, weights, parameters, names)
    assert found.weights == {
        Control.DEPTH: Range(min=0.7375, max=0.9625),
        Control.EDGE: Range(min=0.1375, max=0.2625),
    }
    assert found.parameters == {"steps": (35,), "guidance": Range(min=3, max=6), "seeds": (2, 3)}
    assert sorted(reason.partition(":")[0] for reason in found.reasons) == [
        "guidance",
        "seeds",
        "steps",
        "weight of depth",
        "weight of edge",
    ]


def test_random_seeds_stay_random():
    found = narrow(Randomization.model_validate({"seeds": "random"}), [{}], [{"seed": 4}], {SEEDS: "seed"})
    assert (found.weights, found.parameters, found.reasons) == ({}, {}, ())
