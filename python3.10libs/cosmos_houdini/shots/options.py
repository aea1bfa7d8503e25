"""The options of a shot: the place of its frames, their encoding, and the request to the engine."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import get_args

from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.media.control_settings import DEPTH_KINDS, FITS, DepthKindName, Fit
from cosmos_houdini.media.selection import OnGap
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.presets import PRESETS, Preset
from cosmos_houdini.model.spec import SpecValue

EXPOSURE_RANGE = (-20.0, 20.0)
MOST_GPUS = 64


def _check_choice(name: str, value: str | None, allowed: Iterable[str]) -> None:
    words = list(allowed)
    if value is not None and value not in words:
        raise BadInput(f"{name} = {value!r}", allowed=", ".join(words), action=did_you_mean(str(value), words))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotSource:
    """Where the frames of a shot are: in ``renders``, or where the render node ``output`` of the scene writes them.

    Attributes:
        scene: a .hip, .hiplc or .hipnc file; it gives frame rate, frame range and cameras. None where there is none,
            which goes with ``renders`` alone.
        renders: folder of the rendered frames, or a pattern such as ``name.####.exr``.
        output: path of a render node of the scene, such as ``/out/mantra1``.
        take: the take that was rendered, for ``$ACTIVETAKE`` in the node's picture path.
    """

    scene: Path | None = None
    renders: Path | str | None = None
    output: str | None = None
    take: str | None = None

    def __post_init__(self) -> None:
        """Refuse two places, or none."""
        if (self.renders is None) == (self.output is None):
            raise BadInput("give either --renders DIR or --output /out/NODE")
        if self.output is not None and self.scene is None:
            raise BadInput(f"{self.output} is a node of no scene", action="give the .hip file, too")


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameOptions:
    """Which frames become videos, and at which rate.

    Attributes:
        fps: frames a second, 1 to 240; it is rounded to a whole number. None for the scene's, else 24.
        frame_range: first and last frame number; None for the range of the render node, else of the scene, else all.
        on_gap: ``stop`` refuses a missing or corrupt frame, ``hold`` repeats the frame before it.
        passes: by pass, what shows it: a pattern of files (``aux/zed.####.exr``, ``*zed*``), a layer or channel of EXR
            files (``P.z``), or ``none``. Every other pass is told by names and layers.
    """

    fps: float | None = None
    frame_range: tuple[int, int] | None = None
    on_gap: OnGap = "stop"
    passes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a range that runs backwards, and an unknown word."""
        _check_choice("on_gap", self.on_gap, get_args(OnGap))
        if self.frame_range is not None and self.frame_range[1] < self.frame_range[0]:
            first, last = self.frame_range
            raise BadInput(f"frame range '{first}-{last}' runs backwards", action=f"write it as {last}-{first}")


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeOptions:
    """How passes become control videos; a None follows the configuration.

    Attributes:
        view: OpenColorIO view of scene-linear colour.
        display: OpenColorIO display of scene-linear colour.
        exposure_stops: exposure of scene-linear colour, -20 to 20; each stop doubles the light.
        input_space: colour space of scene-linear colour.
        depth_kind: what the numbers of the depth pass mean; ``auto`` finds it from names and values.
        depth_range: a ``metadata.json`` of an earlier conversion, whose depth range is taken.
        camera: path of the camera in the scene, for ray distances; None for the camera of the only render node, or the
            only camera.
        objects: Cryptomatte objects of the seg video, with ``*``, ``?`` and ``[]``.
        mask_objects: Cryptomatte objects of a mask video, spelled as ``objects``; none makes no mask.
        edge: preset with which edges are computed from the colour where no edge pass is rendered.
        vis: preset with which blurred colour is computed where no vis pass is rendered.
        fit: how a plate of another aspect is put into the engine's frame; see ``plan_framing``.
        pixel_aspect: width of a pixel divided by its height, above 0; None for what the files say.
    """

    view: str | None = None
    display: str | None = None
    exposure_stops: float | None = None
    input_space: str | None = None
    depth_kind: DepthKindName | None = None
    depth_range: Path | None = None
    camera: str | None = None
    objects: tuple[str, ...] = ()
    mask_objects: tuple[str, ...] = ()
    edge: Preset | None = None
    vis: Preset | None = None
    fit: Fit | None = None
    pixel_aspect: float | None = None

    def __post_init__(self) -> None:
        """Refuse numbers out of range and unknown words."""
        low, high = EXPOSURE_RANGE
        if self.exposure_stops is not None and not low <= self.exposure_stops <= high:
            raise BadInput(f"exposure_stops = {self.exposure_stops:g}", allowed=f"{low:g} to {high:g}")
        aspect = self.pixel_aspect
        if aspect is not None and not (math.isfinite(aspect) and aspect > 0):
            raise BadInput(f"pixel_aspect = {aspect:g}", allowed="a finite number above 0")
        _check_choice("depth_kind", self.depth_kind, DEPTH_KINDS)
        _check_choice("edge", self.edge, PRESETS)
        _check_choice("vis", self.vis, PRESETS)
        _check_choice("fit", self.fit, FITS)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitOptions:
    """Request to an engine, and the host where it runs.

    Attributes:
        prompt: what the result shows.
        negative_prompt: what to avoid; empty for the engine's own.
        name: of the shot, 1 to 80 letters, digits, ``.``, ``_`` and ``-``; None for the renders' own.
        engine: name of an engine; None for the configuration's default.
        weights: of controls, 0 to 1 each; 0 leaves a control out, and a control without a weight gets 0.5.
        parameters: of the engine, by name; those without a value keep the engine's default.
        host: a name of the configuration; None for its default.
        num_gpu: GPUs for this inference, 1 to 64; None for 1.
        results: folder of the shot; None for ``cosmos_out/NAME`` in the project.
    """

    prompt: str = ""
    negative_prompt: str = ""
    name: str | None = None
    engine: str | None = None
    weights: Mapping[Control, float] = field(default_factory=dict)
    parameters: Mapping[str, SpecValue] = field(default_factory=dict)
    host: str | None = None
    num_gpu: int | None = None
    results: Path | None = None

    def __post_init__(self) -> None:
        """Refuse a number of GPUs out of range."""
        if self.num_gpu is not None and not 1 <= self.num_gpu <= MOST_GPUS:
            raise BadInput(f"num_gpu = {self.num_gpu}", allowed=f"a whole number from 1 to {MOST_GPUS}")


DEFAULT_FRAMES = FrameOptions()
DEFAULT_ENCODING = EncodeOptions()

# The options whose names on the command line are not those of the fields.
_OPTION_NAMES = {"exposure_stops": "--exposure", "frame_range": "--range", "passes": "--pass"}


def refuse_shaping(frames: FrameOptions, encoding: EncodeOptions) -> None:
    """Refuse options that shape videos, because the videos exist already.

    Raises:
        BadInput: an option differs from its default; the first one is named.
    """
    for options, default in ((frames, DEFAULT_FRAMES), (encoding, DEFAULT_ENCODING)):
        for each in fields(options):
            if getattr(options, each.name) != getattr(default, each.name):
                raise shapes_videos(_OPTION_NAMES.get(each.name, f"--{each.name.replace('_', '-')}"))


def shapes_videos(option: str) -> BadInput:
    """Return the error about an option that shapes videos which are made already."""
    return BadInput(f"{option} shapes the videos, and those of DIR are made already")


def named_weights(weights: Mapping[str, float]) -> dict[Control, float]:
    """Return weights by control.

    >>> named_weights({"depth": 0.8})
    {<Control.DEPTH: 'depth'>: 0.8}

    Raises:
        BadInput: a name is that of no control.
    """
    known = [str(control) for control in Control]
    for name in weights:
        if name not in known:
            raise BadInput(f"no control {str(name)!r}", allowed=", ".join(known), action=did_you_mean(str(name), known))
    return {Control(name): weight for name, weight in weights.items()}
