"""``hython scripts/cosmos_batch.py``: renders a shot if asked to, and runs it many times with varied parameters."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from cosmos_houdini.errors import BadInput
from cosmos_houdini.houdini import worker
from cosmos_houdini.houdini.hython import rendering
from cosmos_houdini.houdini.hython.script import answer, exit_code, say
from cosmos_houdini.houdini.submission import Submission
from cosmos_houdini.model.names import portable_name

# They belong to single runs, of which a batch makes its own.
_VARIED = ("--set", "--weights", "--detach")


def main(argv: Sequence[str]) -> int:
    """Run a batch of a shot and print the path of its table, or with ``--json`` a document with all its runs."""
    options, others = _parser().parse_known_args(argv)
    return exit_code(lambda: _run(options, others))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cosmos_batch.py",
        description=__doc__.partition(": ")[2],
        epilog="Every other option is that of `cosmos-houdini submit`, such as --renders or --negative-prompt.",
        allow_abbrev=False,
    )
    parser.add_argument("file", type=Path, metavar="SHOT.hip")
    rendering.add_options(parser)
    parser.add_argument("--prompt", required=True, help="what the results show")
    parser.add_argument("--name", help="of the shot and its batch; else the scene's")
    parser.add_argument("--randomization", metavar="FILE", help="YAML or JSON: what is varied, and how")
    parser.add_argument("--count", metavar="N", help="so many runs")
    parser.add_argument("--seed", metavar="N", help="of the sweep: the same seed, the same runs")
    parser.add_argument("--engine", help="the configured default without it")
    parser.add_argument("--host", help="where to run; the configured default without it")
    parser.add_argument("--max-parallel", metavar="N", help="runs at a time; else one per GPU of the host")
    parser.add_argument("--dry-run", action="store_true", help="encode, print every run, and reach nothing")
    parser.add_argument("--json", action="store_true", help="print one JSON document on standard output")
    return parser


def _run(options: argparse.Namespace, others: Sequence[str]) -> int:
    """Convert the shot with ``submit --dry-run``, and let ``create-batch`` and ``run-batch`` do the rest."""
    for option in others:
        if option.partition("=")[0] in _VARIED:
            raise BadInput(
                f"{option} is for a single run", action="say it in the file of --randomization: a list of one"
            )
    rendering.render_if_asked(options)
    name = options.name or portable_name(options.file.stem) or "shot"
    folder = Path(worker.call("config", "show", may_find_fault=True)["project"]) / "cosmos_out" / name
    where = (*_given(options, "engine", "host"), "--name", name, "--results", str(folder), "--dry-run")
    shot = Submission(
        hip=options.file,
        node=options.rop,
        prompt=options.prompt,
        options=(*rendering.range_arguments(options), *others, *where),
    )
    worker.call("submit", *shot.arguments(), on_line=say)
    batch = str(folder / f"{name}.batch.yaml")
    varied = _given(options, "randomization", "count", "seed", "engine")
    runs = worker.call("create-batch", str(folder / f"{name}.spec.json"), *varied, "-o", batch, on_line=say)
    if options.dry_run:
        answer(json.dumps(runs, indent=2, ensure_ascii=False))
        return 0
    printed = ("--json",) if options.json else ()
    answer(
        worker.call_text("run-batch", batch, *_given(options, "host", "max_parallel"), *printed, on_line=say).rstrip(
            "\n"
        )
    )
    return 0


def _given(options: argparse.Namespace, *names: str) -> list[str]:
    """Return the options that were given, as the command line takes them."""
    found = ((f"--{name.replace('_', '-')}", getattr(options, name)) for name in names)
    return [part for option, value in found if value is not None for part in (option, value)]
