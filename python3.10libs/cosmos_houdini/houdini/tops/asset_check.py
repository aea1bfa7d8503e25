"""Checks that PDG has loaded our node types, and that Houdini has the whole asset Cosmos Transfer Sweep."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import hou

from cosmos_houdini.errors import CheckFailed
from cosmos_houdini.houdini.environment import ROOT
from cosmos_houdini.houdini.tops.parms import NODE_TYPES, REPORT, SHOT, SWEEP, TRANSFER

ASSET = "cosmos_transfer_sweep"
INSIDE = {"shot": SHOT, "wedge": SWEEP, "sweep": SWEEP, "transfer": TRANSFER, "report": REPORT}
"""The nodes of the network that do what a node type of ours does."""
SWITCH, OUTPUT = "variation", "output0"
WIRES = {
    "wedge": ("shot",),
    "sweep": ("shot",),
    SWITCH: ("shot", "wedge", "sweep"),
    "transfer": (SWITCH,),
    "report": ("transfer",),
    OUTPUT: ("report",),
}

_PROBES: tuple[tuple[str, str | int, str, str, str], ...] = (
    ("prompt", "a probe", "transfer", "prompt", "a probe"),
    ("variation", "sweep", SWITCH, "input", "2"),
    ("count", 7, "sweep", "count", "7"),
)
"""Parameter of the asset, its value, then node inside, its parameter and the value that it must get."""


def check_top_nodes() -> str:
    """Return the operator names of our TOP nodes; no document says how PDG names them.

    PDG leaves out a module that has an error, and reports nothing.

    Raises:
        CheckFailed: one is missing.
    """
    found = {type_.description(): name for name, type_ in hou.topNodeTypeCategory().nodeTypes().items()}
    missing = [each.label for each in NODE_TYPES if each.label not in found]
    if missing:
        raise CheckFailed(
            f"no TOP node is called {', '.join(missing)}",
            action="look at the console for an error in pdg_types/pdg/types/cosmos_houdini_nodes.py",
        )
    return ", ".join(found[each.label] for each in NODE_TYPES)


def check_asset() -> str:
    """Make the asset in a network of its own, look at it, and remove it again; return where it was loaded from.

    Raises:
        CheckFailed: something of it is missing.
    """
    # Here and below not checked at run time: Houdini 20.0 has no classes of these names.
    type_ = cast("hou.OpNodeType | None", hou.nodeType(hou.topNodeTypeCategory(), ASSET))
    definition = type_.definition() if type_ else None
    if definition is None:
        raise CheckFailed(
            f"there is no TOP node {ASSET}", action=f"see whether HOUDINI_PATH holds {ROOT}, whose otls has it"
        )
    library = Path(definition.libraryFilePath())
    if library.resolve().parent != ROOT / "otls":
        raise CheckFailed(
            f"{ASSET} comes from {library}", action=f"remove that one; {ROOT / 'otls'} has this version's"
        )
    network = cast("hou.OpNode", hou.node("/tasks")).createNode("topnet", "cosmos_selftest")
    try:
        complaints = _complaints(network.createNode(ASSET))
    finally:
        network.destroy()
    if complaints:
        raise CheckFailed(f"{ASSET} is not whole: {'; '.join(complaints)}")
    return str(library)


def _complaints(asset: hou.OpNode) -> list[str]:
    inside = {node.name(): node for node in asset.children()}
    wanted = {*INSIDE, SWITCH, OUTPUT}
    if missing := sorted(wanted - set(inside)):
        return [f"no node {', '.join(missing)} inside"]
    found = []
    for name, type_ in INSIDE.items():
        if unknown := [parm.name for parm in type_.parms if inside[name].parm(parm.name) is None]:
            found.append(f"{name} has no parameter {', '.join(unknown)}")
        script = inside[name].parm("generate")
        if script is None or "node.generate_items" not in script.evalAsString():
            found.append(f"{name} does not generate by this package")
    for name, above in WIRES.items():
        wired = tuple(node.name() for node in inside[name].inputs() if node)
        if wired != above:
            found.append(f"{name} is wired to {', '.join(wired) or 'nothing'} instead of {', '.join(above)}")
    return found or _following(asset, inside)


def _following(asset: hou.OpNode, inside: dict[str, hou.OpNode]) -> list[str]:
    """Set parameters of the asset as an artist does, and compare what follows them."""
    found = []
    for name, value, node, followed, expected in _PROBES:
        shown, follower = asset.parm(name), inside[node].parm(followed)
        if shown is None or follower is None:
            found.append(f"no {name}, or no {node}/{followed}")
            continue
        shown.set(value)
        if follower.evalAsString() != expected:
            found.append(f"{node}/{followed} is {follower.evalAsString()!r} when {name} is {value!r}")
    return found
