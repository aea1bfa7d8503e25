"""The renders below a watched folder: which files there are, and which shots they belong to."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.sequences.discover import Unverified, find_sequences
from cosmos_houdini.media.sequences.formats import SUFFIXES
from cosmos_houdini.media.sequences.named_files import split_names
from cosmos_houdini.media.sequences.pass_words import file_words
from cosmos_houdini.media.sequences.passes import tell_folder
from cosmos_houdini.media.videos.metadata import FILE_NAME
from cosmos_houdini.model.names import portable_name
from cosmos_houdini.model.project_folders import RESULTS

PassNames = Mapping[str, Iterable[str]]
Stat = tuple[int, int]
"""Size in bytes, and time of the last change in nanoseconds."""

Folders = Mapping[Path, Mapping[str, Stat]]
"""The files of each folder, by name."""

OWN_FOLDERS = frozenset({RESULTS, ".cosmos"})
_VERSION = re.compile(r"(?:v|ver|version|take|tk)[_-]?\d+", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedShot:
    """A shot whose frames lie in a watched folder, finished or not.

    Attributes:
        folder: holds its files, or the folders of its passes.
        shot: the name that its files share; empty if they have none.
        sequences: one for each pass, unverified.
        stats: of the files of its sequences.
    """

    folder: Path
    shot: str
    sequences: tuple[Unverified, ...]
    stats: Mapping[Path, Stat]

    @property
    def key(self) -> str:
        """The identity of the shot in the ledger."""
        return f"{self.folder}|{self.shot}"

    @property
    def name(self) -> str:
        """A name for files and folders: that of the files, with the version that only the folder's name has.

        A folder such as ``v003`` is a version of the folder above it.
        """
        own, above = self.shot, self.folder
        if _VERSION.fullmatch(above.name) and above.name.lower() not in own.lower():
            own = f"{own or above.parent.name}_{above.name}"
        elif _VERSION.fullmatch(own):
            own = f"{above.parent.name}_{own}"
        return portable_name(own or above.name) or "shot"

    def is_unchanged(self) -> bool:
        """Whether all files are as they were when the shot was found."""
        try:
            return all((stat.st_size, stat.st_mtime_ns) == seen for stat, seen in self._stats_now())
        except OSError:
            return False

    def _stats_now(self) -> Iterable[tuple[os.stat_result, Stat]]:
        return ((path.stat(), seen) for path, seen in self.stats.items())

    @property
    def fingerprint(self) -> str:
        """A hash of the names, sizes and times of all frames: it changes when one frame is rendered again."""
        digest = hashlib.sha256()
        for path in sorted(self.stats):
            size, changed = self.stats[path]
            digest.update(f"{path.relative_to(self.folder).as_posix()}\0{size}\0{changed}\n".encode())
        return digest.hexdigest()


def list_folders(root: Path) -> Folders:
    """Return the files of a folder and of every folder below it, except of results, videos and hidden folders.

    Raises:
        OSError: the folder itself cannot be read. A folder below that vanishes meanwhile has no files.
    """
    found: dict[Path, dict[str, Stat]] = {}
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        files: dict[str, Stat] = {}
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_dir():
                        if entry.name not in OWN_FOLDERS and not entry.name.startswith("."):
                            waiting.append(folder / entry.name)
                    elif (stat := _stat(entry)) is not None:
                        files[entry.name] = stat
        except OSError:
            if folder == root:
                raise
        if files and FILE_NAME not in files:
            found[folder] = files
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How folders below the watched ones hold shots.

    Attributes:
        roots: the watched folders; files are looked for in no folder above them.
        names: further words that mark a pass.
    """

    roots: frozenset[Path]
    names: PassNames

    def unit(self, folder: Path) -> Path:
        """Return the folder of the shot whose pass a folder holds, or the folder itself."""
        words = file_words(split_names(self.names)[0])
        while folder not in self.roots and tell_folder(folder.name, words)[0] is not None:
            folder = folder.parent
        return folder

    def units(self, folders: Folders) -> set[Path]:
        """Return the folders that hold shots: one that is named after a pass belongs to the folder above it."""
        return {self.unit(folder) for folder, files in folders.items() if any(map(_is_picture, files))}


def find_shots(unit: Path, folders: Folders, layout: Layout) -> list[RenderedShot]:
    """Return the shots of one folder, and of the folders of passes in it."""
    try:
        sequences = find_sequences(unit, layout.names)
    except BadInput:
        return []
    by_shot: dict[str, list[Unverified]] = {}
    for sequence in sequences:
        if layout.unit(sequence.frames[0].file.parent) == unit:
            by_shot.setdefault(sequence.shot, []).append(sequence)
    shots = []
    for shot, members in by_shot.items():
        files = [frame.file for sequence in members for frame in sequence.frames]
        stats = {file: folders.get(file.parent, {}).get(file.name, (0, 0)) for file in files}
        shots.append(RenderedShot(folder=unit, shot=shot, sequences=tuple(members), stats=stats))
    return shots


def _stat(entry: os.DirEntry[str]) -> Stat | None:
    try:
        found = entry.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def _is_picture(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in SUFFIXES and not name.startswith(".")  # noqa: PTH122 - 10,000 names
