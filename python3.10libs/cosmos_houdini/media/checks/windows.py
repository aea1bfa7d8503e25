"""Finds EXR files that hold more or less than the picture: overscan, render regions left on, empty frames."""

from __future__ import annotations

from collections.abc import Iterable

from cosmos_houdini.media.checks.sample_frames import some, usable
from cosmos_houdini.media.pictures.layers import Header, read_header, window
from cosmos_houdini.media.pictures.window import Window
from cosmos_houdini.model.sequence import Sequence


def sentences(sequences: Iterable[Sequence]) -> list[str]:
    """Return at most one sentence for each EXR sequence, about the data windows of some of its frames."""
    patterns = {sequence.pattern: sequence for sequence in sequences if sequence.layer}
    told = (_told({frame.number: read_header(frame.file) for frame in some(usable(s))}) for s in patterns.values())
    return [sentence for sentence in told if sentence]


def _told(headers: dict[int, Header]) -> str | None:
    beyond = 0
    for number, header in headers.items():
        shown = header.display
        datas = [window(attributes["dataWindow"]) for attributes in header.attributes]
        inside = [area for area in (_common(data, shown) for data in datas) if area]
        if not inside:
            return f"frame {number} holds no pixel of the picture: its data window lies beside the display window"
        most = max(inside, key=lambda area: area.width * area.height)
        if (most.width, most.height) != (shown.width, shown.height):
            return (
                f"frame {number} holds {most.width}x{most.height} of the {shown.width}x{shown.height} pixels of the "
                "picture, and the rest counts as empty: a renderer that crops does so, and a region that was left on"
            )
        beyond = max(beyond, *(_beyond(data, shown) for data in datas))
    if not beyond:
        return None
    return f"the files reach up to {beyond} pixels beyond the picture (overscan), which are left out"


def _common(one: Window, other: Window) -> Window | None:
    left, top = max(one.x, other.x), max(one.y, other.y)
    right, bottom = min(one.x + one.width, other.x + other.width), min(one.y + one.height, other.y + other.height)
    return Window(x=left, y=top, width=right - left, height=bottom - top) if left < right and top < bottom else None


def _beyond(data: Window, shown: Window) -> int:
    """Return by how many pixels a data window exceeds the display window, at the side where it exceeds it most."""
    right, bottom = data.x + data.width - shown.x - shown.width, data.y + data.height - shown.y - shown.height
    return max(shown.x - data.x, shown.y - data.y, right, bottom, 0)
