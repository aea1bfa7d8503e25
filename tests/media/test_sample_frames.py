"""Which frames are looked at: never one of them twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosmos_houdini.media.checks.sample_frames import some
from cosmos_houdini.model.sequence import Frame


@pytest.mark.parametrize(
    ("count", "numbers"), [(0, []), (1, [0]), (2, [0, 1]), (3, [0, 1, 2]), (9, [0, 3, 6]), (10, [0, 3, 6])]
)
def test_three_frames_are_spread_evenly_or_all_are_taken(count: int, numbers: list[int]) -> None:
    frames = [Frame(number=number, file=Path(f"{number}.png")) for number in range(count)]
    assert [frame.number for frame in some(frames)] == numbers
