"""Selects the files that become the videos of a shot, and reports every problem that prevents the conversion."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Literal

from cosmos_houdini.errors import BadInput, CheckFailed
from cosmos_houdini.media.sequences import span
from cosmos_houdini.media.sequences.formats import CHECKSUMMED, Damaged, inspect
from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.sequence import Picture
from cosmos_houdini.model.sequence import Sequence as PictureSequence

OnGap = Literal["stop", "hold"]
_TOLD_PROBLEMS = 6
_RENDER_OR_HOLD = (
    "nothing was written; render them again, let --on-gap hold repeat the frames before them, or take others by --range"
)
_BEYOND_HOLDING = "nothing was written; holding frames cannot repair this"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The frames of one pass that become its video.

    Attributes:
        sequence: the sequence of the frames.
        numbers: frame number of each frame of the video.
        files: the file that each frame shows; a held frame shows the file of the frame before it.
        held: numbers of the frames that have no usable file of their own.
        picture: size and format of every file.
    """

    sequence: PictureSequence
    picture: Picture
    numbers: tuple[int, ...]
    files: tuple[Path, ...]
    held: tuple[int, ...]


def select(
    sequences: Iterable[PictureSequence], *, frame_range: tuple[int, int] | None = None, on_gap: OnGap = "stop"
) -> dict[Pass, Selection]:
    """Return the frames of every pass, with the same numbers in each.

    Args:
        sequences: sequences of one shot.
        frame_range: first and last frame number to take; None takes each sequence whole.
        on_gap: the action for a frame whose file is missing or corrupt: ``stop`` raises CheckFailed, ``hold`` repeats
            the frame before it and lists its number.

    Raises:
        BadInput: there is no pass to convert, or two sequences are the same pass.
        CheckFailed: frames have faults or the passes disagree; the error lists all faults and disagreements.
    """
    passes = _by_pass(sequences)
    if not passes:
        raise BadInput("no sequence shows a known pass", allowed=", ".join(p for p in Pass if p is not Pass.UNKNOWN))
    numbers = {pass_: _numbers(sequence, frame_range) for pass_, sequence in passes.items()}
    problems = [
        f"{sequence.pattern}: {problem}"
        for pass_, sequence in passes.items()
        for problem in _problems(sequence, numbers[pass_], on_gap)
    ]
    disagreements = _disagreements(passes, numbers)
    beyond_holding = disagreements or any(_unusable(passes[pass_], set(numbers[pass_])) for pass_ in passes)
    may_hold = on_gap == "stop" and not beyond_holding
    _refuse(problems + disagreements, _RENDER_OR_HOLD if may_hold else _BEYOND_HOLDING)
    return {
        pass_: _selection(sequence, sequence.picture, numbers[pass_])
        for pass_, sequence in passes.items()
        if sequence.picture is not None  # a sequence without it was refused above
    }


def verify_checksums(selections: Iterable[Selection], stop: Event | None = None) -> None:
    """Verify the checksums that ``verify`` may have left out, in this thread, until ``stop`` is set.

    Raises:
        CheckFailed: frames are damaged; the error names each.
    """
    problems = []
    for selection in selections:
        if selection.picture.format not in CHECKSUMMED:
            continue
        for number, file in zip(selection.numbers, selection.files, strict=True):
            if stop is not None and stop.is_set():
                return
            try:
                inspect(file)
            except Damaged as damage:
                problems.append(f"{selection.sequence.pattern}: frame {number} is corrupt ({damage})")
    _refuse(problems, _RENDER_OR_HOLD)


def _refuse(problems: Sequence[str], action: str) -> None:
    """Raise CheckFailed with the problems, if there are any."""
    # Several passes may use the same files, and then have the same problems.
    problems = list(dict.fromkeys(problems))
    if problems:
        more = f"; and {len(problems) - _TOLD_PROBLEMS} more" if len(problems) > _TOLD_PROBLEMS else ""
        raise CheckFailed("; ".join(problems[:_TOLD_PROBLEMS]) + more, action=action)


def by_shot(sequences: Iterable[PictureSequence]) -> dict[str, list[PictureSequence]]:
    """Return the sequences of each shot; the shots are in the order of their first sequences."""
    shots: dict[str, list[PictureSequence]] = {}
    for sequence in sequences:
        shots.setdefault(sequence.shot, []).append(sequence)
    return shots


def _by_pass(sequences: Iterable[PictureSequence]) -> Mapping[Pass, PictureSequence]:
    """Return one sequence a pass; if there is only one sequence and its pass is unknown, it is the colour."""
    all_ = list(sequences)
    if len(all_) == 1 and all_[0].pass_ is Pass.UNKNOWN:
        return {Pass.COLOR: all_[0]}
    passes: dict[Pass, PictureSequence] = {}
    for sequence in all_:
        if sequence.pass_ is Pass.UNKNOWN:
            continue
        if sequence.pass_ in passes:
            raise BadInput(
                f"{passes[sequence.pass_].pattern} and {sequence.pattern} both are the {sequence.pass_} pass",
                action=f"name the one to convert: --pass {sequence.pass_}={Path(sequence.pattern).name}",
            )
        passes[sequence.pass_] = sequence
    return {pass_: passes[pass_] for pass_ in Pass if pass_ in passes}


def _numbers(sequence: PictureSequence, frame_range: tuple[int, int] | None) -> tuple[int, ...]:
    """Return the numbers of the wanted frames, in the sequence's own step."""
    first, last = frame_range or (sequence.first, sequence.last)
    start = first + (sequence.first - first) % sequence.step
    return tuple(range(start, last + 1, sequence.step))


def _usable_files(sequence: PictureSequence) -> dict[int, Path]:
    corrupt = {bad.frame for bad in sequence.corrupt}
    return {frame.number: frame.file for frame in sequence.frames if frame.number not in corrupt}


def _problems(sequence: PictureSequence, numbers: Sequence[int], on_gap: OnGap) -> list[str]:
    """Return the reasons why a sequence cannot become a video."""
    wanted = set(numbers)
    found = _unusable(sequence, wanted)
    usable = _usable_files(sequence)
    if on_gap == "stop":
        corrupt = {bad.frame: bad.reason for bad in sequence.corrupt if bad.frame in wanted}
        missing = [number for number in numbers if number not in usable and number not in corrupt]
        found += [span.format_frames(missing, " is missing", " are missing")] if missing else []
        found += [f"frame {number} is corrupt ({reason})" for number, reason in sorted(corrupt.items())]
    elif numbers and numbers[0] not in usable:
        found.append(f"frame {numbers[0]} has no usable file, and there is no frame before it to hold")
    return found


def _selection(sequence: PictureSequence, picture: Picture, numbers: tuple[int, ...]) -> Selection:
    usable = _usable_files(sequence)
    held = tuple(number for number in numbers if number not in usable)
    return Selection(sequence=sequence, picture=picture, numbers=numbers, files=_held(numbers, usable), held=held)


def _held(numbers: Sequence[int], usable: Mapping[int, Path]) -> tuple[Path, ...]:
    """Return the file of each number, or the file of the last usable number before it."""
    known = sorted(number for number in usable if number >= numbers[0])
    return tuple(usable[known[bisect_right(known, number) - 1]] for number in numbers)


def _unusable(sequence: PictureSequence, wanted: set[int]) -> list[str]:
    """Return the problems that holding frames cannot solve."""
    found = []
    if sequence.picture is None:
        found.append("no file can be read")
    if sequence.duplicates:
        found.append(f"two files have one frame number: {', '.join(path.name for path in sequence.duplicates)}")
    if sequence.picture is not None and sequence.picture.refusal:
        found.append(f"each {sequence.picture.refusal}")
    if wanted.intersection(sequence.mismatched):
        found.append(f"{'; '.join(sequence.differences)} (render them alike, or take other frames by --range)")
    if not wanted:
        found.append("has no frame in the wanted range")
    return found


def _disagreements(passes: Mapping[Pass, PictureSequence], numbers: Mapping[Pass, Sequence[int]]) -> list[str]:
    """Return the differences between passes in frame numbers and size, which must be the same in every video."""
    found = []
    ranges = {pass_: _range_words(wanted) for pass_, wanted in numbers.items() if wanted}
    if len(set(ranges.values())) > 1:
        listed = ", ".join(f"{pass_} {words}" for pass_, words in ranges.items())
        found.append(f"the passes differ in their frames: {listed} (--range FIRST-LAST takes the frames that all have)")
    sizes = {pass_: sequence.picture.size for pass_, sequence in passes.items() if sequence.picture}
    if len(set(sizes.values())) > 1:
        listed = ", ".join(f"{pass_} {width}x{height}" for pass_, (width, height) in sizes.items())
        found.append(
            f"the passes differ in size: {listed} (render all in one size, or convert each by its own pattern)"
        )
    return found


def _range_words(numbers: Sequence[int]) -> str:
    step = numbers[1] - numbers[0] if len(numbers) > 1 else 1
    return f"{numbers[0]}-{numbers[-1]}" + (f" step {step}" if step > 1 else "")
