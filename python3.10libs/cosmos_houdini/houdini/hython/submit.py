"""``hython scripts/cosmos_submit.py``: renders a shot if asked to, and submits it as ``cosmos-houdini submit`` does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from cosmos_houdini.houdini import worker
from cosmos_houdini.houdini.hython.command_lines import submit_parser
from cosmos_houdini.houdini.hython.script import exit_code, print_result, say
from cosmos_houdini.houdini.hython.shot_arguments import render_if_asked, submission_of
from cosmos_houdini.houdini.submission import COMMAND as SUBMIT


def main(argv: Sequence[str]) -> int:
    """Submit a shot and print the paths of its results, or with ``--json`` the document of its job."""
    options, words = submit_parser().parse_known_args(argv)

    def run() -> int:
        render_if_asked(options)
        shot = submission_of(options, words)
        document = worker.call(SUBMIT, shot.request_options(), words=shot.words, on_message=say)
        _print_document(document, as_json=options.json)
        return 0

    return exit_code(run)


def _print_document(document: dict[str, Any], *, as_json: bool) -> None:
    if as_json or "outputs" not in document:
        print_result(json.dumps(document, indent=2, ensure_ascii=False))
        return
    for path in document["outputs"]:
        print_result(path)
    say(f"{document['id']} {document['state']}")
