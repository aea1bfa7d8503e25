"""Parts of a dialog: groups of parameters, and parameters with defaults and menus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Default:
    """One value; ``language`` names the one in which it is an expression."""

    text: str
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """A menu: its items as token and label, or the script that makes them."""

    kind: str
    items: tuple[tuple[str, str], ...] = ()
    script: tuple[str, ...] = ()
    language: str | None = None


@dataclass(slots=True, kw_only=True)
class Part:
    """A parameter, or a group with its children; ``line`` is where it begins."""

    kind: str
    line: int
    name: str = ""
    label: str = ""
    type: str = ""
    size: int = 1
    help: str = ""
    defaults: tuple[Default, ...] = ()
    menu: Menu | None = None
    range: tuple[str, str] | None = None
    conditions: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)
    keywords: list[str] = field(default_factory=list)
    children: list[Part] = field(default_factory=list)

    def walk(self) -> Iterator[Part]:
        """Yield this part and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialog:
    """The whole of a DialogScript."""

    name: str
    label: str
    inputs: tuple[str, ...]
    parts: tuple[Part, ...]

    def all(self) -> Iterator[Part]:
        """Yield every group and parameter, in the order of the file."""
        for part in self.parts:
            yield from part.walk()

    def parms(self) -> dict[str, Part]:
        """Return the parameters, and the groups that have a value of their own, by name."""
        return {part.name: part for part in self.all() if part.kind == "parm" or part.kind.startswith("multi")}
