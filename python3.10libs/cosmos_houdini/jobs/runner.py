"""Brings jobs to their end in small steps, each of which may be cut off and done again by any client.

One client of a machine at a time works on a job (a lock), every change of state is compared with what was seen (the
store), and what is done on a host may be done twice. So a client may die at any moment, and many may attach at once.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from cosmos_houdini.errors import CosmosError, HostError, HostUnreachable
from cosmos_houdini.jobs.client import Client
from cosmos_houdini.jobs.finish import finish, lose, note_progress
from cosmos_houdini.jobs.start import bring
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.launchers.job_folder import END_MARK, NOT_STARTED, HostJobState, Observation
from cosmos_houdini.launchers.poll import JOBS_PER_POLL, parse_poll, poll_script
from cosmos_houdini.launchers.registry import poll_parts
from cosmos_houdini.model.job import JobState

PATIENCE_ATTEMPTS = 12
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
    """Whether nothing more happens to a job by itself."""
    return record.state.final


def on_host(record: JobRecord) -> bool:
    """Whether a job goes on without this machine, or has ended."""
    return record.state not in BEFORE_HOST


def advance(client: Client, ids: Collection[str], *, start: bool = True) -> dict[str, CosmosError]:
    """Take every unfinished job as far as it goes without waiting; one remote command asks for all jobs of a host.

    Args:
        client: what to work with.
        ids: jobs.
        start: whether jobs that are not on their host yet are brought there.

    Returns:
        What failed, by the name of the host; the jobs of that host are as they were.
    """
    troubles: dict[str, CosmosError] = {}
    by_host: defaultdict[tuple[str, str], list[JobRecord]] = defaultdict(list)
    together: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for record in client.store.records(ids):
        if record.state in ON_HOST:
            by_host[record.job.host, record.root].append(record)
        elif start and record.state in BEFORE_HOST:
            # A cluster takes many jobs by one command. Elsewhere each job starts as soon as its files are there, and
            # the jobs of a shared process when the files of all are.
            with _noted(troubles, record.job.host):
                group = record.root if client.traits(record).submits_arrays else record.convoy or record.id
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
    """Follow jobs until they are where they should be, through lost connections.

    Args:
        client: what to work with.
        ids: jobs.
        on_update: called after every look with the jobs as they stand.
        on_trouble: called when a host does not answer and is asked again.
        until: when a job needs to be followed no more.
        enough: tells by the answers for all jobs when to return, as ``all`` and ``any`` do.
        patience_attempts: how often in a row a host is asked that does not answer.
        timeout_s: the longest time to wait; None or infinity for as long as it takes.

    Raises:
        TimeoutError: the time is over; the jobs go on.
        HostError: a host stayed out of reach, shows another key, or takes none of ours; its jobs keep their state.
        DiskFull: no room on this machine for results; likewise.
        BadInput: the host of a job is configured no more; likewise.
    """
    patience = Retrying(
        retry=retry_if_exception_type(HostUnreachable),
        wait=wait_random_exponential(multiplier=1, max=LONGEST_BACKOFF_S),
        stop=stop_after_attempt(patience_attempts),
        before_sleep=lambda state: on_trouble(_trouble(state)),
        reraise=True,
    )
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


def observe(client: Client, records: Collection[JobRecord]) -> dict[str, Observation]:
    """Ask a host about jobs that share a host and root, by one command for JOBS_PER_POLL of them; answer by job id."""
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


def _step(client: Client, record: JobRecord, seen: Observation) -> None:
    if seen.state is HostJobState.ENDED:
        finish(client, record.id, seen)
    elif seen.state is HostJobState.VANISHED:
        gone = f"its program on {record.job.host} is gone and left no exit code"
        message = f"{gone}; {seen.scheduler}" if seen.scheduler else gone
        lose(client, record.id, message, begun=seen.stopped != NOT_STARTED)
    elif seen.state is HostJobState.ABSENT:
        lose(client, record.id, f"its folder on {record.job.host} is gone")
    elif seen.state is HostJobState.STAGED and record.convoy:
        lose(client, record.id, f"nothing on {record.job.host} started it", begun=False)
    elif record.state is not JobState.COLLECTING:
        note_progress(client, record, seen)


def _nap(client: Client, records: Iterable[JobRecord], pause_s: float) -> None:
    """Wait, or until a job of this machine ends: its files can be glanced at without a command."""
    own = [each for each in records if each.state in STARTED and client.is_local(each)]
    marks = [Path(client.site(record).folder / END_MARK) for record in own]
    # One that is there already is seen to by another client.
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
    # What no patience mends comes first.
    for error in sorted(troubles.values(), key=lambda error: isinstance(error, HostUnreachable)):
        raise error


def _trouble(state: RetryCallState) -> HostError:
    error = state.outcome.exception() if state.outcome else None
    if not isinstance(error, HostError):
        raise TypeError(f"retried after {error!r}")
    return error


def longest_pause_s(client: Client, records: Iterable[JobRecord]) -> float:
    """Return how long to wait at most between two looks: an answer from another machine costs more."""
    remote = any(not client.is_local(record) for record in records if not record.state.final)
    return LONGEST_PAUSE_S if remote else LONGEST_LOCAL_PAUSE_S
