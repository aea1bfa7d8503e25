"""The first half of ``submit``: from a scene and its renders to the videos of a shot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from cosmos_houdini.cli.console import say
from cosmos_houdini.cli.control_options import ControlWishes, wishes_of
from cosmos_houdini.cli.convert import frame_rate
from cosmos_houdini.cli.shot_videos import ShotFrames, convert_shot, shot_frames, with_computed
from cosmos_houdini.cli.verifying import verifying
from cosmos_houdini.config import Config
from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.selection import OnGap
from cosmos_houdini.media.sequences import span
from cosmos_houdini.media.sequences.verify import verify
from cosmos_houdini.model.control import Control, Pass
from cosmos_houdini.model.video import Conversion
from cosmos_houdini.scene.reader import read_scene
from cosmos_houdini.shots.shot import Shot, shot_of_folder, shot_of_node

PRESET = "medium"


def find_shot(scene_file: Path, config: Config, making: Mapping[str, Any], *, name: str | None) -> Shot:
    """Return the shot that the options name.

    Args:
        scene_file: the scene.
        config: further words that tell a pass.
        making: the options of ``submit`` that say which frames become videos, and how.
        name: of the shot, instead of the renders' own.

    Raises:
        UsageError: the options name no renders, or twice.
        BadInput: a scene that cannot be read, or as for ``shot_of_folder`` and ``shot_of_node``.
    """
    renders, node = making["renders"], making["node"]
    if (renders is None) == (node is None):
        raise click.UsageError("give either --renders DIR or --output /out/NODE")
    scene = read_scene(scene_file)
    if making["take"]:
        scene = replace(scene, variables={**scene.variables, "ACTIVETAKE": making["take"]})
    names = config.settings.passes.words
    shot = shot_of_folder(scene, renders, names) if renders is not None else shot_of_node(scene, node or "", names)
    say(f"{scene_file.name}: {scene.fps:g} fps, frames {scene.frame_range[0]}-{scene.frame_range[1]}")
    frame_range = span.parse(making["range_"]) if making["range_"] else shot.frame_range
    return replace(shot, name=name or shot.name, frame_range=frame_range)


def encode_shot(
    shot: Shot,
    config: Config,
    making: dict[str, Any],
    *,
    folder: Path,
    engine: str,
    weights: Mapping[Control, float],
) -> dict[str, Any]:
    """Verify and encode the frames of a shot, and return the document of its videos.

    Args:
        shot: what was found.
        config: how passes become control videos where the options say nothing.
        making: as for ``find_shot``.
        folder: gets the videos.
        engine: by whose rules controls are computed.
        weights: of controls; one that has a weight and was not rendered is computed.

    Raises:
        BadInput: frames are missing or damaged, or there is no colour pass.
    """
    on_gap: OnGap = making["on_gap"]
    wishes = wishes_of(config, shot.scene, making, engine=engine)
    frames = _with_weighted(_frames(shot, wishes, on_gap=on_gap), weights)
    rate = frame_rate(making["fps"], shot.scene)
    # What comes after this costs hours of a GPU: a black or linear beauty is told before.
    conversion = convert_shot(frames, folder, name=shot.name, fps=rate, scene=shot.scene, on_gap=on_gap, looks=True)
    _say_converted(conversion)
    return conversion.document()


def _frames(shot: Shot, wishes: ControlWishes, *, on_gap: OnGap) -> ShotFrames:
    with verifying(shot.found) as advance:
        sequences = verify(shot.found, on_frame=advance, checksums=on_gap == "hold")
    frames = shot_frames(sequences, wishes, frame_range=shot.frame_range, on_gap=on_gap)
    if Pass.COLOR not in frames.selections:
        raise BadInput(
            f"{shot.name} has no colour pass among {', '.join(str(pass_) for pass_ in frames.selections)}",
            action="name the folder or files of the beauty render after it, or add a word under 'passes.color'",
        )
    return frames


def _with_weighted(shot: ShotFrames, weights: Mapping[Control, float]) -> ShotFrames:
    """Return a shot with edge and vis computed where they have a weight, or where no control was rendered at all.

    Computed controls take part only when somebody asks for them: shared out over all four, those that were rendered
    would count for half of what they do alone.
    """
    choices = shot.wishes.choices
    bare = not any(Pass(kind.value) in shot.selections for kind in Control) and not weights
    edge = choices.edge or (PRESET if bare or weights.get(Control.EDGE, 0) > 0 else None)
    vis = choices.vis or (PRESET if bare or weights.get(Control.VIS, 0) > 0 else None)
    computed = {Pass.EDGE: edge, Pass.VIS: vis}
    told = [f"{pass_} ({preset})" for pass_, preset in computed.items() if preset and pass_ not in shot.selections]
    if not told or Pass.COLOR not in shot.selections:
        return shot
    say(f"computed from the colour pass: {', '.join(told)}")
    return with_computed(shot, edge=edge, vis=vis)


def _say_converted(conversion: Conversion) -> None:
    passes = ", ".join(str(video.pass_) for video in conversion.videos)
    size = "{}x{}".format(*conversion.size)
    say(f"verified and encoded {conversion.frames} frames of {size} at {conversion.fps} fps: {passes}")
