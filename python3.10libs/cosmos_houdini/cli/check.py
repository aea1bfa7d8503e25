"""``check``: find and verify image sequences."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cosmos_houdini import config
from cosmos_houdini.cli.console import json_option, print_json
from cosmos_houdini.cli.verifying import verifying
from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.checks.sample_frames import usable
from cosmos_houdini.media.controls.pass_sources import is_exr, layer_documents, with_layers
from cosmos_houdini.media.selection import by_shot
from cosmos_houdini.media.sequences import span
from cosmos_houdini.media.sequences.check import CheckReport, check_sequences, labels
from cosmos_houdini.media.sequences.discover import find_sequences
from cosmos_houdini.model.sequence import CorruptFrame, Picture, Sequence

if TYPE_CHECKING:
    from cosmos_houdini.media.checks.samples import Seen

FAILED = 1


@click.command()
@click.argument("path")
@click.option("--hip", metavar="FILE", help="Compare the frames with the global range of this scene.")
@click.option("--range", "range_", metavar="A-B", help="Compare the frames with this range.")
@click.option("--layers", is_flag=True, help="List the layers of EXR files, and which pass each feeds.")
@click.option("--pixels", is_flag=True, help="Look at the pixels of every frame, not of three a pass.")
@json_option
def check(path: str, hip: str | None, range_: str | None, *, layers: bool, pixels: bool, as_json: bool) -> int:
    """Find and verify the image sequences of PATH.

    PATH is a folder, a pattern such as name.####.png, name.%04d.exr or name.$F4.exr, or one file of a sequence.
    Exit code 1 means that something is wrong with the frames; it is printed all the same.
    """
    expected = _expected_range(hip, range_)
    passes = config.load().settings.passes
    found = find_sequences(path, passes.words)
    # NumPy takes as long to load as a few hundred files to verify, and neither needs what the other does.
    loading = Thread(target=import_module, args=("cosmos_houdini.media.checks.samples",))
    loading.start()
    with verifying(found) as advance:
        report = check_sequences(found, expected_range=expected, on_frame=advance)
    loading.join()
    report = _looked_at(report, passes.layers, every_frame=pixels)
    listed = {s.pattern: layer_documents(s, passes.layers) for s in report.sequences if is_exr(s)} if layers else {}
    if as_json:
        print_json("check", {**report.document(), **({"layers": listed} if layers else {})})
    else:
        _show(report, Console(highlight=False))
        for pattern, documents in listed.items():
            _show_layers(pattern, documents, Console(highlight=False))
    return 0 if report.ok else FAILED


def _looked_at(report: CheckReport, layers: Mapping[str, str], *, every_frame: bool) -> CheckReport:
    """Return a report with what the pixels of each shot show; nothing where its sequences cannot be told apart."""
    notes = list(report.notes)
    damaged: list[CorruptFrame] = []
    shots = by_shot(sequence for sequence in report.sequences if sequence.picture)
    for shot, members in shots.items():
        prefix = f"shot {shot}: " if len(shots) > 1 else ""
        # The OpenEXR binding tells of damaged pixels on standard output, where the JSON document stands alone.
        with redirect_stdout(sys.stderr):
            seen = _seen(members, layers, every_frame=every_frame)
        notes += [f"{prefix}{sentence}" for sentence in seen.notes]
        damaged += seen.damaged
    return replace(report.with_damaged(damaged), notes=tuple(notes))


def _seen(members: list[Sequence], layers: Mapping[str, str], *, every_frame: bool) -> Seen:
    """Look at a shot, past every file whose header cannot be read."""
    # Only here: a wrong option ends the command before NumPy is loaded.
    from cosmos_houdini.media.checks.samples import Seen, look  # noqa: PLC0415
    from cosmos_houdini.media.pictures.layers import Unreadable  # noqa: PLC0415

    damaged: list[CorruptFrame] = []
    while True:
        readable = [replace(member, corrupt=(*member.corrupt, *damaged)) for member in members]
        try:
            fed = with_layers((member for member in readable if usable(member)), layers)
            seen = look({sequence.pass_: sequence for sequence in fed}, every_frame=every_frame)
        except Unreadable as error:
            frames = (frame for member in members for frame in member.frames if frame.file == error.path)
            damaged += [CorruptFrame(frame=frame.number, file=frame.file, reason=error.reason) for frame in frames]
        except BadInput as error:
            return Seen(notes=(str(error),), damaged=tuple(damaged))
        else:
            return Seen(notes=seen.notes, damaged=(*damaged, *seen.damaged))


def _show_layers(pattern: str, layers: list[dict[str, Any]], console: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold", title=Text(pattern), title_justify="left")
    for title in ("part", "layer", "channels", "type", "feeds"):
        table.add_column(title, overflow="fold")
    for layer in layers:
        part = f"{layer['part']} {layer['part_name']}".strip()
        channels = ", ".join(layer["channels"])
        table.add_row(*map(Text, (part, layer["name"], channels, layer["type"], layer["feeds"] or "")))
    console.print(table)


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
        count = sum(len(s.frames) for s in report.sequences)
        console.print("the file is whole" if count == 1 else f"all {count} files are there and whole")


def _picture(picture: Picture | None) -> tuple[str, str]:
    if picture is None:
        return "?", "unreadable"
    depth = f"{picture.bit_depth}-bit" if picture.channel_type == "uint" else picture.channel_type
    return "{}x{}".format(*picture.size), f"{picture.format} {depth}"


def _frames(sequence: Sequence) -> str:
    every = "" if sequence.step == 1 else f"x{sequence.step}"
    return f"{sequence.first}-{sequence.last}{every} ({len(sequence.frames)})"
