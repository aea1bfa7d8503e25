"""``create-batch``: many runs in one file, their parameters varied."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from cosmos_houdini import config
from cosmos_houdini.batches import create
from cosmos_houdini.batches.plan import run_documents
from cosmos_houdini.caption.templates import parse_words
from cosmos_houdini.cli.console import json_option, print_json_lines, say
from cosmos_houdini.cli.request_options import engine_option
from cosmos_houdini.cli.spec import schema_option
from cosmos_houdini.cli.terminal import TerminalReporter
from cosmos_houdini.model.batch import MAX_RUNS, Randomization
from cosmos_houdini.specs.batch_file import load_randomization

_FILE = click.Path(path_type=Path)


@click.command("create-batch", help="Write a batch: runs of prompt specs, their parameters varied.")
@click.argument("spec_files", metavar="SPEC...", nargs=-1, required=True, type=_FILE)
@click.option("--randomization", "varied", type=_FILE, help="YAML or JSON: the varied parameters and their values.")
@engine_option
@click.option("--count", type=click.IntRange(1, MAX_RUNS), help="Runs for each SPEC, before the file's count.")
@click.option("--seed", type=click.IntRange(0), help="Seed of the sweep, before the file's; one seed, the same runs.")
@click.option(
    "--prompt", "templates", multiple=True, metavar="TEXT", help="Template, as '{prompt}, {time}'; repeatable."
)
@click.option("--words", multiple=True, metavar="NAME=A|B", help="Texts for {NAME}: a list, or @FILE; repeatable.")
@click.option("-o", "--output", type=_FILE, help="File to write; NAME.batch.yaml without it.")
@json_option
@schema_option("batch-spec")
def create_batch(
    *,
    spec_files: tuple[Path, ...],
    varied: Path | None,
    engine: str | None,
    count: int | None,
    seed: int | None,
    templates: tuple[str, ...],
    words: tuple[str, ...],
    output: Path | None,
    as_json: bool,
) -> None:
    """Work out every run, then write the file."""
    created = create.create_batch(
        spec_files,
        config.load(),
        TerminalReporter(),
        randomization=load_randomization(varied) if varied else Randomization(),
        engine=engine,
        count=count,
        seed=seed,
        output=output,
        templates=templates,
        words=parse_words(words),
    )
    runs = created.sweep.runs
    if as_json:
        print_json_lines("create-batch", "runs", run_documents(runs))
    else:
        click.echo(created.file)
    say(f"wrote {created.file} with {len(runs)} runs; next: cosmos-houdini run-batch {shlex.quote(str(created.file))}")
