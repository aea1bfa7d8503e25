"""The four assets of single steps: Cosmos Shot, Cosmos Transfer, Cosmos Sweep and Cosmos Report.

Each is a node type of the table with an interface for artists: inside, a Python Processor does its work, whose
parameters follow the asset's.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path

from asset.help_page import help_page
from asset.model import Asset, Field, Node, Part, fields
from asset.table import button, inner, tabs
from cosmos_houdini.houdini.tops.node_assets import operator_of
from cosmos_houdini.houdini.tops.parms import CATEGORY, REPORT, SHOT, SWEEP, TRANSFER, NodeType

FOLDER = Path(__file__).resolve().parent
SAVED = datetime(2026, 11, 30, 12, tzinfo=timezone.utc)
HOUDINI = "20.0.506"

JOBS = button("job_monitor", "Jobs", "Show the jobs of this project, their progress, logs and results.")
OPEN_REPORT = button("open_node_report", "Open Report", "Show the report of the last cook in the web browser.")
FROM_RESULT = button(
    "copy_from_result",
    "Copy from Result...",
    "Copy prompt, weights and parameters of a result of this project to this node.",
)


def node_asset(
    type_: NodeType, module: str, input_label: str, buttons: Iterable[Field], above: Iterable[Node]
) -> Asset:
    """Return the asset of a node type.

    Args:
        type_: of the table.
        module: of ``cosmos_houdini.houdini.tops``, with the function ``generate`` that does its work.
        input_label: of its input.
        buttons: above its tabs; the asset's module has a function of the name of each.
        above: nodes between its input and the one that does the work.
    """
    operator = operator_of(type_)
    row = tuple(buttons)
    interface: tuple[Part, ...] = (*row[:-1], *(_last(each) for each in row[-1:]), *tabs(type_))
    first = tuple(above)
    last = first[-1].name if first else ""
    text = (FOLDER / f"{module}.txt").read_text(encoding="utf-8")
    calls = ", ".join(sorted(each.name for each in row))
    return Asset(
        operator=operator,
        label=type_.label,
        submenu=CATEGORY,
        saved=SAVED,
        houdini=HOUDINI,
        inputs=(input_label,),
        interface=interface,
        nodes=(
            *first,
            inner(module, type_, module, (last,), tuple(fields(interface))),
            Node(name="output0", type="output", above=(module,), values={"outputidx": 0}),
        ),
        sections={
            "Help": help_page(operator, type_.label, type_.help, text, interface),
            **({"PythonModule": f"from cosmos_houdini.houdini.tops.asset_buttons import {calls}\n"} if calls else {}),
            "IconSVG": (FOLDER / f"{module}.svg").read_text(encoding="utf-8"),
        },
    )


def _last(field: Field) -> Field:
    """Return the last button of a row: the tabs stand below it."""
    return button(field.name, field.label, field.help, joins_next=False)


SHOT_ASSET = node_asset(SHOT, "shot", "Renders to Wait For", (JOBS,), ())
TRANSFER_ASSET = node_asset(TRANSFER, "transfer", "Shots or Variations", (FROM_RESULT, JOBS), ())
SWEEP_ASSET = node_asset(SWEEP, "sweep", "Shots", (), ())
REPORT_ASSET = node_asset(
    REPORT,
    "report",
    "Transfers",
    (OPEN_REPORT, JOBS),
    # Below nodes that generate while they cook, this alone collects every work item.
    (Node(name="wait", type="waitforall", above=("",)),),
)
NODE_ASSETS = (SHOT_ASSET, TRANSFER_ASSET, SWEEP_ASSET, REPORT_ASSET)
