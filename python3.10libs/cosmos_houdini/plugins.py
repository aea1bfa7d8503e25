"""Registries of engines, launchers and hosts: built-in ones, registered ones, and those of other packages.

A package adds an object with an entry point. The entry point's name is the name in the registry, and its value is the
object itself::

    [project.entry-points."cosmos_houdini.launchers"]
    lsf = "studio_lsf:LAUNCHER"

A package is imported when its name is first requested. A package that cannot be used is left out, with one warning from
the logger ``cosmos_houdini``. This logger prints to standard error unless the program configures it.
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
"""The names that a registry accepts."""
LONGEST_NAME = 40

_logger = logging.getLogger("cosmos_houdini")

T = TypeVar("T")


class Registry(Generic[T]):
    """A registry of objects of one kind by name; several threads may use it.

    Args:
        kind: the word for one object, such as ``launcher``.
        group: the group of entry points of other packages, such as ``cosmos_houdini.launchers``.
        builtin: the objects of this package, which need no entry point; no other object can take their names.
        check: takes a name and the object that a package offers for it; returns the object if it can be used, and
            raises BadInput otherwise.
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
        """Add an object for the rest of this process; registering the same object again is allowed.

        Raises:
            BadInput: the name is taken or invalid, or the object cannot be used.
        """
        with self._lock:
            if self._known.get(name, thing) is not thing:
                raise BadInput(f"the {self.kind} name {name!r} is taken", action="register it under another name")
            check_name(self.kind, name)
            self._known[name] = self._check(name, thing)

    def unregister(self, name: str) -> None:
        """Remove a registered object; a built-in object stays, and an unknown name is ignored."""
        with self._lock:
            if name not in self.builtin:
                self._known.pop(name, None)

    def names(self) -> tuple[str, ...]:
        """Import every package and return the names of all usable objects, the built-in ones first."""
        with self._lock:
            for name in tuple(self._entry_points()):
                self._load(name)
            return tuple(self._known)

    def all(self) -> tuple[T, ...]:
        """Import every package and return all usable objects."""
        with self._lock:
            return tuple(self._known[name] for name in self.names())

    def find(self, name: str) -> T | None:
        """Return the object with this name, or None if there is none; import at most the package that offers it."""
        with self._lock:
            if name not in self._known:
                self._load(name)
            return self._known.get(name)

    def get(self, name: str, *, problem: str = "") -> T:
        """Return the object with this name.

        Args:
            name: the name of the object.
            problem: the text of the error; if empty, the error says, for example, ``unknown launcher 'x'``.

        Raises:
            BadInput: no object has this name; the error suggests the closest name.
        """
        found = self.find(name)
        if found is None:
            known = self.names()
            raise BadInput(
                problem or f"unknown {self.kind} {name!r}", allowed=", ".join(known), action=did_you_mean(name, known)
            )
        return found

    def _entry_points(self) -> dict[str, EntryPoint]:
        """Return the entry points that are not loaded yet; look them up only once."""
        if self._offered is None:
            # Most programs use only built-in objects and do not need this import.
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
    """Return whether a registry accepts a name."""
    return len(name) <= LONGEST_NAME and NAME.fullmatch(name) is not None


def check_name(kind: str, name: str) -> None:
    """Refuse a name that no registry accepts.

    Raises:
        BadInput: the name is too long, or contains characters that are not allowed.
    """
    if not is_name(name):
        raise BadInput(
            f"the {kind} name {name!r} cannot be used",
            allowed=f"at most {LONGEST_NAME} lower-case letters and digits, with '.', '_' and '-' between them",
        )


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.value
