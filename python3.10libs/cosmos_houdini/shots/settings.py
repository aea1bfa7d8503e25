"""Configuration, options and scene become the settings by which passes are encoded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmos_houdini.config import Config
from cosmos_houdini.engines.blur import find_blur_presets
from cosmos_houdini.engines.frame_size import find_frame_size
from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.json_text import read_json_file
from cosmos_houdini.media.control_settings import ColorSettings, ControlSettings, DepthKind, DepthSettings, Fit, Lens
from cosmos_houdini.media.videos.ffmpeg import FFmpeg
from cosmos_houdini.model.presets import Preset
from cosmos_houdini.model.render_outputs import rendering_camera
from cosmos_houdini.model.scene import Camera, Scene
from cosmos_houdini.shots.options import EncodeOptions
from cosmos_houdini.shots.pass_names import PassNames, name_passes
from cosmos_houdini.user_path import expand_user

PALETTE = Path(".cosmos") / "palette.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeSettings:
    """How passes are encoded; nothing is left open.

    Attributes:
        controls: for the pixels.
        passes: what names the passes.
        fit: how the plate fills the engine's frame.
        pixel_aspect: width of a pixel divided by its height; None for what the files say.
        ffmpeg: encodes and decodes.
        frame_size: tells the frame of an engine that crops videos of another size; None for one that stretches them.
    """

    controls: ControlSettings
    passes: PassNames
    fit: Fit
    pixel_aspect: float | None
    ffmpeg: FFmpeg
    frame_size: Callable[[tuple[int, int]], tuple[int, int]] | None = None


def resolve_settings(
    config: Config,
    options: EncodeOptions,
    scene: Scene | None,
    *,
    engine: str = "",
    parameters: Mapping[str, object] | None = None,
    passes: Mapping[str, str] | None = None,
) -> EncodeSettings:
    """Return the settings of a shot: the options, and the configuration where they are None or empty.

    Args:
        config: of the project.
        options: the options that a person gave.
        scene: has the cameras; None where there is no scene.
        engine: whose rules hold for controls that are computed, and for the frame.
        parameters: of the engine, as far as they are given.
        passes: by pass, what shows it, as ``FrameOptions.passes``.

    Raises:
        BadInput: the scene has no such camera, or a file holds no depth range.
    """
    color, controls, seg = config.settings.color, config.settings.controls, config.settings.seg
    palette = seg.palette or PALETTE
    choices = ControlSettings(
        color=ColorSettings(
            config=color.config,
            display=options.display or color.display,
            view=options.view or color.view,
            input_space=options.input_space or color.input,
            exposure_stops=color.exposure if options.exposure_stops is None else options.exposure_stops,
        ),
        depth=_depth(config, scene, options),
        objects=options.objects or seg.objects,
        mask_objects=options.mask_objects,
        palette=config.project / expand_user(palette),
        edge=_computed(options.edge or controls.edge),
        vis=_computed(options.vis or controls.vis),
        blur_presets=find_blur_presets(engine),
    )
    return EncodeSettings(
        controls=choices,
        passes=name_passes(config, passes or {}),
        fit=options.fit or controls.fit,
        pixel_aspect=options.pixel_aspect,
        ffmpeg=config.ffmpeg,
        frame_size=find_frame_size(engine, parameters or {}),
    )


def _computed(preset: Preset) -> str | None:
    return None if preset == "off" else preset


def _depth(config: Config, scene: Scene | None, options: EncodeOptions) -> DepthSettings:
    settings = config.settings.depth
    kind: str = options.depth_kind or settings.kind
    frozen = _read_depth_range(options.depth_range) if options.depth_range else None
    if frozen is not None and kind == "auto":
        kind = frozen["kind"]
    return DepthSettings(
        kind=None if kind == "auto" else DepthKind(kind),
        percentiles=settings.percentiles,
        far=settings.far,
        frozen=frozen,
        lenses=_lenses(scene, options.camera) if scene else {},
    )


def _read_depth_range(path: Path) -> dict[str, Any]:
    try:
        return dict(read_json_file(path)["sources"]["depth"]["depth_range"])
    except BadInput:
        raise
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise BadInput(
            f"{path} holds no depth range", allowed="metadata.json of a conversion whose depth was computed"
        ) from error


def _lenses(scene: Scene, wanted: str | None) -> dict[int, Lens]:
    """Return the lens of the camera at each frame of the scene; nothing where it is open which camera rendered."""
    camera = _camera(scene, wanted)
    if camera is None or not camera.aperture_mm:
        return {}
    # Imported here: most calls need no scene reader.
    from cosmos_houdini.scene.camera import sample_cameras  # noqa: PLC0415

    samples = sample_cameras(scene)[camera.path]
    return {
        sample.frame: Lens(
            focal_mm=sample.focal_mm, aperture_mm=camera.aperture_mm, pixel_aspect=camera.pixel_aspect or 1.0
        )
        for sample in samples
        if sample.focal_mm
    }


def _camera(scene: Scene, wanted: str | None) -> Camera | None:
    paths = [camera.path for camera in scene.cameras]
    if wanted is not None and wanted not in paths:
        raise BadInput(
            f"{scene.path} has no camera {wanted}", allowed=", ".join(paths), action=did_you_mean(wanted, paths)
        )
    if wanted is not None:
        return next(camera for camera in scene.cameras if camera.path == wanted)
    return rendering_camera(scene)
