"""``convert-sequence``: one video a pass, and ``metadata.json``, from verified sequences."""

from __future__ import annotations

from pathlib import Path

import click

from cosmos_houdini.cli.console import json_option, print_json
from cosmos_houdini.cli.shot_options import encoding_options, frame_options
from cosmos_houdini.cli.terminal import TerminalReporter
from cosmos_houdini.config import load
from cosmos_houdini.media.videos.metadata import FILE_NAME
from cosmos_houdini.model.video import Conversion
from cosmos_houdini.shots.convert import convert_path
from cosmos_houdini.shots.options import EncodeOptions, FrameOptions


@click.command("convert-sequence")
@click.argument("path")
@click.option(
    "-o",
    "--output",
    "out_dir",
    metavar="DIR",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the videos and metadata.json; one subfolder a shot if PATH holds several shots.",
)
@click.option(
    "--hip", metavar="FILE", type=click.Path(path_type=Path), help="Take frame rate and description from this scene."
)
@frame_options
@click.option("--caption", is_flag=True, help="Describe each shot by a model on this machine; see caption --help.")
@click.option("--preview", is_flag=True, help="Also write preview.png: some frames of every pass, labelled.")
@encoding_options
@json_option
def convert_sequence(
    path: str,
    *,
    out_dir: Path,
    hip: Path | None,
    preview: bool,
    caption: bool,
    as_json: bool,
    frames: FrameOptions,
    encoding: EncodeOptions,
) -> None:
    """Verify the image sequences of PATH and encode one video a pass.

    PATH is a folder, a pattern such as name.####.exr, name.%04d.png or name.$F4.png, or one file of a sequence.
    Every video is decoded back and compared before it gets its name; nothing is written while a frame is missing.
    """
    conversions = convert_path(
        load(),
        path,
        out_dir,
        TerminalReporter(),
        scene_file=hip,
        frames=frames,
        encoding=encoding,
        preview=preview,
        caption=caption,
    )
    documents = [conversion.document() for conversion in conversions]
    if as_json:
        if len(documents) == 1:
            print_json("conversion", documents[0])
        else:
            print_json("conversions", {"conversions": documents})
        return
    for conversion in conversions:
        _print(conversion)


def _print(conversion: Conversion) -> None:
    for video in conversion.videos:
        clip = video.clip
        size = "{}x{}".format(*clip.size)
        frames = f"{clip.frames} frame{'s' * (clip.frames != 1)}"
        click.echo(f"{video.pass_:<5}  {frames}, {conversion.fps} fps, {size}, crf {video.crf}  {clip.path}")
    click.echo(f"described in {conversion.folder / FILE_NAME}")
