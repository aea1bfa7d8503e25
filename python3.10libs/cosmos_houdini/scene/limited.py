"""The entries of a ``.hiplc`` (Indie) or ``.hipnc`` (Apprentice), found by scanning.

An entry is ``HouLC`` or ``HouNC`` with 0x1A, 28 hexadecimal digits (the 12th to 19th are the time of saving), the name
with a NUL, and the body in plain text. The file does not give the length of a body in a readable form, so a body ends
where the next entry begins. The last entry is a marker without a body.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.scene import License
from cosmos_houdini.scene.entry import NAME_LIMIT, Entry

LICENSES = {b"HouLC\x1a": License.INDIE, b"HouNC\x1a": License.APPRENTICE}
MARKERS = ("LIMITED_COMMERCIAL_FILE!!!", "NON_COMMERCIAL_FILE!!!")

_HEADER = re.compile(rb"Hou(?:LC|NC)\x1a([0-9a-f]{28})([^\x00-\x1f]{1,%d})\x00" % NAME_LIMIT)
_HEADER_LIMIT = 6 + 28 + NAME_LIMIT + 1
_BLOCK_SIZE = 1 << 20


def entries(file: BinaryIO, path: Path, size: int) -> Iterator[Entry]:
    """Yield every entry except the markers; callers may move ``file`` in between.

    The definitions of assets in a scene are archives of the same form inside an entry. Their entries are yielded too,
    before those of the networks.

    Raises:
        BadInput: there are bytes before the first entry, or no closing marker at the end of the file.
    """
    last = None
    closed = 0
    carried = False
    for entry in _scan(file, path, size):
        last = entry
        if entry.name in MARKERS:
            closed = entry.offset
            continue
        # An asset in the scene also ends with a marker, and the scene itself begins only after that marker.
        carried = entry.name.startswith(".OP")
        yield entry
    if last is None or closed != size or carried:
        raise BadInput(
            f"{path} is cut off: it ends at byte {size} without the marker that closes a scene",
            action="copy it again, or save the scene again from Houdini",
        )


def _scan(file: BinaryIO, path: Path, size: int) -> Iterator[Entry]:
    """Yield each entry when the next one, or the end of the file, shows where its body ends."""
    previous = None
    for start, end, digits, name in _headers(file):
        if previous is None and start != 0:
            raise BadInput(f"{path} is damaged at byte 0: no entry begins before byte {start}")
        if previous is not None:
            yield _entry(*previous, until=start)
        previous = (end, digits, name)
    if previous is not None:
        yield _entry(*previous, until=size)


def _entry(offset: int, digits: bytes, name: bytes, *, until: int) -> Entry:
    return Entry(name.decode("utf-8", "backslashreplace"), offset, until - offset, int(digits[11:19], 16))


def _headers(file: BinaryIO) -> Iterator[tuple[int, int, bytes, bytes]]:
    """Yield start, end, digits and name of every header; keep at most a block and the longest header in memory."""
    base = 0
    window = b""
    while True:
        file.seek(base + len(window))
        block = file.read(_BLOCK_SIZE)
        window += block
        # A header may begin near the end of the window and continue in the next block, so that part is kept.
        done = max(len(window) - _HEADER_LIMIT, 0)
        for match in _HEADER.finditer(window):
            yield base + match.start(), base + match.end(), match[1], match[2]
            done = max(done, match.end())
        if not block:
            return
        base += done
        window = window[done:]
