"""Fits texts to Pillow's own font, which is on every system but has only the letters of ASCII."""

from __future__ import annotations

import unicodedata


def replace_undrawable(text: str) -> str:
    """Return a text in letters that the font has: without accents, and with a question mark for each other letter.

    >>> replace_undrawable("Müller: déjà vu, 雨")
    'Muller: deja vu, ?'
    """
    plain = (c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return "".join(plain).encode("ascii", "replace").decode("ascii")
