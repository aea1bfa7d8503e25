"""Checks of an asset beyond its form: nothing in it names what is not there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from support.houdini.expanded_asset.asset import Asset
from support.houdini.expanded_asset.contents import Contents, Node
from support.houdini.expanded_asset.interface import Menu, Part
from support.houdini.expanded_asset.library import CONTENTS, LIST, mangle
from support.houdini.expanded_asset.rules import parse_rule

TEXTS = {"string", "file", "directory", "image", "oplist", "oppath", "geometry"}
NUMBERS = {"integer", "float", "toggle", "ordinal"}

_REFERENCE = re.compile(r'\b(chs?)\("\.\./([^"]*)"\)')
_CALLBACK = re.compile(r"hou\.phm\(\)\.(\w+)\(kwargs\)")
_HELP_ID = re.compile(r"^ *#id: (\w+)$", re.MULTILINE)


def complaints(asset: Asset) -> list[str]:
    """Return a sentence for everything that is not as it has to be."""
    found = [*_names(asset), *_files(asset), *_parameters(asset), *_help(asset)]
    if asset.contents is not None:
        found += [*_wiring(asset.contents), *_references(asset, asset.contents)]
    return found


def referred(node: Node) -> dict[str, tuple[str, str]]:
    """Return for each parameter of a node that follows one of the asset's: the function, and the asset's parameter."""
    found = {}
    for name, channel in node.channels.items():
        match = _REFERENCE.fullmatch(channel.segments[0].expression) if len(channel.segments) == 1 else None
        if match:
            found[name] = (match[1], match[2])
    return found


def _names(asset: Asset) -> Iterator[str]:
    index = asset.operator.index
    for where, name in (("DialogScript", asset.dialog.name), ("CreateScript", asset.created_for)):
        if name != index.operator:
            yield f"{where} is of {name}, the index of {index.operator}"
    section = index.icon.partition("?")[2]
    if section not in asset.operator.sections:
        yield f"the icon {index.icon} is no section"
    if index.is_subnet != (CONTENTS in asset.operator.sections):
        yield f"Subnet is {index.is_subnet}, and the sections say otherwise"
    if len(asset.dialog.inputs) < index.inputs[1]:
        yield f"{index.inputs[1]} inputs, and labels for {len(asset.dialog.inputs)}"


def _files(asset: Asset) -> Iterator[str]:
    listed = {path.name for path in asset.operator.sections.values()} | {LIST}
    for path in asset.operator.folder.iterdir():
        if path.name not in listed:
            yield f"{path.name} is in no list"
    for section in asset.extra:
        if mangle(section) not in listed:
            yield f"ExtraFileOptions tell of {section}, which is no section"
    if "PythonModule" in asset.operator.sections and asset.extra.get("PythonModule", {}).get("IsPython") is not True:
        yield "PythonModule would be read as HScript"


def _parameters(asset: Asset) -> Iterator[str]:
    parms = asset.dialog.parms()
    functions = _functions(asset)
    for part in asset.dialog.all():
        for rule in part.conditions.values():
            yield from (f"{part.name}: {sentence}" for sentence in _rule(rule, parms))
    for part in parms.values():
        if not part.help:
            yield f"{part.name} has no tooltip"
        if part.menu and part.menu.script:
            yield from (f"{part.name}: {sentence}" for sentence in _menu_script(part.menu))
        elif part.menu and part.defaults[0].text not in [token for token, _ in part.menu.items]:
            yield f"{part.name}: the default {part.defaults[0].text!r} is not in its menu"
        if part.type in {"integer", "float"} and not _within(part):
            yield f"{part.name}: the default {part.defaults[0].text!r} is not in the range {part.range}"
        called = _CALLBACK.fullmatch(part.tags.get("script_callback", ""))
        if part.type == "button" and (called is None or called[1] not in functions):
            yield f"{part.name} calls {part.tags.get('script_callback')!r}, and the module has {sorted(functions)}"


def _menu_script(menu: Menu) -> Iterator[str]:
    """Look at the script of a menu: the body of a function of ``kwargs`` that returns."""
    if menu.language != "python":
        yield f"the menu's script is in {menu.language}"
        return
    try:
        body = ast.parse("def menu(kwargs):\n" + "\n".join(f"    {line}" for line in menu.script)).body[0]
    except SyntaxError as error:
        yield f"the menu's script cannot be read: {error}"
        return
    if not any(isinstance(node, ast.Return) and node.value is not None for node in ast.walk(body)):
        yield "the menu's script returns nothing"


def _rule(rule: str, parms: dict[str, Part]) -> Iterator[str]:
    try:
        clauses = parse_rule(rule)
    except ValueError as error:
        yield str(error)
        return
    for name, _, value in (test for clause in clauses for test in clause):
        if name not in parms:
            yield f"the rule {rule} names {name}, which is not there"
        elif (menu := parms[name].menu) and value not in [token for token, _ in menu.items]:
            yield f"the rule {rule} compares {name} with {value!r}, which is not in its menu"


def _within(part: Part) -> bool:
    value = float(part.defaults[0].text)
    low, high = part.range or (str(value), str(value))
    return float(low.removesuffix("!")) <= value and (not high.endswith("!") or value <= float(high[:-1]))


def _functions(asset: Asset) -> set[str]:
    if "PythonModule" not in asset.operator.sections:
        return set()
    body = ast.parse(asset.operator.text("PythonModule")).body
    imported = {alias.asname or alias.name for node in body if isinstance(node, ast.ImportFrom) for alias in node.names}
    return imported | {node.name for node in body if isinstance(node, ast.FunctionDef)}


def _help(asset: Asset) -> Iterator[str]:
    described = _HELP_ID.findall(asset.operator.text("Help")) if "Help" in asset.operator.sections else []
    if described != list(asset.dialog.parms()):
        yield f"the help page describes {described}, the asset has {list(asset.dialog.parms())}"


def _wiring(contents: Contents) -> Iterator[str]:
    nodes = {path: node for path, node in contents.nodes.items() if path}
    for node in nodes.values():
        if [wire.input for wire in node.wires] != list(range(len(node.wires))):
            yield f"{node.path}: wires into {[wire.input for wire in node.wires]}"
        numbers = [*node.inputs, *node.outputs]
        if sorted(numbers) != list(range(node.next_connector)):
            yield f"{node.path}: connectors {numbers}, the next one {node.next_connector}"
        by_name = [source for source, _ in node.inputs.values()]
        if by_name != [wire.source or f"({wire.output})" for wire in node.wires]:
            yield f"{node.path}: its two lists of wires differ"
        for source, connector in node.inputs.values():
            if source in nodes and int(connector) not in nodes[source].outputs:
                yield f"{node.path}: a wire from connector {connector} of {source}, which has {nodes[source].outputs}"
    outputs = [node for node in nodes.values() if node.type == "output"]
    if len(outputs) != 1 or not outputs[0].flags.get("display"):
        yield f"the outputs are {[node.path for node in outputs]}, one of which has to be displayed"
    elif unused := set(nodes) - _above(outputs[0].path, nodes):
        yield f"nothing comes from {', '.join(sorted(unused))}"


def _above(path: str, nodes: dict[str, Node]) -> set[str]:
    found = {path}
    for wire in nodes[path].wires:
        if wire.source:
            found |= _above(wire.source, nodes)
    return found


def _references(asset: Asset, contents: Contents) -> Iterator[str]:
    parms = asset.dialog.parms()
    for node in contents.nodes.values():
        driven = {value.channel for values in node.parms.values() for value in values if value.channel}
        if driven != set(node.channels):
            yield f"{node.path}: driven are {sorted(driven)}, channels are {sorted(node.channels)}"
        spare = {part.name: part for part in node.spare}
        for name, part in spare.items():
            if "baseparm" not in part.flags and name not in node.parms:
                yield f"{node.path}/{name} has no value"
        references = referred(node)
        for name in set(node.channels) - set(references):
            yield f"{node.path}/{name} follows nothing of the asset's"
        for name, (function, target) in references.items():
            kind = parms[target].type if target in parms else "nothing"
            if kind not in (TEXTS if function == "chs" else NUMBERS):
                yield f"{node.path}/{name}: {function} of {target}, which is {kind}"
            wanted = TEXTS if function == "chs" else NUMBERS
            if name in spare and spare[name].type not in wanted:
                yield f"{node.path}/{name} is {spare[name].type}, and {function} gives another type"
