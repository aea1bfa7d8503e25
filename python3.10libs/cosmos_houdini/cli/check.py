"""``check``: find and verify image sequences."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cosmos_houdini import config
from cosmos_houdini.cli.console import json_option, print_json, progress_bar
from cosmos_houdini.errors import BadInput
from cosmos_houdini.media import span
from cosmos_houdini.media.check import CheckReport, check_sequences, labels
from cosmos_houdini.media.discover import find_sequences
from cosmos_houdini.model.sequence import Picture, Sequence

FAILED = 1


@click.command()
@click.argument("path")
@click.option("--hip", metavar="FILE", help="Compare the frames with the global range of this scene.")
@click.option("--range", "range_", metavar="A-B", help="Compare the frames with this range.")
@json_option
def check(path: str, hip: str | None, range_: str | None, *, as_json: bool) -> int:
    """Find and verify the image sequences of PATH.

    PATH is a folder, a pattern such as name.####.png, name.%04d.exr or name.$F4.exr, or one file of a sequence.
    Exit code 1 means that something is wrong with the frames; it is printed all the same.
    """
    expected = _expected_range(hip, range_)
    found = find_sequences(path, config.load().settings.passes.words)
    files = sum(len(sequence.frames) for sequence in found)
    with progress_bar("verifying", total=files, unit="files") as advance:
        report = check_sequences(found, expected_range=expected, on_frame=advance)
    if as_json:
        print_json(report.document())
    else:
        _show(report, Console(highlight=False))
    return 0 if report.ok else FAILED


def _expected_range(hip: str | None, range_: str | None) -> tuple[int, int] | None:
    if hip and range_:
        raise BadInput("--hip and --range both name a range", action="give one of them")
    if range_:
        return span.parse(range_)
    if hip is None:
        return None
    # Only here: the scene reader is not needed for most calls.
    from cosmos_houdini.scene.reader import read_scene  # noqa: PLC0415

    return read_scene(Path(hip)).frame_range


def _show(report: CheckReport, console: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("sequence", overflow="fold")
    for title in ("pass", "frames", "size", "format", ""):
        table.add_column(title, no_wrap=True)
    for name, sequence in zip(labels(report.sequences), report.sequences, strict=True):
        verdict = Text("ok", "green") if sequence.ok else Text("bad", "red")
        table.add_row(Text(name), str(sequence.pass_), _frames(sequence), *_picture(sequence.picture), verdict)
    console.print(table)
    for line in (*report.problems, *report.notes):
        style = "red" if line in report.problems else "yellow"
        console.print(Text.assemble(("✗ " if line in report.problems else "! ", style), line), soft_wrap=True)
    if report.ok:
        console.print(f"all {sum(len(s.frames) for s in report.sequences)} files are there and whole")


def _picture(picture: Picture | None) -> tuple[str, str]:
    if picture is None:
        return "?", "unreadable"
    depth = f"{picture.bit_depth}-bit" if picture.channel_type == "uint" else picture.channel_type
    return "{}x{}".format(*picture.size), f"{picture.format} {depth}"


def _frames(sequence: Sequence) -> str:
    every = "" if sequence.step == 1 else f"x{sequence.step}"
    return f"{sequence.first}-{sequence.last}{every} ({len(sequence.frames)})"
