"""The work items of a TOP network after a cook, as PDG describes them (https://www.sidefx.com/docs/houdini/tops/pdg/)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any
from urllib.parse import urlparse
from urllib.request import url2pathname

import hou

from cosmos_houdini.houdini.tops.work_order import ATTRIBUTE, WorkOrder

_COOKED = {"CookedSuccess": "cooked", "CookedCache": "cooked"}
_OTHER = {"CookedFail": "failed", "CookedCancel": "cancelled"}
UNCOOKED = "not cooked"
_LOG_END_BYTES = 65536
_TIME = r"(?:\[[\d:.]+\] )?"
_ERROR = re.compile(rf"{_TIME}ERROR: ")
# The next line of the job API, or the place of the worker's log, which is told at the end of an error.
_AFTER = re.compile(r"\[[\d:.]+\] |Everything")


@dataclass(frozen=True, slots=True, kw_only=True)
class CookedItem:
    """One work item after a cook.

    Attributes:
        node: the name of its node.
        name: its own.
        state: ``cooked``, ``failed``, ``cancelled`` or ``not cooked``.
        outputs: the paths of its output files.
        log: what its job printed, where its scheduler keeps that in a file of this machine.
        order: what it asks, if it is one of ours.
    """

    node: str
    name: str
    state: str
    outputs: tuple[str, ...] = ()
    log: Path | None = None
    order: WorkOrder | None = None

    @property
    def is_cooked(self) -> bool:
        """Whether it is done."""
        return self.state == "cooked"

    @property
    def has_failed(self) -> bool:
        """Whether its job failed; one that was not begun because another failed has not."""
        return self.state == "failed"

    @property
    def sentence(self) -> str:
        """The item, why it failed, and where its log is."""
        text = f"{self.node}: work item {self.name} {self.state}"
        if self.log is None or not self.log.is_file():
            return text
        with self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - _LOG_END_BYTES))
            cause = find_cause(file.read().decode("utf-8", "replace"))
        return f"{text}: {cause} (log: {self.log})" if cause else f"{text} (log: {self.log})"


def find_cause(log: str) -> str:
    r"""Return why a work item failed, from the text of its log: the last error that its job wrote, else the last line.

    >>> find_cause("[10:00:00.000] ERROR: The command failed: CUDA out of memory\nretry\nEverything: a.log\nbye")
    'The command failed: CUDA out of memory; retry'
    """
    lines = [line.strip() for line in log.split("\n")]
    starts = [index for index, line in enumerate(lines) if _ERROR.match(line)]
    if not starts:
        return next((line for line in reversed(lines) if line), "")
    first, *rest = lines[starts[-1] :]
    told = [_ERROR.sub("", first), *takewhile(lambda line: line and not _AFTER.match(line), rest)]
    return "; ".join(told)


def find_context(node: hou.TopNode) -> Any:  # noqa: ANN401 - pdg has no stubs
    """Return the graph context of a node's network (pdg.GraphContext); None before it was cooked."""
    import pdg  # type: ignore[import-not-found]  # noqa: PLC0415 - no stubs; loaded by Houdini when something cooks

    return pdg.GraphContext.byName(node.getPDGGraphContextName() or "")


def has_ended(node: hou.TopNode) -> bool:
    """Whether every work item of a node's network has been cooked, or has failed; False where there is none."""
    context = find_context(node)
    items = [item for each in context.graph.nodes() for item in each.workItems] if context else []
    return bool(items) and all(str(item.state).rpartition(".")[2] in {*_COOKED, *_OTHER} for item in items)


def read_cooked_items(node: hou.TopNode) -> list[CookedItem]:
    """Return all work items of a node's network, those of one node after another."""
    context = find_context(node)
    return [item for each in context.graph.nodes() for item in _items(each)] if context else []


def _items(node: Any) -> Iterator[CookedItem]:  # noqa: ANN401 - pdg has no stubs
    for item in node.workItems:
        state = str(item.state).rpartition(".")[2]
        yield CookedItem(
            node=node.name,
            name=item.name,
            state=_COOKED.get(state) or _OTHER.get(state, UNCOOKED),
            outputs=tuple(_localize(node, output.path) for output in item.outputFiles),
            log=_log(node, item) if state == "CookedFail" else None,
            order=WorkOrder.parse(str(item.attribValue(ATTRIBUTE))) if item.hasAttrib(ATTRIBUTE) else None,
        )


def _log(node: Any, item: Any) -> Path | None:  # noqa: ANN401 - see above
    uri = urlparse(node.scheduler.getLogURI(item) if node.scheduler else "")
    return Path(url2pathname(_localize(node, uri.path))) if uri.scheme == "file" else None


def _localize(node: Any, path: str) -> str:  # noqa: ANN401 - see above
    """Return a path as it is on this machine: PDG keeps it with tokens for the folders of its scheduler."""
    localize = getattr(node.scheduler, "localizePath", None)
    return str(localize(path)) if callable(localize) else path
