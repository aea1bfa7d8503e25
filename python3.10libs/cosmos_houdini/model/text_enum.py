"""Enumerations whose members are their text."""

from __future__ import annotations

from enum import Enum


class TextEnum(str, Enum):
    """A fixed set of words: a member equals its text, and is printed and formatted as this text.

    ``enum.StrEnum`` does the same, but Houdini's Python 3.10 does not have it.

    >>> Colour = TextEnum("Colour", {"RED": "red"})
    >>> str(Colour.RED), f"{Colour.RED}", Colour.RED == "red"
    ('red', 'red', True)
    """

    def __str__(self) -> str:
        return str.__str__(self)
