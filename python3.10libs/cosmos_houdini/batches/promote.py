"""Scouted runs that are chosen for full quality."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from cosmos_houdini.batches.plan import RunSelection, expand_batch, plan_batch
from cosmos_houdini.errors import BadInput
from cosmos_houdini.jobs.client import Client
from cosmos_houdini.jobs.store.batches import points_file
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.model.batch import BatchSpec
from cosmos_houdini.model.job import JobState
from cosmos_houdini.model.ratings import key_of
from cosmos_houdini.model.spec import PromptSpec
from cosmos_houdini.report.batch_jobs import find_batch_jobs
from cosmos_houdini.report.make import find_batch_entries
from cosmos_houdini.report.ratings import read_ratings
from cosmos_houdini.reporter import Reporter, Silent
from cosmos_houdini.sweeps.adaptive import Adaptive
from cosmos_houdini.sweeps.sweep import SCOUT_SUFFIX


def select_promoted(
    client: Client,
    batch: BatchSpec,
    names: Iterable[str],
    reporter: Reporter,
    *,
    host: str | None = None,
    specs: Mapping[Path, PromptSpec] | None = None,
    file: Path | None = None,
) -> RunSelection:
    """Return the selection of chosen runs and of those that were promoted before.

    Args:
        client: of the project.
        batch: the batch.
        names: of runs, or of their scouts.
        reporter: takes messages.
        host: a name of the configuration; None for its default.
        specs: as for ``plan_batch``.
        file: as for ``plan_batch``.

    Raises:
        BadInput: a run that does not exist, or a run whose scout was never run with its present content.
    """
    chosen = frozenset(name.removesuffix(SCOUT_SUFFIX) for name in names)
    scouts = plan_batch(
        batch, client.config, reporter, host=host, selection=RunSelection(scout=True, only=chosen), specs=specs
    )
    _check_scouts(client, scouts.jobs, str(file or batch.name))
    before = _list_promoted(client, batch, scouts.host, specs)
    if before - chosen:
        reporter.say(f"{len(before - chosen)} runs that were promoted before are in the same queue and table")
    return RunSelection(only=chosen | before)


def list_picked(
    client: Client,
    batch: BatchSpec,
    path: Path,
    reporter: Reporter,
    *,
    host: str | None = None,
    specs: Mapping[Path, PromptSpec] | None = None,
    file: Path | None = None,
) -> tuple[str, ...]:
    """Return the names of the runs, or of their scouts, that are picked in a file of ratings.

    Args:
        client: of the project.
        batch: the batch.
        path: of the file, as the page of a report saves it; it may be of a shared report with other names.
        reporter: takes messages.
        host: of the batch's jobs; None for the host with the latest news.
        specs: as for ``plan_batch``.
        file: as for ``plan_batch``.

    Raises:
        BadInput: the file cannot be read, is about other runs, or picks none.
    """
    entries = find_batch_entries(client, batch, reporter, specs=specs, file=file, host=host)
    names = {key_of(entry.row.job.id): entry.name for entry in entries if entry.row}
    judged = read_ratings(path, [entry.row.job.id for entry in entries if entry.row])
    picked = tuple(names[key] for key in judged.picked())
    if not picked:
        raise BadInput(f"{path} picks no run of {batch.name}", action="pick some on the page of the report with P")
    return picked


def _list_promoted(
    client: Client, batch: BatchSpec, host: str, specs: Mapping[Path, PromptSpec] | None
) -> frozenset[str]:
    """Return the names of the runs that were promoted before on a host and still have the same content."""
    runs = expand_batch(batch, Silent(), specs=specs, adaptive=Adaptive(file=points_file(client.config.project))).runs
    name = RunSelection(only=frozenset()).rename(batch).name
    found = find_batch_jobs(client.store, runs, names=[name], host=host)
    return frozenset(run for run, record in found.jobs.items() if record.state is not JobState.CANCELLED)


def _check_scouts(client: Client, scouts: Sequence[JobRecord], origin: str) -> None:
    """Refuse runs whose scout had another content, because the batch was changed since.

    Raises:
        BadInput: there is such a run, which is named.
    """
    names = {scout.job.name for scout in scouts}
    known = [record.request for record in client.store.records([j.id for j in client.store.jobs() if j.name in names])]
    for scout in scouts:
        if dict(scout.request) not in known:
            raise BadInput(
                f"{scout.job.name} was never run as {origin} has it now",
                action=f"`cosmos-houdini run-batch --scout {origin}` runs it",
            )
