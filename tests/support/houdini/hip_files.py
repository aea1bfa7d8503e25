"""Scene files made up for tests, byte by byte and without the product's own code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

SAVED_S = 0x65A1B2C3
START = "fplayback -i on\ntcur 0\nfps 24\ntset 0 10\nfrange 1 240\nunitlength 1\nunitmass 1\nprompt '> '\n"
VARIABLES = (
    "set -g JOB = '/jobs/a'\nset -g _HIP_SAVETIME = 'Fri Jan 12 22:44:35 2024'\nset -g _HIP_SAVEVERSION = '20.5.332'\n"
)
PLAIN_CHANNELS = "lefttype = extend righttype = extend flags = 0"

Body = str | bytes


def as_bytes(text: Body) -> bytes:
    return text.encode() if isinstance(text, str) else text


def cpio_entry(name: Body, body: Body, *, name_size: int | None = None, body_size: int | None = None) -> bytes:
    """Return one entry; sizes other than the true ones make the header lie."""
    name, body = as_bytes(name) + b"\0", as_bytes(body)
    sizes = b"%06o%011o" % (
        len(name) if name_size is None else name_size,
        len(body) if body_size is None else body_size,
    )
    return b"070707" + b"000001000000000666000000000000000001000000" + b"%011o" % SAVED_S + sizes + name + body


def cpio(entries: Iterable[tuple[Body, Body]]) -> bytes:
    return b"".join(cpio_entry(name, body) for name, body in [*entries, ("TRAILER!!!", "")])


def limited(entries: Iterable[tuple[Body, Body]], letters: bytes = b"LC") -> bytes:
    """Return the Indie (``LC``) or Apprentice (``NC``) form, its unreadable sizes filled with a constant."""
    marker = {b"LC": "LIMITED_COMMERCIAL_FILE!!!", b"NC": "NON_COMMERCIAL_FILE!!!"}[letters]
    start = b"Hou" + letters + b"\x1a1033600baa0%08x09a7e5953" % SAVED_S
    return b"".join(start + as_bytes(name) + b"\0" + as_bytes(body) for name, body in [*entries, (marker, "")])


def parm(name: str, *values: object) -> str:
    """Return a line of a .parm; a pair (channel, saved value) is driven by that channel."""
    texts = (f"[ {v[0]}\t{v[1]} ] \t" if isinstance(v, tuple) else f"{v}\t" for v in values)
    return f"{name}\t[ 0\tlocks=0 ]\t(\t{''.join(texts)})\n"


def parms(values: Mapping[str, Sequence[object]]) -> str:
    return "{\nversion 0.8\n" + "".join(parm(name, *texts) for name, texts in values.items()) + "}\n"


def channels(**texts: str) -> str:
    blocks = (f"    channel {name} {{ {PLAIN_CHANNELS}\n {text} }}\n" for name, text in texts.items())
    return "{\n" + "".join(blocks) + "  }\n"


def definition(*inputs: str, extra: str = "") -> str:
    wires = "".join(f"{i} \t{name or chr(34) * 2} 0 1\n" for i, name in enumerate(inputs))
    return f'{extra}comment ""\ninputs\n{{\n{wires}}}\nstat\n{{\n  create 1\n}}\nend\n'


CAM_PARMS: dict[str, Sequence[object]] = {
    "xOrd": ['"srt"'],
    "rOrd": ['"xyz"'],
    "t": [1, 2, 3],
    "r": [10, 20, 30],
    "p": [0, 0, 0],
    "res": [1280, 720],
    "aspect": [1],
    "focal": [50],
    "focalunits": ["mm"],
    "aperture": [41.4214],
    "near": [0.1],
    "far": [1000],
}
LOP_PARMS: dict[str, Sequence[object]] = {
    "primpath": ["/cameras/$OS"],
    "t": [1, 2, 3],
    "r": [10, 20, 30],
    "focalLength": [35],
    "horizontalAperture": [20.955],
    "clippingRange": [1, 10000],
}


def node(
    path: str, type_: str, values: Mapping[str, Sequence[object]], chn: str = "", def_: str = ""
) -> list[tuple[Body, Body]]:
    """Return the entries of a node, in Houdini's order."""
    entries: list[tuple[Body, Body]] = [
        (f"{path}.init", f"type = {type_}\nmatchesdef = 0\n"),
        (f"{path}.def", def_ or definition()),
        (f"{path}.parm", parms(values)),
    ]
    return [*entries, (f"{path}.chn", chn)] if chn else entries


def scene_entries(
    *nodes: list[tuple[Body, Body]], start: str = START, variables: str = VARIABLES
) -> list[tuple[Body, Body]]:
    head: list[tuple[Body, Body]] = [
        (".start", start),
        (".variables", variables),
        (".OPdummydefs", "INDX"),
        ("obj.def", ""),
    ]
    return [*head, *(entry for one in nodes for entry in one), (".cwd", "/\n")]


def write_hip(
    folder: Path,
    *nodes: list[tuple[Body, Body]],
    start: str = START,
    variables: str = VARIABLES,
    name: str = "shot.hip",
) -> Path:
    path = folder / name
    path.write_bytes(cpio(scene_entries(*nodes, start=start, variables=variables)))
    return path
