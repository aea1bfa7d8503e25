"""Verification of sequences: every file is opened and its structure is followed to the end."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

from cosmos_houdini.media.sequences import span
from cosmos_houdini.media.sequences.discover import Unverified
from cosmos_houdini.media.sequences.formats import Damaged, inspect
from cosmos_houdini.model.sequence import CorruptFrame, Frame, Picture, Sequence

OnFrames = Callable[[int], None]

# Threads save time because file servers answer late and checksums run outside the interpreter lock.
THREADS = 4


def verify(
    found: Iterable[Unverified], *, on_frame: OnFrames | None = None, checksums: bool = True
) -> tuple[Sequence, ...]:
    """Open every file, follow its structure to the end, and return the sequences with all faults of their frames.

    The faults are missing frames, damaged files, and files that differ from most of the sequence.

    The proof depends on the format (see ``formats``). For a PNG, the checksums prove all bytes. For the other formats,
    it is only proven that nothing was cut off. Only the encoding shows whether the pixels decompress.

    Args:
        found: the sequences.
        on_frame: called in the caller's thread with 1 after each file.
        checksums: whether to check the checksums of the pixels too; if not, ``selection.prove`` has to do so later.
    """
    executor = ThreadPoolExecutor(THREADS, thread_name_prefix="verify")
    try:
        return tuple(_verified(sequence, executor, on_frame, checksums=checksums) for sequence in found)
    finally:
        executor.shutdown(cancel_futures=True)


def _verified(
    found: Unverified, executor: ThreadPoolExecutor, on_frame: OnFrames | None, *, checksums: bool
) -> Sequence:
    pictures: dict[int, Picture] = {}
    corrupt = []
    outcomes = executor.map(partial(_inspect, checksums=checksums), found.frames)
    for frame, outcome in zip(found.frames, outcomes, strict=True):
        if isinstance(outcome, Picture):
            pictures[frame.number] = outcome
        else:
            corrupt.append(CorruptFrame(frame=frame.number, file=frame.file, reason=outcome))
        if on_frame:
            on_frame(1)
    usual = _usual(pictures)
    return Sequence(
        pattern=found.pattern,
        shot=found.shot,
        pass_=found.pass_,
        frames=found.frames,
        step=found.step,
        missing=tuple(_missing(found)),
        duplicates=found.duplicates,
        corrupt=tuple(corrupt),
        mismatched=tuple(number for number, picture in pictures.items() if picture != usual),
        picture=usual,
        differences=tuple(_differences(pictures, usual)),
        evidence=found.evidence,
        why=found.why,
        aside=found.aside,
    )


def _inspect(frame: Frame, *, checksums: bool) -> Picture | str:
    """Return the picture of a file, or the reason in words why the file cannot be used."""
    try:
        return inspect(frame.file, checksums=checksums)
    except Damaged as damage:
        return str(damage)


def _usual(pictures: Mapping[int, Picture]) -> Picture | None:
    """Return the picture that most frames are like, with a layout if one of these frames has one.

    The frames of one picture may be stored in different ways. Then all go to the reader that knows each of them.
    """
    if not pictures:
        return None
    usual = Counter(pictures.values()).most_common(1)[0][0]
    alike = (picture.layout for picture in pictures.values() if picture == usual and picture.layout)
    return replace(usual, layout=next(alike, ""))


def _missing(found: Unverified) -> Iterator[int]:
    there = {frame.number for frame in found.frames}
    first, last = found.frames[0].number, found.frames[-1].number
    return (number for number in range(first, last, found.step) if number not in there)


def _differences(pictures: Mapping[int, Picture], usual: Picture | None) -> Iterator[str]:
    """Yield a sentence for each kind of picture that is not the usual one."""
    unlike: dict[Picture, list[int]] = defaultdict(list)
    for number, picture in pictures.items():
        if picture != usual:
            unlike[picture].append(number)
    for picture, numbers in unlike.items():
        subject = span.format_frames(numbers, " is", " are")
        yield f"{subject} {picture}, the others {usual}"
