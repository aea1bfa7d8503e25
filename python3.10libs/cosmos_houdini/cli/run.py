"""``run``: one inference from its RunSpec to a verified result."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click

from cosmos_houdini.cli.console import json_option, print_json, say
from cosmos_houdini.cli.live import live
from cosmos_houdini.config import Config, load
from cosmos_houdini.engines import engine
from cosmos_houdini.engines.cosmos.chunks import chunk_sentence
from cosmos_houdini.errors import Cancelled, HostError
from cosmos_houdini.jobs import commands, runner
from cosmos_houdini.jobs.client import Client
from cosmos_houdini.jobs.prepare import Prepared, prepare
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.model.job import Job, JobState
from cosmos_houdini.model.spec import RunSpec
from cosmos_houdini.specs.dry_run import dry_run_document, write_plan
from cosmos_houdini.specs.files import load_run_spec
from cosmos_houdini.specs.request import Probe, build_request


@click.command(help="Run one inference, from its RunSpec (- for standard input) to a verified result.")
@click.argument("file", metavar="RUN.json", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--host", help="Where to run; without it, the configuration's default host.")
@click.option("--num-gpu", type=click.IntRange(1), help="GPUs for this inference, instead of the RunSpec's number.")
@click.option("--detach", is_flag=True, help="Return once the job runs on its host.")
@click.option("--dry-run", is_flag=True, help="Print what would be run, and reach nothing.")
@click.option("--write-to", type=click.Path(path_type=Path), help="With --dry-run, also write the files into a folder.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder for the results.")
@json_option
def run(
    *,
    file: Path,
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
    prepared = plan_run(load_run_spec(file), config=config, host=host, num_gpu=num_gpu, results=output)
    say(chunk_sentence(prepared.plan))
    if dry_run:
        show_plan(prepared, write_to)
        return
    with opened(config) as client:
        record = drive(client, prepared, detach=detach)
    if as_json:
        print_json(record.job.document())
    conclude([record], quiet=as_json)


def plan_run(
    run_spec: RunSpec,
    *,
    config: Config,
    host: str | None,
    num_gpu: int | None,
    results: Path | None,
    probe: Probe | None = None,
) -> Prepared:
    """Return the job of a RunSpec, ready to be queued, and say its warnings; ``probe`` as for ``build_request``.

    Raises:
        BadInput: something in the RunSpec, its videos or the configuration cannot be used.
    """
    request, warnings = build_request(run_spec, engine(run_spec.engine).parameters, num_gpu=num_gpu, probe=probe)
    prepared = prepare(request, config=config, host=host, results=results)
    for warning in (*warnings, *prepared.warnings):
        say(f"warning: {warning}")
    return prepared


def drive(client: Client, prepared: Prepared, *, detach: bool = False) -> JobRecord:
    """Queue a job, or take up the one that does the same work, and follow it to its end.

    Args:
        client: what to work with.
        prepared: the job.
        detach: follow it only until it runs on its host.

    Raises:
        Cancelled: the user interrupted; the job goes on.
        HostError: the host cannot be reached, and nothing was queued; or it stayed out of reach, and the job keeps its
            state.
    """
    if not client.store.jobs([prepared.record.id]):
        # A host that was never there is told at once; patience is for those that went away.
        client.host(prepared.record).run(":")
    record = client.store.add(prepared.record)
    if record.state is JobState.SUCCEEDED:
        return _again(client, record, prepared.record.results)
    if record.state.final:
        failure = record.job.failure
        say(f"{record.id} {record.state} before ({failure.message if failure else ''}); this is its next attempt")
        record = commands.retry(client, record.id, prepared.record.inputs)
    elif not record.untouched:
        say(f"{record.id} is {record.state} already; its results go to {record.results}")
    return follow(client, [record.id], detach=detach)[0]


def follow(client: Client, ids: list[str], *, detach: bool = False) -> list[JobRecord]:
    """Follow jobs to their end, or with ``detach`` until they run on their hosts.

    Raises:
        Cancelled: the user interrupted; the jobs go on.
        HostError: a host stayed out of reach; its jobs keep their state.
    """
    try:
        with live() as display:
            # Who follows a program can stop a job from now on, and bringing its inputs may take minutes.
            display.update(client.store.records(ids))
            return runner.wait(
                client,
                ids,
                on_update=display.update,
                on_trouble=display.trouble,
                until=runner.on_host if detach else runner.at_end,
            )
    except HostError:
        say(f"{_left_alone(client.store.jobs(ids), 'given up')}: cosmos-houdini attach {' '.join(ids)}")
        raise
    except KeyboardInterrupt:
        raise Cancelled(
            _left_alone(client.store.jobs(ids), "interrupted"), action=f"cosmos-houdini attach {' '.join(ids)}"
        ) from None


def conclude(records: list[JobRecord], *, quiet: bool = False) -> None:
    """Say what came out of jobs.

    Raises:
        JobError: one did not succeed.
    """
    failed = [record for record in records if record.job.failure]
    for record in records:
        if record.state is JobState.SUCCEEDED and not quiet:
            for path in record.job.outputs:
                click.echo(path)
            say(f"{record.id} succeeded; {record.results / 'result.json'} tells how it was made")
        elif not record.state.final:
            say(f"{record.id} is {record.state} on {record.job.host}; cosmos-houdini attach {record.id}")
    for record in failed[:-1]:
        say(f"error: {commands.job_error(record)}")
    if failed:
        raise commands.job_error(failed[-1])


@contextmanager
def opened(config: Config) -> Iterator[Client]:
    """Give a client of the configuration's project."""
    client = Client.of(config)
    try:
        yield client
    finally:
        client.close()


def _again(client: Client, record: JobRecord, results: Path) -> JobRecord:
    """Return a job that has succeeded before, its results brought again where they are gone or wanted elsewhere."""
    say(f"{record.id} has succeeded before; nothing is run")
    if results == record.results and all(Path(path).is_file() for path in record.job.outputs):
        return record
    outputs = commands.fetch(client, record.id, results)
    return replace(record, job=replace(record.job, outputs=outputs), results=results)


def show_plan(prepared: Prepared, folder: Path | None) -> None:
    """Print what would be run, and write its files below ``folder`` where one is given."""
    invocation = prepared.invocation
    if prepared.script:
        invocation = replace(invocation, files={**invocation.files, "run.sh": prepared.script})
    if folder:
        for path in write_plan(invocation, folder):
            say(f"wrote {path}")
    print_json(dry_run_document(prepared.request, prepared.plan, invocation, prepared.site))


def _left_alone(jobs: list[Job], why: str) -> str:
    left = [job for job in jobs if not job.state.final]
    waiting = [job for job in left if job.state in runner.BEFORE_HOST]
    if waiting:
        return f"{why}; {waiting[0].id} is {waiting[0].state} and not on {waiting[0].host} yet; to go on"
    return f"{why}; {len(left) or 'no'} job{'s' * (len(left) != 1)} still running; to follow again"
