"""The position of one named entry in a scene file."""

from __future__ import annotations

from dataclasses import dataclass

NAME_LIMIT = 65536
"""The most bytes of an entry name, which is a node path; a longer text is not taken for a name."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry.

    Attributes:
        name: for example ``obj/cam1.parm``.
        offset: offset of the body, in bytes from the start of the file.
        size: size of the body in bytes.
        saved_s: when it was saved, in seconds since the epoch.
    """

    name: str
    offset: int
    size: int
    saved_s: int
