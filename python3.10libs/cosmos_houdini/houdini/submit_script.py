"""``hython scripts/cosmos_submit.py``: renders a shot if asked to, and submits it as ``cosmos-houdini submit`` does."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cosmos_houdini.errors import BadInput
from cosmos_houdini.houdini import worker
from cosmos_houdini.houdini.open_scene import load_scene, render
from cosmos_houdini.houdini.script import answer, exit_code, say
from cosmos_houdini.houdini.submission import Submission

_RANGE = re.compile(r"(-?\d+)-(-?\d+)")


def main(argv: Sequence[str]) -> int:
    """Submit a shot and print the paths of its results, or with ``--json`` the document of its job."""
    options, others = _parser().parse_known_args(argv)
    return exit_code(lambda: _run(options, others))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cosmos_submit.py",
        description=__doc__.partition(": ")[2],
        epilog="Every other option is that of `cosmos-houdini submit`; `cosmos-houdini submit --help` lists them.",
        allow_abbrev=False,
    )
    parser.add_argument("file", type=Path, metavar="SHOT.hip")
    parser.add_argument("--rop", metavar="/out/NODE", help="the render node that writes the frames")
    parser.add_argument("--render", action="store_true", help="render it first, its own range or that of --range")
    parser.add_argument("--range", metavar="A-B", help="these frames")
    parser.add_argument("--prompt", required=True, help="what the result shows")
    parser.add_argument("--json", action="store_true", help="print one JSON document on standard output")
    return parser


def _run(options: argparse.Namespace, others: Sequence[str]) -> int:
    if options.render:
        if not options.rop:
            raise BadInput("--render renders nothing without a node", action="name it with --rop /out/NODE")
        load_scene(options.file)
        say(f"rendering {options.rop}")
        render(options.rop, _frames(options.range))
    span = ("--range", options.range) if options.range else ()
    shot = Submission(hip=options.file, node=options.rop, prompt=options.prompt, options=(*span, *others))
    document = worker.call("submit", *shot.arguments(), on_line=say)
    _show(document, as_json=options.json)
    return 0


def _frames(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    match = _RANGE.fullmatch(text)
    if not match:
        raise BadInput(f"{text!r} is no range", allowed="A-B, for example 1001-1049")
    return (int(match[1]), int(match[2]))


def _show(document: dict[str, Any], *, as_json: bool) -> None:
    if as_json or "outputs" not in document:
        answer(json.dumps(document, indent=2, ensure_ascii=False))
        return
    for path in document["outputs"]:
        answer(path)
    say(f"{document['id']} {document['state']}")
