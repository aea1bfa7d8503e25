"""The first frames of a video as a video of their own, pixel for pixel the same."""

from __future__ import annotations

import tempfile
from pathlib import Path

from cosmos_houdini.errors import CheckFailed
from cosmos_houdini.media.videos.ffmpeg import FFmpeg, Run
from cosmos_houdini.media.videos.probe import input_arguments, inspect_video

_LOSSLESS = ("-c:v", "libx264", "-preset", "veryfast", "-qp", "0")


def cut(video: Path, frames: int, out: Path, *, ffmpeg: FFmpeg) -> None:
    """Write the first frames of a video without loss; a file that is there already stays.

    It is encoded anew: copying packets would leave frames out wherever some of them refer to later ones.

    Args:
        video: what is read.
        frames: how many, at least 1 and at most as many as it has.
        out: an MP4 file; gets its name when it is decoded back and verified.
        ffmpeg: encodes and decodes.

    Raises:
        BadInput: there is no whole video.
        CheckFailed: what was written differs.
        ToolError: FFmpeg failed.
    """
    if out.is_file():
        return
    source = inspect_video(video, ffmpeg=ffmpeg)
    out.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as name:
        part = Path(name) / out.name
        arguments = [*input_arguments(video), "-map", "0:v:0", "-frames:v", str(frames), *_LOSSLESS]
        arguments += ["-pix_fmt", source.pix_fmt, "-fps_mode", "passthrough", f"file:{part}"]
        ffmpeg.run(arguments, Run(task=f"cutting {video}"))
        made = inspect_video(part, ffmpeg=ffmpeg)
        same = made.signatures == source.signatures[: len(made.signatures)]
        if made.clip.frames != frames or not same or made.color != source.color:
            raise CheckFailed(f"the first {frames} frames of {video} cannot be cut out without a change")
        part.replace(out)
