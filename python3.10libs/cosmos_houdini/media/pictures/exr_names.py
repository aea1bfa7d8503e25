"""Names and texts in the header of an EXR that are no UTF-8: older renderers on Windows write them in Latin-1.

The OpenEXR binding opens no such file. It is given a copy whose header is in UTF-8; the pixels stay as they are
(OpenEXR File Layout, openexr.com).
"""

from __future__ import annotations

import shutil
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cosmos_houdini.media.sequences.formats.exr import MULTI_PART, read_extent
from cosmos_houdini.media.sequences.formats.source import Damaged, Source

_BEGIN = 8
_LONG_NAMES = 0x400
# Pixel type, linearity and distances of samples, which follow the name of a channel.
_CHANNEL_BYTES = 16


@contextmanager
def readable_exr(path: Path, *, header_only: bool) -> Iterator[Path]:
    """Provide a path that the binding can open: the file itself, or a copy whose names are UTF-8.

    Args:
        path: the file.
        header_only: whether the copy may lack the pixels.
    """
    header = _foreign_header(path)
    if header is None:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="cosmos-exr-") as folder:
        copy = Path(folder) / "copy.exr"
        _write_copy(path, copy, header, header_only=header_only)
        yield copy


def _foreign_header(path: Path) -> tuple[bytes, int] | None:
    """Return headers and offset tables, and where the tables begin; None if all is UTF-8 or the file is damaged."""
    try:
        with path.open("rb", buffering=0) as file:
            source = Source(file, path.stat().st_size)
            tables, pixels = read_extent(source)
            found = source.at(0, pixels)
    except (OSError, Damaged):
        return None
    # Numbers in a header may be any bytes, so only the names and texts decide.
    return (found, tables) if _rewritten(found, tables) != found[:tables] else None


def _write_copy(path: Path, copy: Path, header: tuple[bytes, int], *, header_only: bool) -> None:
    data, tables = header
    begin = _rewritten(data, tables)
    shift = len(begin) - tables
    offsets = struct.unpack(f"<{(len(data) - tables) // 8}Q", data[tables:])
    (version,) = struct.unpack_from("<I", begin, 4)
    begin = begin[:4] + struct.pack("<I", version | _LONG_NAMES) + begin[_BEGIN:]
    with copy.open("wb") as written, path.open("rb") as file:
        written.write(begin + struct.pack(f"<{len(offsets)}Q", *(offset + shift for offset in offsets)))
        if not header_only:
            file.seek(len(data))
            shutil.copyfileobj(file, written, 1 << 20)


def _rewritten(data: bytes, end: int) -> bytes:
    """Return the headers of a file in UTF-8.

    Args:
        data: the file from its beginning on, as far as ``read_extent`` accepts it.
        end: where the headers end.
    """
    parts, position = [data[:_BEGIN]], _BEGIN
    multi_part = struct.unpack_from("<I", data, 4)[0] & MULTI_PART
    # A zero byte ends the attributes of a part, and another one the parts.
    while position < end:
        if data[position] == 0:
            parts.append(b"\0")
            position += 1
            if not multi_part:
                break
            continue
        name, kind = data[position:].split(b"\0", 2)[:2]
        position += len(name) + len(kind) + 2
        (length,) = struct.unpack_from("<I", data, position)
        value = _VALUES.get(kind, bytes)(data[position + 4 : position + 4 + length])
        parts.append(b"\0".join((_utf8(name), _utf8(kind), struct.pack("<I", len(value)) + value)))
        position += 4 + length
    return b"".join(parts)


def _utf8(text: bytes) -> bytes:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return _from_latin(text)
    return text


def _from_latin(text: bytes) -> bytes:
    return text.decode("latin-1").encode("utf-8")


def _channel_list(value: bytes) -> bytes:
    """Return a list of channels in UTF-8. The pixels are in the order of the names, which the encoding must keep.

    UTF-8 keeps the order of Latin-1, so one name that is no UTF-8 makes all of them count as Latin-1.
    """
    channels, position = [], 0
    while (end := value.find(b"\0", position)) > position:
        channels.append((value[position:end], value[end : end + 1 + _CHANNEL_BYTES]))
        position = end + 1 + _CHANNEL_BYTES
    foreign = any(_utf8(name) != name for name, _ in channels)
    return b"".join((_from_latin(name) if foreign else name) + rest for name, rest in channels) + value[position:]


def _texts(value: bytes) -> bytes:
    """Return a ``stringvector``, each text after its length, in UTF-8."""
    texts, position = [], 0
    while position + 4 <= len(value):
        (length,) = struct.unpack_from("<I", value, position)
        text = _utf8(value[position + 4 : position + 4 + length])
        texts.append(struct.pack("<I", len(text)) + text)
        position += 4 + length
    return b"".join(texts)


_VALUES: dict[bytes, Callable[[bytes], bytes]] = {b"string": _utf8, b"chlist": _channel_list, b"stringvector": _texts}
