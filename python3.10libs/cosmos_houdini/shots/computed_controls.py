"""Compute edge and vis from a colour video, where a run wants them and has no video of them."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from filelock import FileLock
from msgspec import structs

from cosmos_houdini.config import Config
from cosmos_houdini.engines.blur import find_blur_presets
from cosmos_houdini.engines.estimates import COMPUTED
from cosmos_houdini.errors import BadInput
from cosmos_houdini.jobs.store.jobs import FOLDER
from cosmos_houdini.media.videos.metadata import FILE_NAME
from cosmos_houdini.media.videos.standardize import extract_frames
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.presets import DEFAULT_STRENGTH, Preset
from cosmos_houdini.model.request import Clip
from cosmos_houdini.model.spec import RunSpec
from cosmos_houdini.reporter import Reporter, Silent
from cosmos_houdini.shots.options import EncodeOptions, FrameOptions, ShotSource
from cosmos_houdini.specs.request import Probe, resolve_weights

CONTROLS = "controls"
"""The folder for these videos in the project's own folder, with one folder for each colour video and strength."""
_FRAMES = "frames"


def with_computed_controls(run: RunSpec, config: Config, reporter: Reporter, *, probe: Probe) -> RunSpec:
    """Return a run whose edge and vis have videos, where they have a weight.

    They are computed as ``submit`` computes them from a colour pass, in the size of the colour video, with the strength
    that the configuration names, else ``medium``. A video that was computed before is taken again.

    Args:
        run: the run.
        config: names the strengths, and the project that keeps the videos.
        reporter: takes a sentence about what is computed, and shows the progress.
        probe: decodes the colour video; see ``specs.request.Probe``.

    Raises:
        BadInput: a weight has no video and cannot get one, or the colour video cannot be read or has no whole rate.
        CosmosError: as for ``convert_sequences``.
    """
    wanted = [kind for kind in resolve_weights(run) if kind in COMPUTED and kind not in run.spec.controls]
    if not wanted:
        return run
    color = probe({"color": run.spec.input_video})["color"]
    if not float(color.fps).is_integer():
        raise BadInput(
            f"{color.path} has {color.fps:g} fps",
            allowed="a whole number of frames a second",
            action="standardize --fps gives it one",
        )
    made = {kind: _find_or_compute(kind, color, run.engine, config, reporter) for kind in wanted}
    return structs.replace(run, spec=structs.replace(run.spec, controls={**run.spec.controls, **made}))


def _find_or_compute(kind: Control, color: Clip, engine: str, config: Config, reporter: Reporter) -> Path:
    """Return the video of one control, computed now or before."""
    settings = config.settings.controls
    preset = {Control.EDGE: settings.edge, Control.VIS: settings.vis}[kind]
    strength: Preset = DEFAULT_STRENGTH if preset == "off" else preset
    folder = config.project / FOLDER / CONTROLS / f"{color.sha256[:32]}-{_key(kind, strength, engine)}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not (folder / FILE_NAME).is_file():
            reporter.say(f"computed from the colour video: {kind} ({strength})")
            _compute(kind, strength, color, config, reporter, engine=engine, folder=folder)
    return folder.absolute() / f"{kind}.mp4"


def _key(kind: Control, strength: str, engine: str) -> str:
    """Return a name for all that decides the pictures besides the colour video."""
    if kind is Control.EDGE:
        return f"{kind}-{strength}"
    numbers: Mapping[str, object] = asdict(find_blur_presets(engine)[strength])
    digest = hashlib.sha256(json.dumps(numbers, sort_keys=True).encode()).hexdigest()
    return f"{kind}-{strength}-{digest[:8]}"


def _compute(
    kind: Control, strength: Preset, color: Clip, config: Config, reporter: Reporter, *, engine: str, folder: Path
) -> None:
    """Take the frames out of a colour video, and encode the control of them as those of a render are encoded."""
    # Imported here: videos that were computed before need none of it.
    from cosmos_houdini.shots.encode import encode_shot, find_shot  # noqa: PLC0415

    frames = folder / _FRAMES
    frames.mkdir(parents=True, exist_ok=True)
    try:
        with reporter.progress("extracting", total=color.frames, unit="frames") as advance:
            extract_frames(color.path, frames / "color.####.png", ffmpeg=config.ffmpeg, first=0, on_frames=advance)
        shot = find_shot(config, ShotSource(renders=frames), Silent())
        encode_shot(
            config,
            shot,
            folder,
            Silent(),
            frames=FrameOptions(fps=color.fps),
            encoding=EncodeOptions(
                fit="none",
                edge=strength if kind is Control.EDGE else "off",
                vis=strength if kind is Control.VIS else "off",
            ),
            engine=engine,
            weights={kind: 1.0},
        )
    finally:
        shutil.rmtree(frames, ignore_errors=True)
