"""Convert the picture path of a render node to the pattern of the files that it writes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.render_outputs import find_named, offered_outputs
from cosmos_houdini.model.scene import RenderOutput, Scene
from cosmos_houdini.scene.output import find_output

_VARIABLE = re.compile(r"\\?\$(?:\{([^}]*)\}|(\w+))")
_FRAME = re.compile(r"F(\d?)")
_SUFFIXES = (".hip", ".hiplc", ".hipnc")
_DEPTH_LIMIT = 8
_LENGTH_LIMIT = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenPicture:
    """A picture that a render node writes: the node that names it, and the pattern of its files."""

    node: RenderOutput
    pattern: str


def expand_picture(text: str, *, hip: Path, node_path: str, variables: Mapping[str, str]) -> str:
    """Return a picture path with its variables replaced and ``#`` for each digit of the frame number.

    ``$HIP`` is the folder where the scene is now. ``$HIPNAME`` and ``$HIPFILE`` are its current name. ``$OS`` is the
    name of the node. Other variables are the scene's own.

    >>> expand_picture("$JOB/$OS.$F4.exr", hip=Path("a.hip"), node_path="/out/mantra1", variables={"JOB": "/jobs/a"})
    '/jobs/a/mantra1.####.exr'

    Args:
        text: the picture path as the node has it.
        hip: the scene file.
        node_path: path of the render node.
        variables: the variables of the scene.

    Raises:
        BadInput: the path holds an expression, or variables that the scene does not set; the error names them.
    """
    if "`" in text:
        raise BadInput(
            f"{hip}: the picture path {text!r} of {node_path} holds an expression in backquotes",
            allowed="variables of the scene and $F",
            action="name the folder of the frames with --renders",
        )
    known = {**variables, **_own(hip, node_path, variables)}
    pattern, missing = _expand(text, known)
    if missing:
        names = ", ".join(f"${name}" for name in dict.fromkeys(missing))
        raise BadInput(
            f"{hip}: {names} in the picture path {text!r} of {node_path} cannot be expanded",
            allowed=", ".join(f"${name}" for name in ("F", "F4", *sorted(known)) if not name.startswith("_")),
            action="name the folder of the frames with --renders",
        )
    return pattern


def picture_pattern(scene: Scene, node_path: str) -> str:
    """Return the pattern of the files that a render node of the scene writes.

    Raises:
        BadInput: there is no such node, it and the nodes above it name a window or no picture, or the path cannot be
            expanded.
    """
    return picture_patterns(scene, node_path)[0].pattern


def picture_patterns(scene: Scene, node_path: str) -> tuple[WrittenPicture, ...]:
    """Return the pictures that a render node of the scene writes, the main one first, each with its pattern.

    A node that renders a USD stage writes what the settings and the products above it name.

    Raises:
        BadInput: as for ``picture_pattern``.
    """
    output = find_output(scene, node_path)
    named = find_named(output, scene.outputs)
    if not named:
        writing = [other.path for other in offered_outputs(scene.outputs)]
        problem = "names no picture file" if output.picture is None else f"renders to a window ({output.picture!r})"
        raise BadInput(
            f"{scene.path}: {node_path} {problem}",
            allowed=", ".join(writing) or "a node with a picture path; the scene has none",
            action="name the folder of the frames with --renders",
        )
    return tuple(
        WrittenPicture(
            node=each,
            pattern=expand_picture(
                each.picture or "", hip=scene.path, node_path=each.node_path, variables=scene.variables
            ),
        )
        for each in named
    )


def _own(hip: Path, node_path: str, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that follow from where the scene and the node are."""
    file = hip.resolve()
    # Up to version 13, Houdini's HIPNAME has the suffix; later it has not. The stored value shows which of them it is.
    is_old = variables.get("HIPNAME", "").endswith(_SUFFIXES)
    return {
        "HIP": file.parent.as_posix(),
        "HIPFILE": file.as_posix(),
        "HIPNAME": file.name if is_old else file.stem,
        "OS": node_path.rpartition("/")[2],
    }


def _expand(text: str, known: Mapping[str, str]) -> tuple[str, list[str]]:
    """Return ``text`` expanded, and the names of the variables that are unknown or refer to themselves."""
    missing: list[str] = []

    def replace(match: re.Match[str]) -> str:
        name = match[1] if match[1] is not None else match[2]
        frame = _FRAME.fullmatch(name)
        if frame:
            return "#" * int(frame[1] or 1)
        if name not in known or len(known[name]) > _LENGTH_LIMIT:
            missing.append(name)
            return ""
        return known[name]

    # A variable may contain others. These limits stop a scene whose variables grow without end.
    for _ in range(_DEPTH_LIMIT):
        text = _VARIABLE.sub(replace, text[:_LENGTH_LIMIT])
    return text, missing + [match[1] or match[2] for match in _VARIABLE.finditer(text)]
