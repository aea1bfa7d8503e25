"""Text of models, scenes and people as plain words of a prompt."""

from __future__ import annotations

import re

LONGEST_NAME = 60
LONGEST_CAPTION = 4000

_SPACE = re.compile(r"\s+")
_NOT_WORDS = re.compile(r"[_\-.:|]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
# Endings by which artists mark what a node is, which no viewer sees.
_ENDINGS = re.compile(r"(?i)\b(?:geo|grp|group|mesh|shape|out|obj|model|lod ?\d*|v?\d+)\b")


def plain_text(text: str, longest: int = LONGEST_CAPTION) -> str:
    r"""Return a text on one line without control characters; it cannot be taken for JSON or for Markdown fences.

    >>> plain_text("a  red\nball"), plain_text('```{"a": 1}')
    ('a red ball', '"a": 1}')
    """
    shown = "".join(c if c.isprintable() else " " for c in text)
    return _SPACE.sub(" ", shown).strip().lstrip("{[`~ ")[:longest].rstrip()


def spoken_name(name: str) -> str:
    """Return the name of a node, object or material as words; empty for a name that holds none, such as an id.

    >>> spoken_name("/set/oldTower_geo_01"), spoken_name("1024"), spoken_name("255,0,7")
    ('old tower', '', '')
    """
    tail = name.rstrip("/").rpartition("/")[2]
    words = _CAMEL.sub(" ", _NOT_WORDS.sub(" ", plain_text(tail, LONGEST_NAME)))
    words = re.sub(r"(?<=[A-Za-z])\d+\b", "", words)
    kept = _SPACE.sub(" ", _ENDINGS.sub(" ", words)).strip(" ,").lower()
    return kept if any(c.isalpha() for c in kept) else ""


def spoken_list(words: list[str]) -> str:
    """Return words as a list in a sentence.

    >>> spoken_list(["a tower"]), spoken_list(["a tower", "a wall", "rain"])
    ('a tower', 'a tower, a wall and rain')
    """
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""
