"""Interlaced videos: whether a video says that its frames hold two fields, and whether they look so."""

from __future__ import annotations

import re
from pathlib import Path

from cosmos_houdini.media.videos.ffmpeg import FFmpeg, Run
from cosmos_houdini.media.videos.probe import VideoFacts, input_arguments

# FFmpeg's filter idet counts combed frames of either order. Progressive pictures with fine lines give it both orders.
_SUMMARY = re.compile(r"Multi frame detection: TFF:\s*(\d+) BFF:\s*(\d+) Progressive:\s*(\d+)")
_LOOKED_AT = 120
_FEWEST, _SHARE = 8, 0.9


def deinterlacing(source: VideoFacts) -> list[str]:
    """Return the FFmpeg filter that makes whole pictures of the fields of a video that says that it has any."""
    if not source.field_order:
        return []
    parity = "tff" if source.field_order == "top first" else "bff"
    return [f"bwdif=mode=send_frame:parity={parity}:deint=all"]


def sentence(video: Path, source: VideoFacts, ffmpeg: FFmpeg) -> str:
    """Return a sentence about the fields of a video; empty if it has none.

    Raises:
        ToolError: FFmpeg failed.
    """
    if source.field_order:
        return f"{video.name} is interlaced ({source.field_order}): both fields of a frame become one picture"
    arguments = [
        *input_arguments(video),
        "-map",
        "0:v:0",
        "-frames:v",
        str(_LOOKED_AT),
        "-vf",
        "idet",
        "-f",
        "null",
        "-",
    ]
    lines = ffmpeg.run(arguments, Run(task=f"looking for fields in {video}"))
    counts = next((match.groups() for line in reversed(lines) if (match := _SUMMARY.search(line))), ("0", "0", "0"))
    top, bottom, progressive = map(int, counts)
    decided = top + bottom + progressive
    if decided < _FEWEST or max(top, bottom) < _SHARE * decided:
        return ""
    return (
        f"warning: {video.name} looks interlaced in {max(top, bottom)} of {decided} frames, and is not marked so; its "
        "frames are taken as they are, with both fields in them"
    )
