"""``hython scripts/cosmos_cook.py``: cooks a TOP network to its end and names the work items that failed."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import hou

from cosmos_houdini.errors import BadInput, CosmosError, JobError, ToolError
from cosmos_houdini.houdini import worker
from cosmos_houdini.houdini.hython.command_lines import cook_parser
from cosmos_houdini.houdini.hython.script import INTERRUPTED, exit_code, handle_signals, print_result, say
from cosmos_houdini.houdini.open_scene import load_scene
from cosmos_houdini.houdini.tops.cooked_items import CookedItem, find_context, has_ended, read_cooked_items

_SIGNALS = ("SIGINT", "SIGTERM", "SIGBREAK")
_POLL_S = 0.1
_START_S = 2.0
"""How long a cook may take to begin; one that has ended meanwhile is seen by its work items."""


def main(argv: Sequence[str]) -> int:
    """Cook a network and print the files of its last node; 1 where a work item failed, 4 where a signal stopped it."""
    options = cook_parser().parse_args(argv)
    return exit_code(lambda: _run(options.file, options.node))


def _run(file: Path, path: str | None) -> int:
    load_scene(file)
    node = _target(path)
    say(f"cooking {node.path()}")
    with stopped_by_signals() as stopped:
        _cook(node, stopped)
    items = read_cooked_items(node)
    for line in _failures(node, items):
        say(f"error: {line}")
    if stopped.is_set():
        _cancel_jobs(items)
        say("interrupted; the cook was cancelled, and so were its jobs on hosts")
        return INTERRUPTED
    for item in items:
        if item.node == node.name():
            for output in item.outputs:
                print_result(output)
    _conclude(node, items)
    return 0


def _target(path: str | None) -> hou.TopNode:
    """Return the TOP node to cook: the one that is named, or that with the display flag of a network.

    Raises:
        BadInput: there is no such node.
    """
    scene = hou.hipFile.path()
    # A network inside a locked asset is not meant to be cooked by itself.
    nodes = hou.root().allSubChildren(recurse_in_locked_nodes=False)
    networks = {node.path(): node for node in nodes if _is_network(node)}
    if not networks:
        raise BadInput(f"{scene} has no TOP network", action="build one: Cosmos > Set Up Sweep")
    listed = ", ".join(networks)
    if path is None and len(networks) != 1:
        raise BadInput(f"{scene} has {len(networks)} TOP networks", allowed=listed, action="name one: --node")
    chosen = next(iter(networks)) if path is None else path
    node = hou.node(chosen)
    if isinstance(node, hou.TopNode):
        return node
    if chosen not in networks:
        raise BadInput(f"{scene} has no TOP network or node {chosen}", allowed=listed)
    for child in networks[chosen].children():
        if isinstance(child, hou.TopNode) and child.isDisplayFlagSet():
            return child
    raise BadInput(
        f"no node of {chosen} has the display flag",
        action="set it on the last node, or name the node: --node NET/NODE",
    )


def _is_network(node: hou.Node) -> bool:
    """Whether a node holds TOP nodes and is none itself, as subnets in a network are."""
    inside = node.childTypeCategory()
    return inside is not None and inside.name() == "Top" and not isinstance(node, hou.TopNode)


@contextmanager
def stopped_by_signals() -> Iterator[Event]:
    """Yield an event that is set when a signal arrives: Ctrl-C, or the signal of a farm."""
    stopped = Event()
    numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    with handle_signals(numbers, lambda *_: stopped.set()):
        yield stopped


def _cook(node: hou.TopNode, stopped: Event) -> None:
    """Cook a node and all above it, and look now and then how far it is: the main thread alone calls Houdini.

    Raises:
        ToolError: the cook did not begin, as where a scheduler does not start.
    """
    try:
        # The graph exists only after the nodes themselves were cooked.
        node.cookWorkItems(block=True, tops_only=True)
        node.cookWorkItems(block=False)
    except hou.OperationFailed as error:
        reason = "; ".join([error.instanceMessage(), *_node_errors(node)])
        raise ToolError(
            f"{node.path()} was not cooked: {reason}", action="cook it once in Houdini's interface"
        ) from error
    context = find_context(node)
    started, is_cancelled = time.monotonic(), False
    while context is not None and (_is_cooking(context) or time.monotonic() - started < _START_S):
        if not _is_cooking(context) and has_ended(node):
            return
        if stopped.is_set() and not is_cancelled:
            say("stopping")
            context.cancelCook()
            is_cancelled = True
        time.sleep(_POLL_S)


def _is_cooking(context: Any) -> bool:  # noqa: ANN401 - pdg has no stubs
    return bool(context.cooking)


def _cancel_jobs(items: Sequence[CookedItem]) -> None:
    """Stop on their hosts what a cancelled cook has begun: its work items are killed before they can do it."""
    for item in items:
        if item.is_cooked or item.order is None or (job := item.order.job()) is None:
            continue
        try:
            worker.call("cancel", {"ids": [job]}, folder=item.order.folder, on_message=say)
        except CosmosError as error:
            say(f"warning: {job} may go on: {error}")


def _failures(node: hou.TopNode, items: Sequence[CookedItem]) -> list[str]:
    """Return a line for each node and each work item that failed."""
    return [*_node_errors(node), *(item.sentence for item in items if item.has_failed)]


def _node_errors(node: hou.TopNode) -> list[str]:
    network = node.parent()
    return [f"{each.path()}: {reason}" for each in network.children() for reason in each.errors()] if network else []


def _conclude(node: hou.TopNode, items: Sequence[CookedItem]) -> None:
    """Count the work items.

    Raises:
        JobError: there is none, or not all of them were cooked.
    """
    counted = Counter(item.state for item in items)
    summary = f"{len(items)} work items: {', '.join(f'{count} {state}' for state, count in counted.items())}"
    if not items:
        raise JobError(f"{node.path()} made no work item", action="look at the errors of its nodes in Houdini")
    wrong = [item for item in items if not item.is_cooked]
    if wrong:
        raise JobError(summary, action="fix the errors and cook again; finished work items are kept")
    say(summary)
