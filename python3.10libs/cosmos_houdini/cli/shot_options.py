"""Options that several commands share; each group reaches the command as one typed value."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import click

from cosmos_houdini.cli.assignments import parse_assignments, parse_weights
from cosmos_houdini.cli.finite import FiniteRange
from cosmos_houdini.cli.gathered import add_options, gather_options
from cosmos_houdini.media.control_settings import DEPTH_KINDS, FITS
from cosmos_houdini.media.controls.pass_sources import fed_passes
from cosmos_houdini.media.selection import OnGap
from cosmos_houdini.media.sequences import span
from cosmos_houdini.model.presets import PRESETS
from cosmos_houdini.shots.options import EXPOSURE_RANGE, EncodeOptions, FrameOptions

_PRESETS = click.Choice(PRESETS)

pass_option = click.option(
    "--pass",
    "passes",
    multiple=True,
    metavar="PASS=WHAT",
    callback=lambda _context, _parameter, texts: parse_assignments("--pass", texts, fed_passes()),
    help="Take PASS from these files ('*zed*'), this layer or channel (P.z), or none; repeatable.",
)

_FRAMES = (
    click.option("--fps", type=float, metavar="N", help="Frames a second; else the scene's, else 24. Rounded."),
    click.option(
        "--range",
        "frame_range",
        metavar="A-B",
        callback=lambda _context, _parameter, text: span.parse(text) if text else None,
        help="Take these frames; else the range of the node or scene, else all.",
    ),
    click.option(
        "--on-gap",
        type=click.Choice(get_args(OnGap)),
        default="stop",
        show_default=True,
        help="hold repeats the frame before a missing or corrupt one.",
    ),
    pass_option,
)

_ENCODING = (
    click.option("--view", metavar="NAME", help="OpenColorIO view of scene-linear colour."),
    click.option("--display", metavar="NAME", help="OpenColorIO display of scene-linear colour."),
    click.option(
        "--exposure",
        "exposure_stops",
        type=FiniteRange(*EXPOSURE_RANGE),
        metavar="STOPS",
        help="Exposure of scene-linear colour.",
    ),
    click.option("--input-space", metavar="NAME", help="Colour space of scene-linear colour."),
    click.option(
        "--depth-kind",
        type=click.Choice(DEPTH_KINDS),
        help="Kind of values in the depth pass; auto finds it from names and values.",
    ),
    click.option(
        "--depth-range",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Take the depth range of this metadata.json.",
    ),
    click.option("--camera", metavar="PATH", help="Camera of the scene, for ray distances."),
    click.option("--objects", multiple=True, metavar="GLOB", help="Cryptomatte objects of the seg video; repeatable."),
    click.option(
        "--mask-objects", multiple=True, metavar="GLOB", help="Make mask.mp4 of these Cryptomatte objects; repeatable."
    ),
    click.option("--edge", type=_PRESETS, help="Compute edges from the colour where no edge pass is rendered."),
    click.option("--vis", type=_PRESETS, help="Compute blurred colour where no vis pass is rendered."),
    click.option(
        "--fit",
        type=click.Choice(FITS),
        help="How another aspect is put into the engine's frame; fit mirrors the margins.",
    ),
    click.option(
        "--pixel-aspect",
        type=FiniteRange(0, min_open=True),
        metavar="N",
        help="Width of a pixel divided by its height; else the files'.",
    ),
)

_WEIGHTS = (
    click.option(
        "--weight",
        "named",
        multiple=True,
        metavar="KIND=NUMBER",
        help="Weight of a control, 0 to 1; 0 leaves it out; repeatable.",
    ),
    click.option(
        "--weights",
        "four",
        nargs=4,
        type=float,
        metavar="VIS EDGE DEPTH SEG",
        help="The weights of these four controls at once.",
    ),
)


class CommandWithWeights(click.Command):
    """A command with ``--weights``; four numbers that are not four are refused with the other way to give them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the options."""
        try:
            return super().parse_args(ctx, args)
        except click.BadOptionUsage as error:
            if error.option_name != "--weights":
                raise
            raise self._explained(error) from error
        except click.BadParameter as error:
            if error.param is None or error.param.name != "four":
                raise
            raise self._explained(error) from error

    @staticmethod
    def _explained(error: click.UsageError) -> click.UsageError:
        found = error.format_message().rstrip(".")
        return click.UsageError(
            f"{found}; --weights takes four numbers, VIS EDGE DEPTH SEG; to give one: --weight depth=0.8", error.ctx
        )


frame_options = gather_options(FrameOptions, _FRAMES, name="frames")
"""Adds the options of ``FrameOptions``."""
encoding_options = gather_options(EncodeOptions, _ENCODING, name="encoding")
"""Adds the options of ``EncodeOptions``."""


def weight_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--weight`` and ``--weights``; the command takes the weights by control as ``weights``."""

    @functools.wraps(command)
    def collected(*args: Any, named: Any, four: Any, **values: Any) -> Any:  # noqa: ANN401 - click calls it with all values
        return command(*args, weights=parse_weights(four, named), **values)

    return add_options(collected, _WEIGHTS)
