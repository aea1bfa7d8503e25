"""Cosmos Report: one work item that waits for all above and compares their results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cosmos_houdini.errors import BadInput
from cosmos_houdini.houdini.tops import pdg_calls
from cosmos_houdini.houdini.tops.node import evaluate_parms, set_work_order
from cosmos_houdini.houdini.tops.parms import REPORT
from cosmos_houdini.houdini.tops.pdg_calls import Holder, Node, WorkItem
from cosmos_houdini.houdini.tops.project import Project, find_project
from cosmos_houdini.houdini.tops.transfer import KIND as TRANSFER_KIND
from cosmos_houdini.houdini.tops.work_order import ATTRIBUTE, WorkOrder

KIND = "report"


def generate(node: Node, holder: Holder, upstream: Sequence[WorkItem]) -> None:
    """Add the work item of a Cosmos Report; it finds the jobs by the orders of the work items above.

    Raises:
        CosmosError: no work item above is of a Cosmos Transfer, or there is no worker.
    """
    values = evaluate_parms(REPORT, node, upstream[0] if upstream else None)
    project = find_project(values["folder"])
    transfers = pdg_calls.single_items(upstream)
    texts = [str(item.attribValue(ATTRIBUTE)) for item in transfers if item.hasAttrib(ATTRIBUTE)]
    orders = [order for order in map(WorkOrder.parse, texts) if order.kind == TRANSFER_KIND]
    if not orders:
        raise BadInput("no work item above is of a Cosmos Transfer", action="wire a Cosmos Transfer into this node")
    folder = report_folder(project, values["name"], values["output"])
    item = pdg_calls.add_below_all(holder, 0, upstream)
    set_work_order(
        item,
        WorkOrder(
            kind=KIND,
            folder=project.folder,
            project=project.root,
            options={"output": str(folder)},
            job_links=tuple(order.job_link.name for order in orders),
        ),
    )


def report_folder(project: Project, name: str, output: str) -> Path:
    """Return the folder of a report from the node's parameters; a relative one is below the project folder."""
    return project.folder / output if output else project.results(name or "report") / "report"
