"""The frame sizes that Cosmos Transfer generates at 720p, and which of them a video gets."""

from __future__ import annotations

Size = tuple[int, int]

# Aspect ratio to width and height: VIDEO_RES_SIZE_INFO of cosmos-transfer1, the same in cosmos-transfer2.5.
SIZES_720P: dict[float, Size] = {
    16 / 9: (1280, 704),
    4 / 3: (960, 704),
    1.0: (960, 960),
    3 / 4: (704, 960),
    9 / 16: (704, 1280),
}


def generated_size(size: Size) -> Size:
    """Return the width and height in pixels that Cosmos generates for a video of ``size``.

    The ratio nearest in plain difference wins, as in ``detect_aspect_ratio`` of cosmos-transfer1.

    >>> generated_size((1920, 1080)), generated_size((2048, 858)), generated_size((1080, 1920))
    ((1280, 704), (1280, 704), (704, 1280))
    """
    ratio = size[0] / size[1]
    return SIZES_720P[min(SIZES_720P, key=lambda known: abs(known - ratio))]


def stretch(size: Size, generated: Size) -> float:
    """Return by how much wider than high pictures of ``size`` become when they are brought to ``generated``.

    >>> round(stretch((1920, 1080), (1280, 704)), 3), round(stretch((2390, 1000), (1280, 704)), 2)
    (1.023, 0.76)
    """
    return (generated[0] / generated[1]) / (size[0] / size[1])
