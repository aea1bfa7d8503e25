"""Checks of all sequences of a path: each sequence, the passes of a shot together, and the range of the scene."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cosmos_houdini.media.sequences import span
from cosmos_houdini.media.sequences.discover import Unverified, find_sequences
from cosmos_houdini.media.sequences.files import some
from cosmos_houdini.media.sequences.shot_names import near_shots
from cosmos_houdini.media.sequences.verify import OnFrames, verify
from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.sequence import CorruptFrame, Evidence, Picture, Sequence

CONFIG_FILE = "cosmos-houdini.yaml"

_MOST_FILES_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """The results of a verification.

    Attributes:
        sequences: the verified sequences.
        problems: faults, one sentence each.
        notes: facts that a person should know and that are no faults, one sentence each.
        taken: the sequences, each once for every pass that a conversion would take from it.
    """

    sequences: tuple[Sequence, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()
    taken: tuple[Sequence, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether all sequences are complete, and agree with one another and with the expected range."""
        return not self.problems and all(sequence.ok for sequence in self.sequences)

    def with_damaged(self, found: Iterable[CorruptFrame]) -> CheckReport:
        """Return the report with the frames added that turned out to be damaged when their pixels were read."""
        bad = {frame.file: frame for frame in found}
        sequences, problems = [], list(self.problems)
        for name, sequence in zip(labels(self.sequences), self.sequences, strict=True):
            own = tuple(bad[frame.file] for frame in sequence.frames if frame.file in bad)
            sequences.append(replace(sequence, corrupt=(*sequence.corrupt, *own)))
            problems += _damage(name, own)
        return replace(self, sequences=tuple(sequences), problems=tuple(problems))

    def document(self) -> dict[str, Any]:
        """Return the report as ``check --json`` prints it."""
        return {
            "ok": self.ok,
            "sequences": [sequence.document() for sequence in self.sequences],
            "problems": list(self.problems),
            "notes": list(self.notes),
            "taken": [sequence.taken_document() for sequence in self.taken],
        }


def check_path(
    path: Path | str,
    *,
    pass_names: Mapping[str, Iterable[str]],
    expected_range: tuple[int, int] | None = None,
    on_frame: OnFrames | None = None,
) -> CheckReport:
    """Find and verify the sequences of a path.

    Args:
        path: a folder, a pattern or one file, as ``find_sequences`` takes it.
        pass_names: further words that mean a pass, as ``find_sequences`` takes them.
        expected_range: first and last frame that every sequence should have, for example those of the scene.
        on_frame: called with 1 after each file.

    Raises:
        BadInput: the path does not exist or holds no sequence.
    """
    return check_sequences(find_sequences(path, pass_names), expected_range=expected_range, on_frame=on_frame)


def check_sequences(
    found: Iterable[Unverified],
    *,
    expected_range: tuple[int, int] | None = None,
    on_frame: OnFrames | None = None,
) -> CheckReport:
    """Verify sequences that were found already; the arguments are those of ``check_path``."""
    sequences = verify(found, on_frame=on_frame)
    named = dict(zip(labels(sequences), sequences, strict=True))
    problems = [problem for name, sequence in named.items() for problem in _own(name, sequence)]
    for shot, members in _shots(sequences).items():
        problems += _between(shot, members)
    if expected_range:
        problems += [line for name, sequence in named.items() for line in _against(name, sequence, expected_range)]
    return CheckReport(sequences=sequences, problems=tuple(problems), notes=tuple(_notes(named)))


def labels(sequences: Iterable[Sequence]) -> list[str]:
    """Return the patterns of sequences without the folders that all of them share."""
    patterns = [sequence.pattern for sequence in sequences]
    if not patterns:
        return []
    shared = os.path.commonpath([Path(pattern).parent for pattern in patterns])
    return [str(Path(pattern).relative_to(shared)) for pattern in patterns]


def _own(name: str, sequence: Sequence) -> Iterator[str]:
    """Yield the problems of one sequence."""
    if sequence.missing:
        yield f"{name}: no file for {span.format_frames(sequence.missing)}"
    if sequence.duplicates:
        others = some([path.name for path in sequence.duplicates], _MOST_FILES_NAMED)
        yield f"{name}: other files with the same frame number: {others}"
    yield from _damage(name, sequence.corrupt)
    if sequence.picture is not None and sequence.picture.refusal:
        yield f"{name}: each {sequence.picture.refusal}"
    for difference in sequence.differences:
        yield f"{name}: {difference}"


def _damage(name: str, found: Iterable[CorruptFrame]) -> Iterator[str]:
    """Yield the reasons why files cannot be used, one sentence for each reason."""
    reasons: dict[str, list[CorruptFrame]] = defaultdict(list)
    for corrupt in found:
        reasons[corrupt.reason].append(corrupt)
    for reason, files in reasons.items():
        numbers = span.format_frames(corrupt.frame for corrupt in files)
        yield f"{name}: {numbers}: {files[0].file.name if len(files) == 1 else 'each'} {reason}"


def _between(shot: str, members: list[Sequence]) -> Iterator[str]:
    """Yield how the passes of a shot differ in range or size from its colour pass, or else from its longest pass."""
    known = [sequence for sequence in members if sequence.pass_ is not Pass.UNKNOWN]
    longest = max(known, key=lambda s: len(s.frames), default=None)
    leader = next((s for s in known if s.pass_ is Pass.COLOR), longest)
    for other in known:
        if leader is None or other.pass_ is leader.pass_:
            continue
        lacking, beyond = _grid(leader) - _grid(other), _grid(other) - _grid(leader)
        if lacking:
            yield f"shot {shot}: {other.pass_} lacks {span.format_frames(lacking)}, which {leader.pass_} has"
        if beyond:
            yield f"shot {shot}: {other.pass_} has {span.format_frames(beyond)}, which {leader.pass_} lacks"
        if other.picture and leader.picture and other.picture.size != leader.picture.size:
            sizes = ["{}x{}".format(*picture.size) for picture in (other.picture, leader.picture)]
            yield f"shot {shot}: {other.pass_} is {sizes[0]} pixels large, {leader.pass_} {sizes[1]}"


def _against(name: str, sequence: Sequence, expected: tuple[int, int]) -> Iterator[str]:
    """Yield the missing and the extra frames at the head and tail of a sequence."""
    first, last = expected
    head = range(sequence.first - sequence.step, first - 1, -sequence.step)
    tail = range(sequence.last + sequence.step, last + 1, sequence.step)
    lacking = [number for number in (*head, *tail) if first <= number <= last]
    beyond = [number for number in _grid(sequence) if not first <= number <= last]
    if lacking:
        yield f"{name}: no file for {span.format_frames(lacking)} of the expected range {first}-{last}"
    if beyond:
        yield f"{name}: {span.format_frames(beyond)} outside the expected range {first}-{last}"


def aside_sentences(sequence: Sequence) -> Iterator[str]:
    """Yield which files beside a sequence are left aside, and why."""
    for each in sequence.aside:
        files = some(sorted(file.name for file in each.files), _MOST_FILES_NAMED)
        verb = "is left aside:" if len(each.files) == 1 else "are left aside: each"
        yield f"{files} {verb} {each.reason}"


def _notes(named: Mapping[str, Sequence]) -> Iterator[str]:
    yield from near_shots(sequence.shot for sequence in named.values())
    for name, sequence in named.items():
        yield from aside_sentences(sequence)
        if sequence.pass_ is Pass.UNKNOWN and sequence.evidence is Evidence.NONE:
            yield f"{name}: {sequence.why}; name it with --pass, or under 'passes' in {CONFIG_FILE}"
        elif sequence.pass_ is Pass.UNKNOWN:
            yield f"{name}: {sequence.why}, and no control is made of it"
        if sequence.step != 1:
            yield f"{name}: only one frame in {sequence.step} is rendered"
        if sequence.picture and sequence.picture.pixel_aspect != 1:
            yield f"{name}: {_wide_words(sequence.picture)}"
        if sequence.picture and sequence.picture.encoding:
            yield f"{name}: the files say that their colours are not sRGB: {sequence.picture.encoding}"
    for shot, members in _shots(named.values()).items():
        for pass_ in dict.fromkeys(s.pass_ for s in members if s.pass_ is not Pass.UNKNOWN):
            alike = [name for name, sequence in named.items() if sequence in members and sequence.pass_ is pass_]
            if len(alike) > 1:
                yield f"shot {shot}: {len(alike)} sequences are taken for {pass_}: {', '.join(alike)}"


def _wide_words(picture: Picture) -> str:
    (width, height), aspect = picture.size, picture.pixel_aspect
    return f"pixels are {aspect:g} times as wide as high: {width}x{height} is shown as {round(width * aspect)}x{height}"


def _shots(sequences: Iterable[Sequence]) -> Mapping[str, list[Sequence]]:
    shots: dict[str, list[Sequence]] = defaultdict(list)
    for sequence in sequences:
        shots[sequence.shot].append(sequence)
    return shots


def _grid(sequence: Sequence) -> set[int]:
    """Return the frame numbers from the first frame to the last, with those of the gaps."""
    return set(range(sequence.first, sequence.last + 1, sequence.step))
