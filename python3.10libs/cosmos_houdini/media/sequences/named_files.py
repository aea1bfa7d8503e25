"""Files that the configuration or the user names as a pass: by a pattern, a glob, a file or a folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

from cosmos_houdini.media.sequences import pattern
from cosmos_houdini.media.sequences.files import Group, group_files, pictures_of
from cosmos_houdini.media.sequences.formats import SUFFIXES
from cosmos_houdini.media.sequences.passes import FRAME, Telling
from cosmos_houdini.media.sequences.shot_names import Named
from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.sequence import Evidence

_OF_GLOBS = frozenset("*?")


def is_file_pattern(text: str) -> bool:
    """Return whether a text names files; else it is a word, or the name of an EXR layer or channel.

    >>> [is_file_pattern(text) for text in ("zed.####.exr", "*zed*", "aux/", "P.z", "cam_dist")]
    [True, True, True, False, False]
    """
    is_folder = "/" in text or os.sep in text
    return is_folder or bool(_OF_GLOBS & set(text)) or pattern.parse(text) is not None or _ends_as_picture(text)


def split_names(names: Mapping[str, Iterable[str]]) -> tuple[dict[str, list[str]], dict[Pass, list[str]]]:
    """Return the words of each pass, and its file patterns."""
    given = {kind: list(texts) for kind, texts in names.items()}
    words = {kind: [text for text in texts if not is_file_pattern(text)] for kind, texts in given.items()}
    files = {Pass(kind): found for kind, texts in given.items() if (found := [t for t in texts if is_file_pattern(t)])}
    return words, files


def add_named_files(groups: list[Group], files: Mapping[Pass, list[str]], root: Path) -> list[Group]:
    """Return groups with those that patterns name outside of the searched path."""
    there = {(group.folder.resolve(), group.prefix, group.suffix) for group in groups}
    texts = [text for each in files.values() for text in each]
    unfound = (text for text in texts if not any(_fits(group, text, root) for group in groups))
    found = (group for text in unfound for group in _outside(text, root))
    return [*groups, *(g for g in found if (g.folder.resolve(), g.prefix, g.suffix) not in there)]


def tell_named_files(named: Iterable[Named], files: Mapping[Pass, list[str]], root: Path) -> list[Named]:
    """Return sequences with the passes that patterns give them, whatever else their names tell."""
    return [_told(sequence, files, root) for sequence in named]


def _told(sequence: Named, files: Mapping[Pass, list[str]], root: Path) -> Named:
    for pass_, texts in files.items():
        for text in texts:
            if _fits(sequence.group, text, root):
                told = sequence.telling
                shot = told.shot if told.pass_ is pass_ else told.whole
                why = f"{text!r} is named as {pass_}"
                telling = Telling(pass_, Evidence.NAMED, why, shot, told.whole)
                return replace(sequence, telling=telling, is_chosen=True)
    return sequence


def _fits(group: Group, text: str, root: Path) -> bool:
    wanted = _hashed(text)
    name = f"{group.prefix}{FRAME}{group.suffix}"
    spellings = [name, *_relative(group.folder, name, root), (group.folder / name).as_posix()]
    if any(spelling == wanted or (_OF_GLOBS & set(wanted) and fnmatchcase(spelling, wanted)) for spelling in spellings):
        return True
    return _is_one_of(group, text, root) or _is_folder(group, text, root)


def _relative(folder: Path, name: str, root: Path) -> Iterator[str]:
    path = folder.resolve() / name
    bases = (root.resolve(), Path.cwd().resolve())
    return (path.relative_to(base).as_posix() for base in bases if path.is_relative_to(base))


def _hashed(text: str) -> str:
    """Return a pattern with one FRAME for its placeholder, and with slashes."""
    text = text.replace(os.sep, "/").removeprefix("./")
    head, slash, name = text.rpartition("/")
    found = pattern.parse(name)
    return f"{head}{slash}{found.prefix}{FRAME}{found.suffix}" if found else text


def _is_one_of(group: Group, text: str, root: Path) -> bool:
    return any(
        (base / text).parent.resolve() == group.folder.resolve() and file.name == Path(text).name
        for base in (root, Path.cwd())
        for file in (group.files if _ends_as_picture(text) else ())
    )


def _is_folder(group: Group, text: str, root: Path) -> bool:
    paths = (base / text for base in (root, Path.cwd()))
    return any(path.is_dir() and path.resolve() == group.folder.resolve() for path in paths)


def _outside(text: str, root: Path) -> Iterator[Group]:
    """Yield the sequences that a pattern names by a path, from the searched folder or the working folder."""
    for base in (root, Path.cwd()):
        path = base / text
        folder = path if path.is_dir() else path.parent
        if folder.is_dir() and not _OF_GLOBS & set(path.parent.name):
            found = [group for group in group_files(folder, pictures_of(folder)) if _fits(group, text, root)]
            yield from found
            if found:
                return


def _ends_as_picture(text: str) -> bool:
    return Path(text).suffix.lower() in SUFFIXES
