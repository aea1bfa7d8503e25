"""The supervisor of a batch: keeps its limits in one process, sends notices, and sums up at the end."""

from __future__ import annotations

import math
import shlex
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cosmos_houdini.batches.gate import BatchEnded, BatchEvent, BatchHooks
from cosmos_houdini.batches.limits import LimitProbes, LimitSettings, StartLimits
from cosmos_houdini.batches.notify import Notice, Notifier
from cosmos_houdini.batches.options import BatchOptions
from cosmos_houdini.batches.plan import SetAside, list_set_aside
from cosmos_houdini.batches.summary import Summary
from cosmos_houdini.batches.time_window import TimeWindow
from cosmos_houdini.config import Config
from cosmos_houdini.engines import find_engine
from cosmos_houdini.errors import BadInput, Cancelled, CosmosError
from cosmos_houdini.hosts.health import HostHealth, health_script, parse_health
from cosmos_houdini.jobs.advice import uses_gpu
from cosmos_houdini.jobs.client import Client
from cosmos_houdini.jobs.store import batches
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.jobs.store.spending import Spending, read_spending
from cosmos_houdini.launchers import launcher_type
from cosmos_houdini.media.videos.ffmpeg import FFmpeg
from cosmos_houdini.model.batch import BatchSpec
from cosmos_houdini.model.job import FailureClass
from cosmos_houdini.report.entry import ReportEntry, find_result, list_varied

MOST_MEASURED = 100
"""Measuring a result takes about a second; for larger batches, ``report`` measures."""


def local_time() -> datetime:
    """Return the time in this machine's zone."""
    return datetime.now().astimezone()


def limit_settings(config: Config, batch: BatchSpec, host: str, options: BatchOptions) -> LimitSettings:
    """Return the limits of a batch: those of its options before those of the configuration.

    Raises:
        BadInput: no time window, a limit of cost on a host without a price, or limits for a batch that a cluster would
            get all at once.
    """
    _, settings = config.settings.host(host)
    overnight = config.settings.overnight
    window = options.window or overnight.window
    max_cost = options.max_cost or overnight.max_cost
    gpu_hours = options.gpu_hours or overnight.gpu_hours
    # A cluster gives GPUs that are free and fit, on machines behind the host.
    elsewhere = launcher_type(settings, host).traits.schedules_itself
    if max_cost is not None and settings.price_per_hour is None:
        raise BadInput(f"host {host!r} has no price", action=f"set hosts.{host}.price_per_hour, or give --gpu-hours")
    if elsewhere and options.max_parallel is None and (window or gpu_hours or max_cost):
        raise BadInput(
            f"host {host!r} would get all runs at once, and no window or budget could hold back any of them",
            action="give --max-parallel N: so many runs wait or run on the cluster",
        )
    return LimitSettings(
        batch=batch.name,
        host=host,
        window=TimeWindow.parse(window) if window else None,
        gpu_hours=gpu_hours,
        max_cost=max_cost,
        price_per_hour=settings.price_per_hour or 0.0,
        currency=config.settings.defaults.currency,
        hours_of="GPU hours" if uses_gpu(batch.engine) else "CPU hours",
        gpus=settings.gpu_numbers,
        gpu_memory_gb=0.0 if elsewhere else find_engine(batch.engine).gpu_memory_gb,
        max_gpu_temp_c=math.inf if elsewhere else overnight.max_gpu_temp_c,
        min_free_disk_gb=overnight.min_free_disk_gb,
        failed_share=config.settings.notify.failed_share,
    )


@dataclass(slots=True, kw_only=True)
class BatchSupervisor:
    """Keeps the limits of a batch in one process, and notifies people.

    Attributes:
        client: of the project.
        limits: of the batch.
        notifier: sends notices.
        began: when this process began.
        spent_before: time that the batch had used by then.
        saw_end: whether this process was the first to see the batch end.
    """

    client: Client
    limits: StartLimits
    notifier: Notifier
    began: datetime
    spent_before: Spending
    saw_end: bool = field(default=False)

    @classmethod
    def of(cls, client: Client, settings: LimitSettings, job: JobRecord, notifier: Notifier) -> BatchSupervisor:
        """Return the supervisor of a batch; ``job`` is any job of it."""
        store = client.store
        probes = LimitProbes(
            now=local_time,
            look=lambda: _look(client, job),
            free_disk_gb=lambda: shutil.disk_usage(client.config.project).free / 1e9,
            spent=lambda: read_spending(store, settings.batch, settings.host, time.time()),
            counts=lambda: batches.count_states(store, settings.batch, settings.host),
            busy=lambda: batches.count_gpus_in_use(store, settings.host),
            broken=lambda: batches.find_failure(store, settings.batch, settings.host, FailureClass.HOST_SETUP),
        )
        limits = StartLimits(settings=settings, probes=probes, notify=notifier.send)
        return cls(client=client, limits=limits, notifier=notifier, began=local_time(), spent_before=probes.spent())

    @property
    def hooks(self) -> BatchHooks:
        """The hooks of the process that works on the batch."""
        limits = self.limits
        return BatchHooks(
            gate=limits.gate, may_begin_waiting=limits.may_begin_waiting, listeners=(limits.hear, self._hear)
        )

    def summarize(
        self,
        entries: Sequence[ReportEntry],
        *,
        file: Path | None,
        table: Path,
        resume_command: str,
        folder: Path,
        scouts: bool,
        set_aside: Sequence[SetAside],
        ended_by: CosmosError | None,
    ) -> Summary:
        """Return the summary of a batch, and send it if the batch ended here.

        A person who interrupts a batch is there, and does not wait for measures.

        Args:
            entries: the runs in the order of the batch.
            file: of the batch; None for a batch in memory.
            table: the file with a row for each run.
            resume_command: the command that goes on; empty where there is none.
            folder: the folder for which the commands are.
            scouts: whether the runs are scouts, some of which may be promoted.
            set_aside: runs that cannot be run.
            ended_by: the error that ended the batch early, if one did.
        """
        interrupted = isinstance(ended_by, Cancelled)
        settings, spent = self.limits.settings, self.limits.probes.spent()
        promote = ["cosmos-houdini", "promote", "--host", settings.host, "--", str(file)]
        summary = Summary(
            batch=settings.batch,
            host=settings.host,
            began=self.began,
            ended=local_time(),
            entries=entries if interrupted else _measure(entries, self.client.config.ffmpeg),
            varied=list_varied(entries),
            set_aside=list_set_aside(set_aside),
            held=self.limits.held,
            spent_before=self.spent_before,
            spent=spent,
            hours_of=settings.hours_of,
            problem="interrupted" if interrupted else ended_by.problem if ended_by else "",
            report=shlex.join(["cosmos-houdini", "report", str(file)]) if file else "",
            table=str(table),
            resume=resume_command,
            promote=shlex.join(promote) if scouts and file else "",
            folder=str(folder),
        )
        if self.saw_end or (ended_by and not interrupted):
            self.notifier.send(Notice(occasion="finish", title=summary.title, body=summary.text))
        return summary

    def _hear(self, event: BatchEvent) -> None:
        self.saw_end = self.saw_end or isinstance(event, BatchEnded)


def _look(client: Client, job: JobRecord) -> HostHealth:
    # The work itself notices a host that does not answer, and has patience with it.
    with suppress(CosmosError):
        host = client.host(job)
        return parse_health(host.run(health_script(host.root)).stdout)
    return HostHealth()


def _measure(entries: Sequence[ReportEntry], ffmpeg: FFmpeg) -> Sequence[ReportEntry]:
    # OpenCV and NumPy take a fifth of a second to load; ``--dry-run`` and ``--detach`` do not need them.
    from cosmos_houdini.report.examine import score_entries  # noqa: PLC0415 - see above

    if not 1 < sum(find_result(entry) is not None for entry in entries) <= MOST_MEASURED:
        return entries
    return score_entries(entries, ffmpeg=ffmpeg)
