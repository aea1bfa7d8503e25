"""Bodies of requests, read from files piece by piece, and an answer in base64 written to a file piece by piece."""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from .connection import PIECE_BYTES

_BASE64_PIECE = PIECE_BYTES // 4 * 3
LARGEST_REST = 1 << 20
"""Bytes of an answer beside its video."""
_BEGIN = re.compile(rb'"b64_video"\s*:\s*"')
_WHITE = re.compile(rb"[\s\\]+")

OnBytes = Callable[[int], None]


class Multipart:
    """Fields and files as ``multipart/form-data`` (RFC 7578).

    Args:
        fields: texts by name.
        files: paths by name; each is sent as an MP4.
        on_bytes: called with the length of each piece of a file.
    """

    def __init__(self, fields: Mapping[str, str], files: Mapping[str, Path], on_bytes: OnBytes) -> None:
        boundary = f"cosmos-houdini-{secrets.token_hex(16)}"
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self._on_bytes = on_bytes
        self._parts: list[bytes | Path] = []
        for name, value in fields.items():
            head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
            self._parts.append(f"{head}{value}\r\n".encode("utf-8", "surrogatepass"))
        for name, path in files.items():
            head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{path.name}"\r\n'
            self._parts += [f"{head}Content-Type: video/mp4\r\n\r\n".encode(), path, b"\r\n"]
        self._parts.append(f"--{boundary}--\r\n".encode())
        self.length = sum(len(part) if isinstance(part, bytes) else size_of(part) for part in self._parts)

    def pieces(self) -> Iterator[bytes]:
        """Yield the content."""
        for part in self._parts:
            if isinstance(part, bytes):
                yield part
            else:
                yield from _file_pieces(part, PIECE_BYTES, self._on_bytes)


class JsonBody:
    """A JSON document whose Path values are sent as data URLs of MP4 files.

    Args:
        document: JSON data, with paths.
        on_bytes: called with the length of each piece of a file.
    """

    content_type = "application/json"

    def __init__(self, document: Mapping[str, Any], on_bytes: OnBytes) -> None:
        self._on_bytes = on_bytes
        paths: list[Path] = []
        mark = secrets.token_hex(16)

        def noted(value: object) -> str:
            if not isinstance(value, Path):
                raise TypeError(f"{value!r} cannot be sent")
            paths.append(value)
            return f"data:video/mp4;base64,{mark}"

        texts = json.dumps(document, default=noted).encode().split(mark.encode())
        self._parts: list[bytes | Path] = [texts[0]]
        for path, text in zip(paths, texts[1:], strict=True):
            self._parts += [path, text]
        self.length = sum(len(part) if isinstance(part, bytes) else base64_length(part) for part in self._parts)

    def pieces(self) -> Iterator[bytes]:
        """Yield the content."""
        for part in self._parts:
            if isinstance(part, bytes):
                yield part
            else:
                yield from map(base64.b64encode, _file_pieces(part, _BASE64_PIECE, self._on_bytes))


def size_of(path: Path) -> int:
    """Return the length of a file, also of one that a link names."""
    return path.stat().st_size


def base64_length(path: Path) -> int:
    """Return the length of a file in base64."""
    return -(-size_of(path) // 3) * 4


def _file_pieces(path: Path, size: int, on_bytes: OnBytes) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        while piece := _read(file, size):
            on_bytes(len(piece))
            yield piece


def _read(file: Any, size: int) -> bytes:  # noqa: ANN401 - an unbuffered file
    """Read exactly ``size`` bytes, or fewer at the end."""
    piece: bytes = file.read(size)
    while 0 < len(piece) < size and (more := file.read(size - len(piece))):
        piece += more
    return piece


def save_video(pieces: Iterable[bytes], file: BinaryIO) -> bytes:
    """Write the base64 text under ``b64_video`` of a JSON answer to a file, and return the answer without it.

    Raises:
        ValueError: the text is no base64, or the rest of the answer is too long.
    """
    rest, waiting, is_inside = bytearray(), bytearray(), False
    for piece in pieces:
        waiting += piece
        if not is_inside and (found := _BEGIN.search(waiting)):
            rest += waiting[: found.end()]
            del waiting[: found.end()]
            is_inside = True
        if is_inside:
            is_inside = _write_base64(waiting, file)
        elif len(waiting) > LARGEST_REST:
            raise ValueError("the answer has more text than a video has")
    if is_inside:
        raise ValueError("the video in the answer has no end")
    return bytes(rest + waiting)


def _write_base64(waiting: bytearray, file: BinaryIO) -> bool:
    """Decode what has come; return False after the closing quote, which stays."""
    end = waiting.find(b'"')
    text = _WHITE.sub(b"", bytes(waiting if end < 0 else waiting[:end]))
    whole = len(text) if end >= 0 else len(text) // 4 * 4
    try:
        file.write(base64.b64decode(text[:whole], validate=True))
    except binascii.Error as error:
        raise ValueError("the video in the answer is no base64") from error
    waiting[:] = waiting[end:] if end >= 0 else text[whole:]
    return end < 0


def sync(file: BinaryIO) -> None:
    """Bring a file to the disk."""
    file.flush()
    os.fsync(file.fileno())
