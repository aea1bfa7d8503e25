"""The clips of a page: small H.264 videos that every browser seeks fast, encoded once for each source and kept."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from cosmos_houdini.errors import ToolError
from cosmos_houdini.media.videos import encode
from cosmos_houdini.media.videos.ffmpeg import FFmpeg, Run
from cosmos_houdini.media.videos.probe import input_arguments
from cosmos_houdini.media.videos.standardize import fit_size
from cosmos_houdini.model.request import Clip
from cosmos_houdini.whole_file import new_file

BOX = (640, 640)
"""Width and height that no clip exceeds."""

AT_ONCE = max(2, min(8, (os.cpu_count() or 2) // 2))
"""How many videos are encoded or measured at a time: each takes about two threads."""

_VERSION = "1"
"""Part of the names of kept clips: another encoding makes new ones."""

_KEY_FRAMES = 8
"""A step back decodes no more frames than these."""

_CRF = 24
_KEPT_S = 30 * 24 * 3600.0
_TIMEOUT_S = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PageClip:
    """A clip of the page, by the names of its files in the report's folder.

    Attributes:
        source: the video that it shows.
        size: its own width and height.
        file: the small video.
        still: a picture of its middle frame.
        full: the video itself, as a further name of the file; empty where the file system has no such names.
    """

    source: Clip
    size: tuple[int, int]
    file: str
    still: str
    full: str = ""


def write_clip(clip: Clip, stem: Path, *, ffmpeg: FFmpeg, cache: Path | None) -> tuple[int, int]:
    """Write ``STEM.mp4`` and ``STEM.jpg``, the small video and its middle frame, and return their size.

    Args:
        clip: the video; its hash is the name under which the small one is kept.
        stem: of the two files.
        ffmpeg: encodes.
        cache: a folder of kept clips; None keeps none.

    Raises:
        ToolError: the video cannot be decoded.
        DiskFull: no room.
    """
    size = fit_size(clip.size, BOX) if max(clip.size) > BOX[0] else fit_size(clip.size, clip.size)
    targets = [stem.with_name(stem.name + suffix) for suffix in (".mp4", ".jpg")]
    kept = [cache / f"{clip.sha256}-{_VERSION}{path.suffix}" for path in targets] if cache and clip.sha256 else []
    if kept and all(path.is_file() for path in kept):
        for path, target in zip(kept, targets, strict=True):
            os.utime(path)
            link_or_copy(path, target)
        return size
    ffmpeg.run(arguments(clip, *targets, size=size), Run(task=f"encoding a clip of {clip.path}", timeout_s=_TIMEOUT_S))
    if not all(path.is_file() and path.stat().st_size for path in targets):
        raise ToolError(f"{clip.path} has fewer frames than when it was verified")
    for path, target in zip(kept, targets, strict=bool(kept)) if kept else ():
        with new_file(path) as part:
            link_or_copy(target, part)
    return size


def arguments(clip: Clip, video: Path, still: Path, *, size: tuple[int, int]) -> list[str]:
    """Return FFmpeg's arguments: without B-frames and with many key frames, so that any frame is near."""
    scale = f"scale={size[0]}:{size[1]}:flags=area,setsar=1,format=yuv420p"
    shown = f"select='eq(n,{clip.frames // 2})',{scale},scale=out_range=pc,format=yuvj420p"
    return [
        *("-threads", "2", *input_arguments(clip.path)),
        *("-map", "0:v:0", "-vf", f"{scale},{encode.TAGS}", "-c:v", "libx264", "-preset", "veryfast"),
        *(
            "-crf",
            str(_CRF),
            "-g",
            str(_KEY_FRAMES),
            "-bf",
            "0",
            "-movflags",
            "+faststart",
            "-an",
            "-map_metadata",
            "-1",
        ),
        *("-f", "mp4", f"file:{video.absolute()}"),
        *("-map", "0:v:0", "-vf", shown, "-frames:v", "1", "-update", "1", "-q:v", "4", "-map_metadata", "-1"),
        f"file:{still.absolute()}",
    ]


def link_or_copy(path: Path, target: Path) -> None:
    """Give a file a further name, or copy it where the file system refuses."""
    if not link(path, target):
        shutil.copyfile(path, target)


def link(path: Path, target: Path) -> bool:
    """Give a file a further name, and return whether the file system has done so."""
    try:
        os.link(path, target)
    except OSError:
        return False
    return True


def forget_old(cache: Path, now: float | None = None) -> None:
    """Remove kept clips that no report has and that none took for 30 days."""
    for path in cache.glob(f"*-{_VERSION}.*"):
        found = path.stat()
        if found.st_nlink == 1 and (now or time.time()) - found.st_mtime > _KEPT_S:
            path.unlink(missing_ok=True)
