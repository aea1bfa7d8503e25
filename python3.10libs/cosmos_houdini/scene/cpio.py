"""The headers of a ``.hip``: the portable ASCII cpio format that POSIX.1-1997 calls octet-oriented ("odc").

A header is 76 bytes of octal digits: magic 6, dev 6, ino 6, mode 6, uid 6, gid 6, nlink 6, rdev 6, mtime 11,
namesize 6, filesize 11. The name with a NUL follows, then the body, without padding. An entry with the name
``TRAILER!!!`` ends the archive.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cosmos_houdini.errors import BadInput
from cosmos_houdini.scene.entry import NAME_LIMIT, Entry

MAGIC = b"070707"
TRAILER = "TRAILER!!!"
HEADER_SIZE = 76

_OCTAL_DIGITS = re.compile(rb"[0-7]{70}")
_HEADER_INSIDE = re.compile(MAGIC + _OCTAL_DIGITS.pattern)


def entries(file: BinaryIO, path: Path, size: int) -> Iterator[Entry]:
    """Yield every entry before the trailer without reading bodies; callers may move ``file`` in between.

    Args:
        file: open for reading and seeking.
        path: names the file in errors.
        size: size of the file in bytes.

    Raises:
        BadInput: a header is not valid, a size reaches beyond the file, or there is no trailer.
    """
    offset = 0
    while True:
        entry = _entry(file, path, size, offset)
        if entry.name == TRAILER:
            return
        yield entry
        offset = entry.offset + entry.size


def find_header(body: bytes) -> int | None:
    """Return where the header of an entry stands inside a body, or None."""
    found = _HEADER_INSIDE.search(body) if MAGIC in body else None
    return found.start() if found else None


def _entry(file: BinaryIO, path: Path, size: int, offset: int) -> Entry:
    file.seek(offset)
    header = file.read(HEADER_SIZE)
    if len(header) < HEADER_SIZE:
        raise _cut_off(path, size, "the header", offset)
    if header[:6] != MAGIC or not _OCTAL_DIGITS.fullmatch(header, 6):
        raise _broken(path, offset, f"no entry header stands there but {header[:16].decode('latin-1')!r}")
    name_size = int(header[59:65], 8)
    body_size = int(header[65:76], 8)
    if not 1 < name_size <= NAME_LIMIT:
        raise _broken(path, offset, f"a header claims a name of {name_size} bytes")
    body = offset + HEADER_SIZE + name_size
    if body > size:
        raise _cut_off(path, size, f"a name of {name_size} bytes", offset)
    name = file.read(name_size)
    if name.find(b"\0") != name_size - 1:
        raise _broken(path, offset, f"a header claims {name_size} bytes for the name {name[:40].decode('latin-1')!r}")
    text = name[:-1].decode("utf-8", "backslashreplace")
    if body + body_size > size:
        raise _cut_off(path, size, f"entry {text[:80]!r} with a body of {body_size} bytes", offset)
    return Entry(text, body, body_size, int(header[48:59], 8))


def _cut_off(path: Path, size: int, what: str, offset: int) -> BadInput:
    return BadInput(
        f"{path} is cut off, or a header lies: {what} at byte {offset} reaches beyond the end at byte {size}",
        action="copy it again, or save the scene again from Houdini",
    )


def _broken(path: Path, offset: int, what: str) -> BadInput:
    return BadInput(
        f"{path} is damaged at byte {offset}: {what}", action="copy it again, or save the scene again from Houdini"
    )
