"""``restore``: a result in the size and position of its plate."""

from __future__ import annotations

from pathlib import Path

import click

from cosmos_houdini.cli.console import json_option, print_json, say
from cosmos_houdini.cli.terminal import TerminalReporter
from cosmos_houdini.config import load
from cosmos_houdini.shots.restore import restore_video


@click.command()
@click.argument("video", type=click.Path(path_type=Path))
@click.option(
    "--metadata",
    required=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="metadata.json of the conversion that the video was made of, or its folder.",
)
@json_option
@click.option("-o", "--output", "out", metavar="OUT", required=True, type=click.Path(path_type=Path, dir_okay=False))
def restore(video: Path, metadata: Path, out: Path, *, as_json: bool) -> None:
    """Bring VIDEO back to the plate's size and position, without the frames that only filled the last chunk.

    OUT is a video, or a pattern such as shot.####.png for pictures with the plate's own frame numbers.
    """
    restored = restore_video(load(), video, metadata, out, TerminalReporter())
    plate = "{}x{}".format(*restored.size)
    say(f"wrote {restored.files[0] if len(restored.files) == 1 else out}: {restored.frames} frames of {plate}")
    if as_json:
        print_json("restore", {"path": str(out), "frames": restored.frames})
