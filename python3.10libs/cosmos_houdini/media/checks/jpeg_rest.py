"""Finds JPEG files that hold more lines of pixels than their header says; decoders stop at the last of those."""

from __future__ import annotations

import tempfile
from pathlib import Path

from cosmos_houdini.media.pictures.stored_picture import read_picture
from cosmos_houdini.media.pictures.unreadable import Unreadable
from cosmos_houdini.media.sequences.formats.jpeg import with_more_lines


def refuse_rest(path: Path) -> None:
    """Decode a copy of a JPEG whose header gives more lines, which must fail where the pixels end.

    Raises:
        Unreadable: it does not fail.
    """
    taller = with_more_lines(path.read_bytes())
    if taller is None:
        return
    with tempfile.TemporaryDirectory(prefix="cosmos-jpeg-") as folder:
        copy = Path(folder) / "taller.jpg"
        copy.write_bytes(taller)
        try:
            read_picture(copy)
        except Unreadable:
            return
    raise Unreadable(path, "has more pixels than the size in its header needs")
