"""The grid as a video: the results laid over the drawing of their page, each at its place, at its own speed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from cosmos_houdini.media.videos import encode
from cosmos_houdini.media.videos.ffmpeg import FFmpeg, Run
from cosmos_houdini.media.videos.probe import input_arguments
from cosmos_houdini.model.request import Clip
from cosmos_houdini.report.grid import Layout, inset

CRF = 20


def frames_of(clips: Sequence[Clip]) -> int:
    """Return how many frames a grid of videos has, at the rate of the first; shorter videos hold their last frame."""
    longest_s = max(clip.frames / clip.fps for clip in clips)
    return math.ceil(round(longest_s * clips[0].fps, 6))


def write_grid_video(
    path: Path,
    drawing: Path,
    clips: Mapping[int, Clip],
    layout: Layout,
    *,
    ffmpeg: FFmpeg,
    on_frames: Callable[[int], None] = lambda _: None,
) -> None:
    """Write the video of one page.

    Args:
        path: the file.
        drawing: PNG of the page, captions and failed runs in it.
        clips: results by their number on the page.
        layout: of the page.
        ffmpeg: encodes.
        on_frames: called with how many more frames are done.

    Raises:
        ToolError: FFmpeg failed.
        DiskFull: no room.
    """
    ffmpeg.run(
        arguments(path, drawing, clips, layout),
        Run(task=f"writing {path}", on_frames=on_frames),
    )


def arguments(path: Path, drawing: Path, clips: Mapping[int, Clip], layout: Layout) -> list[str]:
    """Return FFmpeg's arguments."""
    first = next(iter(clips.values()))
    given = ["-framerate", f"{first.fps:g}", "-i", f"file:{drawing.absolute()}"]
    for clip in clips.values():
        # One thread a video is enough at this size, and sixteen videos would have hundreds otherwise.
        given += ["-threads", "1", *input_arguments(clip.path)]
    return [
        *given,
        *("-filter_complex", filters(clips, layout), "-map", "[grid]", "-frames:v", str(frames_of([*clips.values()]))),
        *("-c:v", "libx264", "-preset", "veryfast", "-crf", str(CRF), "-pix_fmt", "yuv420p"),
        *("-movflags", "+faststart", "-f", "mp4", f"file:{path.absolute()}"),
    ]


def filters(clips: Mapping[int, Clip], layout: Layout) -> str:
    """Return the filter graph: input 0 is the drawing, the videos follow in order; its output is ``[grid]``."""
    fps = f"{next(iter(clips.values())).fps:g}"
    chains = [f"[0:v]scale={encode.TO_BT709},format=yuv420p,loop=loop=-1:size=1:start=0[page_0]"]
    for number, (index, clip) in enumerate(clips.items(), start=1):
        x, y, width, height = inset(clip.size, layout.cell)
        left, top = layout.place(index)
        chains += [
            f"[{number}:v]setpts=PTS-STARTPTS,fps={fps},scale={width}:{height}:flags=area,setsar=1[cell_{number}]",
            f"[page_{number - 1}][cell_{number}]overlay={left + x}:{top + y}:eof_action=repeat[page_{number}]",
        ]
    chains.append(f"[page_{len(clips)}]{encode.TAGS}[grid]")
    return ";\n".join(chains)
