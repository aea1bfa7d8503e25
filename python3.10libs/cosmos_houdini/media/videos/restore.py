"""Restore a result to the size and position of its plate, so that it lines up over the render."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cosmos_houdini.errors import BadInput, CheckFailed
from cosmos_houdini.media.pictures.geometry import Geometry
from cosmos_houdini.media.pictures.rectangle import Rectangle, Size
from cosmos_houdini.media.sequences import pattern
from cosmos_houdini.media.videos import encode, frame_order, suffix
from cosmos_houdini.media.videos.encode import Encoding
from cosmos_houdini.media.videos.ffmpeg import FFmpeg, Run
from cosmos_houdini.media.videos.probe import VideoFacts, input_arguments, inspect_video
from cosmos_houdini.media.videos.scratch import scratch_folder
from cosmos_houdini.media.videos.standardize import AS_PICTURE, matrix_of

# A result whose scales across and down differ by more than this share has another shape, and not only another scale.
_SAME_ASPECT = 0.01
_CRF = 10
_EXACT = "accurate_rnd+full_chroma_int+full_chroma_inp"


def restore(
    video: Path,
    conversion: Mapping[str, Any],
    out: Path,
    *,
    ffmpeg: FFmpeg,
    on_frames: Callable[[int], None] = lambda _: None,
) -> tuple[Path, ...]:
    """Write ``video`` in the plate's size, position and number of frames.

    Args:
        video: the result of an engine for the videos of a conversion, in the engine's size or a multiple of that.
        conversion: the document of that conversion.
        out: a video, or a pattern such as ``shot.####.png`` for pictures with the frame numbers of the plate.
        ffmpeg: encodes and decodes.
        on_frames: called with how many more frames are done.

    Returns:
        The written files.

    Raises:
        BadInput: the video is broken, too short, or of another shape; the name is that of another kind of file; or the
            conversion does not say how it was framed.
        CheckFailed: the new video does not hold the frames that were encoded.
        ToolError: FFmpeg failed.
    """
    numbered = pattern.parse(out.name)
    suffix.refuse_other(out, suffix.PICTURE if numbered else suffix.MPEG4)
    facts = inspect_video(video, ffmpeg=ffmpeg)
    geometry, frames = framing_of(conversion), int(conversion["frames"])
    if facts.clip.frames < frames:
        raise BadInput(f"{video} has {facts.clip.frames} frames", allowed=f"{frames}, as the shot, or more")
    filters = restore_filters(geometry, facts, frames=frames)
    with scratch_folder(out) as folder:
        how = Run(task=f"restoring {video}", cwd=folder, on_frames=on_frames)
        if numbered is None:
            _write_video(facts, filters, geometry, how, ffmpeg)
            _check(inspect_video(folder / encode.VIDEO, ffmpeg=ffmpeg), geometry.plate, frames, facts)
            (folder / encode.VIDEO).replace(out)
            return (out,)
        graph = ",".join([*filters, *picture_filters(geometry)])
        arguments = ["-xerror", *input_arguments(video), "-map", "0:v:0", "-vf", graph, "-fps_mode", "passthrough"]
        ffmpeg.run([*arguments, "-f", "image2", "-start_number", "0", "%08d.png"], how)
        files = []
        for index, number in enumerate(_numbers(conversion, frames)):
            files.append(out.with_name(numbered.name(number)))
            (folder / f"{index:08d}.png").replace(files[-1])
        return tuple(files)


def restore_filters(geometry: Geometry, facts: VideoFacts, *, frames: int, is_deep: bool = False) -> list[str]:
    """Return the FFmpeg filters that put the frames of a result back into the plate, as RGB.

    Args:
        geometry: of the shot.
        facts: of the result.
        frames: how many of its frames the plate has.
        is_deep: whether RGB has 16 bits a channel, and not 8; chroma and resampling give values between the levels.

    Raises:
        BadInput: the frames have another shape than the engine's.
    """
    size, source, plate = facts.clip.size, geometry.source, geometry.plate
    inside = source if size == plate else _target(geometry, facts)
    # In RGB a cut at an odd pixel moves nothing; in 4:2:0 the chroma covers two pixels in each direction.
    filters = [f"trim=end_frame={frames}"]
    filters += [f"scale=in_color_matrix={matrix_of(facts)}:out_range=pc:flags={_EXACT}"]
    filters += ["format=gbrp16le" if is_deep else "format=gbrp"]
    if (inside.width, inside.height) != size:
        filters.append(f"crop={inside.width}:{inside.height}:{inside.x}:{inside.y}")
    if (source.width, source.height) != (inside.width, inside.height):
        filters.append(f"scale={source.width}:{source.height}:flags=lanczos+accurate_rnd")
    if (source.width, source.height) != plate:
        filters.append(f"pad={plate[0]}:{plate[1]}:{source.x}:{source.y}:black")
    return filters


def picture_filters(geometry: Geometry, *, is_deep: bool = False) -> list[str]:
    """Return the FFmpeg filters that turn RGB over the plate into PNG pictures of 8 or 16 bits."""
    # A change of size keeps the shape of the whole picture, and so it changes that of the pixels.
    pixels = ["format=rgb48be", *AS_PICTURE[1:]] if is_deep else AS_PICTURE
    return [f"setsar={geometry.pixel_aspect:g}", *pixels]


def _target(geometry: Geometry, facts: VideoFacts) -> Rectangle:
    """Return the place of the plate in a result that has the engine's size, or a multiple of it."""
    width, height = facts.clip.size
    across, down = width / geometry.engine[0], height / geometry.engine[1]
    if abs(across / down - 1) > _SAME_ASPECT:
        raise BadInput(
            f"{facts.clip.path} is {width}x{height}",
            allowed=f"{geometry.engine[0]}x{geometry.engine[1]} or a multiple of it",
        )
    return _scaled(geometry.target, across, down)


def framing_of(conversion: Mapping[str, Any]) -> Geometry:
    """Return where a conversion put its plate.

    Raises:
        BadInput: the conversion does not say it.
    """
    found = conversion.get("frame")
    if not isinstance(found, dict):
        raise BadInput("the conversion does not say how it was framed", action="make it again with convert-sequence")
    return Geometry.from_document(found)


def _scaled(place: Rectangle, across: float, down: float) -> Rectangle:
    return Rectangle(
        x=round(place.x * across),
        y=round(place.y * down),
        width=round(place.width * across),
        height=round(place.height * down),
    )


def _numbers(conversion: Mapping[str, Any], frames: int) -> Iterator[int]:
    source = next(iter(conversion["sources"].values()))
    return (source["first"] + index * source["step"] for index in range(frames))


def _write_video(facts: VideoFacts, filters: list[str], geometry: Geometry, how: Run, ffmpeg: FFmpeg) -> None:
    width, height = encode.video_size(geometry.plate)
    even = [] if (width, height) == geometry.plate else [f"pad={width}:{height}:0:0:black"]
    shown = [*encode.tail_filters("yuv420p"), f"setsar={geometry.pixel_aspect:g}"]
    arguments = ["-xerror", *input_arguments(facts.clip.path)]
    arguments += encode.output_arguments([*filters, *even, *shown], Encoding(crf=_CRF))
    ffmpeg.run(arguments, how)


def _check(made: VideoFacts, plate: Size, frames: int, source: VideoFacts) -> None:
    signatures = made.clip.path.with_name(encode.SIGNATURES).read_bytes()
    problems = frame_order.problems(signatures, made.signatures)
    if (made.clip.size, made.clip.frames) != (encode.video_size(plate), frames):
        problems.append(f"it has {made.clip.frames} frames of {made.clip.size}")
    if problems:
        raise CheckFailed(f"the video restored from {source.clip.path} is wrong: {problems[0]}")
