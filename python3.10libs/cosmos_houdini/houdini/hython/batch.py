"""``hython scripts/cosmos_batch.py``: renders a shot if asked to, and runs it many times with varied parameters."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from cosmos_houdini.errors import BadInput
from cosmos_houdini.houdini import worker
from cosmos_houdini.houdini.hython.command_lines import batch_parser
from cosmos_houdini.houdini.hython.script import exit_code, print_result, say
from cosmos_houdini.houdini.hython.shot_arguments import render_if_asked, submission_of
from cosmos_houdini.houdini.submission import COMMAND as SUBMIT
from cosmos_houdini.model.names import portable_name
from cosmos_houdini.model.project_folders import RESULTS

_NUMBERS = ("count", "seed", "max_parallel")
# Options of a single run: a batch sets them for each of its runs.
_VARIED = ("--set", "--weights", "--weight", "--detach")


def main(argv: Sequence[str]) -> int:
    """Run a batch of a shot and print the path of its table, or with ``--json`` a document with all its runs."""
    options, words = batch_parser().parse_known_args(argv)
    return exit_code(lambda: _run(options, words))


def _run(options: argparse.Namespace, words: Sequence[str]) -> int:
    """Encode the shot with ``submit``, then call ``create-batch`` and ``run-batch``."""
    for word in words:
        if word.partition("=")[0] in _VARIED:
            raise BadInput(
                f"{word} is for a single run", action="put it into the file of --randomization, as a list of one value"
            )
    render_if_asked(options)
    name = options.name or portable_name(options.file.stem) or "shot"
    folder = Path(worker.call("config")["project"]) / RESULTS / name
    more = {**_given(options, "engine", "host"), "name": name, "results": str(folder), "dry_run": True}
    shot = submission_of(options, words, more)
    worker.call(SUBMIT, shot.request_options(), words=shot.words, on_message=say)
    batch = str(folder / f"{name}.batch.yaml")
    varied = _given(options, "randomization", "count", "seed", "engine")
    specs = [str(folder / f"{name}.spec.json")]
    runs = worker.call("create-batch", {"specs": specs, **varied, "output": batch}, on_message=say)
    if options.dry_run:
        print_result(json.dumps(runs, indent=2, ensure_ascii=False))
        return 0
    document = worker.call("run-batch", {"file": batch, **_given(options, "host", "max_parallel")}, on_message=say)
    print_result(json.dumps(document, indent=2, ensure_ascii=False) if options.json else document["table"])
    return 0


def _given(options: argparse.Namespace, *names: str) -> dict[str, object]:
    """Return the options that were given, by name.

    Raises:
        BadInput: a number is none.
    """
    given = {name: value for name in names if (value := getattr(options, name)) is not None}
    return {name: _parse_number(name, value) if name in _NUMBERS else value for name, value in given.items()}


def _parse_number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise BadInput(f"--{name.replace('_', '-')} {text!r}", allowed="a whole number")
    return int(text)
