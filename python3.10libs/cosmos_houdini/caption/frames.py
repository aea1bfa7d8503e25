"""Frames of a video: those between which the picture changes, as files or as pixels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cosmos_houdini.errors import BadInput, ToolError
from cosmos_houdini.media.videos.ffmpeg import FFmpeg, Run
from cosmos_houdini.media.videos.probe import TIMEOUT_S, input_arguments, rgb_arguments

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_FRAMES = 8
FRAME_WIDTH = 768
"""Frames for a model are at most this wide; its own preparation makes them smaller still."""
_THUMB = (32, 18)
# A mean difference of grey below this, 0 to 255, is grain and no change.
_GRAIN = 1.0
# So much change, summed over the shot, earns one more frame.
_CHANGE_PER_FRAME = 12.0


def pick_frames(video: Path, *, ffmpeg: FFmpeg, most: int = MOST_FRAMES) -> tuple[int, ...]:
    """Return the numbers of the frames that together show a video, from 0: one where nothing changes, else more.

    Args:
        video: a video file.
        ffmpeg: decodes it, once, to thumbnails.
        most: at most so many frames.

    Raises:
        BadInput: there is no such file, or it cannot be decoded.
    """
    return spread_over_change(_changes(video, ffmpeg), most)


def spread_over_change(changes: Sequence[float], most: int) -> tuple[int, ...]:
    """Return frame numbers that part the change of a video evenly.

    Args:
        changes: of every frame, how much it differs from the one before, 0 to 255; 0 for the first.
        most: at most so many frames.

    >>> spread_over_change([0, 0, 0, 0], 8), spread_over_change([0, 100, 0, 0, 100, 0], 3)
    ((2,), (0, 2, 5))
    """
    moved = [change if change > _GRAIN else 0.0 for change in changes]
    whole = sum(moved)
    if whole == 0:
        return (len(changes) // 2,)
    count = max(2, min(most, len(changes), 2 + int(whole / _CHANGE_PER_FRAME)))
    goals = [whole * i / (count - 1) for i in range(count)]
    reached = [sum(moved[: i + 1]) for i in range(len(moved))]
    found = {0, len(changes) - 1}
    for goal in goals[1:-1]:
        first = next(i for i, total in enumerate(reached) if total >= goal)
        until = next((i for i in range(first, len(reached)) if reached[i] > reached[first]), len(reached))
        # The middle of a quiet stretch shows it best.
        found.add((first + until) // 2)
    return tuple(sorted(found))


def write_frames(video: Path, numbers: Sequence[int], folder: Path, *, ffmpeg: FFmpeg) -> list[Path]:
    """Write frames of a video as PNG files into a folder, and return them in order.

    Raises:
        BadInput: the video cannot be decoded, or lacks one of the frames.
    """
    chosen = f"select='{'+'.join(f'eq(n,{number})' for number in numbers)}',scale='min({FRAME_WIDTH},iw)':-2"
    arguments = [*input_arguments(video), "-map", "0:v:0", "-vf", chosen, "-fps_mode", "passthrough", "frame%04d.png"]
    try:
        ffmpeg.run(arguments, Run(task=f"decoding {video}", cwd=folder, timeout_s=TIMEOUT_S))
    except ToolError as error:
        raise _unreadable(video, error) from error
    files = sorted(folder.glob("frame*.png"))
    if len(files) != len(numbers):
        raise BadInput(f"{video} has no frames {', '.join(map(str, numbers))}")
    return files


def read_frames(
    video: Path, numbers: Sequence[int], size: tuple[int, int], *, ffmpeg: FFmpeg
) -> Iterator[NDArray[np.uint8]]:
    """Yield frames of one of our own videos as height x width x 3 arrays of RGB.

    Args:
        video: the file.
        numbers: of the frames, from 0.
        size: width and height of the video.
        ffmpeg: decodes.
    """
    import numpy as np  # noqa: PLC0415 - slow to load

    width, height = size
    chosen = f"select='{'+'.join(f'eq(n,{number})' for number in numbers)}',"
    how = Run(task=f"decoding {video}", timeout_s=TIMEOUT_S)
    for data in ffmpeg.raw_frames(rgb_arguments(video, first=chosen), how, frame_bytes=width * height * 3):
        if len(data) == width * height * 3:
            yield np.frombuffer(data, np.uint8).reshape(height, width, 3)


def _changes(video: Path, ffmpeg: FFmpeg) -> list[float]:
    """Return how much every frame differs from the one before, as the mean difference of grey."""
    import numpy as np  # noqa: PLC0415 - slow to load

    if not video.is_file():
        raise BadInput(f"{video} is no file", allowed="a video file")
    width, height = _THUMB
    arguments = [*input_arguments(video), "-map", "0:v:0", "-vf", f"scale={width}:{height}:flags=area,format=gray"]
    how = Run(task=f"decoding {video}", timeout_s=TIMEOUT_S)
    changes: list[float] = []
    before = None
    try:
        for data in ffmpeg.raw_frames([*arguments, "-fps_mode", "passthrough"], how, frame_bytes=width * height):
            thumb = np.frombuffer(data, np.uint8).astype(np.int16)
            changes.append(0.0 if before is None else float(np.abs(thumb - before).mean()))
            before = thumb
    except ToolError as error:
        raise _unreadable(video, error) from error
    if not changes:
        raise BadInput(f"{video} holds no video")
    return changes


def _unreadable(video: Path, error: ToolError) -> BadInput:
    return BadInput(f"{video} is no whole video: {error.detail or error.problem}")
