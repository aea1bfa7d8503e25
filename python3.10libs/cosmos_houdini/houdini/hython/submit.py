"""``hython scripts/cosmos_submit.py``: renders a shot if asked to, and submits it as ``cosmos-houdini submit`` does."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cosmos_houdini.houdini import worker
from cosmos_houdini.houdini.hython import rendering
from cosmos_houdini.houdini.hython.script import answer, exit_code, say
from cosmos_houdini.houdini.submission import Submission


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
    rendering.add_options(parser)
    parser.add_argument("--prompt", required=True, help="what the result shows")
    parser.add_argument("--json", action="store_true", help="print one JSON document on standard output")
    return parser


def _run(options: argparse.Namespace, others: Sequence[str]) -> int:
    rendering.render_if_asked(options)
    given = (*rendering.range_arguments(options), *others)
    shot = Submission(hip=options.file, node=options.rop, prompt=options.prompt, options=given)
    document = worker.call("submit", *shot.arguments(), on_line=say)
    _show(document, as_json=options.json)
    return 0


def _show(document: dict[str, Any], *, as_json: bool) -> None:
    if as_json or "outputs" not in document:
        answer(json.dumps(document, indent=2, ensure_ascii=False))
        return
    for path in document["outputs"]:
        answer(path)
    say(f"{document['id']} {document['state']}")
