"""Advance jobs to their end in small steps; any client can repeat a step that was interrupted.

A lock lets only one client of a machine work on a job at a time. The store changes a job's state only if the job still
has the state that the client last saw. Every action on a host is safe to repeat. So a client may die at any moment, and
many clients may attach at the same time.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from cosmos_houdini.errors import CosmosError, HostError, HostUnreachable
from cosmos_houdini.hosts import Host
from cosmos_houdini.hosts.ownership import check_owned
from cosmos_houdini.jobs.client import Client
from cosmos_houdini.jobs.finish import finish, lose, note_progress
from cosmos_houdini.jobs.start import bring
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.launchers.job_folder import END_MARK, NOT_STARTED, HostJobState, Observation
from cosmos_houdini.launchers.poll import JOBS_PER_POLL, parse_poll, poll_script
from cosmos_houdini.launchers.registry import poll_parts
from cosmos_houdini.model.job import JobState

PATIENCE_ATTEMPTS = 12
FIRST_CONTACT_ATTEMPTS = 5
LONGEST_BACKOFF_S = 30.0
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 5.0
LONGEST_LOCAL_PAUSE_S = 1.0
PAUSE_GROWTH = 1.3
GLANCE_S = 0.02
POLL_TIMEOUT_S = 120.0
MOST_TOGETHER = 100

ON_HOST = frozenset({JobState.PENDING, JobState.RUNNING, JobState.COLLECTING})
STARTED = frozenset({JobState.PENDING, JobState.RUNNING})
BEFORE_HOST = frozenset({JobState.QUEUED, JobState.STAGING})

OnUpdate = Callable[[list[JobRecord]], None]
OnTrouble = Callable[[HostError], None]


def at_end(record: JobRecord) -> bool:
    """Return whether a job has ended, so that its state no longer changes by itself."""
    return record.state.final


def on_host(record: JobRecord) -> bool:
    """Return whether a job continues without this machine, or has ended."""
    return record.state not in BEFORE_HOST


def advance(client: Client, ids: Collection[str], *, start: bool = True) -> dict[str, CosmosError]:
    """Advance every unfinished job as far as possible without waiting; ask about all jobs of a host in one command.

    Args:
        client: the client of the project.
        ids: the ids of the jobs.
        start: whether to send jobs that are not on their host yet, and start them there.

    Returns:
        The errors, by the name of the host; the jobs of such a host are unchanged.
    """
    troubles: dict[str, CosmosError] = {}
    by_host: defaultdict[tuple[str, str], list[JobRecord]] = defaultdict(list)
    together: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for record in client.store.records(ids):
        if record.state in ON_HOST:
            by_host[record.job.host, record.root].append(record)
        elif start and record.state in BEFORE_HOST:
            # A cluster accepts many jobs in one command. Elsewhere a job starts as soon as its own files are on the
            # host. The jobs of a shared process start when the files of all of them are there.
            with _noted(troubles, record.job.host):
                group = record.root if client.traits(record).submits_arrays else record.shared_process or record.id
                together[record.job.host, group].append(record.id)
    for (host, _), group_ids in together.items():
        for first in range(0, len(group_ids), MOST_TOGETHER):
            if host not in troubles:
                with _noted(troubles, host):
                    bring(client, group_ids[first : first + MOST_TOGETHER])
    for (host, _), records in by_host.items():
        if host not in troubles:
            with _noted(troubles, host):
                _follow(client, records)
    return troubles


def wait(
    client: Client,
    ids: Collection[str],
    *,
    on_update: OnUpdate,
    on_trouble: OnTrouble,
    until: Callable[[JobRecord], bool] = at_end,
    enough: Callable[[Iterable[bool]], bool] = all,
    patience_attempts: int = PATIENCE_ATTEMPTS,
    timeout_s: float | None = None,
) -> list[JobRecord]:
    """Follow jobs until they satisfy ``until``, even if connections are lost meanwhile.

    Args:
        client: the client of the project.
        ids: the ids of the jobs.
        on_update: called with the current jobs after every poll.
        on_trouble: called when a host does not answer and will be asked again.
        until: returns whether a job no longer needs to be followed.
        enough: receives the result of ``until`` for every job and returns whether to stop, such as ``all`` or ``any``.
        patience_attempts: the number of times in a row to ask a host that does not answer.
        timeout_s: the longest time to wait, in seconds; None or infinity for no limit.

    Raises:
        TimeoutError: the time is over; the jobs continue.
        HostError: a host remained unreachable, has another host key, or refuses our keys; its jobs keep their state.
        DiskFull: this machine has no disk space left for results; the jobs keep their state.
        BadInput: the host of a job is no longer in the configuration; the jobs keep their state.
    """
    patience = _asking_again(lambda error: isinstance(error, HostUnreachable), patience_attempts, on_trouble)
    pause_s = FIRST_PAUSE_S
    states: list[JobState] = []
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    while True:
        patience(_advance_or_raise, client, ids)
        records = client.store.records(ids)
        on_update(records)
        if enough(until(record) for record in records):
            return records
        left_s = math.inf if deadline is None else deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError(
                f"{sum(not until(r) for r in records)} of {len(records)} jobs are not there after {timeout_s:g} s"
            )
        pause_s = pause_s * PAUSE_GROWTH if states == [r.state for r in records] else FIRST_PAUSE_S
        states = [record.state for record in records]
        _nap(client, records, min(pause_s, left_s, longest_pause_s(client, records)))


def reach(host: Host, *, on_trouble: OnTrouble) -> None:
    """Contact a host for the first time, and once more if the connection was cut after the host had answered.

    A host that does not answer at all is asked once: its name or address may be wrong.

    Raises:
        HostError: the host is not reached.
    """
    again = _asking_again(
        lambda error: isinstance(error, HostUnreachable) and error.was_cut, FIRST_CONTACT_ATTEMPTS, on_trouble
    )
    again(host.run, ":")


def _asking_again(is_worth_it: Callable[[BaseException], bool], attempts: int, on_trouble: OnTrouble) -> Retrying:
    return Retrying(
        retry=retry_if_exception(is_worth_it),
        wait=wait_random_exponential(multiplier=1, max=LONGEST_BACKOFF_S),
        stop=stop_after_attempt(attempts),
        before_sleep=lambda state: on_trouble(_trouble(state)),
        reraise=True,
    )


def observe(client: Client, records: Collection[JobRecord]) -> dict[str, Observation]:
    """Ask a host about its jobs below one root, with one command for each JOBS_PER_POLL jobs.

    Returns:
        The observations, by job id.
    """
    folders = {client.site(record).folder.name: record.id for record in records}
    first = next(iter(records))
    host, config = client.host(first), client.settings(first)
    parts = poll_parts(record.launcher for record in records)
    found = {}
    names = list(folders)
    for start in range(0, len(names), JOBS_PER_POLL):
        script = poll_script(host.root, names[start : start + JOBS_PER_POLL], config=config, parts=parts)
        seen = parse_poll(host.run(script, timeout_s=POLL_TIMEOUT_S).stdout, parts)
        found.update({folders[name]: told for name, told in seen.items() if name in folders})
    return found


def _follow(client: Client, records: list[JobRecord]) -> None:
    seen = observe(client, records)
    for record in records:
        if record.id in seen:
            _step(client, record, seen[record.id])
    # The other jobs do not wait for a person who has to mend this one.
    for record in records:
        if record.id in seen and seen[record.id].state is HostJobState.FOREIGN:
            check_owned(client.host(record), client.site(record).folder)


def _step(client: Client, record: JobRecord, seen: Observation) -> None:
    if seen.state is HostJobState.ENDED:
        finish(client, record.id, seen)
    elif seen.state is HostJobState.VANISHED:
        gone = f"its program on {record.job.host} is gone and left no exit code"
        message = f"{gone}; {seen.scheduler}" if seen.scheduler else gone
        lose(client, record.id, message, begun=seen.stopped != NOT_STARTED)
    elif seen.state is HostJobState.ABSENT:
        lose(client, record.id, f"its folder on {record.job.host} is gone")
    elif seen.state is HostJobState.STAGED and record.shared_process:
        lose(client, record.id, f"nothing on {record.job.host} started it", begun=False)
    elif record.state is not JobState.COLLECTING:
        note_progress(client, record, seen)


def _nap(client: Client, records: Iterable[JobRecord], pause_s: float) -> None:
    """Wait until the pause is over or a job on this machine ends, which its files show without a command."""
    own = [each for each in records if each.state in STARTED and client.is_local(each)]
    marks = [Path(client.site(record).folder / END_MARK) for record in own]
    # If a mark already exists, another client is handling that job.
    awaited = [mark for mark in marks if not mark.exists()]
    end = time.monotonic() + pause_s
    while (left_s := end - time.monotonic()) > 0:
        time.sleep(min(left_s, GLANCE_S) if awaited else left_s)
        if any(mark.exists() for mark in awaited):
            return


@contextmanager
def _noted(troubles: dict[str, CosmosError], host: str) -> Iterator[None]:
    try:
        yield
    except CosmosError as error:
        troubles[host] = error


def _advance_or_raise(client: Client, ids: Collection[str]) -> None:
    troubles = advance(client, ids)
    # Errors that waiting cannot fix come before those of unreachable hosts.
    for error in sorted(troubles.values(), key=lambda error: isinstance(error, HostUnreachable)):
        raise error


def _trouble(state: RetryCallState) -> HostError:
    error = state.outcome.exception() if state.outcome else None
    if not isinstance(error, HostError):
        raise TypeError(f"retried after {error!r}")
    return error


def longest_pause_s(client: Client, records: Iterable[JobRecord]) -> float:
    """Return the longest pause between two polls; it is longer for another machine, where a poll costs more."""
    remote = any(not client.is_local(record) for record in records if not record.state.final)
    return LONGEST_PAUSE_S if remote else LONGEST_LOCAL_PAUSE_S
