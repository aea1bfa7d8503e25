"""Typed options from JSON values: an error names the option, its value and what is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Literal

import pytest

from cosmos_houdini.errors import BadInput
from cosmos_houdini.worker.options import decode
from cosmos_houdini.worker.request import Request


class Color(str, Enum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, kw_only=True)
class Sample:
    file: Path
    count: int | None = None
    rate: float = 24.0
    words: tuple[str, ...] = ()
    span: tuple[int, int] | None = None
    gap: Literal["stop", "hold"] = "stop"
    weights: Mapping[Color, float] = field(default_factory=dict)
    source: Path | str | None = None
    is_fast: bool = False


def test_json_values_become_the_types_of_the_fields():
    given = {
        "file": "a.hip",
        "count": 3,
        "rate": 30,
        "words": ["x"],
        "span": [1, 9],
        "gap": "hold",
        "weights": {"red": 1},
        "source": "renders/a.####.exr",
        "is_fast": True,
    }
    assert decode(Sample, given, "sample") == Sample(
        file=Path("a.hip"),
        count=3,
        rate=30.0,
        words=("x",),
        span=(1, 9),
        gap="hold",
        weights={Color.RED: 1.0},
        source="renders/a.####.exr",
        is_fast=True,
    )


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "sample: the option 'file' is missing; allowed: a path"),
        ({"file": 7}, "sample: file = 7; allowed: a path"),
        ({"file": "a", "cuont": 1}, "sample has no option 'cuont'; allowed: file, count"),
        ({"file": "a", "count": "3"}, "sample: count = '3'; allowed: a whole number"),
        ({"file": "a", "count": True}, "sample: count = True; allowed: a whole number"),
        ({"file": "a", "rate": float("nan")}, "sample: rate = nan; allowed: a finite number"),
        ({"file": "a", "words": "x"}, "sample: words = 'x'; allowed: a list, each: text"),
        ({"file": "a", "gap": "skip"}, "sample: gap = 'skip'; allowed: stop, hold"),
        (
            {"file": "a", "weights": {"green": 1}},
            "sample: weights = {'green': 1}; allowed: a finite number for each of",
        ),
        ({"file": "a", "weights": {"red": float("inf")}}, "sample: weights = {'red': inf}; allowed: a finite number"),
        ({"file": "a", "is_fast": 1}, "sample: is_fast = 1; allowed: true or false"),
    ],
)
def test_a_value_of_another_type_is_refused_in_one_line(given: dict[str, object], sentence: str):
    with pytest.raises(BadInput) as caught:
        decode(Sample, given, "sample")
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", '{"options": {}}', '{"command": 3}', '{"command": "x", "more": 1}']
)
def test_a_line_that_is_no_request_is_refused(text: str):
    with pytest.raises(BadInput):
        Request.parse(text)


def test_a_request_has_command_options_and_words():
    assert Request.parse('{"command": "submit", "options": {"prompt": "rain"}, "words": ["--fit", "crop"]}') == Request(
        command="submit", options={"prompt": "rain"}, words=("--fit", "crop")
    )
