"""The report of a batch, or of some jobs: the results found, set side by side, written into a folder."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmos_houdini.config import Config
from cosmos_houdini.engines import find_engine
from cosmos_houdini.errors import BadInput
from cosmos_houdini.jobs.client import Client, open_client
from cosmos_houdini.jobs.store.batches import points_file
from cosmos_houdini.jobs.store.jobs import FOLDER as STORE_FOLDER
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.model.batch import BatchSpec
from cosmos_houdini.model.project_folders import RESULTS
from cosmos_houdini.model.spec import PromptSpec
from cosmos_houdini.report.batch_jobs import BatchJobs, find_batch_jobs
from cosmos_houdini.report.entry import ReportEntry, build_entry, build_planned_entry
from cosmos_houdini.report.player import find_player, open_results
from cosmos_houdini.report.ratings import read_ratings
from cosmos_houdini.report.share import Share, write_share
from cosmos_houdini.report.weighting import DEFAULT, Weighting
from cosmos_houdini.report.writer import PAGE, RATINGS, STEPS, WriteOptions, write_report
from cosmos_houdini.reporter import Reporter
from cosmos_houdini.specs.batch_file import load_batch
from cosmos_houdini.specs.files import load_prompt_spec
from cosmos_houdini.sweeps.adaptive import Adaptive
from cosmos_houdini.sweeps.sweep import SweepRun, expand, selection_names

FOLDER = "report"
CLIP_CACHE = "clips"
"""Folder of kept clips, beside the project's store."""
SHOWN_OTHERS = 4


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """How a report is made.

    Attributes:
        host: of the batch's jobs; None for the host with the latest news. Jobs are on the hosts that they are on.
        ratings: a file that the page has saved; None for the ratings that the report before had.
        share: a report to send is written too.
        opens: whether the picked results are shown in a player, or else the page in the browser.
        weighting: gives the scores by which runs are ranked.
        smoothed: at how many frames of each result Blur-SSIM is taken; each takes seconds.
    """

    host: str | None = None
    ratings: Path | None = None
    share: Share | None = None
    opens: bool = False
    weighting: Weighting = DEFAULT
    smoothed: int = 0


def make_report(
    config: Config,
    wanted: Sequence[str],
    folder: Path | None,
    reporter: Reporter,
    *,
    options: ReportOptions = ReportOptions(),
) -> WrittenReport:
    """Write the report of a batch file, or of jobs.

    Args:
        config: prices and the project.
        wanted: one batch file, or ids or names of jobs.
        folder: replaced where it holds an earlier report; None for ``cosmos_out/NAME/report`` in the project.
        reporter: shows the progress, and takes the names of other hosts that the batch ran on.
        options: see ReportOptions.

    Raises:
        BadInput: a batch that cannot be read or never ran there, a job that does not exist, a folder with other
            files, or ratings of other runs.
        ToolError: FFmpeg failed to write a grid.
        DiskFull: no room.
    """
    host = options.host
    if options.share:
        options.share.check()
    with open_client(config) as client:
        if len(wanted) == 1 and _is_batch(Path(wanted[0])):
            file = Path(wanted[0])
            batch = load_batch(file)
            name, entries = batch.name, find_batch_entries(client, batch, reporter, file=file, host=host)
        elif host is not None:
            raise BadInput(f"--host {host} is for a batch, and jobs are named", action="leave it out")
        else:
            name, entries = "jobs", find_job_entries(client, wanted)
    return write_entries(config, name, entries, folder, reporter, options=options)


def write_entries(
    config: Config,
    name: str,
    entries: Sequence[ReportEntry],
    folder: Path | None,
    reporter: Reporter,
    *,
    options: ReportOptions = ReportOptions(),
) -> WrittenReport:
    """Write the report of runs; see ``make_report``."""
    place = (folder or config.project / RESULTS / name / FOLDER).absolute()
    ratings = _read_ratings(options.ratings, place, entries, reporter)
    with reporter.progress("measuring and drawing", total=STEPS * len(entries), unit="steps") as advance:
        written = write_report(
            name,
            entries,
            place,
            ffmpeg=config.ffmpeg,
            on_step=advance,
            options=WriteOptions(
                currency=config.settings.defaults.currency,
                cache=_clip_cache(config.project),
                ratings=ratings,
                weighting=options.weighting,
                smoothed=options.smoothed,
            ),
        )
    report = WrittenReport(folder=place, document=written.document)
    if options.share:
        count = write_share(options.share, written.given, place)
        reporter.say(f"wrote {options.share.path} with {count} runs")
    if options.opens:
        picked = [Path(run["result"]) for run in report.document["runs"] if run.get("picked") and run["result"]]
        reporter.say(f"opened {open_results(report.page, picked, find_player())}")
    return report


def _clip_cache(project: Path) -> Path | None:
    """Return where clips are kept; None in a project that can only be read."""
    store = project / STORE_FOLDER
    return store / CLIP_CACHE if os.access(store, os.W_OK) else None


def _read_ratings(
    path: Path | None, folder: Path, entries: Sequence[ReportEntry], reporter: Reporter
) -> Mapping[str, Any] | None:
    """Return the ratings that a report begins with: of a file, or else those of the report before."""
    jobs = [entry.row.job.id for entry in entries if entry.row]
    if path is None:
        kept = folder / RATINGS
        try:
            return read_ratings(kept, jobs).document if kept.is_file() else None
        except BadInput as error:
            reporter.say(f"the ratings of the report before are left out: {error.problem}")
            return None
    judged = read_ratings(path, jobs)
    if judged.foreign:
        names = ", ".join(judged.foreign[:SHOWN_OTHERS])
        reporter.say(f"{path} is also about {len(judged.foreign)} runs that are not here: {names}")
    return judged.document


def find_batch_entries(
    client: Client,
    batch: BatchSpec,
    reporter: Reporter,
    *,
    specs: Mapping[Path, PromptSpec] | None = None,
    file: Path | None = None,
    host: str | None = None,
) -> list[ReportEntry]:
    """Return the runs of a batch on one host in order, each with its job; see ``find_batch_jobs``.

    A run's scout comes before it. Where there are scouts, runs that were not promoted are left out.

    Args:
        client: of the project.
        batch: the batch.
        reporter: takes the names of other hosts that the batch ran on.
        specs: prompt specs in memory, by the path that an item gives them; all others are read from that path.
        file: of the batch; None for a batch in memory.
        host: of the jobs; None for the host with the latest news.

    Raises:
        BadInput: the batch cannot be expanded, or none of its runs was ever queued there as it is now.
    """
    given = specs or {}
    found = {item.spec: given.get(item.spec) or load_prompt_spec(item.spec) for item in batch.items}
    parameters = find_engine(batch.engine).parameters
    runs = expand(batch, found, parameters, Adaptive(file=points_file(client.config.project))).runs
    every, scouts, promoted = selection_names(batch.name)
    here = find_batch_jobs(client.store, runs, names=[every, promoted], scouts=[scouts], host=host)
    if not here.host:
        raise _never_queued(str(file or batch.name), len(runs), here, host)
    if here.elsewhere:
        also = ", ".join(here.elsewhere)
        reporter.say(f"the jobs are those on {here.host}; {batch.name} ran on {also} too, which --host names")
    entries = []
    for run in runs:
        if scout := here.scouts.get(run.name):
            entries.append(_entry(client, *scout))
        if record := here.jobs.get(run.name):
            entries.append(_entry(client, run, record))
        elif not here.scouts:
            entries.append(build_planned_entry(run))
    return entries


def _never_queued(origin: str, runs: int, found: BatchJobs, host: str | None) -> BadInput:
    where = f" on host {host!r}" if host is not None else ""
    if found.elsewhere:
        return BadInput(
            f"none of the {runs} runs of {origin} was ever queued{where}", allowed=", ".join(found.elsewhere)
        )
    if not found.others:
        return BadInput(f"none of the {runs} runs of {origin} was ever queued{where}", action="run-batch queues them")
    return BadInput(
        f"none of the {runs} runs of {origin} was ever queued{where} as the batch and its videos are now",
        action=f"run-batch queues them; `cosmos-houdini report {' '.join(found.others[:SHOWN_OTHERS])}` "
        f"shows {'some of ' if len(found.others) > SHOWN_OTHERS else ''}the jobs of before",
    )


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


def _entry(client: Client, run: SweepRun | None, record: JobRecord) -> ReportEntry:
    return build_entry(run, record, client.store.attempts(record.id), client.price(record.job))
