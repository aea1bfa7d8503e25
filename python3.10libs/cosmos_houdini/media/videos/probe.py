"""The contents of a video file, found by decoding all of it."""

from __future__ import annotations

import hashlib
import itertools
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from threading import Event

from cosmos_houdini.errors import BadInput, ToolError
from cosmos_houdini.media.videos import frame_order
from cosmos_houdini.media.videos.ffmpeg import FFmpeg, Run
from cosmos_houdini.model.request import Clip
from cosmos_houdini.model.video import ColorTags

TIMEOUT_S = 900.0
# Only containers of a single file are allowed: a playlist could make FFmpeg open other files or addresses.
_CONTAINERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mxf,ogg,flv,asf"
# A header of a few bytes can ask for gigabytes of memory per frame.
_MOST_PIXELS = 8192 * 8192
_STREAM = re.compile(r"^\s*Stream #0:\d+.*?: Video: (?P<codec>\w+)(?P<rest>.*)")
_PIXELS = re.compile(
    r", (?P<pix_fmt>[a-z]+\w*)(?:\((?P<notes>(?:[^()]|\([^)]*\))*)\))?, (?P<width>\d+)x(?P<height>\d+)"
)
_ASPECT = re.compile(r"SAR (\d+):(\d+)")
_TURN = re.compile(r"rotation of (-?\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoFacts:
    """The facts about a video file, found by decoding it.

    Attributes:
        clip: path, hash, number of decoded frames, size, rate.
        codec: the codec as FFmpeg names it (``h264``).
        pix_fmt: the pixel format as FFmpeg names it (``yuv420p``).
        color: the colour tags of the stream.
        pixel_aspect: width of a pixel divided by its height.
        rotation_deg: the angle by which players rotate the pictures.
        constant_rate: whether all frames last equally long.
        signatures: one signature for each frame; see the module ``frame_order``.
        picked: the planes of the frames that were picked, one after the other.
        field_order: ``top first`` or ``bottom first`` for a video that is marked as interlaced; empty for others.
    """

    clip: Clip
    codec: str
    pix_fmt: str
    color: ColorTags
    pixel_aspect: Fraction
    rotation_deg: int
    constant_rate: bool
    signatures: bytes
    picked: bytes = b""
    field_order: str = ""


def probe_video(path: Path, *, ffmpeg: FFmpeg, timeout_s: float = TIMEOUT_S, scratch: Path | None = None) -> Clip:
    """Decode the video at ``path`` and return it as a clip.

    Args:
        path: path of the video.
        ffmpeg: decodes.
        timeout_s: how long it may take.
        scratch: where temporary files go, instead of the system's folder for them.

    Raises:
        BadInput: there is no file, it holds no video, it is broken, or decoding it took longer than ``timeout_s``.
    """
    return inspect_video(path, ffmpeg=ffmpeg, timeout_s=timeout_s, scratch=scratch).clip


def inspect_video(
    path: Path,
    *,
    ffmpeg: FFmpeg,
    timeout_s: float = TIMEOUT_S,
    scratch: Path | None = None,
    on_frames: Callable[[int], None] = lambda _: None,
    stop: Event | None = None,
    picked: Sequence[int] = (),
) -> VideoFacts:
    """Decode the video at ``path`` and return all that is known about it, with the planes of the frames ``picked``.

    Raises:
        BadInput: as for ``probe_video``.
        Cancelled: ``stop`` was set.
    """
    if not path.is_file():
        raise BadInput(f"{path} is no file", allowed="a video file")
    with tempfile.TemporaryDirectory(prefix="cosmos-probe-", dir=scratch) as name:
        folder = Path(name)
        how = Run(task=f"decoding {path}", cwd=folder, timeout_s=timeout_s, on_frames=on_frames, stop=stop)
        try:
            lines = ffmpeg.run([*_arguments(path), *_picked_arguments(picked)], how)
        except ToolError as error:
            raise BadInput(f"{path} is no whole video: {error.detail or error.problem}") from error
        packets = (folder / "packets").read_text(encoding="ascii", errors="replace").splitlines()
        signatures = (folder / "signatures").read_bytes()
        planes = (folder / "picked").read_bytes() if picked else b""
    return replace(_facts(path, lines, packets, signatures), picked=planes)


def describe_video(clip: Clip, *, ffmpeg: FFmpeg) -> VideoFacts:
    """Return the facts of a video that was decoded before, from its header alone; it has no signatures.

    Args:
        clip: the video as it was decoded; its file must not have changed since.
        ffmpeg: reads the header.

    Raises:
        BadInput: the file holds no video, or one of another size than the clip's.
    """
    how = Run(task=f"reading {clip.path}", timeout_s=TIMEOUT_S)
    nothing = ("-map", "0:v:0", "-c", "copy", "-t", "0", "-f", "null", "-")
    try:
        lines = ffmpeg.run([*input_arguments(clip.path), *nothing], how)
    except ToolError as error:
        raise BadInput(f"{clip.path} is no whole video: {error.detail or error.problem}") from error
    stream, pixels = _stream(lines)
    if stream is None or pixels is None or (int(pixels["width"]), int(pixels["height"])) != clip.size:
        raise BadInput(f"{clip.path} is not the video that was verified", action="fetch the job again")
    return VideoFacts(
        clip=clip,
        codec=stream["codec"],
        pix_fmt=pixels["pix_fmt"],
        color=_color(pixels["notes"] or ""),
        pixel_aspect=_pixel_aspect(stream),
        rotation_deg=0,
        constant_rate=True,
        signatures=b"",
    )


def input_arguments(path: Path) -> list[str]:
    """Return the arguments that open a video file, and nothing but that file."""
    return [
        *("-protocol_whitelist", "file", "-format_whitelist", _CONTAINERS, "-max_pixels", str(_MOST_PIXELS)),
        # After "file:", FFmpeg takes the rest as a path, with any colons and dashes in it.
        *("-i", f"file:{path.absolute()}"),
    ]


def rgb_arguments(path: Path, *, first: str = "") -> list[str]:
    """Return the arguments that decode one of our own videos to RGB.

    Args:
        path: path of the video.
        first: filters that come before the conversion, each followed by a comma.
    """
    flags = "accurate_rnd+full_chroma_int+full_chroma_inp"
    shown = f"{first}scale=in_color_matrix=bt709:in_range=tv:out_range=pc:flags={flags},format=rgb24"
    return [*input_arguments(path), "-map", "0:v:0", "-vf", shown, "-fps_mode", "passthrough"]


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _arguments(path: Path) -> list[str]:
    return [
        *("-xerror", "-err_detect", "crccheck+bitstream+buffer", "-noautorotate", *input_arguments(path)),
        *(
            "-map",
            "0:v:0",
            "-vf",
            frame_order.signature_filter(),
            "-fps_mode",
            "passthrough",
            "-f",
            "rawvideo",
            "signatures",
        ),
        *("-map", "0:v:0", "-c", "copy", "-f", "framecrc", "packets"),
    ]


def _picked_arguments(picked: Sequence[int]) -> list[str]:
    """Return the arguments that write the planes of some frames as the decoder gives them."""
    if not picked:
        return []
    wanted = "+".join(f"eq(n\\,{frame})" for frame in picked)
    return [*("-map", "0:v:0", "-vf", f"select={wanted}", "-fps_mode", "passthrough", "-f", "rawvideo", "picked")]


def _facts(path: Path, lines: Sequence[str], packets: Sequence[str], signatures: bytes) -> VideoFacts:
    stream, pixels = _stream(lines)
    frames = frame_order.count(signatures)
    if stream is None or pixels is None or frames == 0:
        raise BadInput(f"{path} holds no video that can be decoded")
    fps, constant = _rate(packets)
    return VideoFacts(
        clip=Clip(
            path=path,
            sha256=sha256_of(path),
            frames=frames,
            size=(int(pixels["width"]), int(pixels["height"])),
            fps=float(fps),
        ),
        codec=stream["codec"],
        pix_fmt=pixels["pix_fmt"],
        color=_color(pixels["notes"] or ""),
        pixel_aspect=_pixel_aspect(stream),
        rotation_deg=next((int(match[1]) for line in lines if (match := _TURN.search(line))), 0),
        constant_rate=constant,
        signatures=signatures,
        field_order=_field_order(pixels["notes"] or ""),
    )


def _stream(lines: Sequence[str]) -> tuple[re.Match[str] | None, re.Match[str] | None]:
    """Return FFmpeg's words about the first video stream, and those about its pixels."""
    stream = next((match for line in lines if (match := _STREAM.match(line))), None)
    return stream, _PIXELS.search(stream["rest"]) if stream else None


def _pixel_aspect(stream: re.Match[str]) -> Fraction:
    aspect = _ASPECT.search(stream["rest"])
    return Fraction(int(aspect[1]), int(aspect[2])) if aspect and aspect[1] != "0" else Fraction(1)


def _rate(packets: Sequence[str]) -> tuple[Fraction, bool]:
    """Return frames a second, and whether all frames are equally long, from FFmpeg's framecrc listing.

    A line holds stream, decoding time, presentation time, duration, size and checksum. The times are in units of the
    time base that the line ``#tb`` gives.
    """
    base = next((Fraction(line.split(":")[1].strip()) for line in packets if line.startswith("#tb")), Fraction(1))
    rows = [[int(cell) for cell in line.split(",")[2:4]] for line in packets if line[:1].isdigit()]
    times = sorted(time for time, _ in rows)
    steps = {after - before for before, after in itertools.pairwise(times)} or {rows[0][1]}
    span = (times[-1] - times[0]) or rows[0][1]
    if span <= 0:
        return Fraction(0), False
    # Containers round times to their time base, so the steps of a constant rate may differ by one unit.
    return Fraction(max(len(times) - 1, 1)) / (span * base), max(steps) - min(steps) <= 1


def _field_order(notes: str) -> str:
    """Return the order in which fields are shown; FFmpeg calls it swapped if they are coded in the other order."""
    found = re.search(r"(top|bottom) (coded )?first", notes)
    if found is None:
        return ""
    shown = {"top": "bottom", "bottom": "top"}[found[1]] if found[2] else found[1]
    return f"{shown} first"


def _color(notes: str) -> ColorTags:
    """Return the tags of FFmpeg's note, ``tv, bt709, progressive`` or ``tv, bt470bg/bt709/unknown, progressive``."""
    words = [word for word in re.split(r",\s*", notes) if word and word != "progressive" and " " not in word]
    range_ = next((word for word in words if word in {"tv", "pc"}), "unknown")
    said = next((word for word in words if word not in {"tv", "pc"}), "unknown")
    matrix, primaries, transfer = said.split("/") if said.count("/") == 2 else [said] * 3  # noqa: PLR2004 - three tags
    return ColorTags(matrix=matrix, primaries=primaries, transfer=transfer, range=range_)
