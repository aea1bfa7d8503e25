"""A batch that nobody watches: when it may start runs, what it may cost, and what has to be as it should meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from cosmos_houdini.batches.gate import BatchEvent, Hold, JobEnded
from cosmos_houdini.batches.notify import Notice
from cosmos_houdini.batches.time_window import TimeWindow
from cosmos_houdini.errors import one_line
from cosmos_houdini.hosts.health import HostHealth
from cosmos_houdini.jobs.store.spending import Spending, cost_of
from cosmos_houdini.model.job import JobState

LOOK_EVERY: Final = timedelta(seconds=15)
TELL_AFTER: Final = timedelta(minutes=5)
"""What mends itself sooner (memory that the run before gives back) nobody needs to be told of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """On which terms runs of a batch are started; those that run go on to their ends.

    Attributes:
        batch: name of the batch.
        host: name of its host.
        window: times of day; None for any.
        gpu_hours: the most that all attempts may take; None for any.
        max_cost: the most that they may cost, in ``currency``; None for any.
        price_per_hour: of the host, in ``currency``.
        currency: as people write it, as in ``EUR``; may be empty.
        gpus: numbers of the host's GPUs that jobs may have; all where there are none.
        gpu_memory_gb: GiB that a GPU must have free for a run; 0 where none is used, or where others see to it.
        max_gpu_temp_c: temperature of a GPU from which nothing is started.
        min_free_disk_gb: 1e9 bytes that have to be free on the host and here.
        failed_share: share of the batch's runs whose failure is told while it goes on.
    """

    batch: str
    host: str
    window: TimeWindow | None = None
    gpu_hours: float | None = None
    max_cost: float | None = None
    price_per_hour: float = 0.0
    currency: str = ""
    gpus: tuple[int, ...] = ()
    gpu_memory_gb: float = 0.0
    max_gpu_temp_c: float = 90.0
    min_free_disk_gb: float = 2.0
    failed_share: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldPeriod:
    """A time in which nothing was started; it goes on where ``until`` is None."""

    reason: str
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitProbes:
    """What a night has to be told; each is asked whenever it matters.

    Attributes:
        now: the time, in the zone whose clock the window means.
        look: the host's room and warmth; what fails there is no reason to hold anything.
        free_disk_gb: 1e9 bytes that are free on this machine.
        spent: what the batch has taken.
        counts: how many jobs of the batch are in each state.
        busy: how many GPUs of the host this project's jobs have now.
    """

    now: Callable[[], datetime]
    look: Callable[[], HostHealth]
    free_disk_gb: Callable[[], float]
    spent: Callable[[], Spending]
    counts: Callable[[], Mapping[JobState, int]]
    busy: Callable[[], int]


@dataclass(slots=True, kw_only=True)
class StartLimits:
    """The gate of a batch, and who listens to what becomes of it.

    Attributes:
        settings: the limits.
        probes: what is asked.
        notify: takes notices.
        held: the times in which nothing was started, the last one at the end.
    """

    settings: LimitSettings
    probes: LimitProbes
    notify: Callable[[Notice], None]
    held: list[HeldPeriod] = field(default_factory=list)
    _was_open: bool = False
    _told: set[str] = field(default_factory=set)
    _looked: tuple[datetime, HostHealth] | None = None

    def gate(self) -> Hold | None:
        """Return why nothing is started now, or None; see ``queue.gate``."""
        now = self.probes.now()
        hold = self._over(now) or self._endangered(now) or self._crowded(now)
        self._note(now, hold)
        return hold

    def may_begin_waiting(self) -> bool:
        """Whether jobs that wait on the host for their turn in a shared process may still begin.

        The memory that other users take is no reason against it: these jobs already have their GPU.
        """
        now = self.probes.now()
        return not (self._over(now) or self._endangered(now))

    def hear(self, event: BatchEvent) -> None:
        """Tell people once when too many runs have failed."""
        if not isinstance(event, JobEnded) or event.record.state is JobState.SUCCEEDED or "failures" in self._told:
            return
        counts = self.probes.counts()
        failed = sum(counts.get(state, 0) for state in (JobState.FAILED, JobState.LOST))
        total = sum(counts.values())
        if failed and failed >= self.settings.failed_share * total:
            self._told.add("failures")
            failure = event.record.job.failure
            last = f"The last one, {event.record.job.name}: {one_line(failure.message)}\n" if failure else ""
            done = counts.get(JobState.SUCCEEDED, 0)
            title = f"{self.settings.batch} on {self.settings.host}: {failed} of {total} runs have failed"
            others = (
                f"{done} are done, the others go on; `cosmos-houdini batch pause {self.settings.batch}` holds them.\n"
            )
            self.notify(Notice(occasion="failures", title=title, body=f"{title}.\n{last}{others}"))

    def _outside_window(self, now: datetime) -> Hold | None:
        window = self.settings.window
        if window is None:
            return None
        if window.contains(now):
            self._was_open = True
            return None
        if self._was_open:
            return Hold(reason=f"it is past {window.closes:%H:%M}, the end of {window}", final=True)
        return Hold(reason=f"it is not yet {window.opens:%H:%M}, the beginning of {window}")

    def _over_budget(self) -> Hold | None:
        if self.settings.gpu_hours is None and self.settings.max_cost is None:
            return None
        spent, price = self.probes.spent(), self.settings.price_per_hour
        now_s, then_s = spent.seconds, spent.with_one_more_s
        for limit, now, then, unit in (
            (self.settings.gpu_hours, spent.gpu_hours(now_s), spent.gpu_hours(then_s), "GPU hours"),
            (self.settings.max_cost, cost_of(now_s, price), cost_of(then_s, price), self._price_in_words()),
        ):
            if limit is not None and (now >= limit or then > limit):
                return Hold(
                    reason=f"the budget of {limit:g} {unit} leaves no room for another run until it is raised",
                    final=True,
                )
        return None

    def _price_in_words(self) -> str:
        currency, price = self.settings.currency, self.settings.price_per_hour
        return f"{currency} at {price:g} {currency} an hour" if currency else f"at {price:g} an hour"

    def _over(self, now: datetime) -> Hold | None:
        return self._outside_window(now) or self._over_budget()

    # The words of these stay the same for as long as it is so.
    def _endangered(self, now: datetime) -> Hold | None:
        settings = self.settings
        if self.probes.free_disk_gb() < settings.min_free_disk_gb:
            return Hold(reason=f"this machine has less than {settings.min_free_disk_gb:g} GB of disk free")
        seen = self._look(now)
        if seen.free_disk_gb is not None and seen.free_disk_gb < settings.min_free_disk_gb:
            return Hold(reason=f"{settings.host} has less than {settings.min_free_disk_gb:g} GB of disk free")
        if any(
            gpu.temperature_c is not None and gpu.temperature_c >= settings.max_gpu_temp_c
            for gpu in seen.of(settings.gpus)
        ):
            return Hold(reason=f"a GPU of {settings.host} is at {settings.max_gpu_temp_c:g} °C or more")
        return None

    def _crowded(self, now: datetime) -> Hold | None:
        settings, gpus = self.settings, self._look(now).of(self.settings.gpus)
        free = [gpu.free_gb for gpu in gpus if gpu.free_gb is not None]
        # GPUs that our own jobs have are full; as long as none is left over, there is nothing to say about others.
        if free and settings.gpu_memory_gb and self.probes.busy() < len(gpus) and max(free) < settings.gpu_memory_gb:
            return Hold(reason=f"no GPU of {settings.host} has {settings.gpu_memory_gb:g} GiB of memory free")
        return None

    def _look(self, now: datetime) -> HostHealth:
        if self._looked is None or now - self._looked[0] >= LOOK_EVERY:
            self._looked = now, self.probes.look()
        return self._looked[1]

    def _note(self, now: datetime, hold: Hold | None) -> None:
        last = self.held[-1] if self.held and self.held[-1].until is None else None
        if last and (hold is None or hold.reason != last.reason):
            self.held[-1] = replace(last, until=now)
            last = None
        if hold and last is None:
            self.held.append(last := HeldPeriod(reason=hold.reason, since=now))
        if hold and last and hold.reason not in self._told and self._is_news(hold, now - last.since):
            self._told.add(hold.reason)
            how = "starts no further run" if hold.final else "waits"
            title = f"{self.settings.batch} on {self.settings.host} {how}: {hold.reason}"
            later = "" if hold.final else " Once that has changed, the next run starts by itself."
            body = f"{title}.\nWhat runs goes on to its end.{later}\n"
            self.notify(Notice(occasion="budget" if hold.final else "hold", title=title, body=body))

    def _is_news(self, hold: Hold, lasted: timedelta) -> bool:
        # That the window opens and closes was asked for.
        if self.settings.window and str(self.settings.window) in hold.reason:
            return False
        return hold.final or lasted >= TELL_AFTER
