"""``standardize`` and ``extract-frame``: a video at another rate and size, and frames of it."""

from __future__ import annotations

import re
from pathlib import Path

import click

from cosmos_houdini.cli.console import json_option, print_json, say
from cosmos_houdini.cli.terminal import TerminalReporter
from cosmos_houdini.config import load
from cosmos_houdini.errors import BadInput
from cosmos_houdini.shots import standardize as videos

_SIZE = re.compile(r"(\d{1,5})[xX](\d{1,5})")


def _size(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    found = _SIZE.fullmatch(text.strip())
    if not found:
        raise BadInput(f"size {text!r} is not a size", allowed="WIDTHxHEIGHT, such as 1280x704")
    return int(found[1]), int(found[2])


@click.command()
@click.argument("video", type=click.Path(path_type=Path))
@click.option("-o", "--output", "out", metavar="OUT", required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--fps", type=int, metavar="N", help="Frames a second; else the video's own, rounded.")
@click.option("--size", "size_text", metavar="WxH", help="Scaled to fit and centred on black; else the video's own.")
@json_option
def standardize(video: Path, out: Path, fps: int | None, size_text: str | None, *, as_json: bool) -> None:
    """Write VIDEO as H.264 with a constant whole frame rate, BT.709 colours and square pixels.

    The new video is decoded back and compared before it gets its name.
    """
    made = videos.standardize_video(load(), video, out, TerminalReporter(), fps=fps, size=_size(size_text))
    say(f"{out}: {made.frames} frames of {made.size[0]}x{made.size[1]} at {made.fps:g} fps")
    if as_json:
        document = {"path": str(out), "frames": made.frames, "size": list(made.size), "fps": made.fps}
        print_json("standardize", document)


@click.command("extract-frame")
@click.argument("video", type=click.Path(path_type=Path))
@click.argument("frame", metavar="FRAME|all")
@click.option("-o", "--output", "out", metavar="PNG", required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--first", type=click.IntRange(0), default=0, help="With all: the number of the first frame.")
@json_option
def extract_frame(video: Path, frame: str, out: Path, first: int, *, as_json: bool) -> None:
    """Write one frame of VIDEO as PNG, or all of them; FRAME counts from 0 in the order of display.

    All frames go to a pattern such as name.####.png.
    """
    if frame != "all":
        videos.extract_frame(load(), video, _number(frame), out)
        say(f"{out}: frame {frame} of {video}")
        if as_json:
            print_json("extract-frame", {"path": str(out), "frames": 1})
        return
    count = videos.extract_frames(load(), video, out, TerminalReporter(), first=first)
    say(f"{out}: frames {first}-{first + count - 1}, all of {video}")
    if as_json:
        print_json("extract-frame", {"path": str(out), "frames": count})


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise BadInput(f"{text!r} is no frame", allowed="a number from 0 on, or all")
    return int(text)
