"""The options with which a script renders the frames of a shot before it sends them."""

from __future__ import annotations

import argparse
import re

from cosmos_houdini.errors import BadInput
from cosmos_houdini.houdini.hython.script import say
from cosmos_houdini.houdini.open_scene import load_scene, render

_RANGE = re.compile(r"(-?\d+)-(-?\d+)")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--rop``, ``--render`` and ``--range``."""
    parser.add_argument("--rop", metavar="/out/NODE", help="the render node that writes the frames")
    parser.add_argument("--render", action="store_true", help="render it first, its own range or that of --range")
    parser.add_argument("--range", metavar="A-B", help="these frames")


def render_if_asked(options: argparse.Namespace) -> None:
    """Render the frames, if the options say so.

    Raises:
        BadInput: there is nothing to render, or the range cannot be read.
        ToolError: the node did not render.
    """
    if not options.render:
        return
    if not options.rop:
        raise BadInput("--render renders nothing without a node", action="name it with --rop /out/NODE")
    load_scene(options.file)
    say(f"rendering {options.rop}")
    render(options.rop, _frames(options.range))


def range_arguments(options: argparse.Namespace) -> tuple[str, ...]:
    """Return the range as ``cosmos-houdini submit`` takes it."""
    return ("--range", options.range) if options.range else ()


def _frames(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    match = _RANGE.fullmatch(text)
    if not match:
        raise BadInput(f"{text!r} is no range", allowed="A-B, for example 1001-1049")
    return (int(match[1]), int(match[2]))
