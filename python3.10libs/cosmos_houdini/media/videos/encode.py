"""The FFmpeg command lines that encode, as pure functions that return arguments.

RGB becomes limited-range BT.709 YUV, in the values and in the tags of the stream. The flags of the scaler make the
values exact: without ``accurate_rnd``, grey values are floored, which is half a level too dark on average.
"""

from __future__ import annotations

from dataclasses import dataclass

from cosmos_houdini.media.videos.frame_order import signature_filter
from cosmos_houdini.media.videos.source import ComputedFrames, PictureFiles, VideoSource
from cosmos_houdini.model.alpha import DATA_WORDS, WORDS
from cosmos_houdini.model.control import Pass

VIDEO = "video.mp4"
SIGNATURES = "signatures.gray"

TO_BT709 = "out_color_matrix=bt709:out_range=tv:flags=accurate_rnd+full_chroma_inp+bicubic"
TAGS = "setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709"
# FFmpeg reduces 16 bits to 8 by a shift, which makes 65535 into 255.996. A scale of 256/257 makes full white 255. A
# change from 16 bits to YUV would be dithered, and constant depth would not stay constant, so 8 bits come first.
_DEEP_TO_SHIFT = "lutrgb=r=val-val/257:g=val-val/257:b=val-val/257"
# A JPEG may hold luma and chroma that are no colours. Every viewer clips them to RGB.
_JPEG_TO_RGB = "scale=flags=accurate_rnd+full_chroma_int+full_chroma_inp+bicubic"
_PICTURE_CRF = 18
_DATA_CRF = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How libx264 encodes.

    Attributes:
        crf: constant rate factor, 0 (lossless) to 51.
        preset: preset of x264.
        pix_fmt: ``yuv420p``, or ``yuv444p`` for a program that reads it.
    """

    crf: int = _PICTURE_CRF
    preset: str = "medium"
    pix_fmt: str = "yuv420p"


def choose_encoding(pass_: Pass) -> Encoding:
    """Return how a pass is encoded: pictures for the eye at crf 18, data closer to the original.

    Segmentation is encoded without loss, which also makes smaller files of flat colours. It has chroma for every pixel
    (4:4:4). In 4:2:0 four pixels share their chroma, so the edges of objects take on other objects' colours at any crf.
    """
    if pass_ is Pass.SEG:
        return Encoding(crf=0, pix_fmt="yuv444p")
    return Encoding(crf=_PICTURE_CRF if pass_ in {Pass.COLOR, Pass.VIS} else _DATA_CRF)


def video_size(size: tuple[int, int]) -> tuple[int, int]:
    """Return the size of a video made from pictures of ``size``: H.264 in 4:2:0 allows only even sizes.

    >>> video_size((1281, 720))
    (1282, 720)
    """
    width, height = size
    return width + width % 2, height + height % 2


def applied(source: VideoSource) -> tuple[str, ...]:
    """Return in words what encoding does to the pixels of ``source``, besides the change to YUV."""
    done = list(source.applied) if isinstance(source, ComputedFrames) else []
    if isinstance(source, PictureFiles):
        if source.picture.alpha:
            done.append(DATA_WORDS if source.is_data else WORDS[source.picture.alpha])
        if source.picture.bit_depth > 8:  # noqa: PLR2004 - bits
            done.append(f"{source.picture.bit_depth} bits rounded to 8")
    if video_size(source.size) != source.size:
        done.append(f"last row or column repeated to reach the even size {'x'.join(map(str, video_size(source.size)))}")
    return tuple(done)


def pixel_filters(source: VideoSource) -> list[str]:
    """Return the FFmpeg filters that convert the pictures of ``source`` to opaque RGB or grey of even size."""
    filters: list[str] = []
    deep = isinstance(source, PictureFiles) and source.picture.bit_depth > 8  # noqa: PLR2004 - bits
    depth = "16" if deep else ""
    if isinstance(source, PictureFiles) and source.picture.format == "jpeg":
        filters += [_JPEG_TO_RGB, "format=gbrp"]
    if isinstance(source, PictureFiles) and source.picture.alpha:
        filters += ["format=gbrap", "premultiply=inplace=1"] if source.is_multiplied else []
        filters += [f"format=gbrp{depth}"]
    if deep:
        filters += ["format=gbrp16", _DEEP_TO_SHIFT, "format=gbrp"]
    width, height = source.size
    right, bottom = width % 2, height % 2
    if right or bottom:
        filters += [
            "format=gbrp",
            f"pad={width + right}:{height + bottom}:0:0",
            f"fillborders=right={right}:bottom={bottom}:mode=smear",
        ]
    return filters


def tail_filters(pix_fmt: str) -> list[str]:
    """Return the FFmpeg filters that turn full-range RGB or grey into tagged BT.709 YUV."""
    return [f"scale=in_range=pc:{TO_BT709}", f"format={pix_fmt}", TAGS, "setsar=1"]


def output_arguments(filters: list[str], encoding: Encoding) -> list[str]:
    """Return the arguments that write the filtered frames as ``VIDEO`` and their signatures as ``SIGNATURES``."""
    graph = f"[0:v:0]{','.join(filters)},split[video][copy];[copy]{signature_filter()}[signature]"
    return [
        *("-filter_complex", graph),
        *("-map", "[video]", "-fps_mode", "passthrough", "-an", "-c:v", "libx264", "-preset", encoding.preset),
        *("-crf", str(encoding.crf), "-map_metadata", "-1", "-movflags", "+faststart", VIDEO),
        *("-map", "[signature]", "-fps_mode", "passthrough", "-f", "rawvideo", SIGNATURES),
    ]


def file_arguments(source: PictureFiles, pattern: str, *, fps: int, encoding: Encoding) -> list[str]:
    """Return the arguments that encode numbered picture files; ``pattern`` is relative to the working folder."""
    return [
        *_file_input(source, pattern, fps=fps),
        *output_arguments([*pixel_filters(source), *tail_filters(encoding.pix_fmt)], encoding),
    ]


def pipe_arguments(source: ComputedFrames, *, fps: int, encoding: Encoding) -> list[str]:
    """Return the arguments that encode raw pictures from standard input."""
    width, height = source.size
    return [
        *("-f", "rawvideo", "-pix_fmt", "gray" if source.grey else "rgb24", "-video_size", f"{width}x{height}"),
        *("-framerate", str(fps), "-i", "pipe:0"),
        *output_arguments([*pixel_filters(source), *tail_filters(encoding.pix_fmt)], encoding),
    ]


def decode_arguments(source: PictureFiles, pattern: str) -> list[str]:
    """Return the arguments that decode numbered picture files and do nothing with them."""
    return [*_file_input(source, pattern, fps=1), "-f", "null", "-"]


def _file_input(source: PictureFiles, pattern: str, *, fps: int) -> list[str]:
    # With ``explode``, the decoder of TIFF reports every private tag as an error.
    detect = "crccheck+bitstream+buffer" + ("" if source.picture.format == "tiff" else "+explode")
    return [
        *("-xerror", "-err_detect", detect),
        *("-framerate", str(fps), "-start_number", "0", "-f", "image2", "-i", pattern),
    ]
