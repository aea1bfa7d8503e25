"""Image sequences: found, verified, and looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from cosmos_houdini.config import Config
from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.checks.sample_frames import usable
from cosmos_houdini.media.controls.pass_sources import PassSettings, is_exr, layer_documents, resolve_layers
from cosmos_houdini.media.selection import by_shot
from cosmos_houdini.media.sequences.check import CheckReport, check_sequences
from cosmos_houdini.media.sequences.discover import find_sequences
from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.sequence import CorruptFrame
from cosmos_houdini.model.sequence import Sequence as PictureSequence
from cosmos_houdini.reporter import Reporter
from cosmos_houdini.shots.pass_names import name_passes

if TYPE_CHECKING:
    from cosmos_houdini.media.checks.samples import Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceCheck:
    """Sequences of a path, with their layers.

    Attributes:
        report: the sequences, and all that is wrong with them.
        layers: the layers of each EXR sequence, by its pattern; None where they were not asked for.
    """

    report: CheckReport
    layers: Mapping[str, Sequence[Mapping[str, Any]]] | None = None

    def document(self) -> dict[str, Any]:
        """Return the check as ``check --json`` prints it."""
        if self.layers is None:
            return self.report.document()
        return {**self.report.document(), "layers": {pattern: list(each) for pattern, each in self.layers.items()}}


def check_path(
    config: Config,
    path: Path | str,
    reporter: Reporter,
    *,
    scene_file: Path | None = None,
    frame_range: tuple[int, int] | None = None,
    layers: bool = False,
    every_frame: bool = False,
    passes: Mapping[str, str] | None = None,
) -> SequenceCheck:
    """Find and verify the image sequences of a path.

    Args:
        config: has further words that mark a pass, and the layers of passes.
        path: a folder, a pattern such as ``name.####.exr``, or one file of a sequence.
        reporter: shows the progress.
        scene_file: the frames are compared with the frame range of this scene.
        frame_range: the frames are compared with this range instead.
        layers: whether the layers of EXR files are listed.
        every_frame: whether the pixels of every frame are looked at, and not of three frames a pass.
        passes: by pass, what shows it, as ``FrameOptions.passes``.

    Returns:
        The check, whether it is good or bad; see ``report.ok``.

    Raises:
        BadInput: there are no sequences, the scene cannot be read, or two ranges are given.
    """
    expected = _expected_range(scene_file, frame_range)
    names = name_passes(config, passes or {})
    found = find_sequences(path, names.files)
    names.refuse_unfound(found)
    # NumPy takes as long to load as a few hundred files take to verify, and neither needs the other.
    loading = Thread(target=import_module, args=("cosmos_houdini.media.checks.samples",))
    loading.start()
    with reporter.progress("verifying", total=sum(len(each.frames) for each in found), unit="files") as advance:
        report = check_sequences(found, expected_range=expected, on_frame=advance)
    loading.join()
    report = _with_samples(report, names.settings, every_frame=every_frame)
    names.refuse_unfed(report.taken)
    if not layers:
        return SequenceCheck(report=report)
    listed = {each.pattern: layer_documents(each, report.taken) for each in report.sequences if is_exr(each)}
    return SequenceCheck(report=report, layers=listed)


def _with_samples(report: CheckReport, settings: PassSettings, *, every_frame: bool) -> CheckReport:
    """Return a report with what the pixels of each shot show; nothing where its sequences cannot be told apart."""
    from cosmos_houdini.media.checks.samples import find_undecodable  # noqa: PLC0415 - as in _sample

    notes = list(report.notes)
    damaged: list[CorruptFrame] = []
    taken: list[PictureSequence] = []
    shots = by_shot(each for each in report.sequences if each.picture and not each.picture.refusal)
    for shot, members in shots.items():
        prefix = f"shot {shot}: " if len(shots) > 1 else ""
        fed, seen = _sample(members, settings, every_frame=every_frame)
        notes += [f"{prefix}{sentence}" for sentence in seen.notes]
        known = {bad.file for bad in seen.damaged}
        others = (member for member in members if member.pattern not in seen.patterns)
        rest = (bad for bad in find_undecodable(others, every_frame=every_frame) if bad.file not in known)
        damaged += [*seen.damaged, *rest]
        taken += fed
    report = replace(report, sequences=tuple(_as_taken(sequence, taken) for sequence in report.sequences))
    return replace(report.with_damaged(damaged), notes=tuple(notes), taken=tuple(taken))


def _as_taken(sequence: PictureSequence, taken: Iterable[PictureSequence]) -> PictureSequence:
    """Return a sequence as the pass that is taken from it, of several the first, where its name tells another."""
    mine = sorted((each for each in taken if each.pattern == sequence.pattern), key=lambda s: list(Pass).index(s.pass_))
    if not mine or any(each.pass_ is sequence.pass_ for each in mine):
        return sequence
    return replace(sequence, pass_=mine[0].pass_, why=mine[0].why)


def _sample(
    members: Iterable[PictureSequence], settings: PassSettings, *, every_frame: bool
) -> tuple[list[PictureSequence], Seen]:
    """Return what feeds the passes of a shot, and what its pixels show; skip files whose header cannot be read."""
    # Imported here: a wrong option ends the call before NumPy is loaded.
    from cosmos_houdini.media.checks import mattes  # noqa: PLC0415
    from cosmos_houdini.media.checks.samples import Seen, check_samples  # noqa: PLC0415
    from cosmos_houdini.media.pictures.unreadable import Unreadable  # noqa: PLC0415

    damaged: list[CorruptFrame] = []
    members = list(members)
    while True:
        readable = [replace(member, corrupt=(*member.corrupt, *damaged)) for member in members]
        fed: list[PictureSequence] = []
        try:
            fed = resolve_layers((member for member in readable if usable(member)), settings)
            seen = check_samples({sequence.pass_: sequence for sequence in fed}, every_frame=every_frame)
        except Unreadable as error:
            frames = (frame for member in members for frame in member.frames if frame.file == error.path)
            damaged += [CorruptFrame(frame=frame.number, file=frame.file, reason=error.reason) for frame in frames]
        except BadInput as error:
            return fed, Seen(notes=(str(error),), damaged=tuple(damaged))
        else:
            notes = (*seen.notes, *mattes.sentences(fed))
            return fed, replace(seen, notes=notes, damaged=(*damaged, *seen.damaged))


def _expected_range(scene_file: Path | None, frame_range: tuple[int, int] | None) -> tuple[int, int] | None:
    if scene_file is not None and frame_range is not None:
        raise BadInput("--hip and --range both name a range", action="give one of them")
    if scene_file is None:
        return frame_range
    # Imported here: most calls need no scene reader.
    from cosmos_houdini.scene.reader import read_scene  # noqa: PLC0415

    return read_scene(scene_file).frame_range
