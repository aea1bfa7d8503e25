"""Frame numbers as people write them: `1001-1100`, and lists such as `1004-1010, 1013`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cosmos_houdini.errors import BadInput


def listed(frames: Iterable[int]) -> str:
    """Return frame numbers in order, with consecutive numbers joined to ranges.

    >>> listed([1013, 1004, 1005, 1006]), listed([-2, -1, 5])
    ('1004-1006, 1013', '-2--1, 5')
    """
    runs: list[list[int]] = []
    for frame in sorted(set(frames)):
        if runs and frame == runs[-1][-1] + 1:
            runs[-1][1:] = [frame]
        else:
            runs.append([frame])
    return ", ".join("-".join(str(end) for end in run) for run in runs)


def format_frames(frames: Iterable[int], one: str = "", many: str = "") -> str:
    """Return frames as the beginning of a sentence; ``one`` ends it for a single frame, and ``many`` for others.

    >>> words = (" is missing", " are missing")
    >>> format_frames([7], *words), format_frames([8, 7], *words), format_frames([7, 9])
    ('frame 7 is missing', 'frames 7-8 are missing', 'frames 7, 9')
    """
    numbers = set(frames)
    return f"frame {listed(numbers)}{one}" if len(numbers) == 1 else f"frames {listed(numbers)}{many}"


def parse(text: str) -> tuple[int, int]:
    """Return the first and last frame of ``A-B``; both may be negative, and a single number is both.

    >>> parse("1001-1100"), parse("-10--1"), parse("7")
    ((1001, 1100), (-10, -1), (7, 7))

    Raises:
        BadInput: the text is no range, or it runs backwards.
    """
    found = re.fullmatch(r"\s*(-?[0-9]{1,6})(?:\s*-\s*(-?[0-9]{1,6}))?\s*", text)
    if not found:
        raise BadInput(f"frame range {text!r} is no range", allowed="FIRST-LAST, such as 1001-1100 or -10-50")
    first = int(found[1])
    last = first if found[2] is None else int(found[2])
    if last < first:
        raise BadInput(f"frame range {text!r} runs backwards", action=f"write it as {last}-{first}")
    return first, last
