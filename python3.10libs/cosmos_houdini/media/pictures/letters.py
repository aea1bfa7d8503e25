"""Texts in pictures: the font that comes with Pillow, and so is everywhere, has the letters of ASCII alone."""

from __future__ import annotations

import unicodedata


def replace_undrawable(text: str) -> str:
    """Return a text in letters that the font has: without accents, and with question marks for what is left.

    >>> replace_undrawable("Müller: déjà vu, 雨")
    'Muller: deja vu, ?'
    """
    plain = (c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return "".join(plain).encode("ascii", "replace").decode("ascii")
