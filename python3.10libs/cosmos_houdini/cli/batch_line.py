"""The jobs of a batch in line: where they run and how many at once, which are new, and what is tried again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cosmos_houdini.cli.batch_plan import PlannedBatch
from cosmos_houdini.cli.console import say
from cosmos_houdini.engines import find_engine
from cosmos_houdini.errors import HostError, JobError
from cosmos_houdini.jobs import commands
from cosmos_houdini.jobs.client import Client
from cosmos_houdini.jobs.store import batches
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.jobs.store.worker import BatchSlot
from cosmos_houdini.launchers import SLURM
from cosmos_houdini.launchers.health import look_script, parse_look
from cosmos_houdini.model.job import JobState

MOST_IN_QUEUE = 1000
"""Jobs that a cluster is given at once; others wait here, where they can still be held back."""


def batch_slot(client: Client, planned: PlannedBatch, max_parallel: int | None) -> BatchSlot:
    """Return where a batch runs: Slurm has a queue of its own, and takes more jobs than it has GPUs.

    Raises:
        HostError: the host is to tell how many GPUs it has, and is not there.
    """
    settings = client.settings(planned.jobs[0])
    gpus = len(settings.gpu_numbers)
    if settings.launcher == SLURM:
        max_parallel = max_parallel or MOST_IN_QUEUE
    elif not (max_parallel or gpus) and find_engine(planned.batch.engine).gpu_memory_gb:
        host = client.host(planned.jobs[0])
        gpus = len(parse_look(host.run(look_script(host.root)).stdout).gpus)
    room = max(1, gpus) * settings.jobs_per_gpu
    batch = planned.batch
    return BatchSlot(batch=batch.name, host=planned.host, max_parallel=max_parallel, gpus=room, num_gpu=batch.num_gpu)


def enqueue(client: Client, planned: PlannedBatch, file: Path) -> None:
    """Put the jobs of a batch in line.

    Raises:
        HostError: a job is new and its host is not there; nothing was queued.
        BadInput: another file's batch has this name.
    """
    known = len(client.store.jobs(job.id for job in planned.jobs))
    if known < len(planned.jobs):
        # A host that was never there is told at once; patience is for those that went away.
        client.host(planned.jobs[0]).run(":")
    taken_out = batches.enqueue(client.store, planned.batch.name, planned.host, file, planned.jobs)
    if known and known < len(planned.jobs):
        say(f"{len(planned.jobs) - known} runs are new")
    if taken_out:
        say(f"{taken_out} runs that waited are not in {file} any more, and are cancelled")


def resume_batch(client: Client, jobs: Sequence[JobRecord]) -> None:
    """Queue again what did not succeed before, and bring results again that are gone."""
    made = {job.id: job for job in jobs}
    before = client.store.records(made)
    for record in before:
        if record.state is JobState.SUCCEEDED:
            if not all(Path(path).is_file() for path in record.job.outputs):
                _fetch(client, record)
        elif record.state.final:
            commands.retry(client, record.id, made[record.id].inputs)
    succeeded = sum(record.state is JobState.SUCCEEDED for record in before)
    again = sum(record.state.final for record in before) - succeeded
    if succeeded or again:
        tried = f"; {again} that did not are tried again" if again else ""
        say(f"{succeeded} of {len(before)} runs have succeeded before{tried}")


def _fetch(client: Client, record: JobRecord) -> None:
    try:
        commands.fetch(client, record.id)
    except (HostError, JobError) as error:
        say(f"error: {record.id}: its results are gone and cannot be fetched again: {error}")
