"""Readers for the structure of picture files: one module for each format, with a ``read(source)`` that finds damage.

The readers are our own, because a decoder takes twenty times the time and accepts damage that must be found here.
"""

from __future__ import annotations

import errno
import stat
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from threading import Semaphore

from cosmos_houdini.media.sequences.formats import dpx, exr, jpeg, png, tiff
from cosmos_houdini.media.sequences.formats.source import Damaged, Source
from cosmos_houdini.model.sequence import Picture
from cosmos_houdini.text_file import half_character

__all__ = ["CHECKSUMMED", "SUFFIXES", "Damaged", "inspect", "prove"]

SUFFIXES = {
    ".png": "png",
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".exr": "exr",
    ".dpx": "dpx",
}

_READERS: dict[str, Callable[[Source], Picture]] = {
    "png": png.read,
    "jpeg": jpeg.read,
    "tiff": tiff.read,
    "exr": exr.read,
    "dpx": dpx.read,
}
# For formats where reading a whole file takes much longer than checking that nothing was cut off.
_GLANCES: dict[str, Callable[[Source], Picture]] = {"png": png.glance}
# For formats whose structure does not tell how many bytes their pixels decompress to.
_PROOFS: dict[str, Callable[[Source], None]] = {"png": png.prove, "tiff": tiff.prove}
CHECKSUMMED = frozenset(_GLANCES)
"""Formats for which ``inspect`` can leave out the checksums."""

_MAGICS: dict[str, tuple[bytes, ...]] = {
    "png": (png.MAGIC,),
    "jpeg": (jpeg.MAGIC,),
    "tiff": tiff.MAGICS,
    "exr": (exr.MAGIC,),
    "dpx": (dpx.MAGIC_BIG, dpx.MAGIC_LITTLE),
}
_LONGEST_MAGIC = 8
# A file above this size is read while no other one is, so that several threads take no more memory than one.
_LARGE_BYTES = 1 << 26
_LARGE = Semaphore(1)


def inspect(file: Path, *, checksums: bool = True) -> Picture:
    """Return the facts in the header of a picture file, after following the file's structure to its end.

    Args:
        file: the picture.
        checksums: whether to check the checksums of the pixels too, if the format has them.

    Raises:
        Damaged: the file cannot be opened, has another format than its name says, or is incomplete.
    """
    if half_character(str(file)):
        raise Damaged("has a path that is no UTF-8, which libraries for pictures do not open: rename it")
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):
            raise Damaged("is no regular file")
        with file.open("rb", buffering=0) as opened, _turn(status.st_size):
            return _read(Source(opened, status.st_size), SUFFIXES[file.suffix.lower()], checksums=checksums)
    except OSError as error:
        raise Damaged(_refusal(file, error)) from error


def prove(file: Path) -> None:
    """Decompress the pixels of a file that ``inspect`` accepts, and compare their number with the size in its header.

    This takes about as long as decoding. It is done for PNG, and for TIFF of Deflate or LZW. Decoders find too few
    pixels in the others.

    Raises:
        Damaged: there are more or fewer pixels than the size needs.
    """
    proof = _PROOFS.get(SUFFIXES[file.suffix.lower()])
    if proof is None:
        return
    try:
        with file.open("rb", buffering=0) as opened:
            size = file.stat().st_size
            with _turn(size):
                proof(Source(opened, size))
    except OSError as error:
        raise Damaged(_refusal(file, error)) from error


def _turn(size: int) -> AbstractContextManager[object]:
    return _LARGE if size > _LARGE_BYTES else nullcontext()


def _read(source: Source, expected: str, *, checksums: bool) -> Picture:
    if not source.size:
        raise Damaged("is empty (0 bytes): the render never wrote it")
    start = source.at(0, min(source.size, _LONGEST_MAGIC))
    if not start.strip(b"\0"):
        raise Damaged("begins with zeros: the disk was full or the render was cut off while writing")
    if not start.startswith(_MAGICS[expected]):
        found = next((name for name, magics in _MAGICS.items() if start.startswith(magics)), "")
        if not found and any(magic.startswith(start) for magic in _MAGICS[expected]):
            raise Damaged(f"ends after {source.size} bytes: the render was cut off while writing")
        is_what = f"is a {found.upper()} file" if found else f"is no {expected.upper()} file"
        raise Damaged(f"{is_what}, whatever its name says")
    reader = _READERS[expected] if checksums else _GLANCES.get(expected, _READERS[expected])
    return reader(source)


def _refusal(file: Path, error: OSError) -> str:
    """Return in words for a person why the system does not open a file."""
    if error.errno == errno.ENOENT and file.is_symlink():
        return f"is a link to {file.readlink()}, which does not exist"
    return f"cannot be read: {error.strerror or error}"
