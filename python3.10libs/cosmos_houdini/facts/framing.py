"""Framing by the size of objects in the picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# The share of the picture's height that the largest object fills, and the word from there on; the words are those of
# https://en.wikipedia.org/wiki/Shot_(filmmaking), which measure a subject by the frame around it.
_WORDS = ((0.95, "close-up"), (0.7, "medium shot"), (0.4, "full shot"), (0.15, "wide shot"), (0.0, "extreme wide shot"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectSize:
    """One object in the picture: shares of the picture's height and area, 0 to 1, on average over the shot."""

    name: str
    height: float
    area: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """The framing of a shot, by its largest object that does not fill the picture as ground or sky do."""

    words: str
    subject: str
    objects: tuple[ObjectSize, ...]


def describe_framing(sizes: Mapping[str, tuple[float, float]], *, ground: float = 0.6) -> Framing | None:
    """Return the framing that the sizes of objects mean; None without an object.

    Args:
        sizes: by object, its shares of the picture's height and area, 0 to 1.
        ground: an object with a larger share of the area is taken for the surroundings, unless there is no other.

    >>> describe_framing({"tower": (0.8, 0.1), "land": (0.5, 0.7)}).words
    'medium shot'
    """
    found = tuple(
        ObjectSize(name=name, height=height, area=area)
        for name, (height, area) in sorted(sizes.items(), key=lambda item: -item[1][1])
        if area > 0
    )
    if not found:
        return None
    subject = next((one for one in found if one.area <= ground), found[0])
    words = next(word for least, word in _WORDS if subject.height >= least)
    return Framing(words=words, subject=subject.name, objects=found)
