"""``KEY=VALUE`` options, and the two ways to give weights."""

from __future__ import annotations

import pytest

from cosmos_houdini.cli import main
from cosmos_houdini.cli.assignments import WEIGHTS_ORDER, parse_weights
from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.control import Control


def test_weights_are_given_by_name_or_all_four() -> None:
    assert parse_weights(None, ["depth=0.8", "vis=0"]) == {Control.DEPTH: 0.8, Control.VIS: 0.0}
    assert parse_weights((0.1, 0.2, 0.3, 0.4), []) == dict(zip(WEIGHTS_ORDER, (0.1, 0.2, 0.3, 0.4), strict=True))
    assert parse_weights(None, []) == {}


def test_the_order_of_the_four_never_changes() -> None:
    assert [str(control) for control in WEIGHTS_ORDER] == ["vis", "edge", "depth", "seg"]


@pytest.mark.parametrize(
    ("four", "named", "words"),
    [
        (None, ["dept=1"], "--weight: unknown name 'dept'; allowed: vis, edge, depth, seg; did you mean 'depth'?"),
        (None, ["depth=much"], "--weight depth = 'much'; allowed: a number from 0 to 1"),
        (None, ["depth"], "--weight 'depth'; allowed: KEY=VALUE"),
        (None, ["depth=1", "depth=0"], "--weight names depth twice"),
        ((0, 0, 0.5, 0), ["depth=0.8"], "--weight depth=0.8 and --weights 0.5 both give a weight to depth"),
    ],
)
def test_a_wrong_weight_is_refused_by_name(
    four: tuple[float, float, float, float] | None, named: list[str], words: str
) -> None:
    with pytest.raises(BadInput) as caught:
        parse_weights(four, named)
    assert words in str(caught.value)


@pytest.mark.parametrize("command", [["submit", "x.hip"], ["create-run", "x.json"]])
@pytest.mark.parametrize("weights", [["--weights", "0.5", "0.5"], ["--weights", "0", "0", "--engine", "preview"]])
def test_weights_that_are_not_four_numbers_name_the_other_option(
    command: list[str], weights: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, *weights]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "--weights" in line
    assert "four numbers, VIS EDGE DEPTH SEG; to give one: --weight depth=0.8" in line
