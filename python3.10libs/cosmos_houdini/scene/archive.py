"""A scene file as a list of named entries; only the requested entries are read.

A ``.hip`` is a cpio archive, which the module ``cpio`` reads. A ``.hiplc`` or ``.hipnc`` has a format of its own, which
the module ``limited`` reads.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.scene import License
from cosmos_houdini.scene import cpio, limited
from cosmos_houdini.scene.entry import Entry

BODY_LIMIT = 8 << 20
"""The most bytes of one entry that are read; the parameters of a node take about ten thousand."""


class Archive:
    """An open scene file; made by :func:`open_archive`."""

    def __init__(self, file: BinaryIO, path: Path, size: int, license_: License) -> None:
        self.path = path
        self.license = license_
        self._file = file
        self._size = size

    def entries(self) -> Iterator[Entry]:
        """Yield every entry in the order of the file; bodies may be read in between.

        Raises:
            BadInput: the file is cut off or its headers are wrong; the error names the offset.
        """
        if self.license is License.COMMERCIAL:
            return cpio.entries(self._file, self.path, self._size)
        return limited.entries(self._file, self.path, self._size)

    def text(self, entry: Entry) -> str:
        """Return the body of an entry; bytes that are no UTF-8 are replaced.

        Raises:
            BadInput: the body is longer than BODY_LIMIT, or holds the header of another entry.
        """
        if entry.size > BODY_LIMIT:
            raise BadInput(
                f"{self.path}: entry {entry.name!r} at byte {entry.offset} is {entry.size} bytes long",
                allowed=f"at most {BODY_LIMIT} for an entry of its kind",
                action="save the scene again from Houdini",
            )
        self._file.seek(entry.offset)
        body = self._file.read(entry.size)
        if self.license is License.COMMERCIAL and (inside := cpio.find_header(body)) is not None:
            # The size reaches over the next entries, which would be lost without notice.
            raise BadInput(
                f"{self.path}: entry {entry.name!r} claims {entry.size} bytes, and another entry begins at byte "
                f"{entry.offset + inside}: sizes in the file contradict each other",
                action="copy it again, or save the scene again from Houdini",
            )
        return body.decode("utf-8", "replace")


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open a scene file for reading.

    Raises:
        BadInput: there is no such file, this user may not read it, or it is no scene.
    """
    try:
        if path.exists() and not path.is_file():
            raise BadInput(f"{path} is a {'folder' if path.is_dir() else 'device'}, not a scene", action=_NAME_A_FILE)
        file = path.open("rb")
    except FileNotFoundError as error:
        raise BadInput(f"there is no scene {path}", action=_NAME_A_FILE) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        action = "give yourself the right to read it" if getattr(error, "errno", None) == errno.EACCES else ""
        raise BadInput(f"scene {path} cannot be opened: {reason}", action=action) from error
    with file:
        size = file.seek(0, 2)
        file.seek(0)
        yield Archive(file, path, size, _license(file.read(len(cpio.MAGIC)), path, size))


_NAME_A_FILE = "name a .hip, .hiplc or .hipnc file"


def _license(magic: bytes, path: Path, size: int) -> License:
    """Return the licence class that the first bytes of a file mean."""
    if magic == cpio.MAGIC:
        return License.COMMERCIAL
    if magic in limited.LICENSES:
        return limited.LICENSES[magic]
    if size == 0:
        raise BadInput(f"{path} is empty (0 bytes)", action="save the scene again from Houdini")
    if magic[:4] == b"INDX":
        raise BadInput(f"{path} is a digital asset library (HDA), not a scene", action="name the scene that uses it")
    if cpio.MAGIC.startswith(magic) or any(known.startswith(magic) for known in limited.LICENSES):
        raise BadInput(f"{path} is cut off after {size} bytes", action="save the scene again from Houdini")
    raise BadInput(
        f"{path} is no Houdini scene: it begins with {magic.decode('latin-1')!r}",
        allowed=".hip, .hiplc or .hipnc as Houdini saves them",
    )
