"""The report of a batch, or of some jobs: the results found, set side by side, written into a folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmos_houdini.config import Config
from cosmos_houdini.engines import Engine, find_engine
from cosmos_houdini.errors import BadInput
from cosmos_houdini.jobs.client import Client, open_client
from cosmos_houdini.jobs.prepare import RESULTS
from cosmos_houdini.jobs.store.batches import points_file
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.media.videos.ffmpeg import FFmpeg
from cosmos_houdini.model.batch import BatchSpec
from cosmos_houdini.model.request import Scout
from cosmos_houdini.model.spec import PromptSpec
from cosmos_houdini.report.entry import ReportEntry, build_entry, build_planned_entry
from cosmos_houdini.report.table import find_differences
from cosmos_houdini.report.writer import PAGE, STEPS, write_report
from cosmos_houdini.reporter import Reporter
from cosmos_houdini.specs.batch_file import load_batch
from cosmos_houdini.specs.files import load_prompt_spec
from cosmos_houdini.sweeps.adaptive import Adaptive
from cosmos_houdini.sweeps.scout import make_scout
from cosmos_houdini.sweeps.sweep import SweepRun, expand

FOLDER = "report"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenReport:
    """A report on disk.

    Attributes:
        folder: absolute.
        document: the content of its ``report.json``.
    """

    folder: Path
    document: Mapping[str, Any]

    @property
    def page(self) -> Path:
        """The page to open."""
        return self.folder / PAGE


def make_report(config: Config, wanted: Sequence[str], folder: Path | None, reporter: Reporter) -> WrittenReport:
    """Write the report of a batch file, or of jobs.

    Args:
        config: prices and the project.
        wanted: one batch file, or ids or names of jobs.
        folder: replaced where it holds an earlier report; None for ``cosmos_out/NAME/report`` in the project.
        reporter: shows the progress.

    Raises:
        BadInput: a batch that cannot be read or never ran, a job that does not exist, or a folder with other files.
        ToolError: FFmpeg failed to write a grid.
        DiskFull: no room.
    """
    with open_client(config) as client:
        if len(wanted) == 1 and _is_batch(Path(wanted[0])):
            file = Path(wanted[0])
            batch = load_batch(file)
            name, entries = batch.name, find_batch_entries(client, batch, origin=str(file))
        else:
            name, entries = "jobs", find_job_entries(client, wanted)
    return write_entries(config, name, entries, folder, reporter)


def write_entries(
    config: Config, name: str, entries: Sequence[ReportEntry], folder: Path | None, reporter: Reporter
) -> WrittenReport:
    """Write the report of runs; see ``make_report``."""
    place = (folder or config.project / RESULTS / name / FOLDER).absolute()
    with reporter.progress("measuring and drawing", total=STEPS * len(entries), unit="steps") as advance:
        document = write_report(
            name,
            entries,
            place,
            ffmpeg=FFmpeg(path=config.settings.programs.ffmpeg),
            on_step=advance,
            currency=config.settings.defaults.currency,
        )
    return WrittenReport(folder=place, document=document)


def find_batch_entries(
    client: Client, batch: BatchSpec, *, specs: Mapping[Path, PromptSpec] | None = None, origin: str = ""
) -> list[ReportEntry]:
    """Return the runs of a batch in order, each with the newest job that was sent with its content.

    A run's scout comes before it. Where there are scouts, runs that were not promoted are left out.

    Args:
        client: of the project.
        batch: the batch.
        specs: prompt specs in memory, by the path that an item gives them; all others are read from that path.
        origin: what the batch is called in an error; its name where it is empty.

    Raises:
        BadInput: the batch cannot be expanded, or none of its runs was ever queued.
    """
    given = specs or {}
    found = {item.spec: given.get(item.spec) or load_prompt_spec(item.spec) for item in batch.items}
    engine = find_engine(batch.engine)
    runs = expand(batch, found, engine.parameters, Adaptive(file=points_file(client.config.project))).runs
    records = _find_records(client, {name for run in runs for name in (run.name, run.scout_name)})
    scouts = {run.name: _find_scout(run, engine, records.get(run.scout_name, [])) for run in runs}
    jobs = {run.name: _find_newest(run, records.get(run.name, [])) for run in runs}
    if not any(jobs.values()) and not any(scouts.values()):
        raise BadInput(
            f"none of the {len(runs)} runs of {origin or batch.name} was ever queued", action="run-batch queues them"
        )
    entries = []
    for run in runs:
        if scout := scouts[run.name]:
            entries.append(_entry(client, *scout))
        if record := jobs[run.name]:
            entries.append(_entry(client, run, record))
        elif not any(scouts.values()):
            entries.append(build_planned_entry(run))
    return entries


def find_job_entries(client: Client, wanted: Sequence[str]) -> list[ReportEntry]:
    """Return jobs in the order in which they are named, each once.

    Raises:
        BadInput: a job does not exist.
    """
    ids = list(dict.fromkeys(client.store.find(word) for word in wanted))
    return [_entry(client, None, client.store.get(job_id)) for job_id in ids]


def _is_batch(path: Path) -> bool:
    # No job can have such a name; a missing file is then reported as one.
    return path.is_file() or path.suffix.lower() in {".yaml", ".yml", ".json"}


def _find_scout(run: SweepRun, engine: Engine, records: Sequence[JobRecord]) -> tuple[SweepRun, JobRecord] | None:
    """Return the scout of a run, and the newest job that was sent with its content."""
    for record in reversed(records):
        request = record.inference()
        changed = {name: request.parameters[name] for name in engine.scout(request).parameters}
        scout = make_scout(run, Scout(parameters=changed, frames=request.video.frames), {})
        if not find_differences(scout, record.request):
            return scout, record
    return None


def _find_records(client: Client, names: set[str]) -> dict[str, list[JobRecord]]:
    """Return the jobs of some names, the oldest first."""
    # Whole rows are read for these alone: a project may have thousands of others.
    found: dict[str, list[JobRecord]] = {}
    for record in client.store.records([job.id for job in client.store.jobs() if job.name in names]):
        found.setdefault(record.job.name, []).append(record)
    return found


def _find_newest(run: SweepRun, records: Sequence[JobRecord]) -> JobRecord | None:
    """Return the newest job that was sent with the content of a run; another batch may have used the same names."""
    return next((record for record in reversed(records) if not find_differences(run, record.request)), None)


def _entry(client: Client, run: SweepRun | None, record: JobRecord) -> ReportEntry:
    # A host that is no longer configured has no price.
    settings = client.config.settings.hosts.get(record.job.host)
    return build_entry(run, record, client.store.attempts(record.id), settings.price_per_hour if settings else None)
