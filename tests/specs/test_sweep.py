from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from cosmos_houdini.engines import find_engine
from cosmos_houdini.engines.cosmos.parameters import TRANSFER1_PARAMETERS
from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.batch import BatchSpec
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.parameter import resolve
from cosmos_houdini.model.request import Clip, ControlInput, InferenceRequest
from cosmos_houdini.specs.request import resolve_weights
from cosmos_houdini.sweeps.sweep import SweepRun, expand
from support.jobs.batches_in_memory import SPEC_FILE, batch_of, street, sweep_of

KINDS = [str(kind) for kind in Control]
MISSION = {
    "control_weights": {"min": 0.1, "max": 0.9, "step": 0.1},
    "num_steps": [1, 35, 50],
    "guidance_scale": {"min": 5.0, "max": 12.0},
    "seeds": "random",
}


def weights(run: SweepRun) -> dict[str, float]:
    return {str(kind): weight for kind, weight in run.weights.items()}


def request_of(run: SweepRun) -> InferenceRequest:
    """Return the request of a run, its videos taken as decoded already."""
    spec = run.run_spec()
    clip = Clip(path=spec.spec.input_video, sha256="0" * 64, frames=121, size=(1280, 704), fps=24.0)
    return InferenceRequest(
        name=spec.name,
        engine=spec.engine,
        prompt=spec.spec.prompt,
        negative_prompt=spec.spec.negative_prompt,
        video=clip,
        controls=tuple(ControlInput(kind=kind, weight=w, clip=clip) for kind, w in resolve_weights(spec).items()),
        parameters=resolve(TRANSFER1_PARAMETERS, spec.parameters, engine=spec.engine),
        num_gpu=spec.num_gpu,
    )


def test_every_run_of_the_usual_form_has_its_own_values_within_what_was_asked():
    runs = sweep_of({**MISSION, "count": 200}).runs
    assert [run.name for run in runs] == [f"street-{number:04d}" for number in range(1, 201)]
    assert {weight for run in runs for weight in weights(run).values()} == {n / 10 for n in range(1, 10)}
    assert {run.parameters["num_steps"] for run in runs} == {1, 35, 50}
    assert all(5 <= float(run.parameters["guidance"]) <= 12 for run in runs)
    assert len({run.parameters["seed"] for run in runs}) == 200
    assert all(weights(run).keys() == {"edge", "depth"} for run in runs)


def test_these_very_runs_come_of_a_seed_on_every_machine():
    runs = sweep_of({**MISSION, "count": 3, "seed": 7, "sampler": "sobol"}).runs
    assert [run.document({})["parameters"] for run in runs] == RECORDED


RECORDED: list[dict[str, Any]] = [
    {"seed": 413869297, "num_steps": 50, "guidance": 7.0568, "weights": {"edge": 0.9, "depth": 0.1}},
    {"seed": 11767655, "num_steps": 35, "guidance": 10.5568, "weights": {"edge": 0.4, "depth": 0.5}},
    {"seed": 1733658530, "num_steps": 50, "guidance": 5.3068, "weights": {"edge": 0.2, "depth": 0.3}},
]


def test_a_grid_has_every_combination_once_the_last_changing_fastest():
    runs = sweep_of({"control_weights": {"edge": [0.2, 0.4]}, "num_steps": [1, 35], "seeds": [5, 6, 7]}).runs
    rows = [(run.weights[Control.EDGE], run.parameters["seed"], run.parameters["num_steps"]) for run in runs]
    assert rows == [(edge, seed, steps) for edge in (0.2, 0.4) for seed in (5, 6, 7) for steps in (1, 35)]


def test_the_order_of_keys_in_a_file_changes_nothing():
    backwards = dict(reversed(MISSION.items()))
    assert sweep_of({**MISSION, "count": 20}).runs == sweep_of({"count": 20, **backwards}).runs


@pytest.mark.parametrize("sampler", ["random", "sobol"])
def test_a_larger_count_begins_with_the_runs_of_a_smaller_one(sampler: str):
    few, many = (sweep_of({**MISSION, "count": count, "sampler": sampler}).runs for count in (5, 50))
    assert many[:5] == few


def test_a_count_alone_makes_runs_that_differ_in_their_seeds():
    runs = sweep_of({"count": 4}).runs
    assert len({run.parameters["seed"] for run in runs}) == 4
    assert {tuple(run.weights.values()) for run in runs} == {(0.5, 0.5)}


def test_without_anything_to_vary_an_item_is_one_run():
    (run,) = sweep_of(parameters={"num_steps": 20}).runs
    assert (run.name, run.parameters, weights(run)) == ("street-0001", {"num_steps": 20}, {"edge": 0.5, "depth": 0.5})


def test_a_range_without_a_step_has_no_grid_and_ten_runs_are_drawn():
    sweep = sweep_of({"guidance": {"min": 5, "max": 12}})
    assert len(sweep.runs) == 10
    assert "10 runs are drawn" in sweep.notes[0]
    with pytest.raises(BadInput, match="guidance from 5 to 12 has no steps"):
        sweep_of({"guidance": {"min": 5, "max": 12}, "sampler": "grid"})


def test_a_part_of_a_grid_is_taken_in_its_order_and_said():
    whole = sweep_of({"num_steps": {"min": 1, "max": 100}, "sampler": "grid"}).runs
    part = sweep_of({"num_steps": {"min": 1, "max": 100}, "sampler": "grid", "count": 30})
    steps = [run.parameters["num_steps"] for run in part.runs]
    assert len(whole) == 100
    assert len(steps) == 30
    assert steps == sorted(set(steps))
    assert max(steps) > 60
    assert "30 of the 100 points" in part.notes[0]


def test_decimals_have_no_dust():
    runs = sweep_of({"control_weights": {"edge": {"min": 0.1, "max": 1.0, "step": 0.1}}}).runs
    assert [repr(run.weights[Control.EDGE]) for run in runs] == [f"0.{n}" for n in range(1, 10)] + ["1.0"]
    runs = sweep_of({"guidance": {"min": 1, "max": 8, "step": 0.35}}).runs
    assert [run.parameters["guidance"] for run in runs] == [round(1 + n * 0.35, 2) for n in range(21)]


def test_whole_numbers_stay_whole_and_others_become_the_engines_type():
    runs = sweep_of({"num_steps": {"min": 1, "max": 9, "step": 4.0}, "guidance": {"min": 1, "max": 3, "step": 1}}).runs
    assert {type(run.parameters["num_steps"]) for run in runs} == {int}
    assert {run.parameters["num_steps"] for run in runs} == {1, 5, 9}
    assert {type(run.parameters["guidance"]) for run in runs} == {float}


def test_weight_zero_drops_a_control_from_the_request():
    runs = sweep_of({"control_weights": {"edge": [0, 0.4], "depth": [0, 0.6]}}).runs
    assert [weights(run) for run in runs] == [
        {"edge": 0.0, "depth": 0.6},
        {"edge": 0.4, "depth": 0.0},
        {"edge": 0.4, "depth": 0.6},
    ]
    kinds = [[str(control.kind) for control in request_of(run).controls] for run in runs]
    assert kinds == [["depth"], ["edge"], ["edge", "depth"]]


def test_weights_of_one_run_never_reach_another():
    asked = [{"edge": 0.1}, {"depth": 0.9}, {}, {"edge": 0}]
    items = [{"spec": SPEC_FILE, "name": f"s{n}", "weights": own} for n, own in enumerate(asked)]
    batch = batch_of({"seeds": [1, 2]}, items=items, weights={"edge": 0.3})
    runs = expand(batch, {SPEC_FILE: street(("edge", "depth"))}, TRANSFER1_PARAMETERS).runs
    assert [weights(run) for run in runs[::2]] == [
        {"edge": 0.1, "depth": 0.5},
        {"edge": 0.3, "depth": 0.9},
        {"edge": 0.3, "depth": 0.5},
        {"edge": 0.0, "depth": 0.5},
    ]
    assert [weights(run) for run in runs[1::2]] == [weights(run) for run in runs[::2]]


def test_weights_that_were_handed_out_stay_those_of_their_run():
    runs = sweep_of({"control_weights": {"edge": [0.2, 0.4]}}).runs
    held = [run.weights for run in runs]
    assert [own[Control.EDGE] for own in held] == [0.2, 0.4]


def test_what_stands_in_an_item_goes_before_what_is_varied_and_that_before_what_is_shared():
    items = [{"spec": SPEC_FILE}, {"spec": SPEC_FILE, "name": "own", "parameters": {"num_steps": 7}}]
    batch = batch_of({"num_steps": [1, 2], "seeds": [3]}, items=items, parameters={"num_steps": 50, "sigma_max": 10})
    runs = expand(batch, {SPEC_FILE: street()}, TRANSFER1_PARAMETERS).runs
    rows = [(run.name, run.parameters["num_steps"], run.parameters["sigma_max"]) for run in runs]
    assert rows == [("street-0001", 1, 10.0), ("street-0002", 2, 10.0), ("own-0001", 7, 10.0)]


def test_items_with_the_same_controls_get_the_same_points():
    other = Path("/shots/alley.spec.json").absolute()
    batch = batch_of({**MISSION, "count": 6}, items=[{"spec": SPEC_FILE}, {"spec": other}])
    specs = {SPEC_FILE: street(), other: street(name="alley")}
    runs = expand(batch, specs, TRANSFER1_PARAMETERS).runs
    assert [run.point for run in runs[:6]] == [run.point for run in runs[6:]]
    assert runs[6].name == "alley-0001"


def test_the_sum_of_weights_is_kept_and_the_count_reached():
    how = {"control_weights": {"min": 0.1, "max": 0.9, "step": 0.1}, "count": 60, "seeds": "random"}
    runs = sweep_of({**how, "constraints": {"max_weight_sum": 1}}, controls=KINDS).runs
    sums = [sum(run.weights.values()) for run in runs]
    assert len(runs) == 60
    assert max(sums) <= 1 + 1e-9
    assert 1 in {round(total, 6) for total in sums}


def test_tenths_that_add_up_to_the_limit_are_within_it():
    how = {"control_weights": [0.1], "constraints": {"max_weight_sum": 0.3}}
    (run,) = sweep_of(how, controls=["vis", "edge", "depth"]).runs
    assert sum(run.weights.values()) > 0.3


@pytest.mark.parametrize("sampler", ["grid", "random", "latin_hypercube", "sobol"])
@pytest.mark.parametrize(
    ("how", "controls", "sentence"),
    [
        (
            {"control_weights": {"min": 0.4, "max": 0.9, "step": 0.1}, "constraints": {"max_weight_sum": 1}},
            KINDS,
            "street: max_weight_sum = 1 leaves no run: the weights add up to at least 1.6",
        ),
        (
            {"control_weights": {"edge": [0.6]}, "constraints": {"max_weight_sum": 1}},
            ["edge", "depth"],
            "at least 1.1",
        ),
        ({"num_steps": [1, 2], "exclude": [{"num_steps": {"min": 0, "max": 5}}]}, ["edge"], "no run is left"),
        ({"control_weights": [0]}, ["edge"], "in which a control takes part"),
    ],
)
def test_rules_that_no_run_satisfies_are_an_error_and_no_endless_loop(
    sampler: str, how: dict[str, object], controls: list[str], sentence: str
):
    with pytest.raises(BadInput, match=sentence):
        sweep_of({**how, "sampler": sampler, "count": 5}, controls=controls)


def test_weights_that_are_all_zero_leave_nothing_to_run():
    with pytest.raises(BadInput, match="every weight is 0"):
        sweep_of(weights={"edge": 0, "depth": 0})


def test_exclusions_need_all_of_their_conditions():
    how = {
        "control_weights": {"edge": [0.2, 0.4]},
        "num_steps": [1, 35],
        "exclude": [{"num_steps": 1, "control_weights": {"edge": 0.4}}, {"guidance_scale": 7}],
    }
    runs = sweep_of(how).runs
    assert [(run.weights[Control.EDGE], run.parameters["num_steps"]) for run in runs] == [
        (0.2, 1),
        (0.2, 35),
        (0.4, 35),
    ]


def test_an_exclusion_may_name_what_is_not_varied():
    with pytest.raises(BadInput, match="no run is left"):
        sweep_of({"num_steps": [1, 35], "exclude": [{"guidance": 5.0, "use_distilled": False}]})


def test_repeated_values_runs_and_items_are_left_out_and_said():
    sweep = sweep_of({"num_steps": [1, 35, 1]})
    assert [run.parameters["num_steps"] for run in sweep.runs] == [1, 35]
    assert sweep.notes == ("street: num_steps: 1 repeated values are left out",)
    sweep = sweep_of({"num_steps": [1, 35], "count": 2, "sampler": "random", "seed": 1})
    assert sorted(run.parameters["num_steps"] for run in sweep.runs) == [1, 35]
    sweep = sweep_of({"num_steps": [1, 35], "count": 9})
    assert sorted(run.parameters["num_steps"] for run in sweep.runs) == [1, 35]
    assert "only 2 different runs were found instead of 9" in sweep.notes[0]
    sweep = sweep_of({"num_steps": [1, 35], "sampler": "grid", "count": 9})
    assert (len(sweep.runs), sweep.notes) == (2, ("street: the grid has 2 points and not 9",))
    sweep = sweep_of(items=[{"spec": SPEC_FILE}, {"spec": SPEC_FILE}])
    assert (len(sweep.runs), sweep.notes) == (1, ("1 repeated items are left out",))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"randomization": {"num_step": [1]}}, ["no parameter 'num_step'", "did you mean 'num_steps'?"]),
        ({"randomization": {"samplr": ["grid"]}}, ["did you mean 'sampler'?"]),
        ({"randomization": {"guidance": [1], "guidance_scale": [2]}}, ["guidance is given twice"]),
        ({"randomization": {"guidance": {"min": 5, "max": 25}}}, ["guidance = 25", "from 0 to 20"]),
        ({"randomization": {"guidance": [1, 25]}}, ["guidance = 25", "from 0 to 20"]),
        (
            {"randomization": {"control_weights": {"edge": [1.5]}}},
            ["parameter weight of edge = 1.5 cannot", "from 0 to 1"],
        ),
        ({"randomization": {"num_steps": [1.5]}}, ["num_steps = 1.5", "a whole number"]),
        ({"randomization": {"num_steps": {"min": 1, "max": 9, "step": 0.5}}}, ["num_steps has whole numbers"]),
        ({"randomization": {"blur_strength": {"min": 1, "max": 9}}}, ["blur_strength has no range", "very_low"]),
        ({"randomization": {"blur_strength": ["faint"]}}, ["blur_strength = 'faint'", "very_low"]),
        (
            {"engine": "diffusers", "randomization": {"control_weights": {"seg": [0.1]}}},
            ["no seg video", "diffusers estimates none", "--control seg=VIDEO"],
        ),
        ({"randomization": {"seeds": [-1]}}, ["seed = -1", "from 0 to 4294963200"]),
        ({"randomization": {"exclude": [{"num_step": 1}]}}, ["did you mean 'num_steps'?"]),
        ({"randomization": {"sigma_max": {"min": 1, "max": 2, "step": 1e-16}}}, ["more decimals"]),
        ({"randomization": {"sigma_max": {"min": 0.01, "max": 80, "step": 1e-5}}}, ["7,999,001 points", "1,000,000"]),
        ({"engine": "diffusers", "weights": {"seg": 0.2}}, ["weight 0.2 for seg", "no seg video"]),
        ({"parameters": {"fps": 0}}, ["fps = 0", "from 1 to 60"]),
        ({"parameters": {"stps": 3}}, ["no parameter 'stps'"]),
        ({"items": [{"spec": SPEC_FILE, "parameters": {"seed": "x"}}]}, ["seed = 'x'"]),
        ({"items": [{"spec": SPEC_FILE}, {"spec": SPEC_FILE, "weights": {"edge": 1}}]}, ["2 items", "called street"]),
    ],
)
def test_what_the_engine_does_not_take_is_refused_by_name(changes: dict[str, Any], words: list[str]):
    with pytest.raises(BadInput) as caught:
        sweep_of(**changes)
    for word in ["street", *words]:
        assert word in str(caught.value)


def test_values_are_moved_to_what_the_engine_takes_only_when_that_is_asked_for_and_it_is_said():
    sweep = sweep_of({"guidance": [-1, 5, 25], "clamp": True})
    assert [run.parameters["guidance"] for run in sweep.runs] == [0.0, 5.0, 20.0]
    assert len(sweep.notes) == 2
    assert "guidance = 25 becomes 20.0" in sweep.notes[1]
    sweep = sweep_of({"control_weights": {"edge": {"min": 0.5, "max": 1.3, "step": 0.25}}, "clamp": True})
    assert [run.weights[Control.EDGE] for run in sweep.runs] == [0.5, 0.75, 1.0]
    assert "weight of edge from 0.5 to 1.3 becomes 0.5 to 1.0" in sweep.notes[0]
    assert {
        run.parameters["guidance"] for run in sweep_of({"guidance": {"min": 30, "max": 40}, "clamp": True}).runs
    } == {20.0}


def test_weights_that_are_varied_without_any_control_are_said():
    sweep = sweep_of({"control_weights": [0.1], "num_steps": [1, 2]}, controls=[])
    assert len(sweep.runs) == 2
    assert sweep.notes == ("street: control_weights vary nothing: it has no control video",)


def test_long_names_leave_room_for_the_number():
    (run,) = sweep_of(items=[{"spec": SPEC_FILE, "name": "x" * 80}]).runs
    assert run.run_spec().name == "x" * 72 + "-0001"


numbers = st.integers(-10, 110) | st.floats(-1, 101, allow_nan=False).map(lambda number: round(number, 3))


@st.composite
def ranges(draw: st.DrawFn, low: float, high: float) -> dict[str, float]:
    ends = sorted(round(draw(st.floats(low, high)), 2) for _ in range(2))
    step = draw(st.none() | st.sampled_from([0.01, 0.05, 0.1, 0.25, 1]))
    return {"min": ends[0], "max": ends[1]} | ({"step": step} if step and step <= ends[1] - ends[0] else {})


def whole(low: int, high: int) -> st.SearchStrategy[object]:
    pair = st.tuples(st.integers(low, high), st.integers(low, high)).map(sorted)
    return st.lists(st.integers(low, high), min_size=1, max_size=4) | pair.map(
        lambda ends: {"min": ends[0], "max": ends[1]}
    )


weight_values = ranges(0, 1) | st.lists(st.sampled_from([0, 0.25, 0.5, 1]), min_size=1, max_size=3)


@st.composite
def batches(draw: st.DrawFn) -> tuple[BatchSpec, Mapping[Path, Any]]:
    """Return a batch of up to three shots that an artist could have written, and the shots."""
    names = draw(st.lists(st.sampled_from(["street", "alley", "roof"]), min_size=1, max_size=3, unique=True))
    controls = draw(st.lists(st.sampled_from(KINDS), min_size=1, unique=True))
    specs = {Path(f"/shots/{name}.json").absolute(): street(controls, name) for name in names}
    how = draw(
        st.fixed_dictionaries(
            {"count": st.integers(1, 12), "sampler": st.sampled_from(["grid", "random", "latin_hypercube", "sobol"])},
            optional={
                "control_weights": weight_values
                | st.dictionaries(st.sampled_from(controls), weight_values, min_size=1),
                "num_steps": whole(1, 100),
                "guidance_scale": ranges(0, 20),
                "sigma_max": st.lists(st.floats(0, 80, width=32), min_size=1, max_size=3),
                "canny_threshold": st.just(["low", "high"]),
                "upsample_prompt": st.just([True, False]),
                "seeds": st.just("random") | whole(0, 2**31 - 1),
                "seed": st.integers(0, 2**70),
                "constraints": st.builds(lambda most: {"max_weight_sum": most}, st.sampled_from([0.5, 1, 2.5])),
                "exclude": st.just([{"num_steps": {"min": 0, "max": 3}, "control_weights": {controls[0]: 0.5}}]),
            },
        )
    )
    items = [
        {"spec": file, **draw(st.fixed_dictionaries({}, optional={"parameters": st.just({"num_steps": 9})}))}
        for file in specs
    ]
    return batch_of(how, items=items, parameters=draw(st.just({}) | st.just({"fps": 30}))), specs


@settings(max_examples=80, deadline=None)
@given(batches())
def test_no_batch_expands_to_an_invalid_request_and_every_value_reaches_it(drawn: tuple[BatchSpec, Mapping[Path, Any]]):
    batch, specs = drawn
    try:
        sweep = expand(batch, specs, TRANSFER1_PARAMETERS)
    except BadInput:
        event("refused")
        return
    assert expand(BatchSpec.model_validate_json(batch.model_dump_json()), specs, TRANSFER1_PARAMETERS) == sweep
    assert max(Counter(run.name for run in sweep.runs).values()) == 1
    per_item = Counter(run.shared.name for run in sweep.runs)
    assert max(per_item.values()) <= (batch.randomization.count or 0)
    contents = [json.dumps(run.document({}) | {"name": ""}) for run in sweep.runs]
    assert len(set(contents)) == len(contents)
    for run in sweep.runs:
        request = request_of(run)
        find_engine("transfer1").check(request)
        sent = {str(control.kind): control.weight for control in request.controls}
        assert sent == {kind: weight for kind, weight in weights(run).items() if weight > 0}
        assert {name: request.parameters[name] for name in run.parameters} == run.parameters
        limit = batch.randomization.constraints.max_weight_sum
        assert limit is None or sum(sent.values()) <= limit + 1e-9
