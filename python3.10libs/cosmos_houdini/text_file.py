"""Text files that strangers wrote, read up to a limit, so that no file fills the memory.

The limits that YAML and JSON share are here too.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import BinaryIO, Final

from cosmos_houdini.errors import BadInput

MIB: Final = 1 << 20
_HALF: Final = re.compile("[\ud800-\udfff]")

DEEPEST: Final = 64
"""The most levels of mappings and lists in one another."""

LONGEST_NUMBER: Final = 100
"""The most characters of a number; Python converts up to 4300, in a time that grows with their square."""


def read_text(path: Path, limit: int) -> str:
    """Return the text of a UTF-8 file; a pipe or a device is read too, up to the limit.

    Args:
        path: the file.
        limit: the most bytes that are read.

    Raises:
        BadInput: the file does not exist, cannot be read, is longer than the limit, or is no UTF-8.
    """
    try:
        with path.open("rb") as file:
            return read_stream(file, str(path), limit)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        # BadInput is a ValueError too, and says more already.
        raise error if isinstance(error, BadInput) else BadInput(f"{str(path)!r} is no path: {error}") from error


def read_stream(stream: BinaryIO, origin: str, limit: int) -> str:
    """Return the UTF-8 text of an open stream; ``origin`` names it in errors, which are those of ``read_text``."""
    data = stream.read(limit + 1)
    if len(data) > limit:
        raise BadInput(
            f"{origin} is too long", allowed=f"at most {limit // MIB} MiB ({limit} bytes) for a file of its kind"
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(
            f"{origin} is no UTF-8: byte {error.start} is 0x{data[error.start]:02x}", action="save it as UTF-8"
        ) from error


def half_character(text: str) -> str:
    r"""Return the first surrogate of a text as ``U+D800``, which no UTF-8 can hold; empty if there is none.

    >>> half_character("a\ud800"), half_character("ä")
    ('U+D800', '')
    """
    found = _HALF.search(text)
    return f"U+{ord(found[0]):04X}" if found else ""
