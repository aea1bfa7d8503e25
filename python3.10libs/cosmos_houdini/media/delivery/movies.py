"""Movies of a result: ProRes, DNxHR and H.264, each decoded again and compared."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from cosmos_houdini.errors import CheckFailed
from cosmos_houdini.media.delivery.frames import ResultFrames
from cosmos_houdini.media.videos import encode, frame_order
from cosmos_houdini.media.videos.ffmpeg import FFmpeg, Run
from cosmos_houdini.media.videos.make import BT709
from cosmos_houdini.media.videos.probe import VideoFacts, inspect_video
from cosmos_houdini.model.delivery import DeliveryFormat

_RATE_TOLERANCE = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Codec:
    """An encoder: its arguments, its pixels, and the names that FFmpeg's decoder gives to codec and pixels."""

    arguments: tuple[str, ...]
    pix_fmt: str
    name: str
    decoded: str


_CODECS = {
    DeliveryFormat.PRORES: _Codec(
        arguments=("-c:v", "prores_ks", "-profile:v", "hq", "-vendor", "apl0"),
        pix_fmt="yuv422p10le",
        name="prores",
        decoded="yuv422p10le",
    ),
    DeliveryFormat.PRORES_4444: _Codec(
        arguments=("-c:v", "prores_ks", "-profile:v", "4444", "-vendor", "apl0"),
        pix_fmt="yuv444p10le",
        name="prores",
        decoded="yuv444p12le",
    ),
    DeliveryFormat.DNXHR: _Codec(
        arguments=("-c:v", "dnxhd", "-profile:v", "dnxhr_hqx"),
        pix_fmt="yuv422p10le",
        name="dnxhd",
        decoded="yuv422p10le",
    ),
    DeliveryFormat.MP4: _Codec(
        arguments=("-c:v", "libx264", "-preset", "medium", "-crf", "10"),
        pix_fmt="yuv420p",
        name="h264",
        decoded="yuv420p",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Movie:
    """The format of a movie and its own words about it.

    Attributes:
        kind: its format.
        rate: frames a second.
        timecode: of the first frame; empty for none.
        comment: about the run.
    """

    kind: DeliveryFormat
    rate: Fraction
    timecode: str
    comment: str


def write_movie(frames: ResultFrames, movie: Movie, part: Path, how: Run, ffmpeg: FFmpeg) -> VideoFacts:
    """Write all frames as a movie, decode it again, and return its facts.

    Args:
        frames: of the result.
        movie: what the movie says of itself.
        part: the file to write, in the working folder of ``how``.
        how: how the run is watched.
        ffmpeg: encodes and decodes.

    Raises:
        CheckFailed: the movie does not hold the frames that were encoded, or has another size, rate or colour tags.
        ToolError: FFmpeg failed.
    """
    ffmpeg.run(movie_arguments(frames, movie, part.name), how)
    made = inspect_video(part, ffmpeg=ffmpeg)
    problems = frame_order.problems((part.with_name(encode.SIGNATURES)).read_bytes(), made.signatures)
    codec = _CODECS[movie.kind]
    found = (made.clip.frames, made.clip.size, made.codec, made.pix_fmt, made.color)
    expected = (frames.count, _coded_size(frames, movie.kind), codec.name, codec.decoded, BT709)
    if found != expected:
        problems.append(f"it has {found}, and {expected} were to be written")
    if abs(made.clip.fps / float(movie.rate) - 1) > _RATE_TOLERANCE and frames.count > 1:
        problems.append(f"it runs at {made.clip.fps:g} frames a second, and not at {float(movie.rate):g}")
    if problems:
        raise CheckFailed(f"the movie made of {frames.facts.clip.path} is wrong: {problems[0]}")
    return made


def movie_arguments(frames: ResultFrames, movie: Movie, name: str) -> list[str]:
    """Return FFmpeg's arguments that write a movie of this name, and the signatures of its frames."""
    codec = _CODECS[movie.kind]
    rate, aspect = movie.rate, frames.geometry.pixel_aspect
    size, plate = _coded_size(frames, movie.kind), frames.geometry.plate
    graph = [
        *frames.filters(is_deep=movie.kind is not DeliveryFormat.MP4),
        *([] if size == plate else [f"pad={size[0]}:{size[1]}:0:0:black"]),
        f"settb={rate.denominator}/{rate.numerator},setpts=N,fps={rate.numerator}/{rate.denominator}",
        *encode.tail_filters(codec.pix_fmt),
        f"setsar={aspect:g}",
    ]
    shown = f"[0:v:0]{','.join(graph)},split[video][copy];[copy]{frame_order.signature_filter()}[signature]"
    return [
        *frames.input,
        *("-filter_complex", shown, "-map", "[video]", "-fps_mode", "passthrough", "-an", *codec.arguments),
        *("-map_metadata", "-1", "-metadata", f"comment={movie.comment}"),
        *(("-timecode", movie.timecode) if movie.timecode else ()),
        *(() if name.endswith(".mxf") else ("-movflags", "+write_colr+faststart")),
        f"file:{name}",
        *("-map", "[signature]", "-fps_mode", "passthrough", "-f", "rawvideo", encode.SIGNATURES),
    ]


def _coded_size(frames: ResultFrames, kind: DeliveryFormat) -> tuple[int, int]:
    """Return the size of the movie: 4:2:0 and 4:2:2 share chroma between pixels, so an odd side gets one more."""
    width, height = frames.geometry.plate
    if kind is DeliveryFormat.PRORES_4444:
        return width, height
    across = width + width % 2
    return (across, height + height % 2) if kind is DeliveryFormat.MP4 else (across, height)
