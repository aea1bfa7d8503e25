"""From the sequences of a shot to its videos: verified, selected, framed, encoded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.computation import Computation
from cosmos_houdini.media.controls.pass_sources import feeding_sentences, left_out_sentences, resolve_layers
from cosmos_houdini.media.convert import convert_sequences
from cosmos_houdini.media.selection import OnGap, Selection, select
from cosmos_houdini.media.sequences import span
from cosmos_houdini.media.sequences.check import aside_sentences
from cosmos_houdini.media.sequences.discover import Unverified
from cosmos_houdini.media.sequences.verify import verify
from cosmos_houdini.media.videos.rate import whole_fps
from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.scene import Scene
from cosmos_houdini.model.sequence import Sequence
from cosmos_houdini.model.video import Conversion
from cosmos_houdini.reporter import Reporter, count_frames
from cosmos_houdini.shots.framing import Framing, plan_framing
from cosmos_houdini.shots.options import FrameOptions
from cosmos_houdini.shots.settings import EncodeSettings

DEFAULT_FPS = 24

# A PNG or JPEG hardly ever says the shape of its pixels, and looking for it would load a picture library each time.
_SAY_ASPECT = frozenset({"exr", "tiff", "dpx"})
_SAY_RATE = frozenset({"exr", "dpx"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotFrames:
    """The verified frames of one shot, ready to be encoded.

    Attributes:
        sequences: one for each pass.
        selections: the frames of each pass.
        framing: the place of the plate in the engine's frame.
        settings: how the passes are encoded.
    """

    sequences: tuple[Sequence, ...]
    selections: dict[Pass, Selection]
    framing: Framing
    settings: EncodeSettings


def frame_rate(
    fps: float | None, scene: Scene | None, reporter: Reporter, *, selections: Mapping[Pass, Selection] | None = None
) -> int:
    """Return the whole rate of the videos, 1 to 240 frames a second.

    It is the wanted one, else the scene's, else that in the header of an EXR or DPX, else 24, which is said.

    Raises:
        BadInput: the rate is out of range.
    """
    wanted = fps if fps is not None else scene.fps if scene else _rate_of_files(selections or {}, reporter)
    rate = whole_fps(wanted)
    if rate != wanted:
        reporter.say(f"{wanted:g} fps is rounded to {rate}: the engines take only whole rates; every frame is kept")
    return rate


def _rate_of_files(selections: Mapping[Pass, Selection], reporter: Reporter) -> float:
    """Return the rate that the first frame's header has; without one, the usual rate of films, and a sentence."""
    for selection in selections.values():
        if selection.picture.format in _SAY_RATE:
            from cosmos_houdini.media.delivery.plate import read_header  # noqa: PLC0415 - see _SAY_ASPECT

            if rate := read_header(selection.files[0]).rate:
                reporter.say(f"{float(rate):g} fps, as {selection.files[0].name} says")
                return float(rate)
    reporter.say(f"warning: neither scene nor files say the frame rate; {DEFAULT_FPS} fps is taken; --fps sets it")
    return DEFAULT_FPS


def verify_sequences(found: Collection[Unverified], reporter: Reporter, *, on_gap: OnGap) -> tuple[Sequence, ...]:
    """Return sequences with all that is wrong with their files.

    Args:
        found: what ``find_sequences`` returned.
        reporter: shows the progress.
        on_gap: ``hold`` needs every corrupt frame known now; else the checksums are computed during encoding.
    """
    with reporter.progress("verifying", total=sum(len(each.frames) for each in found), unit="files") as advance:
        return verify(found, on_frame=advance, checksums=on_gap == "hold")


def select_frames(
    sequences: Iterable[Sequence], settings: EncodeSettings, options: FrameOptions, reporter: Reporter
) -> ShotFrames:
    """Return the files of a shot that become the video of each pass.

    Raises:
        BadInput: no pass can be converted, two sequences are the same pass, or a layer cannot be used.
        CheckFailed: frames are missing or damaged, or the passes disagree.
    """
    verified = list(sequences)
    for sequence in verified:
        for sentence in aside_sentences(sequence):
            reporter.say(sentence)
    fed = resolve_layers(verified, settings.passes.settings)
    for sentence in left_out_sentences(verified, fed):
        reporter.say(sentence)
    if settings.controls.mask_objects:
        fed = [sequence for sequence in fed if sequence.pass_ is not Pass.MASK] + [_mask_source(fed)]
    for sentence in feeding_sentences(fed):
        reporter.say(sentence)
    selections = select(fed, frame_range=options.frame_range, on_gap=options.on_gap)
    framing = _framing(selections, settings)
    return ShotFrames(sequences=tuple(fed), selections=selections, framing=framing, settings=settings)


def with_computed(shot: ShotFrames, *, edge: str | None, vis: str | None) -> ShotFrames:
    """Return a shot whose edge and vis controls are computed with these presets."""
    settings = replace(shot.settings, controls=replace(shot.settings.controls, edge=edge, vis=vis))
    return replace(shot, settings=settings, framing=_framing(shot.selections, settings))


def encode_frames(
    shot: ShotFrames,
    folder: Path,
    reporter: Reporter,
    *,
    name: str,
    fps: int,
    scene: Scene | None,
    on_gap: OnGap,
    sample: bool = False,
) -> Conversion:
    """Encode one video a pass into a folder, and report the findings in the pictures.

    Args:
        shot: the frames.
        folder: gets the videos and ``metadata.json``.
        reporter: takes the warnings, and shows the progress.
        name: of the shot.
        fps: frames a second of the videos, 1 to 240.
        scene: is described in ``metadata.json``.
        on_gap: as in ``FrameOptions``.
        sample: whether pictures of every pass are looked at for mistakes; else of depth alone.

    Raises:
        CosmosError: as for ``convert_sequences``.
    """
    for sentence in (*_describe_frames(shot.selections), shot.framing.sentence):
        if sentence:
            reporter.say(sentence)
    numbers = next(iter(shot.selections.values())).numbers
    computation = Computation(
        choices=shot.settings.controls, geometry=shot.framing.of_videos, looks=sample, say=reporter.say
    )
    total = computation.steps(shot.selections)
    with reporter.progress(f"encoding {name}", total=len(numbers), unit="frames") as advance_frames:
        advance = count_frames(advance_frames, steps=total, frames=len(numbers))
        return convert_sequences(
            shot.sequences,
            folder,
            ffmpeg=shot.settings.ffmpeg,
            name=name,
            fps=fps,
            scene_document=scene.document() if scene else None,
            frame_range=(numbers[0], numbers[-1]),
            on_gap=on_gap,
            computed=replace(computation, on_frames=advance),
            frame=shot.framing.document(),
            on_frames=advance,
        )


def _describe_frames(selections: Mapping[Pass, Selection]) -> Iterator[str]:
    """Yield which frames are held, and whether the shot is rendered on every frame."""
    for pass_, selection in selections.items():
        if selection.held:
            yield f"{pass_}: {span.format_frames(selection.held, ' shows', ' show')} the frame before"
    step = next(iter(selections.values())).sequence.step
    if step != 1:
        yield f"only one frame in {step} is rendered; the videos show them one after another, {step} times as fast"


def _mask_source(fed: Iterable[Sequence]) -> Sequence:
    for sequence in fed:
        if sequence.pass_ is Pass.SEG and sequence.layer:
            return replace(sequence, pass_=Pass.MASK)
    raise BadInput("--mask-objects needs a Cryptomatte in the EXR files, and none of their layers is one")


def _framing(selections: Mapping[Pass, Selection], settings: EncodeSettings) -> Framing:
    first = next(iter(selections.values()))
    picture = first.picture
    aspect = settings.pixel_aspect
    if aspect is None:
        aspect = 1.0
        if picture.format in _SAY_ASPECT:
            from cosmos_houdini.media.pictures.picture_io import pixel_aspect  # noqa: PLC0415 - see _SAY_ASPECT

            aspect = pixel_aspect(first.files[0])
    presets = {Pass.EDGE: settings.controls.edge, Pass.VIS: settings.controls.vis}
    exact = any(preset and pass_ not in selections for pass_, preset in presets.items())
    return plan_framing(
        picture.size, pixel_aspect=aspect, fit=settings.fit, exact=exact, frame_size=settings.frame_size
    )
