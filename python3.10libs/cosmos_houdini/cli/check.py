"""``check``: find and verify image sequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cosmos_houdini.cli.console import json_option, print_json
from cosmos_houdini.cli.shot_options import pass_option
from cosmos_houdini.cli.terminal import TerminalReporter
from cosmos_houdini.config import load
from cosmos_houdini.media.controls.pass_sources import feeding_sentences
from cosmos_houdini.media.sequences import span
from cosmos_houdini.media.sequences.check import CheckReport, labels
from cosmos_houdini.model.sequence import Picture
from cosmos_houdini.model.sequence import Sequence as PictureSequence
from cosmos_houdini.shots.check import check_path

FAILED = 1


@click.command()
@click.argument("path")
@click.option(
    "--hip",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Compare the frames with the global range of this scene.",
)
@click.option("--range", "range_", metavar="A-B", help="Compare the frames with this range.")
@click.option("--layers", is_flag=True, help="List the layers of EXR files, and which pass each feeds.")
@click.option("--pixels", is_flag=True, help="Read the pixels of every frame instead of three a pass.")
@pass_option
@json_option
def check(
    path: str,
    hip: Path | None,
    range_: str | None,
    *,
    layers: bool,
    pixels: bool,
    passes: dict[str, str],
    as_json: bool,
) -> int:
    """Find and verify the image sequences of PATH.

    PATH is a folder, a pattern such as name.####.png, name.%04d.exr or name.$F4.exr, or one file of a sequence.
    Exit code 1 means that something is wrong with the frames; the report is printed in any case.
    """
    wanted = span.parse(range_) if range_ else None
    found = check_path(
        load(),
        path,
        TerminalReporter(),
        scene_file=hip,
        frame_range=wanted,
        layers=layers,
        every_frame=pixels,
        passes=passes,
    )
    if as_json:
        print_json("check", found.document())
    else:
        _show(found.report, Console(highlight=False))
        for pattern, documents in (found.layers or {}).items():
            _show_layers(pattern, documents, Console(highlight=False))
    return 0 if found.report.ok else FAILED


def _show_layers(pattern: str, layers: Sequence[Mapping[str, Any]], console: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold", title=Text(pattern), title_justify="left")
    for title in ("part", "layer", "channels", "type", "feeds"):
        table.add_column(title, overflow="fold")
    for layer in layers:
        part = f"{layer['part']} {layer['part_name']}".strip()
        channels = ", ".join(layer["channels"])
        table.add_row(*map(Text, (part, layer["name"], channels, layer["type"], layer["feeds"] or "")))
    console.print(table)


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
    for line in feeding_sentences(report.taken):
        console.print(Text(line), soft_wrap=True)
    if report.ok:
        count = sum(len(s.frames) for s in report.sequences)
        console.print("the file is complete" if count == 1 else f"all {count} files are present and complete")


def _picture(picture: Picture | None) -> tuple[str, str]:
    if picture is None:
        return "?", "unreadable"
    depth = f"{picture.bit_depth}-bit" if picture.channel_type == "uint" else picture.channel_type
    return "{}x{}".format(*picture.size), f"{picture.format} {depth}"


def _frames(sequence: PictureSequence) -> str:
    every = "" if sequence.step == 1 else f"x{sequence.step}"
    return f"{sequence.first}-{sequence.last}{every} ({len(sequence.frames)})"
