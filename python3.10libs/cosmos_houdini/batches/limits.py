"""The limits of a batch that nobody watches: time of day, budget, disk room, GPU memory and temperature."""

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
from cosmos_houdini.report.entry import first_sentence

PROBE_INTERVAL: Final = timedelta(seconds=15)
NOTIFY_AFTER: Final = timedelta(minutes=5)
"""Do not notify about shorter holds; they usually clear by themselves, as when a run frees its memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """The limits within which runs of a batch are started; runs on a host continue to their ends.

    Attributes:
        batch: name of the batch.
        host: name of its host.
        window: times of day; None for any.
        gpu_hours: the most that all attempts may take; None for any.
        max_cost: the most that they may cost, in ``currency``; None for any.
        price_per_hour: of the host, in ``currency``.
        currency: as people write it, as in ``EUR``; may be empty.
        hours_of: the hours of the batch's engine in words.
        gpus: numbers of the host's GPUs that jobs may use; empty for all.
        gpu_memory_gb: GiB that a GPU must have free for a run; 0 if no GPU is used, or if a scheduler checks it.
        max_gpu_temp_c: GPU temperature in degrees Celsius from which nothing is started.
        min_free_disk_gb: 1e9 bytes that must be free on the host and on this machine.
        failed_share: share of failed runs, 0 to 1, from which people are notified while the batch goes on.
    """

    batch: str
    host: str
    window: TimeWindow | None = None
    gpu_hours: float | None = None
    max_cost: float | None = None
    price_per_hour: float = 0.0
    currency: str = ""
    hours_of: str = "GPU hours"
    gpus: tuple[int, ...] = ()
    gpu_memory_gb: float = 0.0
    max_gpu_temp_c: float = 90.0
    min_free_disk_gb: float = 2.0
    failed_share: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldPeriod:
    """A period in which nothing was started; if ``until`` is None, it has not ended."""

    reason: str
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitProbes:
    """Reads the values that are compared with the limits.

    Attributes:
        now: the time, in the time zone of the window.
        look: disk room and GPUs of the host; empty if they cannot be read, and then they limit nothing.
        free_disk_gb: 1e9 bytes that are free on this machine.
        spent: time that the batch has used.
        counts: how many jobs of the batch are in each state.
        busy: how many GPUs of the host the jobs of this project use now.
        broken: the message of a run of the batch that failed because the host is set up wrong; empty if none did.
    """

    now: Callable[[], datetime]
    look: Callable[[], HostHealth]
    free_disk_gb: Callable[[], float]
    spent: Callable[[], Spending]
    counts: Callable[[], Mapping[JobState, int]]
    busy: Callable[[], int]
    broken: Callable[[], str] = str


@dataclass(slots=True, kw_only=True)
class StartLimits:
    """The gate of a batch that keeps its limits, and a listener that notifies people of failures.

    Attributes:
        settings: the limits.
        probes: read the present values.
        notify: takes notices.
        held: the periods in which nothing was started, in order.
    """

    settings: LimitSettings
    probes: LimitProbes
    notify: Callable[[Notice], None]
    held: list[HeldPeriod] = field(default_factory=list)
    _was_open: bool = False
    _notified: set[str] = field(default_factory=set)
    _probed: tuple[datetime, HostHealth] | None = None

    def gate(self) -> Hold | None:
        """Return why nothing is started now, or None; see ``batches.gate``."""
        now = self.probes.now()
        hold = self._past_limit(now) or self._set_up_wrong() or self._unsafe(now) or self._out_of_memory(now)
        self._record(now, hold)
        return hold

    def may_begin_waiting(self) -> bool:
        """Whether jobs that wait on the host for their turn in a shared process may still begin.

        Memory that other users take does not count here, because these jobs already have their GPU.
        """
        now = self.probes.now()
        return not (self._past_limit(now) or self._set_up_wrong() or self._unsafe(now))

    def hear(self, event: BatchEvent) -> None:
        """Notify people, once, when too many runs have failed."""
        if not isinstance(event, JobEnded) or event.record.state is JobState.SUCCEEDED or "failures" in self._notified:
            return
        counts = self.probes.counts()
        failed = sum(counts.get(state, 0) for state in (JobState.FAILED, JobState.LOST))
        total = sum(counts.values())
        if failed and failed >= self.settings.failed_share * total:
            self._notified.add("failures")
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
            (self.settings.gpu_hours, spent.gpu_hours(now_s), spent.gpu_hours(then_s), self.settings.hours_of),
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

    def _past_limit(self, now: datetime) -> Hold | None:
        return self._outside_window(now) or self._over_budget()

    def _set_up_wrong(self) -> Hold | None:
        """Return the hold of a host on which every run would fail as one has."""
        message = first_sentence(self.probes.broken())
        if not message:
            return None
        doctor = f"`cosmos-houdini doctor --host {self.settings.host}` tells more"
        return Hold(reason=f"{self.settings.host} must be mended first: {message}; {doctor}", final=True)

    # A reason keeps its words while it holds: changing numbers in it would be another reason each time.
    def _unsafe(self, now: datetime) -> Hold | None:
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

    def _out_of_memory(self, now: datetime) -> Hold | None:
        settings, gpus = self.settings, self._look(now).of(self.settings.gpus)
        free = [gpu.free_gb for gpu in gpus if gpu.free_gb is not None]
        # Our own jobs fill their GPUs. Memory that others use matters only if a GPU is free of our jobs.
        if free and settings.gpu_memory_gb and self.probes.busy() < len(gpus) and max(free) < settings.gpu_memory_gb:
            return Hold(reason=f"no GPU of {settings.host} has {settings.gpu_memory_gb:g} GiB of memory free")
        return None

    def _look(self, now: datetime) -> HostHealth:
        if self._probed is None or now - self._probed[0] >= PROBE_INTERVAL:
            self._probed = now, self.probes.look()
        return self._probed[1]

    def _record(self, now: datetime, hold: Hold | None) -> None:
        last = self.held[-1] if self.held and self.held[-1].until is None else None
        if last and (hold is None or hold.reason != last.reason):
            self.held[-1] = replace(last, until=now)
            last = None
        if hold and last is None:
            self.held.append(last := HeldPeriod(reason=hold.reason, since=now))
        if hold and last and hold.reason not in self._notified and self._is_worth_notice(hold, now - last.since):
            self._notified.add(hold.reason)
            verb = "starts no further run" if hold.final else "waits"
            title = f"{self.settings.batch} on {self.settings.host} {verb}: {hold.reason}"
            later = "" if hold.final else " The next run starts by itself as soon as this has changed."
            body = f"{title}.\nRuns on the host go on to their ends.{later}\n"
            self.notify(Notice(occasion="budget" if hold.final else "hold", title=title, body=body))

    def _is_worth_notice(self, hold: Hold, lasted: timedelta) -> bool:
        # A person chose the window and needs no notice of it.
        if self.settings.window and str(self.settings.window) in hold.reason:
            return False
        return hold.final or lasted >= NOTIFY_AFTER
