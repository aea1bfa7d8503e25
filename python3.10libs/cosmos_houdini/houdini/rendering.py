"""Renders a node of the open scene, and makes sure that it did so.

A render that failed may end like one that succeeded: husk exits with an error and the node alone keeps it, or the node
returns before the picture exists. The frames of an earlier render would then be taken for the new ones. A render counts
only when the node has no error and every frame has been written since the start.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import hou

from cosmos_houdini.errors import BadInput, ToolError, did_you_mean
from cosmos_houdini.houdini.open_outputs import read_open_outputs
from cosmos_houdini.model.render_node import PRODUCT_LISTS, RENDER_NODES, STAGE_PRODUCTS, STAGE_SETTINGS, base_type
from cosmos_houdini.model.render_outputs import find_named, offered_outputs, resolve_output
from cosmos_houdini.model.scene import RenderOutput

WAIT_S = 20.0
"""How long a late writer is waited for after the node has ended: husk and slow shares close files late."""
POLL_S = 0.2
_TOLD = 4
# Only a render in the foreground tells how it ended. The first is of SOHO and husk, the second of Redshift.
_FOREGROUND = {"soho_foreground": 1, "RS_nonBlockingRendering": 0}
_RANGE = 1
"""The menu position of ``Render Frame Range`` in the parameter ``trange``."""
# husk replaces these itself, so that Houdini hands them on.
_LATE_FRAME = re.compile(r"\\?\$\{?F(\d?)\}?(?!\w)|<F(\d?)>|%0?(\d?)d")

_Signature = tuple[int, int, int] | None


def render(
    node_path: str,
    frames: tuple[int, int] | None,
    *,
    say: Callable[[str], None] = lambda _: None,
    wait_s: float = WAIT_S,
) -> tuple[Path, ...]:
    """Render a node of the open scene and return the files of its main picture, frame by frame.

    Args:
        node_path: for example ``/out/mantra1`` or ``/stage/usdrender_rop1``; of settings, the node below renders them.
        frames: first and last frame; without them the node's own range.
        say: takes a sentence for people.
        wait_s: how long a late writer is waited for.

    Raises:
        BadInput: there is no such node, nothing renders it, or it has no range or no picture file for each frame.
        ToolError: it failed, or a frame was not written.
    """
    outputs = read_open_outputs()
    output = _find(node_path, outputs)
    span = _span(output, frames)
    numbers = range(span[0], span[1] + 1, span[2])
    node = _node(output.rendered_by or output.path)
    files = [_files(named, output.take, numbers) for named in find_named(_own(output, outputs), outputs)]
    before = {path: _signature(path) for each in files for path in each}
    say(f"rendering {node.path()}, frames {span[0]}-{span[1]}{f' step {span[2]}' if span[2] > 1 else ''}")
    with _values(node, {**_FOREGROUND, **({} if _renders(node) else _range_values(span))}):
        _start(node, span)
    errors = node.errors()
    if errors:
        raise ToolError(f"{node.path()} did not render", detail="; ".join(errors), action="render it in Houdini")
    _await_files(node, before, say=say, wait_s=wait_s)
    return tuple(files[0])


def expand_late_frame(path: str, frame: int) -> str:
    r"""Return a path with the frame number in the places that husk fills in.

    >>> [expand_late_frame(path, 7) for path in ("/a/b.$F4.exr", "/a/b.<F>.exr", "/a/b.%03d.exr")]
    ['/a/b.0007.exr', '/a/b.7.exr', '/a/b.007.exr']
    """
    return _LATE_FRAME.sub(lambda match: f"{frame:0{next(filter(None, match.groups()), '1')}d}", path)


def _find(node_path: str, outputs: Sequence[RenderOutput]) -> RenderOutput:
    """Return a node that renders, with picture and range resolved."""
    offered = [output.path for output in offered_outputs(outputs)]
    found = next((output for output in outputs if output.path == node_path), None)
    if found is None:
        raise BadInput(
            f"{hou.hipFile.path()} has no render node {node_path}",
            allowed=", ".join(offered) or "none: no node of the scene writes pictures",
            action=did_you_mean(node_path, offered),
        )
    resolved = resolve_output(found, outputs)
    type_ = base_type(found.type)
    if found.rendered_by is None and type_ in (STAGE_SETTINGS | STAGE_PRODUCTS) - {"karma"}:
        raise BadInput(
            f"nothing renders {node_path}",
            allowed=", ".join(path for path in offered if path != node_path) or "none",
            action="wire a USD Render ROP below it",
        )
    if not find_named(_own(resolved, outputs), outputs):
        raise BadInput(
            f"{node_path} writes no picture file" + (f", but {resolved.picture!r}" if resolved.picture else ""),
            allowed=", ".join(offered) or "a node with a picture path; the scene has none",
            action="set its picture path",
        )
    return resolved


def _own(output: RenderOutput, outputs: Sequence[RenderOutput]) -> RenderOutput:
    """Return the node as the scene has it, or the one that renders it."""
    path = output.rendered_by or output.path
    return next(other for other in outputs if other.path == path)


def _span(output: RenderOutput, frames: tuple[int, int] | None) -> tuple[int, int, int]:
    """Return first frame, last frame and increment.

    Raises:
        BadInput: the node renders the current frame alone, or between frames.
    """
    if output.frame_range is None:
        if frames is None:
            raise BadInput(
                f"{output.rendered_by or output.path} renders the current frame alone",
                action="name the frames with --range A-B, or set Valid Frame Range to Render Frame Range on the node",
            )
        return (*frames, 1)
    first, last, step = output.frame_range
    if step < 1 or any(float(number) != round(number) for number in (first, last, step)):
        raise BadInput(
            f"{output.path} renders frames {first:g} to {last:g} by {step:g}",
            allowed="whole frame numbers, and an increment of at least 1",
            action="set Start/End/Inc on the node",
        )
    start, end = frames or (round(first), round(last))
    return (start, end, round(step))


def _files(output: RenderOutput, take: str | None, numbers: Sequence[int]) -> list[Path]:
    """Return the file of each frame as Houdini evaluates the picture path.

    Raises:
        BadInput: two frames have the same file.
    """
    listed = base_type(output.type) in PRODUCT_LISTS
    name = output.path.rpartition("/")[2] if listed else RENDER_NODES[base_type(output.type)].picture
    parm = _node(output.node_path).parm(name)
    with _in_take(output.take or take):
        paths = [Path(expand_late_frame(cast("hou.Parm", parm).evalAsStringAtFrame(n), n)) for n in numbers]
    if len(set(paths)) < len(paths):
        raise BadInput(
            f"{output.path} writes every frame to {paths[0]}", action="put $F4 into its picture path, before the ending"
        )
    return paths


@contextmanager
def _in_take(name: str | None) -> Iterator[None]:
    """Make a take the current one for the length of a block: a node renders its own take."""
    take = hou.takes.findTake(name) if name else None
    if take is None:
        yield
        return
    before = hou.takes.currentTake()
    hou.takes.setCurrentTake(take)
    try:
        yield
    finally:
        hou.takes.setCurrentTake(before)


def _renders(node: hou.OpNode) -> bool:
    # LOP and COP nodes that render are no hou.RopNode and have no such method; their button does it.
    return callable(getattr(node, "render", None))


def _range_values(span: tuple[int, int, int]) -> dict[str, int]:
    return {"trange": _RANGE, **dict(zip(("f1", "f2", "f3"), span, strict=True))}


@contextmanager
def _values(node: hou.OpNode, values: Mapping[str, int]) -> Iterator[None]:
    """Set those of the parameters that a node has, for the length of a block."""
    kept = [(parm, parm.keyframes(), parm.eval()) for name in values if (parm := node.parm(name)) is not None]
    try:
        for parm, keys, _ in kept:
            if keys:
                parm.deleteAllKeyframes()
            parm.set(values[parm.name()])
        yield
    finally:
        for parm, keys, value in kept:
            parm.set(value)
            for key in keys:
                parm.setKeyframe(key)


def _start(node: hou.OpNode, span: tuple[int, int, int]) -> None:
    try:
        if _renders(node):
            cast("hou.RopNode", node).render(frame_range=span, output_progress=True)
            return
        button = node.parm("execute")
        if button is None:
            raise BadInput(f"{node.path()} has no button that renders", action="render it in Houdini")
        button.pressButton()
    except hou.OperationFailed as error:
        reasons = dict.fromkeys([error.instanceMessage(), *node.errors()])
        raise ToolError(
            f"{node.path()} did not render",
            detail="; ".join(filter(None, reasons)),
            action="render it in Houdini to see why",
        ) from error


def _await_files(
    node: hou.OpNode, before: Mapping[Path, _Signature], *, say: Callable[[str], None], wait_s: float
) -> None:
    """Wait until each file has been written since the start and grows no more.

    Raises:
        ToolError: one was not; a file of an earlier render does not count.
    """
    deadline = time.monotonic() + wait_s
    seen: dict[Path, _Signature] = {}
    while True:
        now = {path: _signature(path) for path in before}
        left = [path for path in before if not _is_written(now[path], before[path])]
        growing = [path for path in before if path not in left and seen.get(path) != now[path]]
        if not left and not growing:
            return
        # One look alone does not show whether a file grows.
        if time.monotonic() > deadline and (left or seen):
            break
        if not seen and left:
            say(f"waiting for {len(left)} frames to be written")
        seen = now
        time.sleep(POLL_S)
    old = [path for path in left if before[path] is not None]
    names = ", ".join(path.name for path in (left or growing)[:_TOLD]) + (" ..." if len(left) > _TOLD else "")
    state = "were not written" if left else "still grow"
    raise ToolError(
        f"{node.path()} ended, and {len(left or growing)} of {len(before)} frames {state}: {names}",
        detail="; ".join([*(["files of an earlier render are there"] if old else []), *node.warnings()]),
        action=f"look at the render's own log: a licence, a camera or {(left or growing)[0].parent} may be missing",
    )


def _is_written(now: _Signature, before: _Signature) -> bool:
    # Compared with the file that was there, not with a clock: the clock of a file server may differ from ours.
    return now is not None and now != before and now[1] > 0


def _signature(path: Path) -> _Signature:
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_mtime_ns, status.st_size, status.st_ino)


def _node(path: str) -> hou.OpNode:
    return cast("hou.OpNode", hou.node(path))
