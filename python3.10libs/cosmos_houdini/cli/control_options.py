"""The options that say how passes become control videos, with the configuration behind them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from cosmos_houdini.cli.finite import FiniteRange
from cosmos_houdini.config import Config
from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.media.control_settings import ColorChoice, ControlChoices, DepthChoice, DepthKind, Lens
from cosmos_houdini.model.presets import PRESETS, Preset
from cosmos_houdini.model.scene import Camera, Scene
from cosmos_houdini.shots.framing import Fit

_Command = TypeVar("_Command", bound=Callable[..., Any])

PALETTE = Path(".cosmos") / "palette.json"
_PRESETS = click.Choice(PRESETS)
_OPTIONS = (
    click.option("--view", metavar="NAME", help="OpenColorIO view of scene-linear colour."),
    click.option("--display", metavar="NAME", help="OpenColorIO display of scene-linear colour."),
    click.option("--exposure", type=FiniteRange(-20, 20), metavar="STOPS", help="Exposure of linear colour."),
    click.option("--input-space", metavar="NAME", help="Colour space of scene-linear colour."),
    click.option(
        "--depth-kind",
        type=click.Choice(["auto", *map(str, DepthKind)]),
        help="What the depth pass holds; auto tells it from names and values.",
    ),
    click.option("--depth-range", metavar="FILE", help="Take the depth range of this metadata.json."),
    click.option("--camera", metavar="PATH", help="Camera of the scene, for ray distances."),
    click.option("--objects", multiple=True, metavar="GLOB", help="Cryptomatte objects of the seg video; repeatable."),
    click.option(
        "--mask-objects", multiple=True, metavar="GLOB", help="Make mask.mp4 of these Cryptomatte objects; repeatable."
    ),
    click.option("--edge", type=_PRESETS, help="Compute edges from the colour where no edge pass is rendered."),
    click.option("--vis", type=_PRESETS, help="Compute blurred colour where no vis pass is rendered."),
    click.option(
        "--fit",
        type=click.Choice(["auto", "fit", "letterbox", "crop", "none"]),
        help="How another aspect is put into the engine's frame; fit mirrors the margins.",
    ),
    click.option(
        "--pixel-aspect",
        type=FiniteRange(0, min_open=True),
        metavar="N",
        help="Width of a pixel by its height; else the files'.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlWishes:
    """What options and configuration ask for.

    Attributes:
        choices: for the pixels.
        layers: pass to EXR layer.
        fit: how the plate fills the engine's frame.
        pixel_aspect: None for what the files say.
    """

    choices: ControlChoices
    layers: dict[str, str]
    fit: Fit
    pixel_aspect: float | None


def control_options(command: _Command) -> _Command:
    """Add the options; the command takes them as keywords and hands them to ``wishes_of``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def wishes_of(config: Config, scene: Scene | None, options: dict[str, Any], *, engine: str = "") -> ControlWishes:
    """Return what the options ask for, where they say nothing what the configuration does.

    Raises:
        BadInput: no such camera, or a file without a depth range.
    """
    settings = config.settings
    color, controls = settings.color, settings.controls
    palette = settings.seg.palette or PALETTE
    choices = ControlChoices(
        color=ColorChoice(
            config=color.config,
            display=options["display"] or color.display,
            view=options["view"] or color.view,
            input_space=options["input_space"] or color.input,
            exposure_stops=color.exposure if options["exposure"] is None else options["exposure"],
        ),
        depth=_depth(config, scene, options),
        objects=options["objects"] or settings.seg.objects,
        mask_objects=options["mask_objects"],
        palette=config.project / palette.expanduser(),
        edge=_preset(options["edge"] or controls.edge),
        vis=_preset(options["vis"] or controls.vis),
        engine=engine,
    )
    return ControlWishes(
        choices=choices,
        layers=settings.passes.layers,
        fit=cast("Fit", options["fit"] or controls.fit),
        pixel_aspect=options["pixel_aspect"],
    )


def _preset(name: Preset) -> str | None:
    return None if name == "off" else name


def _depth(config: Config, scene: Scene | None, options: dict[str, Any]) -> DepthChoice:
    settings = config.settings.depth
    kind = options["depth_kind"] or settings.kind
    frozen = _frozen_range(Path(options["depth_range"])) if options["depth_range"] else None
    if frozen is not None and kind == "auto":
        kind = frozen["kind"]
    return DepthChoice(
        kind=None if kind == "auto" else DepthKind(kind),
        percentiles=settings.percentiles,
        far=settings.far,
        frozen=frozen,
        lenses=_lenses(scene, options["camera"]) if scene else {},
    )


def _frozen_range(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["sources"]["depth"]["depth_range"]
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(
            f"{path} holds no depth range", allowed="metadata.json of a conversion whose depth was computed"
        ) from error
    return dict(found)


def _lenses(scene: Scene, wanted: str | None) -> dict[int, Lens]:
    """Return the lens of the camera at each frame of the scene; nothing where it is open which camera rendered."""
    camera = _camera(scene, wanted)
    if camera is None or not camera.aperture_mm:
        return {}
    # Only here: the scene reader is not needed for most calls.
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
    rendered = {output.camera for output in scene.outputs} & set(paths)
    only = wanted or (rendered.pop() if len(rendered) == 1 else paths[0] if len(paths) == 1 else None)
    return next((camera for camera in scene.cameras if camera.path == only), None)
