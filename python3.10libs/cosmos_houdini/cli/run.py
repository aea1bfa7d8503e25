"""``run``: one inference from its RunSpec to a verified result."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import click

from cosmos_houdini.cli.console import json_option, print_json, say
from cosmos_houdini.cli.request_options import detach_option, host_option
from cosmos_houdini.cli.terminal import TerminalReporter
from cosmos_houdini.config import Config, load
from cosmos_houdini.engines.cosmos.chunks import chunk_sentence
from cosmos_houdini.jobs.client import open_client
from cosmos_houdini.jobs.follow import raise_failure, run_job
from cosmos_houdini.jobs.prepare import Prepared
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.model.job import JobState
from cosmos_houdini.reporter import Reporter
from cosmos_houdini.shots.run import plan_document, plan_run, write_plan_files
from cosmos_houdini.specs.files import load_run_spec


@click.command(help="Run one inference, from its RunSpec (- for standard input) to a verified result.")
@click.argument("file", metavar="RUN.json", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--engine", help="Another engine than the RunSpec's; each value that changes is told.")
@host_option
@click.option("--num-gpu", type=click.IntRange(1), help="GPUs for this inference, instead of the RunSpec's number.")
@detach_option
@click.option("--dry-run", is_flag=True, help="Print the job that would run, and connect to nothing.")
@click.option("--write-to", type=click.Path(path_type=Path), help="With --dry-run, also write the files into a folder.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder for the results.")
@json_option
def run(
    *,
    file: Path,
    engine: str | None,
    host: str | None,
    num_gpu: int | None,
    detach: bool,
    dry_run: bool,
    write_to: Path | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Run one inference."""
    config = load()
    if write_to and not dry_run:
        raise click.UsageError("--write-to goes with --dry-run")
    reporter = TerminalReporter()
    spec = load_run_spec(file)
    prepared = plan_run(spec, config, reporter, host=host, num_gpu=num_gpu, results=output, engine=engine)
    say(chunk_sentence(prepared.plan))
    if dry_run:
        show_plan(prepared, config, write_to)
        return
    with open_client(config) as client:
        record = run_job(client, prepared, reporter, detach=detach)
    print_job(record, reporter, as_json=as_json)


def print_job(
    record: JobRecord,
    reporter: Reporter,
    *,
    as_json: bool,
    name: str = "run",
    more: Mapping[str, object] = MappingProxyType({}),
) -> None:
    """Print the document ``name`` of a job, with ``more`` keys, or the paths of its results.

    Raises:
        CosmosError: the job did not succeed.
    """
    if as_json:
        print_json(name, {**record.job.document(), **more})
    else:
        print_outputs([record])
    raise_failure([record], reporter)


def print_outputs(records: list[JobRecord]) -> None:
    """Print the paths of the verified results of jobs."""
    for record in records:
        if record.state is JobState.SUCCEEDED:
            click.echo("".join(f"{path}\n" for path in record.job.outputs), nl=False)


def show_plan(prepared: Prepared, config: Config, folder: Path | None) -> None:
    """Print what would be run, and write its files below ``folder`` where one is given."""
    if folder:
        for path in write_plan_files(prepared, folder):
            say(f"wrote {path}")
    print_json("dry-run", plan_document(prepared, config))
