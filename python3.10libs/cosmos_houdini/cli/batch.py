"""``create-batch``: many runs in one file, their parameters varied."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from cosmos_houdini import config
from cosmos_houdini.cli.console import json_option, print_json_lines, say
from cosmos_houdini.cli.spec import schema_option
from cosmos_houdini.engines import engine_names, find_engine
from cosmos_houdini.model.batch import MAX_RUNS, BatchItem, BatchSpec, Randomization
from cosmos_houdini.model.names import portable_name
from cosmos_houdini.specs.batch_file import load_randomization, save_batch
from cosmos_houdini.specs.create import check_videos
from cosmos_houdini.specs.files import load_prompt_spec
from cosmos_houdini.sweeps.adaptive import Adaptive
from cosmos_houdini.sweeps.sweep import Sweep, SweepRun, expand

_FILE = click.Path(path_type=Path)

FROM_INPUT = "fps"
"""The one parameter that follows the input video where nothing is said; no batch file tells which it will be."""


@click.command("create-batch", help="Write a batch: runs of prompt specs, their parameters varied.")
@click.argument("spec_files", metavar="SPEC...", nargs=-1, required=True, type=_FILE)
@click.option("--randomization", "varied", type=_FILE, help="YAML or JSON: what is varied, and how.")
@click.option("--engine", "engine_name", help=f"{', '.join(engine_names())}; the configured default without it.")
@click.option("--count", type=click.IntRange(1, MAX_RUNS), help="Runs for each SPEC, before the file's count.")
@click.option("--seed", type=click.IntRange(0), help="Of the sweep, before the file's; the same seed, the same runs.")
@click.option("-o", "--output", type=_FILE, help="File to write; NAME.batch.yaml without it.")
@json_option
@schema_option(BatchSpec.model_json_schema)
def create_batch(
    *,
    spec_files: tuple[Path, ...],
    varied: Path | None,
    engine_name: str | None,
    count: int | None,
    seed: int | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Work out every run, then write the file."""
    chosen = find_engine(engine_name or config.load().settings.defaults.engine)
    how = load_randomization(varied) if varied else Randomization()
    given = {"count": count, "seed": seed}
    path = output or Path(f"{load_prompt_spec(spec_files[0]).name if len(spec_files) == 1 else 'batch'}.batch.yaml")
    batch = BatchSpec(
        name=_name(path),
        engine=chosen.name,
        items=tuple(BatchItem(spec=file.absolute()) for file in spec_files),
        randomization=how.model_copy(update={key: value for key, value in given.items() if value is not None}),
    )
    sweep = expanded(batch)
    save_batch(batch, path)
    if as_json:
        print_runs(sweep.runs)
    else:
        click.echo(path)
    say(f"wrote {path} with {len(sweep.runs)} runs; next: cosmos-houdini run-batch {shlex.quote(str(path))}")


def _name(path: Path) -> str:
    """Return the first word of a file's name, in letters that every file system takes."""
    word = path.name.removesuffix(path.suffix).removesuffix(".batch")
    return portable_name(word) or "batch"


def expanded(batch: BatchSpec, adaptive: Adaptive | None = None) -> Sweep:
    """Return the runs of a batch, and say what was left out or changed.

    Args:
        batch: what was asked for.
        adaptive: knows the points of an adaptive batch; its first ones are returned without it.

    Raises:
        BadInput: a prompt spec that cannot be read, a video that is no file, or as for ``expand``.
    """
    specs = {item.spec: load_prompt_spec(item.spec) for item in batch.items}
    for file, spec in specs.items():
        check_videos([spec.input_video, *spec.controls.values()], file)
    sweep = expand(batch, specs, find_engine(batch.engine).parameters, adaptive)
    for note in sweep.notes:
        say(note)
    return sweep


def print_runs(runs: Iterable[SweepRun]) -> None:
    """Print one JSON document of all runs."""
    defaults = functools.cache(_defaults)
    print_json_lines("create-batch", "runs", (run.document(defaults(run.shared.engine)) for run in runs))


def _defaults(engine_name: str) -> dict[str, Any]:
    known = find_engine(engine_name).parameters
    return {key: parameter.default for key, parameter in known.items() if key != FROM_INPUT}
