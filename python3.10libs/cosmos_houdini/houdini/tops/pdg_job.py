"""A work item as its own job sees it: SideFX's job API, https://www.sidefx.com/docs/houdini/tops/jobapi.html.

The scheduler puts ``pdgjson.py`` into a folder that the job's environment names; it is imported from there and only
inside of a job. Its calls were renamed between versions, so each is looked for by its present name and its older one.

A call that the result server does not take may raise, or count up ``pdgcmd.rpc_num_errors`` alone: files are told
without an error. After some such calls ``pdgcmd`` drops all further ones without a word. So every call is checked by
that count.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from cosmos_houdini.errors import BadInput, ToolError

PERCENT_STEP, FULL = 5, 100

Value = str | int | float


class JobItem(Protocol):
    """A work item as its job reports to it."""

    def text(self, name: str) -> str:
        """Return a text attribute."""

    def has(self, name: str) -> bool:
        """Whether there is such an attribute."""

    def localize(self, path: str) -> str:
        """Return a path as it is on this machine."""

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
    """A work item behind ``pdgjson``.

    Args:
        item: a ``pdgjson.WorkItem``.
        pdgcmd: the module of its calls; it counts those that failed.
    """

    def __init__(self, item: Any, pdgcmd: Any = None) -> None:  # noqa: ANN401 - both are SideFX's
        self._item = item
        self._pdgcmd = pdgcmd
        self._shown: tuple[int, str] = (-PERCENT_STEP, "")
        self._answers = True

    @classmethod
    def of_environment(cls, environ: Mapping[str, str] | None = None) -> PdgItem:
        """Return the work item that this process is the job of.

        Raises:
            BadInput: this process is no job of a TOP network.
        """
        environ = os.environ if environ is None else environ
        # A farm writes them in terms of other variables.
        scripts, temp = (Path(os.path.expandvars(environ.get(name, ""))) for name in ("PDG_SCRIPTDIR", "PDG_TEMP"))
        sys.path[:0] = [str(folder) for folder in (scripts, temp / "scripts") if (folder / "pdgjson.py").is_file()]
        try:
            pdgjson = importlib.import_module("pdgjson")
        except (ImportError, NameError) as error:
            # A pdgjson.py without a pdgcmd.py beside it ends in a NameError.
            raise BadInput(
                f"this is no job of a TOP network: {error}", action="cook the Cosmos node; its scheduler starts this"
            ) from error
        try:
            item = pdgjson.WorkItem.fromJobEnvironment(expand_strings=False)
        except (OSError, KeyError, ValueError) as error:
            raise BadInput(
                f"the work item's own file cannot be read: {error}",
                action="look whether this machine reaches $PDG_TEMP, the working folder of the network's scheduler",
            ) from error
        return cls(item, getattr(pdgjson, "pdgcmd", None))

    def text(self, name: str) -> str:
        """Return a text attribute; nothing where there is none."""
        return str(self._item.attribValue(name) or "") if self.has(name) else ""

    def has(self, name: str) -> bool:
        """Whether there is such an attribute."""
        return bool(self._item.hasAttrib(name))

    def localize(self, path: str) -> str:
        """Return a path as it is on this machine: tokens, variables and path maps of PDG replaced."""
        localize = getattr(self._item, "localizePath", None)
        return str(localize(path)) if callable(localize) else path

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
        """Show how far it is, in steps, and a stage when it changes: each call may start a process, and is logged."""
        percent, shown = self._shown
        now = round(100 * fraction)
        if not self._answers:
            return
        calls: list[tuple[str, float | str]] = []
        if abs(now - percent) >= PERCENT_STEP or (now == FULL and percent != FULL):
            calls.append(("setCookPercent", float(now)))
            percent = now
        if stage != shown:
            calls.append(("setCustomState", stage))
        self._shown = (percent, stage)
        for name, value in calls:
            if self._find((name,)) is None:
                # A version that does not show it loses nothing.
                continue
            refusal = self._refusal((name,), value)
            if refusal:
                # A farm's job goes on when Houdini was closed. Further failures would use up what the results need.
                self._answers = False
                self.message(f"progress is not reported any more: {refusal}")
                return

    def message(self, sentence: str) -> None:
        """Write a line into the work item's log."""
        self._log("addMessage", sentence)

    def warning(self, sentence: str) -> None:
        """Show a warning in the log, and on the node where the result server answers."""
        self._log("addWarning", sentence)
        if refusal := self._refusal(("cookWarning",), sentence):
            self.message(f"the node does not show this warning: {refusal}")

    def error(self, text: str) -> None:
        """Show an error in the log."""
        self._log("addError", text)

    def _tell(self, names: Sequence[str], *arguments: object) -> None:
        """Report a result.

        Raises:
            ToolError: PDG did not take it.
        """
        if refusal := self._refusal(names, *arguments):
            raise ToolError(
                "the results are made, and PDG does not take them",
                detail=f"{names[0]} {arguments[0]}: {refusal}",
                action="see whether Houdini still runs and this machine reaches it; cook again: nothing is run twice",
            )

    def _refusal(self, names: Sequence[str], *arguments: object) -> str:
        """Make a call and return why the result server did not take it, or nothing."""
        before = self._failures()
        limit = getattr(self._pdgcmd, "max_rpc_errors", None)
        if limit is not None and before >= limit:
            return f"{before} calls to the result server have failed, and all further ones are dropped"
        call = self._find(names)
        if call is None:
            return f"the job API of this Houdini has no {' or '.join(names)}"
        try:
            call(*arguments)
        except Exception as error:  # noqa: BLE001 - SideFX's own; which ones is written nowhere
            return str(error) or type(error).__name__
        return "the result server does not answer" if self._failures() > before else ""

    def _failures(self) -> int:
        return int(getattr(self._pdgcmd, "rpc_num_errors", 0))

    def _find(self, names: Sequence[str]) -> Callable[..., object] | None:
        """Return the first of these calls that the job API has."""
        return next((call for name in names if callable(call := getattr(self._item, name, None))), None)

    def _log(self, name: str, text: str) -> None:
        if call := self._find((name,)):
            call(text)
        else:
            sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
