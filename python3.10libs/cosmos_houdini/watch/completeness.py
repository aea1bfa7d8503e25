"""Whether a render is complete: its range, whole files, and quiet, never a timer alone."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

from cosmos_houdini.media.sequences import span
from cosmos_houdini.media.sequences.discover import Unverified
from cosmos_houdini.model.control import Pass
from cosmos_houdini.watch.renders import RenderedShot

_UNSURE_QUIET = 6
_SLOWEST = 3
_FEWEST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The frames that a shot should have.

    Attributes:
        first: number of the first frame.
        last: number of the last frame.
        step: distance between the numbers.
        origin: where this is known from, in words.
    """

    first: int
    last: int
    step: int = 1
    origin: str = ""

    @property
    def numbers(self) -> range:
        """The numbers of the frames."""
        return range(self.first, self.last + 1, self.step)


def find_lack(shot: RenderedShot, expected: Expected | None, needs: Iterable[Pass]) -> str:
    """Return which files a render still lacks, in words; empty if all are there.

    Args:
        shot: the render.
        expected: its frames; None if nothing says which there should be.
        needs: passes that it must have.
    """
    passes = {sequence.pass_ for sequence in shot.sequences}
    if missing := [str(pass_) for pass_ in needs if pass_ not in passes]:
        return f"waits for the pass {', '.join(missing)}"
    if expected:
        lacks = [_lack_of_range(sequence, expected) for sequence in shot.sequences]
    else:
        lacks = [_lack_of_gaps(sequence) for sequence in shot.sequences]
        lacks.append(_lack_of_agreement(shot.sequences))
    return "; ".join(lack for lack in lacks if lack)


def quiet_needed_s(shot: RenderedShot, expected: Expected | None, quiet_s: float) -> float:
    """Return for how many seconds nothing may change before a render counts as complete.

    Where no range is known, the last frame may still be on its way. So the quiet is six times as long, and three times
    as long as the longest time that a frame took.
    """
    if expected:
        return quiet_s
    times = sorted(changed / 1e9 for _, changed in shot.stats.values())
    slowest = max((after - before for before, after in itertools.pairwise(times)), default=0.0)
    return max(_UNSURE_QUIET * quiet_s, min(_SLOWEST * slowest, 24 * 3600))


def _lack_of_range(sequence: Unverified, expected: Expected) -> str:
    there = {frame.number for frame in sequence.frames}
    wanted = [number for number in expected.numbers if number in there]
    if len(wanted) == len(expected.numbers):
        return ""
    return f"{sequence.pass_}: {len(wanted)} of {len(expected.numbers)} frames"


def _lack_of_gaps(sequence: Unverified) -> str:
    there = {frame.number for frame in sequence.frames}
    first, last = sequence.frames[0].number, sequence.frames[-1].number
    gaps = [number for number in range(first, last, sequence.step) if number not in there]
    if gaps:
        return f"{sequence.pass_}: {span.format_frames(gaps, ' is missing', ' are missing')}"
    return "" if len(there) >= _FEWEST else f"{sequence.pass_}: {len(there)} frame, and no range is known"


def _lack_of_agreement(sequences: Iterable[Unverified]) -> str:
    spans = {sequence.pass_: (sequence.frames[0].number, sequence.frames[-1].number) for sequence in sequences}
    if len(set(spans.values())) <= 1:
        return ""
    return "the passes differ: " + ", ".join(f"{pass_} {first}-{last}" for pass_, (first, last) in spans.items())
