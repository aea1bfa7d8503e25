"""``convert-sequence``: verified sequences become one video a pass and ``metadata.json``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cosmos_houdini import config
from cosmos_houdini.cli.console import json_option, print_json, say
from cosmos_houdini.cli.control_options import control_options, wishes_of
from cosmos_houdini.cli.shot_videos import convert_shot, shot_frames
from cosmos_houdini.cli.verifying import verifying
from cosmos_houdini.media.selection import OnGap, Selection, by_shot
from cosmos_houdini.media.sequences import span
from cosmos_houdini.media.sequences.discover import find_sequences
from cosmos_houdini.media.sequences.verify import verify
from cosmos_houdini.media.videos.metadata import FILE_NAME
from cosmos_houdini.media.videos.rate import whole_fps
from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.scene import Scene
from cosmos_houdini.model.sequence import Sequence
from cosmos_houdini.model.video import Conversion

DEFAULT_FPS = 24


@click.command("convert-sequence")
@click.argument("path")
@click.option(
    "-o",
    "--output",
    "out_dir",
    metavar="DIR",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Gets one video a pass and metadata.json; a folder a shot where PATH holds several shots.",
)
@click.option("--hip", metavar="FILE", help="Take frame rate and description from this scene.")
@click.option("--fps", type=float, metavar="N", help="Frames a second; else the scene's, else 24. Rounded.")
@click.option("--range", "range_", metavar="A-B", help="Convert these frames; else all.")
@click.option(
    "--on-gap",
    type=click.Choice(["stop", "hold"]),
    default="stop",
    show_default=True,
    help="hold repeats the frame before a missing or corrupt one.",
)
@click.option("--preview", is_flag=True, help="Also write preview.png: some frames of every pass, labelled.")
@control_options
@json_option
def convert_sequence(
    path: str,
    *,
    out_dir: Path,
    hip: str | None,
    fps: float | None,
    range_: str | None,
    on_gap: OnGap,
    preview: bool,
    as_json: bool,
    **controls: Any,  # noqa: ANN401 - the options of control_options
) -> None:
    """Verify the image sequences of PATH and encode one video a pass.

    PATH is a folder, a pattern such as name.####.exr, name.%04d.png or name.$F4.png, or one file of a sequence.
    Every video is decoded back and compared before it gets its name; nothing is written while a frame is missing.
    """
    frame_range = span.parse(range_) if range_ else None
    scene = _scene(hip)
    rate = frame_rate(fps, scene)
    wishes = wishes_of(config.load(), scene, controls)
    # All shots are looked at before the first one is written.
    shots = {
        shot: shot_frames(of_shot, wishes, frame_range=frame_range, on_gap=on_gap)
        for shot, of_shot in by_shot(_verified(path, on_gap)).items()
    }
    conversions = []
    for name, shot in shots.items():
        _say_range(shot.selections, scene)
        folder = out_dir / name if len(shots) > 1 else out_dir
        title = name or out_dir.absolute().name
        conversions.append(convert_shot(shot, folder, name=title, fps=rate, scene=scene, on_gap=on_gap))
        if preview:
            say(f"wrote {_preview(conversions[-1])}")
    _print(conversions, as_json=as_json)


def frame_rate(fps: float | None, scene: Scene | None) -> int:
    """Return the whole rate of the videos: the wanted one, else the scene's, else 24; rounding is said.

    Raises:
        BadInput: the rate is out of range.
    """
    wanted = fps if fps is not None else scene.fps if scene else DEFAULT_FPS
    rate = whole_fps(wanted)
    if rate != wanted:
        say(f"{wanted:g} fps is rounded to {rate}: the engines know whole rates alone; every frame is kept")
    return rate


def _scene(hip: str | None) -> Scene | None:
    if hip is None:
        return None
    # Only here: the scene reader is not needed for most calls.
    from cosmos_houdini.scene.reader import read_scene  # noqa: PLC0415

    return read_scene(Path(hip))


def _preview(conversion: Conversion) -> Path:
    # Only here: Pillow is not needed for most calls.
    from cosmos_houdini.media.preview import write_preview  # noqa: PLC0415

    return write_preview(conversion)


def _verified(path: str, on_gap: OnGap) -> tuple[Sequence, ...]:
    found = find_sequences(path, config.load().settings.passes.words)
    with verifying(found) as advance:
        # What is held has to be known before; else the checksums are walked while the frames are encoded.
        return verify(found, on_frame=advance, checksums=on_gap == "hold")


def _say_range(selections: dict[Pass, Selection], scene: Scene | None) -> None:
    """Say where the shot has other frames than its scene."""
    numbers = next(iter(selections.values())).numbers
    if scene and (numbers[0], numbers[-1]) != scene.frame_range:
        first, last = scene.frame_range
        say(f"frames {numbers[0]}-{numbers[-1]} become the videos; the scene's range is {first}-{last}")


def _print(conversions: list[Conversion], *, as_json: bool) -> None:
    documents = [conversion.document() for conversion in conversions]
    if as_json:
        if len(documents) == 1:
            print_json("conversion", documents[0])
        else:
            print_json("conversions", {"conversions": documents})
        return
    for conversion in conversions:
        for video in conversion.videos:
            clip = video.clip
            size = "{}x{}".format(*clip.size)
            frames = f"{clip.frames} frame{'s' * (clip.frames != 1)}"
            click.echo(f"{video.pass_:<5}  {frames}, {conversion.fps} fps, {size}, crf {video.crf}  {clip.path}")
        click.echo(f"described in {conversion.folder / FILE_NAME}")
