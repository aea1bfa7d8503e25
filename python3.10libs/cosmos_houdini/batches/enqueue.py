"""The jobs of a batch in the queue: where they run, how many at a time, and which are queued again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cosmos_houdini.batches.plan import PlannedBatch
from cosmos_houdini.engines import find_engine
from cosmos_houdini.errors import HostError, JobError
from cosmos_houdini.hosts.health import health_script, parse_health
from cosmos_houdini.jobs import commands
from cosmos_houdini.jobs.client import Client
from cosmos_houdini.jobs.conversions import keep_conversions
from cosmos_houdini.jobs.store import batches
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.jobs.store.worker import BatchSlot
from cosmos_houdini.model.job import JobState
from cosmos_houdini.reporter import Reporter

MOST_IN_QUEUE = 1000
"""Jobs that a cluster gets at a time; the others wait here, so that a limit can still hold them."""


def batch_slot(client: Client, planned: PlannedBatch, max_parallel: int | None) -> BatchSlot:
    """Return where a batch runs, and how many of its jobs at a time.

    A cluster has its own queue and takes more jobs than it has GPUs.

    Raises:
        HostError: the number of the host's GPUs is needed, and the host cannot be reached.
    """
    settings = client.settings(planned.jobs[0])
    gpus = len(settings.gpu_numbers)
    if client.traits(planned.jobs[0]).schedules_itself:
        max_parallel = max_parallel or MOST_IN_QUEUE
    elif not (max_parallel or gpus) and find_engine(planned.batch.engine).gpu_memory_gb:
        host = client.host(planned.jobs[0])
        gpus = len(parse_health(host.run(health_script(host.root)).stdout).gpus)
    room = max(1, gpus) * settings.jobs_per_gpu
    batch = planned.batch
    return BatchSlot(batch=batch.name, host=planned.host, max_parallel=max_parallel, gpus=room, num_gpu=batch.num_gpu)


def enqueue_batch(client: Client, planned: PlannedBatch, reporter: Reporter) -> None:
    """Queue the jobs of a batch.

    Raises:
        HostError: a job is new and its host cannot be reached; nothing was queued.
        BadInput: another batch has this name.
    """
    known = len(client.store.jobs(job.id for job in planned.jobs))
    if known < len(planned.jobs):
        # The first connection is not retried; only a host that was reachable before is asked again.
        client.host(planned.jobs[0]).run(":")
    keep_conversions(client.store.path.parent, planned.jobs)
    removed = batches.enqueue(client.store, planned.batch.name, planned.host, planned.file, planned.jobs)
    if known and known < len(planned.jobs):
        reporter.say(f"{len(planned.jobs) - known} runs are new")
    if removed:
        reporter.say(f"{removed} queued runs are no longer in {planned.file or 'the batch'}; they were cancelled")


def resume_batch(client: Client, jobs: Sequence[JobRecord], reporter: Reporter) -> None:
    """Queue jobs without success again, and fetch missing results again."""
    made = {job.id: job for job in jobs}
    before = client.store.records(made)
    for record in before:
        if record.state is JobState.SUCCEEDED:
            if not all(Path(path).is_file() for path in record.job.outputs):
                _fetch(client, record, reporter)
        elif record.state.final:
            commands.retry(client, record.id, made[record.id].inputs)
    succeeded = sum(record.state is JobState.SUCCEEDED for record in before)
    again = sum(record.state.final for record in before) - succeeded
    if succeeded or again:
        retried = f"; {again} that did not are tried again" if again else ""
        reporter.say(f"{succeeded} of {len(before)} runs have succeeded before{retried}")


def _fetch(client: Client, record: JobRecord, reporter: Reporter) -> None:
    try:
        commands.fetch(client, record.id)
    except (HostError, JobError) as error:
        reporter.say(f"error: {record.id}: its results are gone and cannot be fetched again: {error}")
