"""Registries of engines, launchers and hosts: the built-in ones, registered ones, and those of other packages.

A package adds one by an entry point, whose name is the name in the registry and whose value is the thing itself::

    [project.entry-points."cosmos_houdini.launchers"]
    lsf = "studio_lsf:LAUNCHER"

A package is imported when its name is first asked for. A package that cannot be used is named once in a warning (the
logger ``cosmos_houdini``, which prints to standard error unless the program configures it) and left out.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from threading import RLock
from typing import TYPE_CHECKING, Generic, TypeVar

from cosmos_houdini.errors import BadInput, did_you_mean, one_line

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

NAME = re.compile(r"[a-z][a-z0-9]*(?:[._-][a-z0-9]+)*", re.ASCII)
"""The names that a registry takes."""
LONGEST_NAME = 40

_logger = logging.getLogger("cosmos_houdini")

T = TypeVar("T")


class Registry(Generic[T]):
    """Things of one kind by name; several threads may use it.

    Args:
        kind: the word for one of them, as in ``launcher``.
        group: the entry points of other packages, as in ``cosmos_houdini.launchers``.
        builtin: the things of this package, which need no entry point and keep their names.
        check: takes what a package offers under a name; returns it if it can be used, and raises BadInput otherwise.
    """

    def __init__(self, kind: str, *, group: str, builtin: Mapping[str, T], check: Callable[[str, object], T]) -> None:
        self.kind = kind
        self.group = group
        self._check = check
        self.builtin = tuple(builtin)
        self._known: dict[str, T] = dict(builtin)
        self._offered: dict[str, EntryPoint] | None = None
        self._lock = RLock()

    def register(self, name: str, thing: T) -> None:
        """Add a thing for the rest of this process; the same thing may be registered again.

        Raises:
            BadInput: the name is taken or cannot be a name, or the thing cannot be used.
        """
        with self._lock:
            if self._known.get(name, thing) is not thing:
                raise BadInput(f"the {self.kind} name {name!r} is taken", action="register it under another name")
            check_name(self.kind, name)
            self._known[name] = self._check(name, thing)

    def unregister(self, name: str) -> None:
        """Remove what was registered; a built-in thing stays, and an unknown name is ignored."""
        with self._lock:
            if name not in self.builtin:
                self._known.pop(name, None)

    def names(self) -> tuple[str, ...]:
        """Return the names of all that can be used, the built-in ones first; every package is imported."""
        with self._lock:
            for name in tuple(self._entry_points()):
                self._load(name)
            return tuple(self._known)

    def all(self) -> tuple[T, ...]:
        """Return all that can be used; every package is imported."""
        with self._lock:
            return tuple(self._known[name] for name in self.names())

    def find(self, name: str) -> T | None:
        """Return the thing of that name, or None where there is none; at most its own package is imported."""
        with self._lock:
            if name not in self._known:
                self._load(name)
            return self._known.get(name)

    def get(self, name: str, *, problem: str = "") -> T:
        """Return the thing of that name.

        Args:
            name: of the thing.
            problem: what the error says; ``unknown launcher 'x'`` without it.

        Raises:
            BadInput: there is none; the nearest is named.
        """
        found = self.find(name)
        if found is None:
            known = self.names()
            raise BadInput(
                problem or f"unknown {self.kind} {name!r}", allowed=", ".join(known), action=did_you_mean(name, known)
            )
        return found

    def _entry_points(self) -> dict[str, EntryPoint]:
        """Return the entry points that were not loaded yet; they are looked up once."""
        if self._offered is None:
            # Most programs ask for built-in things alone, and need not load this.
            from importlib.metadata import entry_points  # noqa: PLC0415 - see above

            self._offered = {}
            for point in sorted(entry_points(group=self.group), key=_package):
                if point.name in self.builtin:
                    self._leave_out(point, f"the name is that of a built-in {self.kind}")
                elif point.name in self._offered and point.value != self._offered[point.name].value:
                    self._leave_out(point, f"{_package(self._offered[point.name])} offers the same name")
                else:
                    self._offered.setdefault(point.name, point)
        return self._offered

    def _load(self, name: str) -> None:
        point = self._entry_points().pop(name, None)
        if point is None or name in self._known:
            return
        try:
            check_name(self.kind, name)
            self._known[name] = self._check(name, point.load())
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a package of others may raise anything
            self._leave_out(point, f"{type(error).__name__}: {error}")

    def _leave_out(self, point: EntryPoint, reason: str) -> None:
        _logger.warning("%s", one_line(f"the {self.kind} {point.name!r} of {_package(point)} is left out: {reason}"))


def is_name(name: str) -> bool:
    """Return whether a registry takes a name."""
    return len(name) <= LONGEST_NAME and NAME.fullmatch(name) is not None


def check_name(kind: str, name: str) -> None:
    """Refuse a name that no registry takes.

    Raises:
        BadInput: it is too long, or holds other characters.
    """
    if not is_name(name):
        raise BadInput(
            f"the {kind} name {name!r} cannot be used",
            allowed=f"at most {LONGEST_NAME} lower-case letters and digits, with '.', '_' and '-' between them",
        )


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.value
