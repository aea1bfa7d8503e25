"""``scene``: frame rate, ranges, cameras and outputs of a scene file."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cosmos_houdini.cli.console import json_option, print_json
from cosmos_houdini.errors import one_line
from cosmos_houdini.facts.read import read_facts
from cosmos_houdini.model.scene import Camera, CameraSample, License, RenderOutput, Scene
from cosmos_houdini.scene import read_scene, sample_cameras

_WIDTH = 10_000


@click.command("scene")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--samples", is_flag=True, help="Add every camera at every frame of the global range.")
@click.option("--facts", is_flag=True, help="Add lens, camera move, lights, materials, objects and time of day.")
@json_option
def scene(file: Path, *, samples: bool, facts: bool, as_json: bool) -> None:
    """Print the frame rate, ranges, cameras and render outputs of FILE (.hip, .hiplc or .hipnc).

    Houdini is not needed, and nothing in the file is run.
    """
    found, told = read_facts(file) if facts else (read_scene(file), None)
    sampled = sample_cameras(found) if samples else None
    if as_json:
        print_json("scene", found.document(sampled))
        return
    # A wide console never breaks a path, so that it can be copied from the terminal.
    console = Console(highlight=False, width=_WIDTH)
    for part in _summary(found):
        console.print(part)
    for path, frames in (sampled or {}).items():
        console.print("", _sample_table(path, frames), sep="\n")
    for line in told.lines() if told else ():
        console.print(_plain(line))


def _summary(found: Scene) -> list[Text | Table]:
    return [_head(found), _cameras(found.cameras), *_notes(found.cameras), Text(), _outputs(found.outputs)]


def _head(found: Scene) -> Text:
    head = Text(one_line(str(found.path)), "bold")
    version = f"Houdini {found.houdini_version}" if found.houdini_version else "Houdini of unknown version"
    saved = f", saved {found.saved_at.replace('T', ' ')}" if found.saved_at else ""
    license_ = "" if found.license is License.COMMERCIAL else f", {found.license} licence"
    head.append(f"\n{version}{license_}{saved}", "not bold")
    first, last = found.frame_range
    head.append(
        f"\n{_number(found.fps)} fps, frames {first}-{last}, playbar {_span(found.playback_range)}, "
        f"at frame {_number(found.current_frame)}\n",
        "not bold",
    )
    return head


def _cameras(cameras: tuple[Camera, ...]) -> Text | Table:
    if not cameras:
        return Text("no camera")
    table = _table("camera", "size", "focal", "aperture", "clipping", "keys", "parent")
    for camera in cameras:
        table.add_row(
            _plain(camera.path),
            f"{camera.resolution[0]}x{camera.resolution[1]}" if camera.resolution else "-",
            _length(camera.focal_mm),
            _length(camera.aperture_mm),
            f"{_number(camera.near)} to {_number(camera.far)}",
            _keys(camera.keyframes) if camera.animated else "static",
            _plain(camera.parent or "-"),
        )
    return table


def _notes(cameras: tuple[Camera, ...]) -> list[Text]:
    return [
        Text(
            one_line(
                f"{camera.path}: Houdini is needed to evaluate {', '.join(camera.unresolved)} (saved value shown)"
            ),
            "yellow",
        )
        for camera in cameras
        if camera.unresolved
    ]


def _outputs(outputs: tuple[RenderOutput, ...]) -> Text | Table:
    if not outputs:
        return Text("no render output")
    table = _table("output", "type", "frames", "camera", "picture")
    for output in outputs:
        frames = "current"
        if output.frame_range:
            *span, step = output.frame_range
            frames = f"{_span((span[0], span[1]))}" + (f" by {_number(step)}" if step != 1 else "")
        table.add_row(
            _plain(output.path),
            _plain(output.type),
            frames,
            _plain(output.camera or "-"),
            _plain(output.picture or "-"),
        )
    return table


def _sample_table(path: str, samples: tuple[CameraSample, ...]) -> Table:
    table = _table("frame", "translate", "rotate", "focal")
    table.title = _plain(path)
    table.title_justify = "left"
    for sample in samples:
        vectors = (
            "  ".join(f"{v:.4f}" for v in vector) if vector else "-" for vector in (sample.translate, sample.rotate)
        )
        table.add_row(str(sample.frame), *vectors, _length(sample.focal_mm))
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _plain(text: str) -> Text:
    """Return text of a file without markup for rich and without control characters for the terminal."""
    return Text(one_line(text))


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"


def _length(value: float | None) -> str:
    return "-" if value is None else f"{_number(value)} mm"


def _span(ends: tuple[float, float]) -> str:
    return f"{_number(ends[0])}-{_number(ends[1])}"


def _keys(frames: tuple[float, ...]) -> str:
    return f"{len(frames)}, frames {_span((frames[0], frames[-1]))}"
