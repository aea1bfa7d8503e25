"""From the verified sequences of one shot to its videos: the part that ``convert-sequence`` and ``submit`` share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from cosmos_houdini.cli.console import progress_bar, say
from cosmos_houdini.cli.control_options import ControlWishes
from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.computation import Computation
from cosmos_houdini.media.controls.pass_sources import with_layers
from cosmos_houdini.media.convert import convert_sequences
from cosmos_houdini.media.selection import OnGap, Selection, select, unknown_passes
from cosmos_houdini.media.sequences import span
from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.scene import Scene
from cosmos_houdini.model.sequence import Sequence
from cosmos_houdini.model.video import Conversion
from cosmos_houdini.shots.framing import Framing, plan_framing

# A PNG or JPEG hardly ever tells the shape of its pixels, and looking for it would load a picture library each time.
_TELL_ASPECT = frozenset({"exr", "tiff", "dpx"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotFrames:
    """The frames of one shot, looked at and ready to be converted.

    Attributes:
        sequences: one for each pass.
        selections: the frames of each pass.
        framing: where the plate lies in the engine's frame.
        wishes: of a person.
    """

    sequences: tuple[Sequence, ...]
    selections: dict[Pass, Selection]
    framing: Framing
    wishes: ControlWishes


def shot_frames(
    sequences: Iterable[Sequence], wishes: ControlWishes, *, frame_range: tuple[int, int] | None, on_gap: OnGap
) -> ShotFrames:
    """Return which files of a shot feed which pass; errors as for ``select`` and ``with_layers``."""
    verified = list(sequences)
    for sequence in unknown_passes(verified):
        say(f"{sequence.pattern} is left out: its name tells no known pass")
    fed = with_layers(verified, wishes.layers)
    for sequence in verified:
        if sequence.pass_ is Pass.NORMAL and sequence not in fed:
            say(f"{sequence.pattern} is left out: no control is made of normals")
    if wishes.choices.mask_objects:
        fed = [sequence for sequence in fed if sequence.pass_ is not Pass.MASK] + [_mask_source(fed)]
    selections = select(fed, frame_range=frame_range, on_gap=on_gap)
    return ShotFrames(sequences=tuple(fed), selections=selections, framing=_framing(selections, wishes), wishes=wishes)


def with_computed(shot: ShotFrames, *, edge: str | None, vis: str | None) -> ShotFrames:
    """Return a shot of which edge and vis are computed with these presets, too."""
    wishes = replace(shot.wishes, choices=replace(shot.wishes.choices, edge=edge, vis=vis))
    return replace(shot, wishes=wishes, framing=_framing(shot.selections, wishes))


def convert_shot(
    shot: ShotFrames, out_dir: Path, *, name: str, fps: int, scene: Scene | None, on_gap: OnGap, looks: bool = False
) -> Conversion:
    """Convert a shot, with a bar, and say what was found; see ``Computation`` and ``convert_sequences``."""
    for sentence in (*_frames_told(shot.selections), shot.framing.sentence):
        if sentence:
            say(sentence)
    numbers = next(iter(shot.selections.values())).numbers
    computation = Computation(choices=shot.wishes.choices, geometry=shot.framing.of_videos, looks=looks, say=say)
    with progress_bar(f"encoding {name}", total=computation.steps(shot.selections), unit="frames") as advance:
        return convert_sequences(
            shot.sequences,
            out_dir,
            name=name,
            fps=fps,
            scene_document=scene.document() if scene else None,
            frame_range=(numbers[0], numbers[-1]),
            on_gap=on_gap,
            computed=replace(computation, on_frames=advance),
            frame=shot.framing.document(),
            on_frames=advance,
        )


def _frames_told(selections: dict[Pass, Selection]) -> Iterator[str]:
    """Yield which frames are held, and whether the shot is rendered on every frame."""
    for pass_, selection in selections.items():
        if selection.held:
            yield f"{pass_}: {span.told(selection.held, ' shows', ' show')} the frame before"
    step = next(iter(selections.values())).sequence.step
    if step != 1:
        yield f"only one frame in {step} is rendered; the videos show them one after another, {step} times as fast"


def _mask_source(fed: list[Sequence]) -> Sequence:
    for sequence in fed:
        if sequence.pass_ is Pass.SEG and sequence.layer:
            return replace(sequence, pass_=Pass.MASK)
    raise BadInput("--mask-objects needs a Cryptomatte in the EXR files, and none of their layers is one")


def _framing(selections: dict[Pass, Selection], wishes: ControlWishes) -> Framing:
    first = next(iter(selections.values()))
    picture = first.picture
    aspect = wishes.pixel_aspect
    if aspect is None:
        aspect = 1.0
        if picture.format in _TELL_ASPECT:
            from cosmos_houdini.media.pictures.picture_io import pixel_aspect  # noqa: PLC0415 - see _TELL_ASPECT

            aspect = pixel_aspect(first.files[0])
    computes = {Pass.EDGE: wishes.choices.edge, Pass.VIS: wishes.choices.vis}
    exact = any(preset and pass_ not in selections for pass_, preset in computes.items())
    return plan_framing(picture.size, pixel_aspect=aspect, fit=wishes.fit, exact=exact)
