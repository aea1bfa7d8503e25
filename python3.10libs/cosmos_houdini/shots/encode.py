"""The first half of a submission: a shot is found, verified and encoded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from cosmos_houdini.config import Config
from cosmos_houdini.errors import BadInput
from cosmos_houdini.facts.read import read_described_scene
from cosmos_houdini.model.control import Control, Pass
from cosmos_houdini.model.presets import DEFAULT_STRENGTH
from cosmos_houdini.model.video import Conversion
from cosmos_houdini.reporter import Reporter
from cosmos_houdini.scene.output import find_output
from cosmos_houdini.shots.frames import (
    ShotFrames,
    encode_frames,
    frame_rate,
    select_frames,
    verify_sequences,
    with_computed,
)
from cosmos_houdini.shots.options import DEFAULT_ENCODING, DEFAULT_FRAMES, EncodeOptions, FrameOptions, ShotSource
from cosmos_houdini.shots.pass_names import name_passes
from cosmos_houdini.shots.settings import resolve_settings
from cosmos_houdini.shots.shot import Shot, shot_of_folder, shot_of_node


def find_shot(
    config: Config, source: ShotSource, reporter: Reporter, *, passes: Mapping[str, str] | None = None
) -> Shot:
    """Read the scene of a shot and find its renders; nothing is verified yet.

    Args:
        config: has further words that mark a pass.
        source: where the frames are.
        reporter: takes a sentence about the scene.
        passes: by pass, what shows it, as ``FrameOptions.passes``.

    Raises:
        BadInput: the scene cannot be read, has no such node, or there are no renders or those of several shots.
    """
    names = name_passes(config, passes or {})
    scene = read_described_scene(source.scene) if source.scene else None
    if scene is None:
        shot = shot_of_folder(None, source.renders or "", names.files)
        names.refuse_unfound(shot.found)
        return shot
    take = source.take or (find_output(scene, source.output).take if source.output else None)
    if take:
        scene = replace(scene, variables={**scene.variables, "ACTIVETAKE": take})
    if source.renders is not None:
        shot = shot_of_folder(scene, source.renders, names.files)
    else:
        shot = shot_of_node(scene, source.output or "", names.files)
    names.refuse_unfound(shot.found)
    if shot.frame_range is None:
        reporter.say(f"{source.output} has no frame range: every frame of its picture that is there is taken")
    reporter.say(f"{scene.path.name}: {scene.fps:g} fps, frames {scene.frame_range[0]}-{scene.frame_range[1]}")
    return shot


def encode_shot(
    config: Config,
    shot: Shot,
    folder: Path,
    reporter: Reporter,
    *,
    frames: FrameOptions = DEFAULT_FRAMES,
    encoding: EncodeOptions = DEFAULT_ENCODING,
    engine: str = "",
    parameters: Mapping[str, object] | None = None,
    weights: Mapping[Control, float] | None = None,
) -> Conversion:
    """Verify and encode the frames of a shot.

    Args:
        config: how passes become control videos where the options are None.
        shot: as ``find_shot`` returned it.
        folder: gets the videos and ``metadata.json``.
        reporter: takes the warnings, and shows the progress.
        frames: which frames, and at which rate.
        encoding: how passes become control videos.
        engine: whose rules hold for controls that are computed, and for the frame.
        parameters: of the engine, as far as they are given.
        weights: of controls; edge and vis are computed where they have a weight and were not rendered.

    Raises:
        BadInput: there is no colour pass, or an option cannot be used.
        CheckFailed: frames are missing or damaged, or the passes disagree.
        CosmosError: as for ``convert_sequences``.
    """
    settings = resolve_settings(
        config, encoding, shot.scene, engine=engine, parameters=parameters, passes=frames.passes
    )
    options = frames if frames.frame_range else replace(frames, frame_range=shot.frame_range)
    sequences = verify_sequences(shot.found, reporter, on_gap=frames.on_gap)
    selected = select_frames(sequences, settings, options, reporter)
    settings.passes.refuse_unfed(selected.sequences)
    if Pass.COLOR not in selected.selections:
        raise BadInput(
            f"{shot.name} has no colour pass among {', '.join(str(pass_) for pass_ in selected.selections)}",
            action="name its files or layer: --pass color='*beauty*', or 'passes.color' in the configuration",
        )
    selected = _with_weighted(selected, weights or {}, reporter)
    rate = frame_rate(frames.fps, shot.scene, reporter, selections=selected.selections)
    # The next step costs hours of a GPU: a black or linear beauty is reported before it.
    conversion = encode_frames(
        selected,
        folder,
        reporter,
        name=shot.name,
        fps=rate,
        scene=shot.scene,
        on_gap=frames.on_gap,
        sample=True,
    )
    _say_encoded(conversion, reporter)
    return conversion


def _with_weighted(shot: ShotFrames, weights: Mapping[Control, float], reporter: Reporter) -> ShotFrames:
    """Return a shot with edge and vis computed where they have a weight, or where no control was rendered at all.

    Computed controls take part only where they are asked for. The engines share the strength out over all controls, so
    that two computed ones would halve the rendered ones.
    """
    controls = shot.settings.controls
    bare = not any(Pass(kind.value) in shot.selections for kind in Control) and not weights
    edge = controls.edge or (DEFAULT_STRENGTH if bare or weights.get(Control.EDGE, 0) > 0 else None)
    vis = controls.vis or (DEFAULT_STRENGTH if bare or weights.get(Control.VIS, 0) > 0 else None)
    presets = {Pass.EDGE: edge, Pass.VIS: vis}
    computed = [f"{pass_} ({preset})" for pass_, preset in presets.items() if preset and pass_ not in shot.selections]
    if not computed or Pass.COLOR not in shot.selections:
        return shot
    reporter.say(f"computed from the colour pass: {', '.join(computed)}")
    return with_computed(shot, edge=edge, vis=vis)


def _say_encoded(conversion: Conversion, reporter: Reporter) -> None:
    passes = ", ".join(str(video.pass_) for video in conversion.videos)
    size = "{}x{}".format(*conversion.size)
    reporter.say(f"verified and encoded {conversion.frames} frames of {size} at {conversion.fps} fps: {passes}")
