"""Where one named entry lies in a scene file."""

from __future__ import annotations

from dataclasses import dataclass

NAME_LIMIT = 65536
"""Bytes of the longest entry name, a node path, that is taken for one."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry.

    Attributes:
        name: for example ``obj/cam1.parm``.
        offset: of the body, in bytes from the start of the file.
        size: of the body in bytes.
        saved_s: when it was saved, in seconds since the epoch.
    """

    name: str
    offset: int
    size: int
    saved_s: int
