"""A TOP network that sweeps a shot: shot, wedge, transfer and report, wired and ready to cook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import hou

from cosmos_houdini.errors import BadInput
from cosmos_houdini.houdini.tops.node_assets import operator_of
from cosmos_houdini.houdini.tops.parms import REPORT, SHOT, TRANSFER
from cosmos_houdini.model.render_node import base_type

NETWORKS = "/tasks"
WEDGE = "wedge"
RUNS = 8
# Names and menu positions as public scripts for hython set them; `seed` is the parameter of Cosmos Transfer.
_INTEGER, _RANGE = 2, 0
_CUSTOM_SLOTS = 2
_WEDGE_PARMS: Mapping[str, int | str] = {
    "wedgecount": RUNS,
    "wedgeattributes": 1,
    "name1": "seed",
    "type1": _INTEGER,
    "wedgetype1": _RANGE,
    "intrange1x": 1,
    "intrange1y": RUNS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepNetwork:
    """A network that was built.

    Attributes:
        network: the TOP network.
        transfer: the node on which prompt and weights are set.
        unset: parameters that this build does not have under the names that we know, as ``node/parameter = value``.
    """

    network: hou.Node
    transfer: hou.Node
    unset: tuple[str, ...]


def slots_for(found: Mapping[str, Any]) -> int | None:
    """Return how many work items of a sweep may be begun at once; None for the Local Scheduler's own number.

    Where the jobs run elsewhere, a work item only waits, and all may. On this machine, it is one for each GPU. Without
    GPUs the work is done by the CPUs, which the Local Scheduler divides.

    Args:
        found: the answer of the worker's ``config``.
    """
    settings = found["settings"]
    name = settings["defaults"]["host"]
    host = settings["hosts"].get(name, {})
    if host.get("address") or name in found["scheduled_hosts"]:
        return RUNS
    return len(host.get("gpus") or ()) or None


def set_slots(network: hou.OpNode, slots: int | None) -> tuple[str, ...]:
    """Let a network's own scheduler begin so many work items at once, and return what it does not take.

    Args:
        network: the TOP network; it may be gone.
        slots: as ``slots_for`` returns them; None changes nothing.
    """
    if slots is None:
        return ()
    scheduler = next((node for node in network.children() if base_type(node.type().name()) == "localscheduler"), None)
    if scheduler is None:
        return (f"the network's scheduler / slots = {slots}",)
    return tuple(_set(scheduler, {"maxprocsmenu": _CUSTOM_SLOTS, "maxprocs": slots}))


def build_sweep(name: str, render_node: str, prompt: str) -> SweepNetwork:
    """Build Cosmos Shot, Wedge, Cosmos Transfer and Cosmos Report in a network of their own; one undo removes all.

    Args:
        name: of the shot.
        render_node: the node that wrote the frames.
        prompt: what the results show; empty where the artist still has to say it.

    Raises:
        BadInput: Houdini has not loaded the nodes.
    """
    types = _types()
    # Not checked at run time: Houdini 20.0 has no class of this name.
    tasks = cast("hou.OpNode | None", hou.node(NETWORKS))
    if tasks is None:
        raise BadInput(f"this Houdini has no {NETWORKS}", action="use Houdini 20.0 or newer")
    with hou.undos.group("Set Up Cosmos Sweep"):
        network = tasks.createNode("topnet", f"cosmos_{name}", force_valid_node_name=True)
        try:
            shot, wedge, transfer, report = (
                network.createNode(type_, node_name)
                for type_, node_name in (
                    (types[SHOT.label], "shot"),
                    (WEDGE, "wedge"),
                    (types[TRANSFER.label], "transfer"),
                    (types[REPORT.label], "report"),
                )
            )
            for node, above in ((wedge, shot), (transfer, wedge), (report, transfer)):
                node.setInput(0, above)
            unset = [
                *_set(shot, {"nodes": render_node}),
                *_set(wedge, _WEDGE_PARMS),
                *_set(transfer, {"prompt": prompt} if prompt else {}),
                *_set(report, {"name": f"{name}_sweep"}),
            ]
            cast("hou.TopNode", report).setDisplayFlag(True)
            network.layoutChildren()
        except hou.Error:
            network.destroy()
            raise
    return SweepNetwork(network=network, transfer=transfer, unset=tuple(unset))


def _types() -> dict[str, str]:
    """Return the operator of each of our TOP nodes by its label: the asset, or the type that PDG has registered.

    No document says how PDG names the types that it registers, so that they are found by their labels.

    Raises:
        BadInput: one is missing.
    """
    known = hou.topNodeTypeCategory().nodeTypes()
    labels = {type_.description(): name for name, type_ in known.items()}
    found = {}
    for each in (SHOT, TRANSFER, REPORT):
        operator = operator_of(each)
        name = operator if operator in known else labels.get(each.registered_label)
        if name:
            found[each.label] = name
    missing = [each.label for each in (SHOT, TRANSFER, REPORT) if each.label not in found]
    if missing:
        raise BadInput(
            f"this Houdini knows no TOP node {', '.join(missing)}",
            action="install the package and restart Houdini; hython scripts/cosmos_selftest.py says what is missing",
        )
    return found


def _set(node: hou.OpNode, values: Mapping[str, int | str]) -> list[str]:
    """Set parameters, and return those that the node does not have: the network is of use without them."""
    return [f"{node.name()}/{name} = {value}" for name, value in values.items() if not _takes(node, name, value)]


def _takes(node: hou.OpNode, name: str, value: int | str) -> bool:
    try:
        node.setParms({name: value})
    except hou.OperationFailed:
        return False
    return True
