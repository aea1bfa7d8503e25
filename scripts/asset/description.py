"""The asset Cosmos Transfer Sweep: its interface, its network, its help and its icon.

Names, labels, defaults, menus and tooltips come from ``cosmos_houdini.houdini.tops.parms``, the table of the TOP nodes.
"""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

from asset.help_page import help_page
from asset.model import Asset, Field, Folder, Node, Part, fields
from asset.table import button, inner, make_field
from cosmos_houdini.houdini.tops.parms import CONTROLS, NUMBERS, REPORT, SHOT, SWEEP, TRANSFER

FOLDER = Path(__file__).resolve().parent
OPERATOR = "cosmos::transfer_sweep::1.0"
LABEL = "Cosmos Transfer Sweep"
INTRODUCTION = "Runs NVIDIA Cosmos on a rendered shot, once or in many variations, and compares the results."

_NONE = "{ variation == none }"
_NO_SWEEP = "{ variation != sweep }"

VARIATION = Field(
    name="variation",
    label="Variation",
    type="ordinal",
    defaults=("none",),
    help="One result or many. A wedge makes every combination of the values below; a sweep samples its runs from them.",
    menu=(("none", "One Result"), ("wedge", "Wedge: Every Combination"), ("sweep", "Sweep: Sampled Runs")),
)


def _varied(name: str) -> Field:
    """Return the field with the values of a varied parameter; it is renamed, as the single value has its name."""
    return make_field(SWEEP, name, rename=f"vary_{name}", disable_when=_NONE)


def _varying(name: str) -> Field:
    """Return the field of a single value; it is disabled while values of the variation override it."""
    values = "seeds" if name == "seed" else f"vary_{name}"
    return make_field(TRANSFER, name, disable_when=f'{{ variation != none {values} != "" }}')


def _frame(name: str, label: str, *children: Field) -> Folder:
    return Folder(name=name, label=label, children=children, kind="groupsimple")


SHOT_TAB: tuple[Part, ...] = (
    *(make_field(SHOT, name) for name in ("hip", "nodes", "cameras", "takes", "renders")),
    make_field(SHOT, "name", rename="shot_name"),
    make_field(SHOT, "frame_range"),
    make_field(SHOT, "fps"),
    make_field(SHOT, "on_gap"),
    make_field(SHOT, "options", rename="shot_options"),
    _frame("controls", "Controls", *(make_field(SHOT, name) for name in ("edge", "vis"))),
)
LOOK_TAB = (
    make_field(TRANSFER, "prompt"),
    make_field(TRANSFER, "negative_prompt"),
    _frame("weights", "Control Weights", *(_varying(f"weight_{control}") for control in CONTROLS)),
    _frame("numbers", "Parameters", *map(_varying, NUMBERS), make_field(TRANSFER, "parameters")),
)
VARIATION_TAB = (
    VARIATION,
    _frame(
        "sampling",
        "Sampling",
        make_field(SWEEP, "sampler", disable_when=_NO_SWEEP),
        make_field(SWEEP, "count", disable_when=_NO_SWEEP),
        make_field(SWEEP, "sweep_seed", disable_when=_NO_SWEEP),
    ),
    _frame(
        "values",
        "Values",
        # Empty: the results of a wedge differ by the chosen values alone, not by their seeds.
        make_field(SWEEP, "seeds", default="", disable_when=_NONE),
        *(_varied(name) for name in NUMBERS if name != "seed"),
        *(_varied(f"weight_{control}") for control in CONTROLS),
        _varied("parameters"),
        make_field(SWEEP, "max_weight_sum", disable_when=_NONE),
    ),
)
ENGINE_TAB = (
    make_field(TRANSFER, "engine", also=(SWEEP,)),
    make_field(TRANSFER, "host"),
    make_field(TRANSFER, "num_gpu"),
    make_field(TRANSFER, "options", rename="transfer_options"),
    make_field(SHOT, "folder", also=(TRANSFER, SWEEP, REPORT)),
)
REPORT_TAB = (
    make_field(REPORT, "name", rename="report_name", disable_when='{ report_folder != "" }'),
    make_field(REPORT, "output", rename="report_folder"),
)

TABS: dict[str, tuple[Part, ...]] = {
    "Shot": SHOT_TAB,
    "Look": LOOK_TAB,
    "Variation": VARIATION_TAB,
    "Engine": ENGINE_TAB,
    "Report": REPORT_TAB,
}

INTERFACE: tuple[Part, ...] = (
    button("cook", "Cook", "Make everything: shot, variations, results, report. Existing results are kept."),
    button("open_report", "Open Report", "Show the report of the last cook in the web browser."),
    button(
        "job_monitor",
        "Job Monitor",
        "Show the jobs of this project, their progress and their results.",
        joins_next=False,
    ),
    *(
        # Tabs of one row have one name and different numbers.
        Folder(name="tabs" if number == 0 else f"tabs_{number}", label=label, children=children)
        for number, (label, children) in enumerate(TABS.items())
    ),
)

_FIELDS = tuple(fields(INTERFACE))

# Every Houdini has the Python Processor; no document says how Houdini names a type that is registered with PDG.
NETWORK = (
    inner("shot", SHOT, "shot", ("",), _FIELDS),
    inner("wedge", SWEEP, "sweep", ("shot",), _FIELDS, fixed={"sampler": "grid", "count": "0", "sweep_seed": "0"}),
    inner("sweep", SWEEP, "sweep", ("shot",), _FIELDS),
    Node(
        name="variation",
        type="switch",
        above=("shot", "wedge", "sweep"),
        channels={"input": 'ch("../variation")'},
    ),
    inner("transfer", TRANSFER, "transfer", ("variation",), _FIELDS),
    # Below nodes that generate while they cook, this alone collects every work item.
    Node(name="wait", type="waitforall", above=("transfer",)),
    inner("report", REPORT, "report", ("wait",), _FIELDS),
    Node(name="output0", type="output", above=("report",), values={"outputidx": 0}),
)

ASSET = Asset(
    operator=OPERATOR,
    label=LABEL,
    submenu="Cosmos",
    saved=datetime(2026, 11, 30, 12, tzinfo=timezone.utc),
    houdini="20.0.506",
    inputs=("Renders to Wait For",),
    interface=INTERFACE,
    nodes=NETWORK,
    sections={
        "Help": help_page(
            OPERATOR, LABEL, INTRODUCTION, (FOLDER / "transfer_sweep.txt").read_text(encoding="utf-8"), INTERFACE
        ),
        "PythonModule": "from cosmos_houdini.houdini.tops.asset_buttons import cook, job_monitor, open_report\n",
        "IconSVG": (FOLDER / "transfer_sweep.svg").read_text(encoding="utf-8"),
    },
)
