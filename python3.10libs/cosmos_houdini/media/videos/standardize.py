"""Convert an existing video to a constant whole rate and a given size; extract exact frames from a video."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from cosmos_houdini.errors import BadInput, CheckFailed
from cosmos_houdini.media.videos import encode, frame_order, interlace, suffix
from cosmos_houdini.media.videos.encode import Encoding
from cosmos_houdini.media.videos.ffmpeg import FFmpeg, Run
from cosmos_houdini.media.videos.make import BT709
from cosmos_houdini.media.videos.probe import VideoFacts, input_arguments, inspect_video
from cosmos_houdini.media.videos.rate import check_fps, whole_fps
from cosmos_houdini.media.videos.scratch import scratch_folder

_HD_HEIGHT = 720
_HDR_TRANSFERS = frozenset({"smpte2084", "arib-std-b67"})
_QUARTER_TURN_DEG = 90
_LEAST_SIDE = 16
_FRAME = "frame.png"
AS_PICTURE = (
    "format=rgb24",
    # The values are display-referred from start to end. With a BT.709 tag, viewers would change them.
    "setparams=color_primaries=bt709:color_trc=iec61966-2-1",
    # FFmpeg writes the aspect of a pixel as width to height. The chunk pHYs counts pixels per unit, the inverse.
    "setsar=sar=1/sar:max=1000",
)
"""The FFmpeg filters that turn full-range RGB frames into PNG pictures, all with the same tags of their colours."""
_PLACE = re.compile(r"(?P<before>[^#]*)(?P<digits>#{1,9})(?P<after>[^#]*)")


def standardize(
    video: Path,
    out: Path,
    *,
    ffmpeg: FFmpeg,
    fps: int | None = None,
    size: tuple[int, int] | None = None,
    on_frames: Callable[[int], None] = lambda _: None,
    say: Callable[[str], None] = lambda _: None,
) -> VideoFacts:
    """Write ``video`` to ``out`` as H.264, BT.709, with square pixels, a constant whole rate and no sound.

    Args:
        video: the video to read.
        out: the new video; it gets this name after it is decoded and verified.
        ffmpeg: encodes and decodes.
        fps: frames a second; without it the video's own, rounded. Frames are repeated or left out, never blended.
        size: width and height in pixels, both even; the picture is scaled to fit and centred on black, never squashed.
            Without it the video's own, with square pixels.
        on_frames: called with how many more frames are encoded.
        say: called with a sentence if the video is interlaced or looks so. If it is marked so, its fields become whole
            pictures.

    Returns:
        The facts found by decoding the new video.

    Raises:
        BadInput: the video is missing, incomplete or of high dynamic range, or the size or the name is not possible.
        CheckFailed: the new video does not hold the frames that were encoded.
        ToolError: FFmpeg failed.
    """
    suffix.refuse_other(out, suffix.VIDEO)
    source = inspect_video(video, ffmpeg=ffmpeg)
    _refuse(video, source, fps, size)
    wanted_fps = fps if fps is not None else whole_fps(source.clip.fps)
    wanted_size = size or displayed_size(source)
    if told := interlace.sentence(video, source, ffmpeg):
        say(told)
    with scratch_folder(out) as folder:
        arguments = ["-xerror", *input_arguments(video)]
        arguments += encode.output_arguments(video_filters(source, fps=wanted_fps, size=wanted_size), Encoding())
        ffmpeg.run(arguments, Run(task=f"standardizing {video}", cwd=folder, on_frames=on_frames))
        made = inspect_video(folder / encode.VIDEO, ffmpeg=ffmpeg)
        problems = frame_order.problems((folder / encode.SIGNATURES).read_bytes(), made.signatures)
        if (made.clip.size, made.clip.fps, made.color) != (wanted_size, wanted_fps, BT709):
            problems.append(f"it has {made.clip.size} at {made.clip.fps:g} fps, tagged {made.color}")
        if problems:
            raise CheckFailed(f"the video made of {video} is wrong: {problems[0]}")
        made.clip.path.replace(out)
    return replace(made, clip=replace(made.clip, path=out))


def extract_frame(video: Path, frame: int, out: Path, *, ffmpeg: FFmpeg) -> None:
    """Write one frame of ``video`` as an 8 bit RGB PNG.

    Args:
        video: the video to read.
        frame: number of the frame in the order of display, from 0.
        out: the new picture; it gets this name when it is complete.
        ffmpeg: decodes.

    Raises:
        BadInput: the video is missing or incomplete, it has no such frame, or the name is not that of a PNG file.
        ToolError: FFmpeg failed.
    """
    suffix.refuse_other(out, suffix.PICTURE)
    source = inspect_video(video, ffmpeg=ffmpeg)
    if not 0 <= frame < source.clip.frames:
        raise BadInput(f"{video} has no frame {frame}", allowed=f"0 to {source.clip.frames - 1}")
    with scratch_folder(out) as folder:
        how = Run(task=f"taking frame {frame} out of {video}", cwd=folder)
        ffmpeg.run([*input_arguments(video), *frame_arguments(source, frame)], how)
        (folder / _FRAME).replace(out)


def extract_frames(
    video: Path, out: Path, *, ffmpeg: FFmpeg, first: int, on_frames: Callable[[int], None] = lambda _: None
) -> int:
    """Write every frame of ``video`` as an 8 bit RGB PNG, and return how many there are.

    Args:
        video: the video to read.
        out: pattern with one run of ``#`` in the name; the number of a frame takes its place, with at least as many
            digits.
        ffmpeg: decodes.
        first: the number of the first frame.
        on_frames: called with how many more frames are done.

    Raises:
        BadInput: the video is missing or incomplete, the pattern is not that of a PNG file or has no place for a
            number, or a number is negative.
        ToolError: FFmpeg failed.
    """
    place = _PLACE.fullmatch(out.name)
    if place is None or first < 0:
        raise BadInput(f"{out.name} from frame {first} names no frames", allowed="one run of # in the name, from 0 on")
    suffix.refuse_other(out, suffix.PICTURE)
    source = inspect_video(video, ffmpeg=ffmpeg)
    with scratch_folder(out) as folder:
        how = Run(task=f"taking the frames out of {video}", cwd=folder, on_frames=on_frames)
        output = ["-fps_mode", "passthrough", "-f", "image2", "-start_number", str(first), "%d.png"]
        ffmpeg.run([*input_arguments(video), "-map", "0:v:0", "-vf", ",".join(_to_rgb(source)), *output], how)
        for number in range(first, first + source.clip.frames):
            digits = str(number).zfill(len(place["digits"]))
            (folder / f"{number}.png").replace(out.with_name(f"{place['before']}{digits}{place['after']}"))
    return source.clip.frames


def frame_arguments(source: VideoFacts, frame: int) -> list[str]:
    """Return the arguments that write one frame as ``_FRAME`` into the working folder."""
    filters = [f"select=eq(n\\,{frame})", *_to_rgb(source)]
    return ["-map", "0:v:0", "-vf", ",".join(filters), "-frames:v", "1", "-f", "image2", "-update", "1", _FRAME]


def _to_rgb(source: VideoFacts) -> list[str]:
    return [
        f"scale=in_color_matrix={matrix_of(source)}:out_range=pc:flags=accurate_rnd+full_chroma_int+full_chroma_inp",
        *AS_PICTURE,
    ]


def displayed_size(source: VideoFacts) -> tuple[int, int]:
    """Return the even size in which players show a video, in square pixels and after rotation."""
    width, height = source.clip.size
    shown = (round(width * source.pixel_aspect), height)
    if abs(source.rotation_deg) % 180 == _QUARTER_TURN_DEG:
        shown = (shown[1], shown[0])
    return encode.video_size(shown)


def fit_size(size: tuple[int, int], box: tuple[int, int]) -> tuple[int, int]:
    """Return the largest even size of the aspect of ``size`` inside ``box``.

    >>> fit_size((1920, 804), (1280, 704))
    (1280, 536)
    """
    scale = min(Fraction(box[0], size[0]), Fraction(box[1], size[1]))
    width, height = (max(2, 2 * round(side * scale / 2)) for side in size)
    return width, height


def video_filters(source: VideoFacts, *, fps: int, size: tuple[int, int]) -> list[str]:
    """Return the FFmpeg filters that convert a video to a rate, a size and BT.709."""
    width, height = fit_size(displayed_size(source), size)
    return [
        *interlace.deinterlacing(source),
        f"fps={fps}",
        f"scale={width}:{height}:in_color_matrix={matrix_of(source)}:{encode.TO_BT709}",
        "format=yuv420p",
        f"pad={size[0]}:{size[1]}:(ow-iw)/2:(oh-ih)/2:black",
        encode.TAGS,
        "setsar=1",
    ]


def matrix_of(source: VideoFacts) -> str:
    """Return ``auto`` for a video with a tag of its matrix; otherwise return the matrix that players assume."""
    if source.color.matrix not in {"unknown", "unspecified"}:
        return "auto"
    return "bt709" if source.clip.size[1] >= _HD_HEIGHT else "smpte170m"


def _refuse(video: Path, source: VideoFacts, fps: int | None, size: tuple[int, int] | None) -> None:
    if source.color.transfer in _HDR_TRANSFERS:
        raise BadInput(f"{video} is high dynamic range ({source.color.transfer})", action="grade it to Rec.709 before")
    if size is not None and (min(size) < _LEAST_SIDE or size[0] % 2 or size[1] % 2):
        raise BadInput(f"size {size[0]}x{size[1]} cannot be used", allowed=f"even numbers from {_LEAST_SIDE}")
    if fps is not None:
        check_fps(fps)
