"""Compare the video of an answer with what was asked for, and make it a video that every player shows.

A NIM answers with VP9 in MP4, which many players and editors do not show; it is encoded anew as H.264. FFmpeg does all
of it. Frames beyond those that were asked for are cut off: a NIM makes 4k + 1.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .failure import Failure, say

PLAIN_CODEC = "h264"
_VIDEO = re.compile(r"Stream #0:\d+.*?: Video: (?P<codec>\w+).*?, (?P<width>\d+)x(?P<height>\d+)[ ,\[]", re.ASCII)
_FPS = re.compile(r"[ ,](?P<fps>[\d.]+) fps\b", re.ASCII)
_FRAMES = re.compile(r"^frame=\s*(?P<frames>\d+)", re.MULTILINE | re.ASCII)
_FPS_TOLERANCE = 0.01


@dataclass(frozen=True)
class Facts:
    """Codec, size, rate and length of a video file."""

    codec: str
    size: tuple[int, int]
    fps: float
    frames: int


def finish(request: dict[str, Any], answer: Path, result: Path) -> None:
    """Turn a checked answer into the result, which gets its name last.

    Raises:
        Failure: the answer is no video, or not the one that was asked for; its file stays.
    """
    facts = inspect(request["ffmpeg"], answer)
    if differences := compare(request, facts):
        raise Failure(
            "corrupt_output",
            f"the server made another video than asked for: {'; '.join(differences)}; it stays on the host as "
            f"{answer.parent.name}/{answer.name}",
        )
    if facts.codec == PLAIN_CODEC and facts.frames == request["frames"]:
        answer.replace(result)
        return
    say("encoding")
    part = result.with_name(f"part-{result.name}")
    # The rate before the input makes FFmpeg count frames and ignore the file's own times.
    source = ["-nostdin", "-v", "error", "-xerror", "-y", "-r", str(request["fps"]), "-i", str(answer)]
    target = ["-map", "0:v:0", "-frames:v", str(request["frames"]), *request["writer"], str(part)]
    done = _run(request["ffmpeg"], [*source, *target])
    if done.returncode:
        raise Failure("corrupt_output", f"the video of the server cannot be read to its end: {_last(done.stderr)}")
    part.replace(result)
    answer.unlink()


def compare(request: dict[str, Any], facts: Facts) -> list[str]:
    """Return each difference between a video and what was asked for, in words."""
    size, wanted = ("x".join(map(str, size)) for size in (facts.size, request["size"]))
    found = [] if size == wanted else [f"{size} pixels in place of {wanted}"]
    if abs(facts.fps - request["fps"]) > _FPS_TOLERANCE:
        found.append(f"{facts.fps:g} fps in place of {request['fps']:g}")
    if not request["frames"] <= facts.frames <= request["most_frames"]:
        found.append(f"{facts.frames} frames in place of {request['frames']}")
    return found


def inspect(ffmpeg: str, path: Path) -> Facts:
    """Return the facts of a video; its packets are counted, and no frame is decoded.

    Raises:
        Failure: it is no video.
    """
    argv = ["-nostdin", "-hide_banner", "-v", "info", "-nostats", "-i", str(path)]
    argv += ["-map", "0:v:0", "-c", "copy", "-progress", "pipe:1", "-f", "null", "-"]
    done = _run(ffmpeg, argv)
    told = done.stderr.decode("utf-8", "replace")
    line = next((line for line in told.splitlines() if _VIDEO.search(line)), "")
    video, fps, frames = _VIDEO.search(line), _FPS.search(line), _FRAMES.findall(done.stdout.decode("utf-8", "replace"))
    if done.returncode or not (video and fps and frames):
        raise Failure("corrupt_output", f"the answer of the server is no video: {_last(done.stderr)}")
    return Facts(
        codec=video["codec"],
        size=(int(video["width"]), int(video["height"])),
        fps=float(fps["fps"]),
        frames=int(frames[-1]),
    )


def _run(ffmpeg: str, arguments: list[str]) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run([ffmpeg, *arguments], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except OSError as error:
        raise Failure("host_setup", f"{ffmpeg} does not start: {error.strerror}", ends=True) from error


def _last(said: bytes) -> str:
    return said.decode("utf-8", "replace").strip().rpartition("\n")[2]
