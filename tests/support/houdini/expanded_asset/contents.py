"""Contents of an operator: the network that is stored in ``Contents.dir``, as MIME parts of a file each."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from typing import Any

from cosmos_houdini.model.scene import Channel
from cosmos_houdini.scene.channel import parse_channels
from cosmos_houdini.scene.parm import Parms, parse_parms
from support.houdini.expanded_asset.dialog import read_parms
from support.houdini.expanded_asset.interface import Part
from support.houdini.expanded_asset.library import FormError, read_text

MIME = "Contents.mime"
ROOT = "hdaroot"
TIMES = ("Contents.createtimes", "Contents.modtimes")
VERSIONS = "Contents.houdini_versions"

_TYPES = {"text/plain", "application/external-reference", "application/octet-stream"}
_LIST = '""\nContents.mime\tContents.mime\n'
_NAMED = re.compile(r'(\d+) \t(\S+) (\d+|"") [01] "([^"]*)"')
_WIRE = re.compile(r"(\d+) \t(\S+) (\d+) [01]")
_OUTPUT = re.compile(r'(\d+) "([^"]*)"')
_TYPE = re.compile(r"type = (\S+)\nmatchesdef = [01]\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """A wire into a node: from another node's output, or from an input of the network itself.

    Attributes:
        input: of this node, from 0.
        source: the node's name; None for the network's own input.
        output: of the source, or the number of the network's input; from 0.
    """

    input: int
    source: str | None
    output: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One node of the network.

    Attributes:
        path: relative to the asset; empty for the asset itself.
        type: as it stands in the file.
        wires: into it.
        inputs: the same wires by the number of this node's connector: source, and number of the source's connector.
        outputs: the names of its output connectors by number.
        next_connector: the number that a further connector would have.
        parms: those that are stored.
        channels: what drives them.
        spare: the parameters that it has beside those of its type.
        flags: as set.
    """

    path: str
    type: str
    wires: tuple[Wire, ...]
    inputs: Mapping[int, tuple[str, str]]
    outputs: Mapping[int, str]
    next_connector: int
    parms: Parms
    channels: Mapping[str, Channel]
    spare: tuple[Part, ...]
    flags: Mapping[str, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The network: its type (``Top``, ``Sop`` ...), its nodes by path, the names of all parts in order."""

    network: str
    nodes: Mapping[str, Node]
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Definition:
    wires: tuple[Wire, ...]
    inputs: Mapping[int, tuple[str, str]]
    outputs: Mapping[int, str]
    next_connector: int
    flags: Mapping[str, bool]


def read_contents(folder: Path) -> Contents:
    """Return the network in a ``Contents.dir``.

    Raises:
        FormError: something in it is not of the form, or a wire leads from nowhere.
    """
    if read_text(folder / "Sections.list") != _LIST:
        raise FormError(f"{folder / 'Sections.list'}: it does not list {MIME} alone")
    path = folder / MIME
    parts = read_parts(path)
    stems = [name.removesuffix(".init") for name in parts if name.endswith(".init")]
    if not stems or stems[0] != ROOT or "node_type" not in parts:
        raise FormError(f"{path}: it does not begin with node_type and {ROOT}.init")
    definitions = {stem: _definition(path, stem, parts) for stem in stems}
    for stem, definition in definitions.items():
        if stem != ROOT:
            # The asset itself is wired to what surrounded it where it was saved.
            _check_sources(path, stem, definition, definitions)
    _check_times(folder, parts)
    return Contents(
        network=parts["node_type"].strip(),
        nodes={
            node.path: node
            for stem, definition in definitions.items()
            if (node := _node(path, stem, parts, definition))
        },
        parts=tuple(parts),
    )


def read_parts(path: Path) -> dict[str, str]:
    """Return the text of every part by name, in order; a binary part is empty.

    Raises:
        FormError: it is no MIME document of this form.
    """
    try:
        message = message_from_bytes(path.read_bytes())
    except OSError as error:
        raise FormError(f"{path}: {error}") from error
    if message.get_content_type() != "multipart/mixed" or message.defects or not message.is_multipart():
        raise FormError(f"{path}: no whole multipart/mixed document {message.defects}")
    found: dict[str, str] = {}
    for part in message.walk():
        if part is message:
            continue
        name, kind = part.get_filename(), part.get_content_type()
        if not name or part.get_content_disposition() != "attachment" or kind not in _TYPES or name in found:
            raise FormError(f"{path}: a part {name!r} of type {kind}")
        payload = part.get_payload(decode=True)
        if not isinstance(payload, bytes):
            raise FormError(f"{path}: {name} has no text")
        found[name] = "" if kind == "application/octet-stream" else payload.decode("utf-8", "replace")
        if kind == "application/external-reference" and found[name] != f"{name}\n":
            raise FormError(f"{path}: {name} refers to {found[name]!r}")
    return found


def _node(path: Path, stem: str, parts: Mapping[str, str], definition: _Definition) -> Node:
    type_ = _TYPE.fullmatch(parts[f"{stem}.init"])
    if not type_:
        raise FormError(f"{path}: {stem}.init: {parts[f'{stem}.init']!r}")
    if userdata := parts.get(f"{stem}.userdata"):
        _document(path, f"{stem}.userdata", userdata)
    parms = _parms(path, stem, parts.get(f"{stem}.parm", ""))
    try:
        channels = parse_channels(parts.get(f"{stem}.chn", ""))
    except ValueError as error:
        raise FormError(f"{path}: {stem}.chn: {error}") from error
    return Node(
        path=stem.removeprefix(ROOT).removeprefix("/"),
        type=type_[1],
        wires=definition.wires,
        inputs=definition.inputs,
        outputs=definition.outputs,
        next_connector=definition.next_connector,
        parms=parms,
        channels=channels,
        spare=read_parms(path, parts.get(f"{stem}.spareparmdef", "")),
        flags=definition.flags,
    )


def _parms(path: Path, stem: str, text: str) -> Parms:
    """Read a ``.parm`` part; every line that does not belong to a longer text begins a parameter that is read."""
    if text and not (text.startswith("{\nversion 0.8\n") and text.endswith("}\n")):
        raise FormError(f"{path}: {stem}.parm has no frame of braces and version")
    return parse_parms(text)


def _definition(path: Path, stem: str, parts: Mapping[str, str]) -> _Definition:
    """Read a ``.def`` part: one setting a line, and blocks of lines between braces."""
    text = parts.get(f"{stem}.def")
    if text is None or not text.endswith("end\n"):
        raise FormError(f"{path}: {stem}.def is missing, or has no end")
    blocks = {
        match[1]: match[2].splitlines()
        for match in re.finditer(r"^(\w+) *\n\{\n(.*?)^\}$", text, re.MULTILINE | re.DOTALL)
    }
    rows = {key: blocks.get(key, []) for key in ("outputsNamed3", "inputsNamed3", "inputs")}
    named = [_match(path, stem, _NAMED, row) for row in rows["inputsNamed3"]]
    wires = [_match(path, stem, _WIRE, row) for row in rows["inputs"]]
    outputs = [_match(path, stem, _OUTPUT, row) for row in rows["outputsNamed3"]]
    for rows_ in (named, outputs, wires):
        if len({row[1] for row in rows_}) < len(rows_):
            raise FormError(f"{path}: {stem}.def: two wires or connectors of one number")
    following = re.search(r"^connectornextid (\d+)$", text, re.MULTILINE)
    flags = re.search(r"^flags = (.*)$", text, re.MULTILINE)
    words = flags[1].split() if flags else []
    return _Definition(
        wires=tuple(_wire(row) for row in wires),
        inputs={int(row[1]): (row[2], row[3]) for row in named},
        outputs={int(row[1]): row[2] for row in outputs},
        next_connector=int(following[1]) if following else 0,
        flags={name: state == "on" for name, state in zip(words[::2], words[1::2], strict=True)},
    )


def _wire(row: re.Match[str]) -> Wire:
    network_input = re.fullmatch(r"\((\d+)\)", row[2])
    if network_input:
        return Wire(input=int(row[1]), source=None, output=int(network_input[1]))
    return Wire(input=int(row[1]), source=row[2], output=int(row[3]))


def _check_sources(path: Path, stem: str, definition: _Definition, definitions: Mapping[str, _Definition]) -> None:
    siblings = stem.rpartition("/")[0]
    for source in (*(wire.source for wire in definition.wires), *(source for source, _ in definition.inputs.values())):
        # A wire may come from a dot, which is no node, or as (0) from the network's own input; "" is an open input.
        if source and not source.startswith(("(", '"')) and f"{siblings}/{source}" not in definitions:
            raise FormError(f"{path}: {stem}.def: a wire from {source}, which is not there")


def _match(path: Path, stem: str, form: re.Pattern[str], row: str) -> re.Match[str]:
    match = form.fullmatch(row)
    if not match:
        raise FormError(f"{path}: {stem}.def: {row!r}")
    return match


def _check_times(folder: Path, parts: Mapping[str, str]) -> None:
    for name in TIMES:
        if (folder / name).exists():
            times = _document(folder / name, "", read_text(folder / name))
            if strange := [key for key, value in times.items() if not isinstance(value, int)]:
                raise FormError(f"{folder / name}: {', '.join(strange)}")
    if (folder / VERSIONS).exists():
        versions = _document(folder / VERSIONS, "", read_text(folder / VERSIONS))
        values = versions["values"]
        if strange := [key for key, at in versions["indexes"].items() if key not in parts or not 0 <= at < len(values)]:
            raise FormError(f"{folder / VERSIONS}: {', '.join(strange)}")


def _document(path: Path, part: str, text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise FormError(f"{path}: {part}: {error}") from error
    if not isinstance(document, dict):
        raise FormError(f"{path}: {part}: no JSON object")
    return document
