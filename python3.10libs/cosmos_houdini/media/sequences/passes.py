"""The pass that the pictures of each sequence show, found from the names of files and folders.

The evidence is weighed in this order: words that the configuration names; the pass word right before the frame number;
the word in which a name differs from another of the same shot; the pass word that ends the name of a folder. A word
anywhere else is part of a shot's name: `N010`, `vis_dev` and `edge_of_tomorrow` are shots.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from cosmos_houdini.media.sequences.pass_words import (
    PassWord,
    Words,
    bare,
    ends_name,
    find_words,
    tidy,
    without,
)
from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.sequence import Evidence

FRAME = "#"
"""Stands for the frame number in a name."""
_CAMERA = "c"
"""The colour, or the third camera: ``depth/cam_c.0001.exr``. A word in a folder's name is better evidence."""


@dataclass(frozen=True, slots=True)
class Name:
    """The name of a sequence: that of its files with ``FRAME`` for the number, and the folders down to them."""

    file: str
    folders: tuple[str, ...] = ()

    @property
    def parts(self) -> tuple[str, ...]:
        """The file's name, then the folders from the nearest to the outermost."""
        return (self.file, *reversed(self.folders))


@dataclass(frozen=True, slots=True)
class Telling:
    """The pass and the shot that a name tells.

    Attributes:
        pass_: ``Pass.UNKNOWN`` for a layer that is known to be no control; None if nothing tells a pass.
        evidence: how strong the evidence is.
        why: the evidence in words.
        shot: the name without the words that mean a pass; it may be empty.
        whole: the name with the file's own word.
    """

    pass_: Pass | None
    evidence: Evidence
    why: str
    shot: str
    whole: str


def tell(names: Sequence[Name], known: Words) -> list[Telling]:
    """Return what the names of the sequences of one search tell, in their order.

    >>> from cosmos_houdini.media.sequences.pass_words import file_words
    >>> [told] = tell([Name("sh010_zebra_beauty.#", ("renders",))], file_words({}))
    >>> str(told.pass_), told.shot
    ('color', 'renders_sh010_zebra')
    """
    by_file = [_by_own_word(name, known) for name in names]
    contrasts = _contrasts(names, by_file, known)
    return [
        told or contrasts.get(index) or _by_folder(name, known) or _untold(name, known)
        for index, (name, told) in enumerate(zip(names, by_file, strict=True))
    ]


def tell_folder(folder: str, known: Words) -> tuple[Pass | None, str]:
    """Return the pass that ends the name of a folder, or None, and the rest of the name.

    >>> from cosmos_houdini.media.sequences.pass_words import file_words
    >>> [tell_folder(name, file_words({}))[0] for name in ("sh010_depth_v2", "N010")]
    [<Pass.DEPTH: 'depth'>, None]
    """
    word = _folder_word(folder, known)
    return (word.meaning.pass_, without(folder, word)) if word else (None, tidy(folder))


def _by_own_word(name: Name, known: Words) -> Telling | None:
    """Return what the file's own name tells, or a configured word in a folder."""
    words = find_words(name.file, known)
    for place, part in enumerate(name.parts):
        configured = [word for word in (find_words(part, known) if place else words) if word.meaning.configured]
        if configured:
            why = f"'passes' names the word {configured[-1].word!r}"
            return _told(name, (place, configured[-1]), known, Evidence.NAMED, why)
    if not words or not _is_before_the_frame(name.file, words[-1]):
        return None
    if words[-1].word == _CAMERA and _by_folder(name, known):
        return None
    written = name.file[words[-1].start : words[-1].end]
    return _told(name, (0, words[-1]), known, Evidence.NAME, f"{written!r} stands before the frame number")


def _is_before_the_frame(text: str, word: PassWord) -> bool:
    if word.meaning.ordinary or not ends_name(text, word):
        return False
    # `N0001.png` may be frame 1 of the pass N or of the shot N; other files have to show which.
    is_bare_letter = len(word.word) == 1 and word.start == 0 and text[word.end : word.end + 1] == FRAME
    return not is_bare_letter


def _by_folder(name: Name, known: Words) -> Telling | None:
    for place, folder in enumerate(name.parts[1:], 1):
        word = _folder_word(folder, known)
        if word:
            return _told(name, (place, word), known, Evidence.FOLDER, f"its folder is called {folder!r}")
    return None


def _folder_word(folder: str, known: Words) -> PassWord | None:
    """Return the word that ends a folder's name; a single letter is more often that of a shot."""
    words = [word for word in find_words(folder, known) if not word.meaning.ordinary]
    last = words[-1] if words else None
    return last if last and len(last.word) > 1 and ends_name(folder, last) else None


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A word that would tell the pass of a sequence if another sequence had everything else of its name."""

    index: int
    place: int
    word: PassWord

    @property
    def pass_(self) -> Pass | None:
        return self.word.meaning.pass_


def _contrasts(names: Sequence[Name], by_file: Sequence[Telling | None], known: Words) -> dict[int, Telling]:
    """Return what names tell by differing from others in one word, such as `depth_sh010` from `beauty_sh010`.

    A control needs a colour beside it: `mask_man` and `edge_of_town` are two shots.
    """
    told: dict[str, set[tuple[int, Pass | None]]] = defaultdict(set)
    candidates: dict[str, list[_Candidate]] = defaultdict(list)
    for index, (name, own) in enumerate(zip(names, by_file, strict=True)):
        if own:
            told[own.shot].add((index, own.pass_))
            continue
        told[_shot(name, known)].add((index, None))
        for place, word in _words_to_contrast(name, known):
            candidates[_shot(name, known, cut=(place, word))].append(_Candidate(index, place, word))
    found: dict[int, Telling] = {}
    for shot, alike in candidates.items():
        for candidate in alike:
            others = {pass_ for index, pass_ in told[shot] if index != candidate.index}
            others |= {other.pass_ for other in alike if other.index != candidate.index}
            if _is_contrast(candidate.pass_, others):
                written = names[candidate.index].parts[candidate.place][candidate.word.start : candidate.word.end]
                why = f"its name differs from others of the shot by {written!r}"
                found[candidate.index] = _told(
                    names[candidate.index], (candidate.place, candidate.word), known, Evidence.NAME, why
                )
    return found


def _is_contrast(pass_: Pass | None, others: set[Pass | None]) -> bool:
    if pass_ in {Pass.COLOR, Pass.UNKNOWN}:
        return bool(others - {pass_, Pass.UNKNOWN})
    return bool(others & {None, Pass.COLOR})


def _words_to_contrast(name: Name, known: Words) -> Iterator[tuple[int, PassWord]]:
    """Yield the words of a name, with their parts.

    A single letter has to be a whole name, or to begin one before another word: `Z/plate.0001.exr`, `Z_plate.0001.exr`.
    """
    for place, part in enumerate(name.parts):
        for word in find_words(part, known):
            begins = word.start == 0 and re.match(r"[._-][^\W\d_]", part[word.end :])
            if len(word.word) > 1 or bare(part) == word.word or begins:
                yield place, word


def _told(name: Name, at: tuple[int, PassWord], known: Words, evidence: Evidence, why: str) -> Telling:
    return Telling(
        pass_=at[1].meaning.pass_,
        evidence=evidence,
        why=why,
        shot=_shot(name, known, cut=at),
        whole=_shot(name, known),
    )


def _untold(name: Name, known: Words) -> Telling:
    shot = _shot(name, known)
    return Telling(None, Evidence.NONE, "nothing in its name tells a pass", shot, shot)


def _shot(name: Name, known: Words, cut: tuple[int, PassWord] | None = None) -> str:
    """Return the folders and the name without the word of ``cut``, and without the pass words that end folders."""
    left: list[str] = []
    for place, part in enumerate(name.parts):
        if cut and place == cut[0]:
            rest = without(part, cut[1])
        else:
            rest = tell_folder(part, known)[1] if place else tidy(part)
        if rest and not any(text.startswith(rest) for text in left):
            left.append(rest)
    return "_".join(reversed(left))


def untold_whole(telling: Telling) -> Telling:
    """Return a telling whose shot keeps the file's own word, because the word is no pass here."""
    return replace(telling, shot=telling.whole)
