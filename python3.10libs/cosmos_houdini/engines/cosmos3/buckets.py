"""The frame sizes of Cosmos 3, which are fixed buckets of pixels, and the choice of one for a video.

The tables are ``VIDEO_RES_SIZE_INFO`` and ``detect_aspect_ratio`` of github.com/NVIDIA/cosmos-framework at commit
5eee9ed (cosmos_framework/data/generator/utils.py and inference/vision.py).
"""

from __future__ import annotations

from math import ceil

Size = tuple[int, int]

DEFAULT_RESOLUTION = "720"

_BUCKETS: dict[str, dict[str, Size]] = {
    "256": {"16,9": (320, 192), "4,3": (320, 256), "1,1": (256, 256), "3,4": (256, 320), "9,16": (192, 320)},
    "480": {"16,9": (832, 480), "4,3": (736, 544), "1,1": (640, 640), "3,4": (544, 736), "9,16": (480, 832)},
    "720": {"16,9": (1280, 720), "4,3": (1104, 832), "1,1": (960, 960), "3,4": (832, 1104), "9,16": (720, 1280)},
    "768": {"16,9": (1360, 768), "4,3": (1184, 880), "1,1": (1024, 1024), "3,4": (880, 1184), "9,16": (768, 1360)},
}
RESOLUTIONS = tuple(_BUCKETS)
ASPECT_RATIOS = tuple(_BUCKETS[DEFAULT_RESOLUTION])
_RATIOS = dict(zip(ASPECT_RATIOS, (16 / 9, 4 / 3, 1.0, 3 / 4, 9 / 16), strict=True))


def find_aspect_ratio(size: Size) -> str:
    """Return the aspect ratio that Cosmos 3 chooses for a video: the nearest one by the squared difference.

    >>> find_aspect_ratio((1920, 1080)), find_aspect_ratio((2048, 858)), find_aspect_ratio((1080, 1920))
    ('16,9', '16,9', '9,16')
    """
    ratio = size[0] / size[1]
    return min(_RATIOS, key=lambda name: (_RATIOS[name] - ratio) ** 2)


def bucket_size(size: Size, resolution: str = DEFAULT_RESOLUTION) -> Size:
    """Return the width and height in pixels that Cosmos 3 generates for a video of ``size``.

    >>> bucket_size((1920, 1080)), bucket_size((2048, 858), "480"), bucket_size((1080, 1350))
    ((1280, 720), (832, 480), (832, 1104))
    """
    return _BUCKETS[resolution][find_aspect_ratio(size)]


def cropped_share(size: Size, bucket: Size) -> float:
    """Return the share of a picture, 0 to 1, that is lost when Cosmos 3 scales it to cover a bucket and crops it.

    Cosmos 3 crops at the centre, while Transfer1 and Transfer2.5 stretch.

    >>> cropped_share((1280, 720), (1280, 720)), round(cropped_share((2048, 858), (1280, 720)), 2)
    (0.0, 0.26)
    """
    scale = max(bucket[0] / size[0], bucket[1] / size[1])
    covered = ceil(scale * size[0]) * ceil(scale * size[1])
    return 1 - bucket[0] * bucket[1] / covered
