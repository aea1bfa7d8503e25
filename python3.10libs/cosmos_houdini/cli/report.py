"""``report``: what came of a batch, side by side."""

from __future__ import annotations

from pathlib import Path

import click

from cosmos_houdini.cli.batch_plan import points_file
from cosmos_houdini.cli.console import json_option, print_json, progress_bar, say
from cosmos_houdini.config import Config, load
from cosmos_houdini.engines import Engine, find_engine
from cosmos_houdini.errors import BadInput
from cosmos_houdini.jobs.client import Client, open_client
from cosmos_houdini.jobs.prepare import RESULTS
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.model.request import Scout
from cosmos_houdini.report.entry import ReportEntry, entry_of, planned
from cosmos_houdini.report.table import differences
from cosmos_houdini.report.writer import PAGE, STEPS, write_report
from cosmos_houdini.specs.batch_file import load_batch
from cosmos_houdini.specs.files import load_prompt_spec
from cosmos_houdini.sweeps.adaptive import Adaptive
from cosmos_houdini.sweeps.scout import scouted
from cosmos_houdini.sweeps.sweep import SweepRun, expand

FOLDER = "report"


@click.command(help="Set the results of a batch, or of some jobs, side by side: grid, page, table, best parameters.")
@click.argument("wanted", metavar="BATCH.yaml|JOB...", nargs=-1, required=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder; cosmos_out/NAME/report without it.")
@json_option
def report(*, wanted: tuple[str, ...], output: Path | None, as_json: bool) -> None:
    """Write the report."""
    config = load()
    with open_client(config) as client:
        if len(wanted) == 1 and _is_batch(Path(wanted[0])):
            name, entries = _of_batch(client, Path(wanted[0]))
        else:
            name, entries = "jobs", _of_jobs(client, wanted)
    folder = (output or config.project / RESULTS / name / FOLDER).absolute()
    with progress_bar("looking and drawing", total=STEPS * len(entries), unit="steps") as advance:
        document = write_report(name, entries, folder, advance, currency=config.settings.defaults.currency)
    if as_json:
        print_json("report", document)
    else:
        click.echo(folder / PAGE)
    _conclude(document["totals"]["states"], document["best"])


def _is_batch(path: Path) -> bool:
    # A name that can be no job's is a file's that is not there, which is then told.
    return path.is_file() or path.suffix.lower() in {".yaml", ".yml", ".json"}


def _of_batch(client: Client, file: Path) -> tuple[str, list[ReportEntry]]:
    """Return the name of a batch and its runs in order, each with the newest job that was to do just that.

    A run's scout stands before it. Where there are scouts, runs that were not promoted are left out.

    Raises:
        BadInput: the batch cannot be read, or none of its runs was ever queued.
    """
    batch = load_batch(file)
    specs = {item.spec: load_prompt_spec(item.spec) for item in batch.items}
    known = find_engine(batch.engine)
    runs = expand(batch, specs, known.parameters, Adaptive(file=points_file(client.config))).runs
    records = _records(client, {name for run in runs for name in (run.name, run.scout_name)})
    scouts = {run.name: _scout(run, known, records.get(run.scout_name, [])) for run in runs}
    jobs = {run.name: _newest(run, records.get(run.name, [])) for run in runs}
    if not any(jobs.values()) and not any(scouts.values()):
        raise BadInput(f"none of the {len(runs)} runs of {file} was ever queued", action="run-batch queues them")
    entries = []
    for run in runs:
        if found := scouts[run.name]:
            entries.append(_entry(client, *found))
        if record := jobs[run.name]:
            entries.append(_entry(client, run, record))
        elif not any(scouts.values()):
            entries.append(planned(run))
    return batch.name, entries


def _scout(run: SweepRun, known: Engine, records: list[JobRecord]) -> tuple[SweepRun, JobRecord] | None:
    """Return the scout of a run, and the newest job that was to be just that."""
    for record in reversed(records):
        request = record.inference()
        changed = {name: request.parameters[name] for name in known.scout(request).parameters}
        scout = scouted(run, Scout(parameters=changed, frames=request.video.frames), {})
        if not differences(scout, record.request):
            return scout, record
    return None


def _of_jobs(client: Client, wanted: tuple[str, ...]) -> list[ReportEntry]:
    """Return jobs in the order in which they were named, each once.

    Raises:
        BadInput: there is no such job.
    """
    ids = list(dict.fromkeys(client.store.find(word) for word in wanted))
    return [_entry(client, None, client.store.get(job_id)) for job_id in ids]


def _records(client: Client, names: set[str]) -> dict[str, list[JobRecord]]:
    """Return the jobs of some names, the oldest first."""
    # Whole rows are read for these alone: a project may have thousands of others.
    found: dict[str, list[JobRecord]] = {}
    for record in client.store.records([job.id for job in client.store.jobs() if job.name in names]):
        found.setdefault(record.job.name, []).append(record)
    return found


def _newest(run: SweepRun, records: list[JobRecord]) -> JobRecord | None:
    """Return the newest job that was sent with what a run asks for; another batch may have used the same names."""
    return next((record for record in reversed(records) if not differences(run, record.request)), None)


def _entry(client: Client, run: SweepRun | None, record: JobRecord) -> ReportEntry:
    return entry_of(run, record, client.store.attempts(record.id), _price(client.config, record.job.host))


def _price(config: Config, host: str) -> float | None:
    """Return a host's price per hour; a host that is configured no more has none."""
    settings = config.settings.hosts.get(host)
    return settings.price_per_hour if settings else None


def _conclude(states: dict[str, int], best: list[dict[str, object]]) -> None:
    counted = ", ".join(f"{count} {state}" for state, count in states.items())
    say(f"{sum(states.values())} runs: {counted}")
    if best:
        say(f"best by score: {best[0]['run']} ({best[0]['score']}); report.json and the page say what the score is")
