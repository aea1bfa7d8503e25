"""``restore``: a result back to the size and position of its plate."""

from __future__ import annotations

from pathlib import Path

import click

from cosmos_houdini.cli.console import progress_bar, say
from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.videos import restore as media
from cosmos_houdini.media.videos.metadata import FILE_NAME, read_metadata


@click.command()
@click.argument("video", type=click.Path(path_type=Path))
@click.option(
    "--metadata",
    required=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="metadata.json of the conversion that the video was made of, or its folder.",
)
@click.option("-o", "--output", "out", metavar="OUT", required=True, type=click.Path(path_type=Path, dir_okay=False))
def restore(video: Path, metadata: Path, out: Path) -> None:
    """Bring VIDEO back to the plate's size and position, without the frames that only filled the last chunk.

    OUT is a video, or a pattern such as shot.####.png for pictures with the plate's own frame numbers.
    """
    folder = metadata if metadata.is_dir() else metadata.parent
    if metadata.name != FILE_NAME and not metadata.is_dir():
        raise BadInput(f"{metadata} is no {FILE_NAME}")
    document = read_metadata(folder)
    with progress_bar("restoring", total=document["frames"], unit="frames") as advance:
        files = media.restore(video, document, out, on_frames=advance)
    plate = "{}x{}".format(*document["frame"]["plate"])
    say(f"wrote {files[0] if len(files) == 1 else out}: {document['frames']} frames of {plate}")
