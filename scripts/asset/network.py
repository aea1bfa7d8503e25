"""The network inside: ``Contents.mime``, a MIME document with a part for each aspect of each node."""

from __future__ import annotations

from collections.abc import Iterator

from asset.dialog import base_text, parts_text, quote
from asset.houdini_json import houdini_json
from asset.model import Asset, Node, Spare

BOUNDARY = "HOUDINIMIMEBOUNDARY0xD3ADD339-0x00000F49-0x56B122C9-0x00000001HOUDINIMIMEBOUNDARY"
ROOT = "hdaroot"

_AUTHOR = "cosmos@houdini"
_STEP_Y = 1.2
_SIDE_X = 3.0
_FLAGS = (
    "lock off model off template off footprint off xray off bypass off display {shown} render {shown} highlight off "
    "unload off savedata off compress off colordefault on exposed on"
)


def contents_mime(asset: Asset) -> str:
    """Return the whole document."""
    head = f'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="{BOUNDARY}"\n\n'
    parts = (
        f'--{BOUNDARY}\nContent-Disposition: attachment; filename="{name}"\nContent-Type: text/plain\n\n{text}\n'
        for name, text in mime_parts(asset)
    )
    return f"{head}{''.join(parts)}--{BOUNDARY}--\n"


def mime_parts(asset: Asset) -> Iterator[tuple[str, str]]:
    """Yield name and text of every part, in Houdini's order."""
    yield "node_type", "Top\n"
    yield f"{ROOT}.init", f"type = {asset.operator}\nmatchesdef = 0\n"
    yield f"{ROOT}.def", _definition(position=(0.0, 0.0), inputs=(), outputs=0, shown=False)
    yield f"{ROOT}.userdata", _userdata("")
    yield f"{ROOT}.inp", _indirect_inputs(asset)
    places = {
        node.name: (_SIDE_X * _column(asset, node), _STEP_Y * (len(asset.nodes) - row))
        for row, node in enumerate(asset.nodes)
    }
    for node in asset.nodes:
        is_last = node is asset.nodes[-1]
        path = f"{ROOT}/{node.name}"
        yield f"{path}.init", f"type = {node.type}\nmatchesdef = 0\n"
        yield f"{path}.def", _wired(asset, node, places[node.name], is_last=is_last)
        if node.spares:
            yield f"{path}.spareparmdef", base_text(node.base) + parts_text(spare.field for spare in node.spares)
        if channels := {**node.channels, **{s.field.name: s.channel for s in node.spares if s.channel}}:
            yield f"{path}.chn", _channels(channels, node)
        yield f"{path}.parm", _parms(node)
        yield f"{path}.userdata", _userdata("___EXTERNAL___")
    yield f"{ROOT}.order", "".join(f"{line}\n" for line in (len(asset.nodes), *(node.name for node in asset.nodes)))
    yield f"{ROOT}.net", "1\n"


def times(asset: Asset) -> str:
    """Return ``Contents.createtimes`` and ``Contents.modtimes``: the time of every definition."""
    stems = [f"{ROOT}/{node.name}" for node in asset.nodes] + [ROOT]
    return houdini_json({f"{stem}.def": int(asset.saved.timestamp()) for stem in stems})


def versions(asset: Asset) -> str:
    """Return ``Contents.houdini_versions``: the Houdini that every ``___EXTERNAL___`` means."""
    return houdini_json(
        {"values": [asset.houdini], "indexes": {f"{ROOT}/{node.name}.userdata": 0 for node in asset.nodes}}
    )


def _column(asset: Asset, node: Node) -> int:
    """Return the column of a node: nodes with the same inputs are side by side."""
    return [other.name for other in asset.nodes if other.above == node.above].index(node.name)


def _wired(asset: Asset, node: Node, position: tuple[float, float], *, is_last: bool) -> str:
    known = {other.name: len(other.above) for other in asset.nodes}
    rows = []
    for number, source in enumerate(node.above):
        # Connectors of a node are numbered: its inputs first, then its output.
        named = f"{source} {known[source]}" if source else '(0) ""'
        rows.append((f'{number} \t{named} 1 "input{number + 1}"', f"{number} \t{source or '(0)'} 0 1"))
    return _definition(position=position, inputs=tuple(rows), outputs=0 if is_last else 1, shown=is_last)


def _definition(
    *, position: tuple[float, float], inputs: tuple[tuple[str, str], ...], outputs: int, shown: bool
) -> str:
    count = len(inputs)
    lines = [
        'comment ""',
        f"position {position[0]:g} {position[1]:g}",
        f"connectornextid {count + outputs}",
        f"flags =  {_FLAGS.format(shown='on' if shown else 'off')}",
        *("outputsNamed3", "{", *([f'{count} "output1"'] if outputs else []), "}"),
        *("inputsNamed3", "{", *(named for named, _ in inputs), "}"),
        *("inputs", "{", *(wire for _, wire in inputs), "}"),
        *("stat", "{", "  create -1", "  modify -1", f"  author {_AUTHOR}", "  access 0777", "}"),
        "color UT_Color RGB 0.8 0.8 0.8 ",
        'delscript ""',
        "exprlanguage hscript",
        "end",
    ]
    return "".join(f"{line}\n" for line in lines)


def _indirect_inputs(asset: Asset) -> str:
    """Return the places of the asset's own inputs, above all nodes."""
    count, y = len(asset.inputs), _STEP_Y * (len(asset.nodes) + 1)
    rows = (f'{n} {_SIDE_X * n:g} {y:g} 2 0 __NO_OWNER_NETWORK_BOX__ "FROMOUTPUT"' for n in range(count))
    return "".join(f"{line}\n" for line in (count, *rows))


def _channels(channels: dict[str, str], node: Node) -> str:
    texts = {spare.field.name for spare in node.spares if _is_text(spare)}
    blocks = []
    for name, expression in channels.items():
        default = '      defaultString = \\"\\"\n' if name in texts else ""
        escaped = expression.replace('"', '\\"')
        blocks.append(
            f"    channel {name} {{\n      lefttype = extend\n      righttype = extend\n{default}      flags = 0\n"
            f"      segment {{ length = 0 expr = {escaped} }}\n    }}\n"
        )
    return f"{{\n{''.join(blocks)}  }}\n"


def _parms(node: Node) -> str:
    rows = [(n, quote_value(value) if isinstance(value, str) else str(value)) for n, value in node.values.items()]
    rows += [(name, f"[ {name}\t0 ] ") for name in node.channels]
    for spare in node.spares:
        name, is_text = spare.field.name, _is_text(spare)
        if spare.channel:
            rows.append((name, f"[ {name}\t{quote_value('') if is_text else 0} ] "))
        else:
            (value,) = spare.field.defaults
            rows.append((name, quote_value(value) if is_text else value))
    return "{\nversion 0.8\n" + "".join(f"{name}\t[ 0\tlocks=0 ]\t(\t{value}\t)\n" for name, value in rows) + "}\n"


def quote_value(text: str) -> str:
    r"""Return a text as a ``.parm`` holds it: with real line breaks.

    >>> print(quote_value('a "b"\nc'))
    "a \"b\"
    c"
    """
    return quote(text).replace("\\n", "\n")


def _is_text(spare: Spare) -> bool:
    return spare.field.type == "string"


def _userdata(version: str) -> str:
    return houdini_json({"___Version___": {"type": "string", "value": version}})
