"""The nodes of the wanted types in a scene, with the text of their entries."""

from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.render_node import STAGE_RENDERERS, base_type
from cosmos_houdini.model.scene import Channel
from cosmos_houdini.scene.archive import Archive
from cosmos_houdini.scene.channel import parse_channels
from cosmos_houdini.scene.entry import Entry
from cosmos_houdini.scene.parenting import is_object, parent_path, wired_paths
from cosmos_houdini.scene.parm import Parms, parse_parms

# The managers at the top of a scene; other entries in the form of a node belong to the definition of an asset.
_NETWORKS = frozenset({"obj", "out", "stage", "img", "ch", "shop", "mat", "vex", "tasks"})
_GLOBAL = frozenset({".start", ".variables"})
_KINDS = frozenset({"init", "def", "parm", "chn"})
_TYPE = re.compile(r"^type = (\S+)", re.MULTILINE)
_HIDDEN = re.compile(r"^flags = .* display off ", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One node of a wanted type.

    Attributes:
        path: absolute, for example ``/obj/cam1``.
        type: its type, as in the file.
        parms: its parameters, by name.
        channels: its channels, by name.
        definition: the text of its ``.def``: flags, wires, transforms that are no parameters.
    """

    path: str
    type: str
    parms: Parms
    channels: Mapping[str, Channel]
    definition: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The parts of an archive that are kept.

    Attributes:
        start: the text of ``.start``, or None if the scene has none.
        variables: the text of ``.variables``, or None if the scene has none.
        saved_s: when the archive was written, in seconds since the epoch; 0 if that is unknown.
        types: the type of every node in the file, by path.
        nodes: the nodes of the wanted types, in the order of the file.
        inputs: the paths that are wired into a node, for the nodes that render a USD stage and all above them.
        carriers: every object that one of them follows, directly or not, by path; empty if nobody asked for them.
        displayed: paths of the displayed objects with geometry; empty likewise.
    """

    start: str | None
    variables: str | None
    saved_s: int
    types: Mapping[str, str]
    nodes: tuple[Node, ...]
    inputs: Mapping[str, tuple[str, ...]]
    carriers: Mapping[str, Node] = field(default_factory=dict)
    displayed: tuple[str, ...] = ()


@dataclass(slots=True)
class _Found:
    """The entries that may be wanted: global entries by name, entries of nodes by path and kind."""

    globals: dict[str, Entry] = field(default_factory=dict)
    definitions: dict[str, Entry] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    entries: dict[str, dict[str, Entry]] = field(default_factory=dict)


def read_contents(archive: Archive, wanted: frozenset[str], *, with_objects: bool = False) -> Contents:
    """Walk an archive once and read the entries of the nodes whose base type is in ``wanted``.

    Args:
        archive: an open scene file.
        wanted: types without namespace and version.
        with_objects: whether the objects that carry these nodes, and the displayed ones, are read, too.

    Raises:
        BadInput: the archive is damaged, or a needed entry is too long or has no text of its kind.
    """
    found = _find(archive, wanted, with_objects=with_objects)
    nodes = tuple(
        _node(archive, path, type_, found.entries.get(path, {}))
        for path, type_ in found.types.items()
        if base_type(type_) in wanted
    )
    start, variables = (
        archive.text(found.globals[name]) if name in found.globals else None for name in (".start", ".variables")
    )
    return Contents(
        start=start,
        variables=variables,
        saved_s=found.globals[".start"].saved_s if start is not None else 0,
        types=found.types,
        nodes=nodes,
        inputs=_read_inputs(archive, found, stage_heads(nodes)),
        carriers=_carriers(archive, nodes, found) if with_objects else {},
        displayed=_displayed(archive, found) if with_objects else (),
    )


def stage_heads(nodes: Iterable[Node]) -> list[str]:
    """Return the nodes whose stage is rendered, and those that render it."""
    renderers = [node for node in nodes if base_type(node.type) in STAGE_RENDERERS]
    return [*(node.path for node in renderers), *filter(None, map(stage_path, renderers))]


def stage_path(node: Node) -> str | None:
    """Return the path of the node that a renderer names as its stage, or None where its input is the stage."""
    values = node.parms.get("loppath")
    text = values[0].text if values else ""
    return posixpath.normpath(posixpath.join(node.path, text)) if text else None


def _read_inputs(archive: Archive, found: _Found, heads: Iterable[str]) -> dict[str, tuple[str, ...]]:
    inputs: dict[str, tuple[str, ...]] = {}
    waiting = list(heads)
    while waiting:
        path = waiting.pop()
        if path not in inputs:
            entry = found.definitions.get(path)
            inputs[path] = wired_paths(path, archive.text(entry)) if entry else ()
            waiting += inputs[path]
    return inputs


def _carriers(archive: Archive, nodes: tuple[Node, ...], found: _Found) -> dict[str, Node]:
    """Read the objects that nodes follow, up to the top; a wire to nowhere, or in a ring, ends a chain."""
    carriers: dict[str, Node] = {}
    waiting = [node for node in nodes if is_object(node.path, found.types)]
    while waiting:
        node = waiting.pop()
        parent = parent_path(node.path, node.definition, found.types)
        if parent is not None and parent not in carriers and parent in found.types:
            carriers[parent] = _node(archive, parent, found.types[parent], found.entries.get(parent, {}))
            waiting.append(carriers[parent])
    return carriers


def _displayed(archive: Archive, found: _Found) -> tuple[str, ...]:
    """Return the objects with geometry whose display flag is on."""
    return tuple(
        path
        for path, type_ in found.types.items()
        if base_type(type_) == "geo" and is_object(path, found.types) and not _is_hidden(archive, found.entries[path])
    )


def _is_hidden(archive: Archive, entries: Mapping[str, Entry]) -> bool:
    definition = archive.text(entries["def"]) if "def" in entries else ""
    return _HIDDEN.search(definition) is not None


def _find(archive: Archive, wanted: frozenset[str], *, with_objects: bool) -> _Found:
    """Find the entries of all nodes, except the entries of nodes that are known to have an unwanted type."""
    found = _Found()
    for entry in archive.entries():
        if entry.name in _GLOBAL:
            found.globals[entry.name] = entry
            continue
        stem, _, kind = entry.name.rpartition(".")
        if kind not in _KINDS or stem.partition("/")[0] not in _NETWORKS:
            continue
        path = f"/{stem}"
        if kind == "def":
            found.definitions[path] = entry
        if kind == "init":
            match = _TYPE.search(archive.text(entry))
            found.types[path] = sys.intern(match[1]) if match else ""
            is_kept = base_type(found.types[path]) in wanted or (with_objects and is_object(path, found.types))
            if is_kept:
                found.entries.setdefault(path, {})
            else:
                found.entries.pop(path, None)
        elif path not in found.types or path in found.entries:
            found.entries.setdefault(path, {})[kind] = entry
    return found


def _node(archive: Archive, path: str, type_: str, entries: Mapping[str, Entry]) -> Node:
    texts = {kind: archive.text(entry) for kind, entry in entries.items()}
    try:
        channels = parse_channels(texts.get("chn", ""))
    except ValueError as error:
        entry = entries["chn"]
        raise BadInput(
            f"{archive.path}: the channels of {path} (byte {entry.offset}) cannot be read: {error}",
            action="save the scene again from Houdini",
        ) from error
    return Node(
        path=path,
        type=type_,
        parms=parse_parms(texts.get("parm", "")),
        channels=channels,
        definition=texts.get("def", ""),
    )
