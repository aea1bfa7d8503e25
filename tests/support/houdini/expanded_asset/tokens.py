r"""The words of a DialogScript.

A quoted text knows ``\"``, ``\\``, ``\n`` and ``\t``; ``#`` begins a comment that goes on to the end of its line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from support.houdini.expanded_asset.library import FormError

_TOKEN = re.compile(
    r"(?P<blank>[ \t\r]+|#[^\n]*|/\*.*?\*/)|(?P<end>\n)|(?P<mark>[{}\[\]])"
    r'|"(?P<quoted>[^"\\]*(?:\\.[^"\\]*)*)"|(?P<word>[^\s{}\[\]"]+)',
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t"}


@dataclass(frozen=True, slots=True)
class Token:
    """A ``word``, a ``quoted`` text, a ``mark`` (brace or bracket), or the ``end`` of a line."""

    text: str
    kind: str
    line: int

    def is_mark(self, text: str) -> bool:
        """Whether it is this brace or bracket."""
        return self.kind == "mark" and self.text == text


def tokenised(path: Path, text: str) -> list[Token]:
    """Return the tokens of a text.

    Raises:
        FormError: a quotation mark is not closed.
    """
    tokens: list[Token] = []
    at, line = 0, 1
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match:
            raise FormError(f"{path}:{line}: {text[at : at + 20]!r} is no token")
        kind = match.lastgroup or ""
        if kind != "blank":
            tokens.append(Token(_unescaped(match[kind]) if kind == "quoted" else match[kind], kind, line))
        line += match[0].count("\n")
        at = match.end()
    return tokens


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda escape: _ESCAPES.get(escape[1], escape[1]), text)
