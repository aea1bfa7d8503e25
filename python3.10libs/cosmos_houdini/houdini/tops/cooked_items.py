"""The work items of a TOP network after a cook, as PDG describes them (https://www.sidefx.com/docs/houdini/tops/pdg/)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlparse
from urllib.request import url2pathname

import hou

from cosmos_houdini.houdini.tops.work_order import ATTRIBUTE, WorkOrder

_COOKED = {"CookedSuccess": "cooked", "CookedCache": "cooked"}
_OTHER = {"CookedFail": "failed", "CookedCancel": "cancelled"}
UNCOOKED = "not cooked"
_LOG_END_BYTES = 16384


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
        """The item, the last line of its log, and where the log is."""
        text = f"{self.node}: work item {self.name} {self.state}"
        if self.log is None or not self.log.is_file():
            return text
        with self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - _LOG_END_BYTES))
            lines = file.read().decode("utf-8", "replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return f"{text}: {last} (log: {self.log})" if last else f"{text} (log: {self.log})"


def read_cooked_items(node: hou.TopNode) -> list[CookedItem]:
    """Return all work items of a node's network, those of one node after another."""
    import pdg  # type: ignore[import-not-found]  # noqa: PLC0415 - no stubs; loaded by Houdini when something cooks

    context = pdg.GraphContext.byName(node.getPDGGraphContextName() or "")
    return [item for each in context.graph.nodes() for item in _items(each)] if context else []


def _items(node: Any) -> Iterator[CookedItem]:  # noqa: ANN401 - pdg has no stubs
    for item in node.workItems:
        state = str(item.state).rpartition(".")[2]
        yield CookedItem(
            node=node.name,
            name=item.name,
            state=_COOKED.get(state) or _OTHER.get(state, UNCOOKED),
            outputs=tuple(output.path for output in item.outputFiles),
            log=_log(node, item) if state == "CookedFail" else None,
            order=WorkOrder.parse(str(item.attribValue(ATTRIBUTE))) if item.hasAttrib(ATTRIBUTE) else None,
        )


def _log(node: Any, item: Any) -> Path | None:  # noqa: ANN401 - see above
    uri = urlparse(node.scheduler.getLogURI(item) if node.scheduler else "")
    return Path(url2pathname(uri.path)) if uri.scheme == "file" else None
