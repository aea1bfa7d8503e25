"""The options that the scripts for one shot share: the shot, its rendering, and options that ``submit`` takes."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence

from cosmos_houdini.errors import BadInput
from cosmos_houdini.houdini.hython.script import say
from cosmos_houdini.houdini.open_scene import load_scene
from cosmos_houdini.houdini.rendering import WAIT_S, render
from cosmos_houdini.houdini.submission import Submission

_RANGE = re.compile(r"(-?\d+)-(-?\d+)")


def submission_of(
    options: argparse.Namespace, words: Sequence[str], more: Mapping[str, object] | None = None
) -> Submission:
    """Return the submission of a command line.

    Args:
        options: of the script.
        words: the options that the script does not know; ``submit`` takes them.
        more: further options of ``submit``.
    """
    frames = {"range": options.range} if options.range else {}
    return Submission(
        scene=options.file,
        output=options.rop,
        prompt=options.prompt,
        options={**frames, **(more or {})},
        words=tuple(words),
    )


def render_if_asked(options: argparse.Namespace) -> None:
    """Render the frames, if the options say so.

    Raises:
        BadInput: no render node is named, the range cannot be read, or the node cannot render it.
        ToolError: the node did not render, or a frame was not written.
    """
    if not options.render:
        return
    if not options.rop:
        raise BadInput("--render renders nothing without a node", action="name it with --rop /out/NODE")
    load_scene(options.file)
    render(options.rop, _parse_range(options.range), say=say, wait_s=WAIT_S)


def _parse_range(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    match = _RANGE.fullmatch(text)
    if not match:
        raise BadInput(f"{text!r} is no range", allowed="A-B, for example 1001-1049")
    return (int(match[1]), int(match[2]))
