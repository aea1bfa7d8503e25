"""The time of day that the height of a sun above the horizon means.

A sun's height does not say whether it rises or sets, so the words hold for both. The limits of twilight are those of
the United States Naval Observatory (https://aa.usno.navy.mil/faq/RST_defs): 6 degrees below the horizon ends civil
twilight. Photographers call the sun's light golden up to about 6 degrees above it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from cosmos_houdini.model.contents import Light

_WORDS = (
    (-6.0, "night"),
    (0.0, "twilight"),
    (6.0, "golden hour"),
    (25.0, "low sun, morning or afternoon"),
    (55.0, "daytime"),
    (math.inf, "high sun, around midday"),
)
_SUNS = ("sun", "sky")


def sun_elevation(lights: Iterable[Light]) -> float | None:
    """Return how high the scene's sun stands, in degrees; None where no light is a sun, or two of them disagree.

    A distant light counts where it is called a sun.
    """
    heights = {
        round(light.elevation_deg, 1)
        for light in lights
        if light.elevation_deg is not None
        and (light.kind in _SUNS or (light.kind == "distant" and "sun" in light.name.lower()))
    }
    return heights.pop() if len(heights) == 1 else None


def time_of_day(elevation_deg: float) -> str:
    """Return the time of day that a sun's height means.

    >>> [time_of_day(height) for height in (-10, 3, 40)]
    ['night', 'golden hour', 'daytime']
    """
    return next(word for limit, word in _WORDS if elevation_deg < limit)
