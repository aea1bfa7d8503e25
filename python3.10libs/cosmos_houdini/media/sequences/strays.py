"""Files that lie beside the frames of a sequence and are none: copies, and files that a program has not finished."""

from __future__ import annotations

import re
from dataclasses import dataclass

_COPY_WORDS = (
    "copy|kopie|copie|copia|cópia|kopia|kopio|kopi|kópia|kopija|kopya|másolat|kopírovat|αντίγραφο|копия|копія|копие|"
    "kopiuj|コピー|副本|複製|拷贝|拷貝|복사본|사본|สำเนา|bản sao|salinan|नकल|نسخة|نسخه|עותק"
)
_COUNT = r"(?:[ _]?\(?[0-9]{1,3}\)?)?"
_BEFORE = "copy of|kopie von|copie de|copia de|copia di|cópia de|kopia av|kopia|kopi af|kopi av|kopie van|kopia pliku"
# Each matches the part of a file's name, without its ending, that a copy has and its original lacks.
_OF_COPIES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\.sync-conflict-[0-9A-Za-z-]+$",
        rf"\s*[-\u2013_]\s*(?:{_COPY_WORDS}){_COUNT}$",  # Windows: `a.0003 - Copy (2)`
        rf"\s+(?:{_COPY_WORDS}){_COUNT}$",  # macOS: `a.0003 copy 2`
        rf"\s*\((?:[^()]*[\W_])?(?:{_COPY_WORDS})(?:[\W_][^()]*)?\)$",  # GNOME, KDE, Dropbox: `a.0003 (another copy)`
        rf"^(?:{_BEFORE})\s+(?:\([0-9]+\)\s*)?",  # Windows of old: `Copy (2) of a.0003`
        r"^copy \([0-9]+\) of\s+",
        r"\s*の\s*コピー\s*[0-9]*$",
        r"\s*\([0-9]{1,3}\)$",  # browsers, cloud drives: `a.0003 (1)`
        r"\s*\[[0-9]{1,3}\]$",
        r"[ ._-]?\(?(?:case )?conflict(?:ed)?\b.*$",
    )
)
_OF_BACKUPS = (re.compile(r"[._-]bak[0-9]*$|~[0-9]*$|[._-](?:backup|orig)$", re.IGNORECASE),)
# Redshift writes `rs_tmp_NAME` and `NAME.rstmp`, Mantra `NAME.mantra_checkpoint`; downloads are `.part` or `.partial`.
_UNFINISHED_WORDS = (
    "tmp|temp|rstmp|rs_tmp|part|partial|filepart|checkpoint|mantra_checkpoint|incomplete|unfinished|crdownload|"
    "download|inprogress|in_progress|rendering|writing|lock"
)
_UNFINISHED = (
    re.compile(r"^rs_tmp_|^~\$?", re.IGNORECASE),
    re.compile(rf"(?<=.)\.(?:{_UNFINISHED_WORDS})(?=[._-]|[0-9]*$)", re.IGNORECASE),
)
# With other separators the words may be part of a shot's name, unless the frame without them is there as well.
_PERHAPS_UNFINISHED = (
    re.compile(r"^(?:tmp|temp)[_-]", re.IGNORECASE),
    re.compile(rf"(?<=.)[_-](?:{_UNFINISHED_WORDS})(?=[._-]|[0-9]*$)", re.IGNORECASE),
)


@dataclass(frozen=True, slots=True)
class Stray:
    """A file that is probably no frame.

    Attributes:
        original: the name of the file that it is a copy of, or that it was going to be.
        reason: what it is, as the end of a sentence that begins with "left aside:".
        is_sure: whether the name says so by itself; else only beside the frames of the original's sequence.
    """

    original: str
    reason: str
    is_sure: bool


def stray(name: str) -> Stray | None:
    """Return what a file is if its name is that of a copy or of an unfinished file, else None.

    >>> stray("a.0003 - Copy.png").original, stray("rs_tmp_a.0003.exr").original, stray("a.0003.exr")
    ('a.0003.png', 'a.0003.exr', None)
    """
    stem, dot, suffix = name.rpartition(".")
    unfinished = "not finished by the program that writes it"
    kinds = (
        (_UNFINISHED, unfinished, True),
        (_OF_COPIES, "a copy", False),
        (_OF_BACKUPS, "a backup", True),
        (_PERHAPS_UNFINISHED, unfinished, False),
    )
    for patterns, reason, is_sure in kinds:
        for pattern in patterns:
            if found := pattern.search(stem):
                original = stem[: found.start()] + stem[found.end() :] + dot + suffix
                return Stray(original, reason, is_sure=is_sure)
    return None
