"""Progress is counted in frames of the shot, however many steps each frame takes."""

from __future__ import annotations

import pytest

from cosmos_houdini.jobs.frame_words import numbering
from cosmos_houdini.reporter import count_frames


@pytest.mark.parametrize(("steps", "frames"), [(100, 25), (25, 25), (7, 3), (3, 7)])
def test_steps_are_counted_as_frames(steps: int, frames: int) -> None:
    said: list[int] = []
    count = count_frames(said.append, steps=steps, frames=frames)
    for _ in range(steps + 2):
        count(1)
    assert sum(said) == frames
    assert all(more > 0 for more in said)


def test_numbers_are_those_of_the_plate() -> None:
    sources = {"depth": {"first": 7, "step": 1}, "color": {"first": 1001, "step": 2}}
    assert numbering({"sources": sources}) == (1001, 2)
    assert numbering({}) == (1, 1)
