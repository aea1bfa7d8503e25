"""Checks that PDG has loaded our node types, and that Houdini has all of our assets whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import hou

from cosmos_houdini.errors import CheckFailed
from cosmos_houdini.houdini.environment import ROOT
from cosmos_houdini.houdini.tops.node_assets import TRANSFER_SWEEP, operator_of
from cosmos_houdini.houdini.tops.parms import NODE_TYPES, REPORT, SHOT, SWEEP, TRANSFER, NodeType

OUTPUT, WAIT, SWITCH = "output0", "wait", "variation"

Probe = tuple[str, str | int, str, str, str]
"""A parameter of the asset, its value, then node inside, its parameter and the value that it must get."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The inside of an asset.

    Attributes:
        operator: its name.
        inside: the nodes that do what a node type of ours does.
        wires: the nodes above each node that has one.
        probes: parameters that nodes inside have to follow.
    """

    operator: str
    inside: Mapping[str, NodeType]
    wires: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    probes: tuple[Probe, ...] = ()


def _single(type_: NodeType, name: str, probe: Probe, *, waits: bool = False) -> Shape:
    above = {name: (WAIT,)} if waits else {}
    wires = {**above, OUTPUT: (name,)}
    return Shape(operator=operator_of(type_), inside={name: type_}, wires=wires, probes=(probe,))


SHAPES = (
    _single(SHOT, "shot", ("frame_range", "1-5", "shot", "frame_range", "1-5")),
    _single(TRANSFER, "transfer", ("prompt", "a probe", "transfer", "prompt", "a probe")),
    _single(SWEEP, "sweep", ("count", 7, "sweep", "count", "7")),
    _single(REPORT, "report", ("name", "a probe", "report", "name", "a probe"), waits=True),
    Shape(
        operator=TRANSFER_SWEEP,
        inside={"shot": SHOT, "wedge": SWEEP, "sweep": SWEEP, "transfer": TRANSFER, "report": REPORT},
        wires={
            "wedge": ("shot",),
            "sweep": ("shot",),
            SWITCH: ("shot", "wedge", "sweep"),
            "transfer": (SWITCH,),
            WAIT: ("transfer",),
            "report": (WAIT,),
            OUTPUT: ("report",),
        },
        probes=(
            ("prompt", "a probe", "transfer", "prompt", "a probe"),
            ("variation", "sweep", SWITCH, "input", "2"),
            ("count", 7, "sweep", "count", "7"),
        ),
    ),
)


def check_top_nodes() -> str:
    """Return the operator names of the node types that PDG registers; no document says how PDG names them.

    PDG leaves out a module that has an error, and reports nothing.

    Raises:
        CheckFailed: one is missing.
    """
    found = {type_.description(): name for name, type_ in hou.topNodeTypeCategory().nodeTypes().items()}
    missing = [each.registered_label for each in NODE_TYPES if each.registered_label not in found]
    if missing:
        raise CheckFailed(
            f"no TOP node is called {', '.join(missing)}",
            action="look at the console for an error in pdg_types/pdg/types/cosmos_houdini_nodes.py",
        )
    return ", ".join(found[each.registered_label] for each in NODE_TYPES)


def check_assets() -> str:
    """Make every asset in a network of its own, look at it, and remove it again; return their operators.

    Raises:
        CheckFailed: something of one is missing.
    """
    for shape in SHAPES:
        _check(shape)
    return ", ".join(shape.operator for shape in SHAPES)


def _check(shape: Shape) -> None:
    # Here and below not checked at run time: Houdini 20.0 has no classes of these names.
    type_ = cast("hou.OpNodeType | None", hou.nodeType(hou.topNodeTypeCategory(), shape.operator))
    definition = type_.definition() if type_ else None
    if definition is None:
        raise CheckFailed(
            f"there is no TOP node {shape.operator}", action=f"see whether HOUDINI_PATH holds {ROOT}, whose otls has it"
        )
    library = Path(definition.libraryFilePath())
    if library.resolve().parent != ROOT / "otls":
        raise CheckFailed(
            f"{shape.operator} comes from {library}", action=f"remove that one; {ROOT / 'otls'} has this version's"
        )
    network = cast("hou.OpNode", hou.node("/tasks")).createNode("topnet", "cosmos_selftest")
    try:
        complaints = _complaints(shape, network.createNode(shape.operator))
    finally:
        network.destroy()
    if complaints:
        raise CheckFailed(f"{shape.operator} is not whole: {'; '.join(complaints)}")


def _complaints(shape: Shape, asset: hou.OpNode) -> list[str]:
    inside = {node.name(): node for node in asset.children()}
    wanted = {*shape.inside, *shape.wires, *(name for names in shape.wires.values() for name in names)}
    if missing := sorted(wanted - set(inside)):
        return [f"no node {', '.join(missing)} inside"]
    found = []
    for name, type_ in shape.inside.items():
        if unknown := [parm.name for parm in type_.parms if inside[name].parm(parm.name) is None]:
            found.append(f"{name} has no parameter {', '.join(unknown)}")
        script = inside[name].parm("generate")
        if script is None or "node.generate_embedded" not in script.evalAsString():
            found.append(f"{name} does not generate by this package")
    for name, above in shape.wires.items():
        wired = tuple(node.name() for node in inside[name].inputs() if node)
        if wired != above:
            found.append(f"{name} is wired to {', '.join(wired) or 'nothing'} instead of {', '.join(above)}")
    return found or _following(shape, asset, inside)


def _following(shape: Shape, asset: hou.OpNode, inside: dict[str, hou.OpNode]) -> list[str]:
    """Set parameters of the asset as an artist does, and compare what follows them."""
    found = []
    for name, value, node, followed, expected in shape.probes:
        shown, follower = asset.parm(name), inside[node].parm(followed)
        if shown is None or follower is None:
            found.append(f"no {name}, or no {node}/{followed}")
            continue
        shown.set(value)
        if follower.evalAsString() != expected:
            found.append(f"{node}/{followed} is {follower.evalAsString()!r} when {name} is {value!r}")
    return found
