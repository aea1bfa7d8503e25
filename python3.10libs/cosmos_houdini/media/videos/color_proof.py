"""Proof that frames of a video show their sources, from a second reading of the source by another reader.

The signatures of ``frame_order`` compare the video with the frames that were encoded. They cannot find a decoder that
read a source wrongly. So some frames of each video are compared with their files as OpenImageIO reads them, in luma and
chroma, by the means of blocks. These means are linear, and an encoder hardly changes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cosmos_houdini.media.checks.sample_frames import smallest_file
from cosmos_houdini.media.videos.frame_order import SIGNATURE_SIZE, count

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    # A process that encodes only computed frames without a reference needs no NumPy here.
    from numpy.typing import NDArray

# Side of a block in pixels.
_BLOCK = 16
# Levels by which x264 changes the mean of a block at the most, measured on noise, flat colours, stripes and writing at
# crf 18: 2.0 of luma and 1.6 of chroma. Edges of chroma between blocks add to the latter in 4:2:0.
_LUMA_LEVELS, _CHROMA_LEVELS = 6.0, 9.0
# Levels by which the mean of a whole plane changes: at the most 0.6 in the same pictures. Decoders of JPEG spread
# chroma in different ways, which changes it by up to 1.4 in stripes of pure colours.
_LUMA_MEAN, _CHROMA_MEAN = 1.25, 2.5
# Luma and chroma of ITU-R BT.709 from RGB of 0 to 255, in the range of video (items 3.2 to 3.4).
_LUMA = (0.2126, 0.7152, 0.0722)
_BLUE_SPAN, _RED_SPAN = 1.8556, 1.5748
_NAMES = ("luma", "blue chroma", "red chroma")


def pick_frames(signatures: bytes, files: Sequence[Path] = ()) -> tuple[int, ...]:
    """Return the first frame, the last, the busiest, and the one with the smallest file, which may lack pixels.

    The busiest is the one whose signature changes most from cell to cell. Files of one size add no frame.
    """
    import numpy as np  # noqa: PLC0415 - see the top

    frames = count(signatures)
    read = np.frombuffer(signatures, np.uint8, frames * SIGNATURE_SIZE[0] * SIGNATURE_SIZE[1])
    cells = read.reshape(frames, SIGNATURE_SIZE[1], SIGNATURE_SIZE[0]).astype(np.int16)
    busy = np.abs(np.diff(cells, axis=2)).sum(axis=(1, 2)) + np.abs(np.diff(cells, axis=1)).sum(axis=(1, 2))
    return tuple(sorted({0, frames - 1, int(busy.argmax()), *smallest_file(files)}))


def frame_bytes(size: tuple[int, int], pix_fmt: str) -> int:
    """Return the bytes of a decoded frame of 8 bits, in 4:2:0 or 4:4:4."""
    pixels = size[0] * size[1]
    return pixels * 3 if pix_fmt == "yuv444p" else pixels * 3 // 2


def difference(expected: NDArray[Any], decoded: bytes, pix_fmt: str) -> str | None:
    """Return in words how a decoded frame differs from its source by more than an encoder changes; None if it does not.

    Args:
        expected: the source as it should be shown, height x width with or without RGB, in bytes.
        decoded: the planes of the frame, limited range, in the even size of the video.
        pix_fmt: ``yuv420p`` or ``yuv444p``.
    """
    import numpy as np  # noqa: PLC0415 - see the top

    height, width = expected.shape[:2]
    even = np.pad(expected, [(0, height % 2), (0, width % 2), *[(0, 0)] * (expected.ndim - 2)], mode="edge")
    side = min(_BLOCK, *(length // 2 * 2 for length in even.shape[:2]))
    meant = _planes(_block_means(even, side))
    found = _decoded_planes(decoded, even.shape[:2], pix_fmt, side)
    limits = [(_LUMA_LEVELS, _LUMA_MEAN), *[(_CHROMA_LEVELS, _CHROMA_MEAN)] * 2]
    for name, one, other, (most, most_mean) in zip(_NAMES, meant, found, limits, strict=True):
        off = other - one
        row, column = np.unravel_index(int(np.abs(off).argmax()), off.shape)
        if abs(off[row, column]) > most or abs(off.mean()) > most_mean:
            place = f"{column * side},{row * side}"
            return f"{abs(off[row, column]):.0f} levels of {name} at pixel {place}, {abs(off.mean()):.1f} on average"
    return None


def _planes(means: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    """Return luma and chroma of RGB or grey, in the levels of limited range."""
    if means.ndim == 2:  # noqa: PLR2004 - height, width
        return 16 + means * (219 / 255), means * 0 + 128, means * 0 + 128
    red, green, blue = means[..., 0], means[..., 1], means[..., 2]
    luma = _LUMA[0] * red + _LUMA[1] * green + _LUMA[2] * blue
    scale = 224 / 255
    return 16 + luma * (219 / 255), 128 + (blue - luma) * (scale / _BLUE_SPAN), 128 + (red - luma) * (scale / _RED_SPAN)


def _decoded_planes(decoded: bytes, shape: tuple[int, ...], pix_fmt: str, side: int) -> list[NDArray[Any]]:
    import numpy as np  # noqa: PLC0415 - see the top

    half = 1 if pix_fmt == "yuv444p" else 2
    chroma = (shape[0] // half, shape[1] // half)
    planes, start = [], 0
    for rows, columns in (shape, chroma, chroma):
        plane = np.frombuffer(decoded, np.uint8, rows * columns, start).reshape(rows, columns)
        planes.append(_block_means(plane, side if start == 0 else side // half))
        start += rows * columns
    return planes


def _block_means(picture: NDArray[Any], side: int) -> NDArray[Any]:
    """Return the means of whole blocks; the rest at the right and below is left out."""
    import numpy as np  # noqa: PLC0415 - see the top

    rows, columns = picture.shape[0] // side, picture.shape[1] // side
    whole = np.ascontiguousarray(picture[: rows * side, : columns * side])
    lines = whole.reshape(rows, side, -1).sum(axis=1, dtype=np.uint16)
    sums = lines.reshape(rows, columns, side, *picture.shape[2:]).sum(axis=2, dtype=np.uint32)
    return np.asarray(sums / np.float32(side * side))
