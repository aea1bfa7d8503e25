"""Names for folders, jobs, containers and clusters, made from names that a person chose."""

from __future__ import annotations

import hashlib
import re
import unicodedata

LONGEST = 60
_DIGITS = 6


def portable_name(text: str) -> str:
    """Return a text with only characters that every file system takes; empty if the text has none of them.

    Different texts in another alphabet would become the same name, so a few digits of their hash follow.

    >>> portable_name("sh 010 (v2)"), portable_name("größe"), portable_name("镜头")
    ('sh_010_v2', 'gr_e_d353a2', 'bec5dd')
    """
    # File names come in another form from a Mac.
    text = unicodedata.normalize("NFC", text)
    kept = re.sub(r"[^A-Za-z0-9_-]+", "_", text).strip("_-")
    if text.isascii():
        return kept[:LONGEST]
    digits = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
    return f"{kept[: LONGEST - _DIGITS - 1]}_{digits}".lstrip("_")
