"""The calls into PDG inside of Houdini; calls that no document settles are in this module alone.

PDG's Python interface is described at https://www.sidefx.com/docs/houdini/tops/pdg/. Nothing here imports it: nodes
are handed in, so that all of it runs without Houdini.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from typing import Any, Protocol


class Port(Protocol):
    """A parameter of a node (pdg.Port)."""

    def evaluateString(self, work_item: Any = ..., /) -> str: ...
    def evaluateInt(self, work_item: Any = ..., /) -> int: ...
    def evaluateFloat(self, work_item: Any = ..., /) -> float: ...


class WorkItem(Protocol):
    """A work item while its node generates (pdg.WorkItem)."""

    @property
    def index(self) -> int: ...
    def hasAttrib(self, name: str, /) -> bool: ...
    def attribValue(self, name: str, /) -> object: ...
    def setIntAttrib(self, name: str, value: int, /) -> object: ...
    def setFloatAttrib(self, name: str, value: float, /) -> object: ...
    def setStringAttrib(self, name: str, value: str, /) -> object: ...
    def setCommand(self, command: str, /) -> object: ...


class Holder(Protocol):
    """Where a node puts its new work items (pdg.WorkItemHolder)."""

    def addWorkItem(self, **options: Any) -> WorkItem: ...


class Node(Protocol):
    """A node that generates (pdg.Node)."""

    @property
    def name(self) -> str: ...
    def __getitem__(self, name: str) -> Port: ...


def add_below(holder: Holder, index: int, upstream: WorkItem | None) -> WorkItem:
    """Return a new work item that belongs to one above, whose attributes it inherits."""
    return holder.addWorkItem(index=index) if upstream is None else holder.addWorkItem(index=index, parent=upstream)


def add_below_all(holder: Holder, index: int, upstream: Sequence[WorkItem]) -> WorkItem:
    """Return a new work item that waits for all those above."""
    return holder.addWorkItem(index=index, parentArray=list(upstream)) if upstream else holder.addWorkItem(index=index)


def single_items(upstream: Sequence[WorkItem]) -> list[WorkItem]:
    """Return the work items above, those of a partition in its place: a Wait for All makes one of all."""
    found: list[WorkItem] = []
    for item in upstream:
        inside: list[WorkItem] = list(getattr(item, "partitionItems", ()) or ())
        found += inside or [item]
    return found


def attribute_names(item: WorkItem) -> list[str]:
    """Return the names of a work item's attributes."""
    names: list[str] = list(item.attribNames())  # type: ignore[attr-defined]  # as pdgjson has it; not in the protocol
    return names


def warn(node: Node, item: WorkItem, sentence: str) -> None:
    """Show a warning on a node, or where this build has no such call in the log of a work item."""
    _first(((node, "cookWarning"), (node, "addWarning"), (item, "addWarning")), sentence)


def fail(node: Node, sentence: str) -> None:
    """Show an error on a node.

    Raises:
        RuntimeError: this build has no call for it; PDG shows what a callback raises.
    """
    # The first is what SideFX's own nodes of Python call; the second is documented for C++.
    if not _first(((node, "cookError"), (node, "addError")), sentence):
        raise RuntimeError(sentence)


def command_line(argv: Sequence[str]) -> str:
    """Return a work item's command, quoted for the shell of this system.

    Paths of Windows get slashes: some schedulers split the command as a shell does, and take backslashes out.
    """
    if os.name == "nt":
        return " ".join(f'"{word.replace(chr(92), "/")}"' for word in argv)
    return shlex.join(argv)


def _first(calls: Sequence[tuple[object, str]], sentence: str) -> bool:
    for owner, name in calls:
        call = getattr(owner, name, None)
        if callable(call):
            call(sentence)
            return True
    return False
