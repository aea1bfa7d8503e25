"""A shot: a scene, and the renders on disk that belong to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.sequences.discover import Unverified, find_sequences
from cosmos_houdini.media.sequences.named_files import split_names
from cosmos_houdini.media.sequences.pass_words import file_words
from cosmos_houdini.media.sequences.passes import tell_folder
from cosmos_houdini.media.sequences.shot_names import near_shots
from cosmos_houdini.model.names import portable_name
from cosmos_houdini.model.render_node import STAGE_PRODUCTS, STAGE_RENDERERS, STAGE_SETTINGS, base_type
from cosmos_houdini.model.render_outputs import resolve_output
from cosmos_houdini.model.scene import Scene
from cosmos_houdini.model.sequence import Evidence
from cosmos_houdini.scene.output import find_output
from cosmos_houdini.scene.picture import WrittenPicture, picture_patterns

_WITHOUT_RANGE = STAGE_RENDERERS | STAGE_SETTINGS | STAGE_PRODUCTS

PassNames = Mapping[str, Iterable[str]]

UNNAMED = "shot"
"""The name of a shot whose renders and scene have no letter that every file system accepts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A shot whose frames are not verified yet.

    Attributes:
        name: fit for files and folders.
        scene: the content of the .hip file; None where there is no scene.
        found: the sequences of the shot, one a pass.
        frame_range: first and last frame that the shot should have; None for all frames that are there.
    """

    name: str
    scene: Scene | None
    found: tuple[Unverified, ...]
    frame_range: tuple[int, int] | None


def shot_of_folder(scene: Scene | None, renders: Path | str, names: PassNames) -> Shot:
    """Return the shot whose renders are below a folder, or follow a pattern.

    Args:
        scene: gives the frame range; None where there is no scene.
        renders: as ``find_sequences`` takes it.
        names: further words that identify a pass.

    Raises:
        BadInput: there are no sequences, or those of several shots.
    """
    found = find_sequences(renders, names)
    shots = sorted({sequence.shot for sequence in found})
    if len(shots) > 1:
        raise BadInput(
            "; ".join((f"{renders} holds sequences of {len(shots)} shots", *near_shots(shots))),
            allowed=", ".join(shots),
            action="name one with a pattern, such as --renders 'folder/name.####.png', and its passes with --pass",
        )
    name = portable_name(shots[0]) or portable_name(scene.path.stem if scene else Path(renders).absolute().name)
    return Shot(name=name or UNNAMED, scene=scene, found=found, frame_range=scene.frame_range if scene else None)


def shot_of_node(scene: Scene, node_path: str, names: PassNames) -> Shot:
    """Return the shot that a render node writes: its picture path, and the passes of the same name beside it.

    Where the node writes into a folder named after its pass (``render/beauty/x.####.exr``), the other passes are
    searched beside that folder. The frame range of the node, or of the node below that renders it, is the shot's. A
    node of a USD stage without one takes all frames that are there: such nodes are made without a range.

    Raises:
        BadInput: no such node, a picture path that cannot be expanded, or no file that follows it.
    """
    pictures = picture_patterns(scene, node_path)
    pattern = Path(pictures[0].pattern)
    leader = find_sequences(pattern, {})[0].frames[0].file
    folder = pattern.parent
    if tell_folder(folder.name, file_words(split_names(names)[0]))[0] is not None:
        folder = folder.parent
    beside = find_sequences(folder, names)
    shot = next(s.shot for s in beside if any(frame.file == leader for frame in s.frames))
    found = [sequence for sequence in beside if sequence.shot == shot]
    found += _products(pictures[1:], found, shot, names)
    output = resolve_output(find_output(scene, node_path), scene.outputs)
    frame_range: tuple[int, int] | None = scene.frame_range
    if output.frame_range:
        first, last, step = map(round, output.frame_range)
        frame_range = (first, last)
        if step > 1:
            frame_range = (first, last - (last - first) % step)
            found = [_every(sequence, first, step) for sequence in found]
    elif base_type(output.type) in _WITHOUT_RANGE:
        frame_range = None
    name = portable_name(shot) or portable_name(scene.path.stem) or UNNAMED
    return Shot(name=name, scene=scene, found=tuple(found), frame_range=frame_range)


def _every(sequence: Unverified, first: int, step: int) -> Unverified:
    """Return a sequence with the frames that the node renders: those between may be of an earlier render."""
    frames = tuple(frame for frame in sequence.frames if (frame.number - first) % step == 0)
    return replace(sequence, frames=frames, step=step) if frames else sequence


def _products(
    pictures: Iterable[WrittenPicture], found: Iterable[Unverified], shot: str, names: PassNames
) -> Iterator[Unverified]:
    """Yield the passes that a node writes into files of their own, as its render products say."""
    known = {frame.file for sequence in found for frame in sequence.frames[:1]}
    words = file_words(split_names(names)[0])
    for picture in pictures:
        for sequence in find_sequences(Path(picture.pattern), names):
            if sequence.frames[0].file in known:
                continue
            told = [pass_ for var in picture.node.vars if (pass_ := tell_folder(var, words)[0])]
            if len(picture.node.vars) == 1 and told:
                why = f"the render product {picture.node.path} holds {picture.node.vars[0]!r}"
                yield replace(sequence, shot=shot, pass_=told[0], evidence=Evidence.NAME, why=why)
            elif sequence.evidence is not Evidence.NONE:
                yield replace(sequence, shot=shot)
