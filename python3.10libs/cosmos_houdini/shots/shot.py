"""A shot: a scene, and the renders on disk that belong to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.sequences.discover import Unverified, find_sequences
from cosmos_houdini.media.sequences.named_files import split_names
from cosmos_houdini.media.sequences.pass_words import file_words
from cosmos_houdini.media.sequences.passes import tell_folder
from cosmos_houdini.media.sequences.shot_names import near_shots
from cosmos_houdini.model.names import portable_name
from cosmos_houdini.model.scene import Scene
from cosmos_houdini.scene.output import find_output
from cosmos_houdini.scene.picture import picture_pattern

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
    searched beside that folder. The node's own frame range is the shot's, where it has one.

    Raises:
        BadInput: no such node, a picture path that cannot be expanded, or no file that follows it.
    """
    pattern = Path(picture_pattern(scene, node_path))
    leader = find_sequences(pattern, {})[0].frames[0].file
    folder = pattern.parent
    if tell_folder(folder.name, file_words(split_names(names)[0]))[0] is not None:
        folder = folder.parent
    beside = find_sequences(folder, names)
    shot = next(s.shot for s in beside if any(frame.file == leader for frame in s.frames))
    found = tuple(sequence for sequence in beside if sequence.shot == shot)
    of_node = find_output(scene, node_path).frame_range
    frame_range = (round(of_node[0]), round(of_node[1])) if of_node else scene.frame_range
    name = portable_name(shot) or portable_name(scene.path.stem) or UNNAMED
    return Shot(name=name, scene=scene, found=found, frame_range=frame_range)
