"""The frame sizes that Cosmos Transfer generates, and the choice of one for a video."""

from __future__ import annotations

Size = tuple[int, int]

RESOLUTION = "720"
"""The resolution of cosmos-transfer1, and the one at which the models of cosmos-transfer2.5 were trained."""

# For each resolution, the sizes for 16:9, 4:3 and 1:1, from VIDEO_RES_SIZE_INFO of cosmos-transfer2.5.
_LANDSCAPE: dict[str, tuple[Size, Size, Size]] = {
    "256": ((320, 192), (320, 256), (256, 256)),
    "480": ((768, 432), (640, 480), (480, 480)),
    "480p": ((832, 480), (640, 480), (640, 640)),
    "512": ((640, 384), (640, 512), (512, 512)),
    RESOLUTION: ((1280, 704), (960, 704), (960, 960)),
    "720p": ((1280, 720), (960, 720), (960, 960)),
    "1024": ((1280, 768), (1280, 1024), (1024, 1024)),
    "1080": ((1920, 1056), (1440, 1056), (1024, 1024)),
}
RESOLUTIONS = tuple(_LANDSCAPE)
_RATIOS = (16 / 9, 4 / 3, 1.0)


def _sizes(resolution: str) -> dict[float, Size]:
    """Return the width and height for each aspect ratio, widest first; portrait sizes are rotated landscape sizes."""
    lying = dict(zip(_RATIOS, _LANDSCAPE[resolution], strict=True))
    return lying | {1 / ratio: (height, width) for ratio, (width, height) in reversed(lying.items()) if ratio != 1}


def generated_size(size: Size, resolution: str = RESOLUTION) -> Size:
    """Return the width and height in pixels that Cosmos generates for a video of ``size``.

    The aspect ratio with the smallest absolute difference wins, as in ``detect_aspect_ratio`` of both programs.

    >>> generated_size((1920, 1080)), generated_size((2048, 858)), generated_size((1080, 1920))
    ((1280, 704), (1280, 704), (704, 1280))
    >>> generated_size((1080, 1920), "480")
    (432, 768)
    """
    ratio, sizes = size[0] / size[1], _sizes(resolution)
    return sizes[min(sizes, key=lambda known: abs(known - ratio))]


def stretch(size: Size, generated: Size) -> float:
    """Return the factor by which the width changes relative to the height when ``size`` is scaled to ``generated``.

    >>> round(stretch((1920, 1080), (1280, 704)), 3), round(stretch((2390, 1000), (1280, 704)), 2)
    (1.023, 0.76)
    """
    return (generated[0] / generated[1]) / (size[0] / size[1])
