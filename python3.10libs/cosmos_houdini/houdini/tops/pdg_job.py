"""A work item as its own job sees it: SideFX's job API, https://www.sidefx.com/docs/houdini/tops/jobapi.html.

The scheduler puts ``pdgjson.py`` into a folder that the job's environment names; it is imported from there and only
inside of a job. Its calls were renamed between versions, so each is looked for by its present name and its older one.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from cosmos_houdini.errors import BadInput, ToolError

Value = str | int | float


class JobItem(Protocol):
    """A work item as its job reports to it."""

    def text(self, name: str) -> str:
        """Return a text attribute."""

    def has(self, name: str) -> bool:
        """Whether there is such an attribute."""

    def set(self, name: str, value: Value | Sequence[Value]) -> None:
        """Set an attribute, in the type of its value."""

    def add_file(self, path: Path, tag: str) -> None:
        """Add an output file."""

    def progress(self, fraction: float, stage: str) -> None:
        """Show how far it is."""

    def message(self, sentence: str) -> None:
        """Write a line into the work item's log."""

    def warning(self, sentence: str) -> None:
        """Show a warning on the node, and in the log."""

    def error(self, text: str) -> None:
        """Show an error in the log."""


class PdgItem:
    """A work item behind ``pdgjson``."""

    def __init__(self, item: Any) -> None:  # noqa: ANN401 - a class of SideFX's
        self._item = item
        self._percent = -1
        self._answers = True

    @classmethod
    def of_environment(cls, environ: Mapping[str, str] | None = None) -> PdgItem:
        """Return the work item that this process is the job of.

        Raises:
            BadInput: this process is no job of a TOP network.
        """
        environ = os.environ if environ is None else environ
        folders = [Path(environ.get("PDG_SCRIPTDIR", "")), Path(environ.get("PDG_TEMP", "")) / "scripts"]
        sys.path[:0] = [str(folder) for folder in folders if (folder / "pdgjson.py").is_file()]
        try:
            pdgjson = importlib.import_module("pdgjson")
        except ImportError as error:
            raise BadInput(
                f"this is no job of a TOP network: {error}", action="cook the Cosmos node; its scheduler starts this"
            ) from error
        return cls(pdgjson.WorkItem.fromJobEnvironment())

    def text(self, name: str) -> str:
        """Return a text attribute; nothing where there is none."""
        return str(self._item.attribValue(name) or "") if self.has(name) else ""

    def has(self, name: str) -> bool:
        """Whether there is such an attribute."""
        return bool(self._item.hasAttrib(name))

    def set(self, name: str, value: Value | Sequence[Value]) -> None:
        """Set an attribute, in the type of its value."""
        first = value if isinstance(value, str | int | float) else next(iter(value), "")
        kind = "String" if isinstance(first, str) else "Int" if isinstance(first, int) else "Float"
        given = value if isinstance(value, str | int | float) else list(value)
        self._tell((f"set{kind}Attrib",), name, given)

    def add_file(self, path: Path, tag: str) -> None:
        """Add an output file."""
        self._tell(("addOutputFile", "addResultData"), path.as_posix(), tag)

    def progress(self, fraction: float, stage: str) -> None:
        """Show how far it is, as often as the percentage changes; nobody may be listening any more."""
        percent = round(100 * fraction)
        if percent == self._percent or not self._answers:
            return
        self._percent = percent
        try:
            self._call(("setCookPercent",), float(percent))
            self._call(("setCustomState",), stage)
        except Exception as error:  # noqa: BLE001 - SideFX's own; a farm's job goes on when Houdini was closed
            self._answers = False
            self.message(f"progress is not reported any more: {error}")

    def message(self, sentence: str) -> None:
        """Write a line into the work item's log."""
        self._log("addMessage", sentence)

    def warning(self, sentence: str) -> None:
        """Show a warning on the node, and in the log."""
        self._log("addWarning", sentence)
        self._call(("cookWarning",), sentence)

    def error(self, text: str) -> None:
        """Show an error in the log."""
        self._log("addError", text)

    def _tell(self, names: Sequence[str], *arguments: object) -> None:
        """Report a result.

        Raises:
            ToolError: PDG did not take it.
        """
        try:
            self._call(names, *arguments)
        except Exception as error:
            raise ToolError(
                "the results are made, and PDG does not take them",
                detail=f"{names[0]} {arguments[0]}: {error}",
                action="cook the work item again: nothing is run twice",
            ) from error

    def _call(self, names: Sequence[str], *arguments: object) -> bool:
        for name in names:
            call = getattr(self._item, name, None)
            if callable(call):
                call(*arguments)
                return True
        return False

    def _log(self, name: str, text: str) -> None:
        if not self._call((name,), text):
            sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
