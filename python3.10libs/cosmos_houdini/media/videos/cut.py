"""Cut the first frames of a video into a video of their own, with the same pixels."""

from __future__ import annotations

from pathlib import Path

from cosmos_houdini.errors import CheckFailed
from cosmos_houdini.media.videos.ffmpeg import FFmpeg, Run
from cosmos_houdini.media.videos.probe import input_arguments, inspect_video
from cosmos_houdini.media.videos.scratch import scratch_folder

_LOSSLESS = ("-c:v", "libx264", "-preset", "veryfast", "-qp", "0")


def cut(video: Path, frames: int, out: Path, *, ffmpeg: FFmpeg) -> None:
    """Write the first frames of a video without loss; leave an existing file as it is.

    The frames are encoded again: a copy of the packets would lose frames where some frames refer to later ones.

    Args:
        video: the video to read.
        frames: how many, at least 1 and at most as many as it has.
        out: an MP4 file; it gets this name after it is decoded and verified.
        ffmpeg: encodes and decodes.

    Raises:
        BadInput: the video is missing or incomplete.
        CheckFailed: the written video differs.
        ToolError: FFmpeg failed.
    """
    if out.is_file():
        return
    source = inspect_video(video, ffmpeg=ffmpeg)
    out.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with scratch_folder(out) as folder:
        part = folder / out.name
        arguments = [*input_arguments(video), "-map", "0:v:0", "-frames:v", str(frames), *_LOSSLESS]
        arguments += ["-pix_fmt", source.pix_fmt, "-fps_mode", "passthrough", f"file:{part}"]
        ffmpeg.run(arguments, Run(task=f"cutting {video}"))
        made = inspect_video(part, ffmpeg=ffmpeg)
        same = made.signatures == source.signatures[: len(made.signatures)]
        if made.clip.frames != frames or not same or made.color != source.color:
            raise CheckFailed(f"the first {frames} frames of {video} cannot be cut out without a change")
        part.replace(out)
