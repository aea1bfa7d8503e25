"""The common part of the four node types: they evaluate parameters, show errors, and give work items their orders."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cosmos_houdini.errors import BadInput, CosmosError
from cosmos_houdini.houdini.environment import ROOT, worker_python
from cosmos_houdini.houdini.tops import pdg_calls
from cosmos_houdini.houdini.tops.parms import NodeType
from cosmos_houdini.houdini.tops.pdg_calls import Holder, Node, WorkItem
from cosmos_houdini.houdini.tops.work_order import ATTRIBUTE, WorkOrder
from cosmos_houdini.houdini.worker_error import title_of

JOB_SCRIPT = ROOT / "scripts" / "cosmos_top_job.py"

Generate = Callable[[Node, Holder, Sequence[WorkItem]], None]


def generate_items(generate: Generate, node: Node, holder: Holder, upstream: Sequence[WorkItem], result: Any) -> Any:  # noqa: ANN401 - pdg.result
    """Generate a node's work items, and show on the node what keeps it from that.

    Args:
        generate: of the node type.
        node: what generates.
        holder: gets the work items.
        upstream: the work items above.
        result: ``pdg.result``.
    """
    try:
        generate(node, holder, upstream)
    except CosmosError as error:
        pdg_calls.fail(node, artist_text(error))
        return result.Failure
    return result.Success


def generate_embedded(
    generate: Generate,
    node: Node,
    holder: Holder,
    upstream: Sequence[WorkItem],
    result: Any,  # noqa: ANN401 - pdg.result
) -> None:
    """Generate the work items of a Python Processor, whose script has no result that PDG would look at.

    Raises:
        RuntimeError: nothing was generated; PDG lets a node fail whose script raises.
    """
    if generate_items(generate, node, holder, upstream, result) != result.Success:
        raise RuntimeError(f"{node.name} has no work items; its first error says why")


def artist_text(error: CosmosError) -> str:
    """Return an error as an artist reads it on a node or in the log of a work item: title, sentence, what to do."""
    lines = [f"{title_of(error)}: {error.problem}", error.allowed and f"Allowed: {error.allowed}", error.action]
    return "\n".join(line for line in lines if line)


def evaluate_parms(type_: NodeType, node: Node, item: WorkItem | None) -> dict[str, Any]:
    """Return the value of every parameter, as seen from a work item: its expressions may name attributes."""
    seen_from = () if item is None else (item,)
    values: dict[str, Any] = {}
    for parm in type_.parms:
        port = node[parm.name]
        evaluate = {"String": port.evaluateString, "Integer": port.evaluateInt, "Float": port.evaluateFloat}[parm.kind]
        values[parm.name] = evaluate(*seen_from)
    return values


def set_attributes(item: WorkItem, values: Mapping[str, str | int | float]) -> None:
    """Set attributes, each in the type of its value, or of the attribute of its name from above.

    Raises:
        BadInput: one from above has a type that does not take the value.
    """
    for name, wanted in values.items():
        value = _in_type_of(item.attribValue(name), name, wanted) if item.hasAttrib(name) else wanted
        if isinstance(value, str):
            item.setStringAttrib(name, value)
        elif isinstance(value, int):
            item.setIntAttrib(name, value)
        else:
            item.setFloatAttrib(name, value)


def _in_type_of(there: object, name: str, value: str | float) -> str | int | float:
    """Return a value in the type of an attribute that is there already: PDG lets no type be changed."""
    if isinstance(there, str):
        return str(value)
    if isinstance(there, float) and not isinstance(value, str):
        return float(value)
    if isinstance(there, int) and not isinstance(value, str) and float(value).is_integer():
        return int(value)
    raise BadInput(
        f"the attribute {name!r} from above holds {there!r}, and its type does not take {value!r}",
        action="let it be a float or a text there, or call it otherwise",
    )


def set_work_order(item: WorkItem, order: WorkOrder) -> None:
    """Let a work item be cooked by the job program, which every scheduler starts alike.

    Raises:
        BadInput: there is no worker environment.
    """
    set_attributes(item, {ATTRIBUTE: order.text})
    # Isolated: Houdini's own PYTHONHOME and PYTHONPATH would break another Python. The program needs no libraries.
    item.setCommand(pdg_calls.command_line([str(worker_python()), "-I", "-S", str(JOB_SCRIPT)]))
