"""The DialogScript of an operator: its folders and parameters.

A statement is a line: a keyword, then words, quoted texts and blocks in braces, which may go on over many lines::

    parm {
        name    "seed"
        type    integer
        default { "1" }
        range   { 0! 100 }
    }
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from support.houdini.expanded_asset.interface import Default, Dialog, Menu, Part
from support.houdini.expanded_asset.library import FormError, read_text
from support.houdini.expanded_asset.tokens import Token, tokenised

GROUPS = {"group", "groupsimple", "groupcollapsible", "groupradio", "multiparm", "multiscroll", "multiswitcher"}
MENUS = {"menu", "menureplace", "menutoggle", "menumini", "menujoin"}
CONDITIONS = {"disablewhen", "hidewhen", "disablewhentab", "hidewhentab"}
FLAGS = {"baseparm", "joinnext", "nolabel", "invisible", "invisibletab", "tabbreak", "unquoted"}
_TYPES = {
    1: "string float integer toggle ordinal button separator label image oppath oplist file directory geometry "
    "geometrydata data angle log intlog ramp_flt ramp_rgb iconstrip buttonstrip",
    2: "vector2 intvector2 uv float_minmax int_minmax",
    3: "vector intvector color direction",
    4: "vector4 color4",
}
SIZES = {name: size for size, names in _TYPES.items() for name in names.split()}
"""How many values a parameter of each type has where it has no ``size``."""

_HEAD = {"name", "script", "label", "help", "inputlabel", "outputlabel", "bindhandle", "parmtag"}
_SHADER_HEAD = {"rendermask", "shadertype", "input", "output", "inputflags", "signature", "outputoverrides", "code"}
_NAME = re.compile(r"[A-Za-z_][\w:.#]*")


Inside = TypeVar("Inside")


def read_dialog(path: Path) -> Dialog:
    """Return the dialog of a DialogScript file.

    Raises:
        FormError: with the line at which it is not of the grammar.
    """
    return _Reader(path, read_text(path)).dialog()


def read_parms(path: Path, text: str) -> tuple[Part, ...]:
    """Return the groups and parameters of a text that holds nothing else, such as a node's spare parameters.

    Raises:
        FormError: with the line at which it is not of the grammar.
    """
    reader = _Reader(path, text)
    parts = []
    while token := reader.skip_ends():
        keyword = reader.word(token, GROUPS | {"parm", "bindselector"})
        if keyword == "bindselector":
            reader.skip_statement()
        else:
            parts.append(reader.part(keyword))
    return tuple(parts)


class _Reader:
    """A recursive descent over the tokens."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._tokens = tokenised(path, text)
        self._at = 0

    def dialog(self) -> Dialog:
        """Read the whole file."""
        self._mark("{")
        head: dict[str, str] = {}
        inputs: list[str] = []
        parts: list[Part] = []
        while not (token := self._needed()).is_mark("}"):
            keyword = self.word(token, _HEAD | _SHADER_HEAD | GROUPS | {"parm"})
            if keyword in GROUPS or keyword == "parm":
                parts.append(self.part(keyword))
            elif keyword == "help":
                self._block(self._texts)
            elif keyword in {"inputlabel", "outputlabel"}:
                number, label = self._row(2)
                if keyword == "inputlabel" and int(number) != len(inputs) + 1:
                    raise self._error(f"the label of input {number} stands at place {len(inputs) + 1}")
                inputs += [label] if keyword == "inputlabel" else []
            elif keyword in {"name", "script", "label"}:
                (head[keyword],) = self._row(1)
            else:
                self.skip_statement()
        if extra := self.skip_ends():
            raise self._error(f"{extra.text!r} after the end")
        if missing := {"name", "script", "label"} - set(head):
            raise self._error(f"no {', '.join(sorted(missing))}")
        self._distinct(parts)
        return Dialog(name=head["name"], label=head["label"], inputs=tuple(inputs), parts=tuple(parts))

    def part(self, kind: str) -> Part:
        """Read a parameter or a group, whose keyword has been read."""
        part = Part(kind=kind, line=self._mark("{").line)
        while not (token := self._needed()).is_mark("}"):
            keyword = self.word(token)
            if kind != "parm" and keyword in GROUPS | {"parm"}:
                part.children.append(self.part(keyword))
            else:
                self._statement(part, keyword)
        sized = SIZES.get(part.type)
        if kind == "parm" and "baseparm" not in part.flags and sized is None:
            raise self._error(f"{part.name}: the type {part.type!r} is unknown")
        count = part.size if "size" in part.keywords else sized or 1
        if kind == "parm" and part.defaults and len(part.defaults) != count:
            raise self._error(f"{part.name}: {len(part.defaults)} defaults for {count} values")
        if not _NAME.fullmatch(part.name):
            raise self._error(f"{part.name!r} is no name")
        return part

    def _statement(self, part: Part, keyword: str) -> None:
        """Read what follows a keyword inside a parameter or group."""
        part.keywords.append(keyword)
        if keyword in FLAGS:
            part.flags.add(keyword)
            self._row(0)
        elif keyword in CONDITIONS:
            (part.conditions[keyword],) = self._row(1)
        elif keyword in MENUS:
            part.menu = self._menu(keyword)
        elif keyword in {"name", "label", "type", "help", "export"}:
            (text,) = self._row(1)
            if keyword != "export":
                setattr(part, keyword, text)
        elif keyword == "bindselector":
            self.skip_statement()
        else:
            self._values(part, keyword)

    def _values(self, part: Part, keyword: str) -> None:
        """Read the values of a parameter: how many, which, between what."""
        if keyword == "size":
            part.size = int(self._row(1)[0])
        elif keyword == "default":
            part.defaults = self._defaults(part)
        elif keyword == "range":
            low, high = self._block(self._texts)
            part.range = (low, high)
            for bound in part.range:
                self._number(bound.removesuffix("!"))
        elif keyword in {"parmtag", "grouptag"}:
            key, value = self._block(self._texts)
            part.tags[key] = value
        else:
            raise self._error(f"the keyword {keyword!r} is unknown")

    def _defaults(self, part: Part) -> tuple[Default, ...]:
        if part.kind != "parm":
            (number,) = self._row(1)
            return (Default(text=number),)
        return self._block(self._default_values)

    def _default_values(self) -> tuple[Default, ...]:
        values: list[Default] = []
        while not (token := self._needed()).is_mark("}"):
            if token.kind != "mark":
                values.append(Default(text=token.text))
            elif token.text == "[":
                text, language = self._needed(), self._needed()
                if text.kind != "quoted" or language.text not in {"hscript-expr", "python"}:
                    raise self._error(f"[ {text.text} {language.text} ] is no expression")
                self._mark("]")
                values.append(Default(text=text.text, language=language.text))
            else:
                raise self._error(f"{token.text!r} where a value was expected")
        return tuple(values)

    def _menu(self, kind: str) -> Menu:
        items: list[str] = []
        script: list[str] = []
        language = None
        if self._tokens[self._at].text == "usetokenvalue":
            kind += " usetokenvalue"
            self._at += 1
        self._mark("{")
        while not (token := self._needed()).is_mark("}"):
            if token.kind == "quoted":
                items.append(token.text)
            elif token.text == "[":
                script.append(self._needed().text)
                self._mark("]")
            elif token.text == "language":
                language = self._needed().text
            else:
                raise self._error(f"{token.text!r} in a menu")
        if len(items) % 2 or (items and script):
            raise self._error("a menu that is neither pairs of token and label nor a script")
        return Menu(
            kind=kind, items=tuple(zip(items[::2], items[1::2], strict=True)), script=tuple(script), language=language
        )

    def _number(self, text: str) -> float:
        try:
            return float(text)
        except ValueError:
            raise self._error(f"{text!r} is no number") from None

    def _texts(self) -> tuple[str, ...]:
        """Read words and quoted texts up to the closing brace."""
        found = []
        while not (token := self._needed()).is_mark("}"):
            if token.kind == "mark":
                raise self._error(f"{token.text!r} where a text was expected")
            found.append(token.text)
        return tuple(found)

    def _distinct(self, parts: Sequence[Part]) -> None:
        names: set[str] = set()
        for part in parts:
            for below in part.walk():
                if below.name in names:
                    raise FormError(f"{self._path}:{below.line}: {below.name} is there twice")
                names.add(below.name)

    def _block(self, inside: Callable[[], Inside]) -> Inside:
        self._mark("{")
        return inside()

    def _row(self, count: int) -> list[str]:
        """Read the rest of a line, which has to hold ``count`` words or quoted texts."""
        found: list[Token] = []
        while self._at < len(self._tokens) and self._tokens[self._at].kind != "end":
            found.append(self._tokens[self._at])
            self._at += 1
        if len(found) != count or any(token.kind == "mark" for token in found):
            raise self._error(f"{' '.join(token.text for token in found)!r} where {count} values were expected")
        return [token.text for token in found]

    def skip_statement(self) -> None:
        """Read over a statement that does not matter here: its line, and those that only go on with it."""
        depth = 0
        while (token := self._tokens[self._at]).kind != "end" or depth or self._goes_on():
            depth += {"{": 1, "}": -1}.get(token.text, 0) if token.kind == "mark" else 0
            self._at += 1

    def _goes_on(self) -> bool:
        """Whether the next line cannot begin a statement: it starts with a brace, a quotation mark or a number."""
        following = (token for token in self._tokens[self._at :] if token.kind != "end")
        token = next(following, Token("}", "mark", 0))
        return token.kind == "quoted" or token.text == "{" or (token.kind == "word" and token.text[0].isdigit())

    def word(self, token: Token, allowed: set[str] | None = None) -> str:
        """Return the keyword that a token is."""
        if token.kind != "word" or (allowed is not None and token.text not in allowed):
            raise self._error(f"{token.text!r} where a keyword was expected")
        return token.text

    def skip_ends(self) -> Token | None:
        """Return the next token that is no line's end; None where nothing follows."""
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            self._at += 1
            if token.kind != "end":
                return token
        return None

    def _needed(self) -> Token:
        token = self.skip_ends()
        if token is None:
            raise self._error("the file ends in the middle")
        return token

    def _mark(self, text: str) -> Token:
        token = self._needed()
        if token.kind != "mark" or token.text != text:
            raise self._error(f"{token.text!r} where {text} was expected")
        return token

    def _error(self, sentence: str) -> FormError:
        line = self._tokens[min(self._at, len(self._tokens)) - 1].line if self._tokens else 1
        return FormError(f"{self._path}:{line}: {sentence}")
