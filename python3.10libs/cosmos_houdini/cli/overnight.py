"""The terms of a night on the command line, and what is told of it."""

from __future__ import annotations

import math
import os
import shlex
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import click

from cosmos_houdini.batches.gate import BatchEnded, BatchEvent, BatchHooks
from cosmos_houdini.batches.limits import LimitProbes, LimitSettings, StartLimits
from cosmos_houdini.batches.notify import Notice, Notifier
from cosmos_houdini.batches.summary import Summary
from cosmos_houdini.batches.time_window import TimeWindow
from cosmos_houdini.cli.console import say
from cosmos_houdini.cli.finite import FiniteRange
from cosmos_houdini.config import Config
from cosmos_houdini.engines import find_engine
from cosmos_houdini.errors import BadInput, Cancelled, CosmosError
from cosmos_houdini.jobs.client import Client
from cosmos_houdini.jobs.store import batches
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.jobs.store.spending import spending
from cosmos_houdini.launchers import SLURM
from cosmos_houdini.launchers.health import HostLook, look_script, parse_look
from cosmos_houdini.model.batch import BatchSpec
from cosmos_houdini.report.entry import ReportEntry, differing
from cosmos_houdini.specs.files import write_whole

MOST_MEASURED = 100
"""Measuring a result takes about a second; more of them are left to ``report``."""

_Command = TypeVar("_Command", bound=Callable[..., None])


def _now() -> datetime:
    return datetime.now().astimezone()


def overnight_options(command: _Command) -> _Command:
    """Add the options of a night; what is not given stands in the configuration's section ``overnight``."""
    for option in (
        click.option("--max-cost", type=FiniteRange(0, min_open=True), help="Most that all attempts may cost."),
        click.option("--gpu-hours", type=FiniteRange(0, min_open=True), help="Most that all attempts may take."),
        click.option("--window", metavar="HH:MM-HH:MM", help="Start runs between these times only, then end."),
    ):
        command = option(command)
    return command


def terms_of(
    config: Config,
    batch: BatchSpec,
    host: str,
    *,
    max_parallel: int | None,
    window: str | None,
    gpu_hours: float | None,
    max_cost: float | None,
) -> LimitSettings:
    """Return the terms of a night, those of the command line before those of the configuration.

    Raises:
        BadInput: no window, a limit of money on a host without a price, or terms for what a cluster gets all at once.
    """
    _, settings = config.settings.host(host)
    overnight = config.settings.overnight
    window = window or overnight.window
    most = max_cost or overnight.max_cost
    hours = gpu_hours or overnight.gpu_hours
    # Slurm gives GPUs that are free and fit, on machines that the host only stands before.
    elsewhere = settings.launcher == SLURM
    if most is not None and settings.price_per_hour is None:
        raise BadInput(f"host {host!r} has no price", action=f"set hosts.{host}.price_per_hour, or give --gpu-hours")
    if elsewhere and max_parallel is None and (window or hours or most):
        raise BadInput(
            f"host {host!r} would get all runs at once, and no window or budget could hold back any of them",
            action="give --max-parallel N: so many runs wait or run on the cluster",
        )
    return LimitSettings(
        batch=batch.name,
        host=host,
        window=TimeWindow.parse(window) if window else None,
        gpu_hours=hours,
        max_cost=most,
        price_per_hour=settings.price_per_hour or 0.0,
        currency=config.settings.defaults.currency,
        gpus=settings.gpu_numbers,
        gpu_memory_gb=0.0 if elsewhere else find_engine(batch.engine).gpu_memory_gb,
        max_gpu_temp_c=math.inf if elsewhere else overnight.max_gpu_temp_c,
        min_free_disk_gb=overnight.min_free_disk_gb,
        failed_share=config.settings.notify.failed_share,
    )


@dataclass(slots=True, kw_only=True)
class BatchSupervisor:
    """Keeps the terms of a batch in one process, and tells people what becomes of it.

    Attributes:
        client: what to work with.
        night: its gate.
        notifier: tells people.
        began: when it began.
        through: whether this process was the one that saw the batch end.
    """

    client: Client
    limits: StartLimits
    notifier: Notifier
    began: datetime = field(default_factory=_now)
    through: bool = False

    @classmethod
    def of(cls, client: Client, terms: LimitSettings, job: JobRecord, notifier: Notifier) -> BatchSupervisor:
        """Return what keeps ``terms``; ``job`` is any of the batch."""
        store = client.store
        probes = LimitProbes(
            now=_now,
            look=lambda: _look(client, job),
            free_disk_gb=lambda: shutil.disk_usage(client.config.project).free / 1e9,
            spent=lambda: spending(store, terms.batch, terms.host, time.time()),
            counts=lambda: batches.counts(store, terms.batch, terms.host),
            busy=lambda: batches.gpus_in_use(store, terms.host),
        )
        return cls(client=client, limits=StartLimits(terms=terms, probes=probes, tell=notifier.send), notifier=notifier)

    @property
    def hooks(self) -> BatchHooks:
        """What the process that works on the batch keeps to."""
        return BatchHooks(
            gate=self.limits.gate,
            may_begin_waiting=self.limits.may_begin_waiting,
            listeners=(self.limits.hear, self._hear),
        )

    def conclude(
        self,
        entries: Sequence[ReportEntry],
        *,
        file: Path,
        table: Path,
        again: str,
        scouts: bool,
        ended_by: CosmosError | None,
    ) -> None:
        """Write the summary beside the table, print it, and send it if the batch ended here.

        Who interrupts a batch waits for no measures, and is there already.

        Args:
            entries: the runs in the order of the batch.
            file: of the batch.
            table: the file with a row for each.
            again: the command that goes on.
            scouts: whether the runs are scouts, some of which may be promoted.
            ended_by: what ended the batch before its time, if something did.
        """
        interrupted = isinstance(ended_by, Cancelled)
        terms, spent = self.limits.terms, self.limits.probes.spent()
        _, settings = self.client.config.settings.host(terms.host)
        summary = Summary(
            batch=terms.batch,
            host=terms.host,
            began=self.began,
            ended=_now(),
            entries=entries if interrupted else _measured(entries),
            varied=differing(entries),
            held=self.limits.held,
            spent=spent,
            price_per_hour=settings.price_per_hour,
            currency=terms.currency,
            problem=str(ended_by or ""),
            report=shlex.join(["cosmos-houdini", "report", str(file)]),
            table=str(table),
            again=again,
            promote=shlex.join(["cosmos-houdini", "promote", "--host", terms.host, "--", str(file)]) if scouts else "",
            folder=str(Path.cwd()),
        )
        write_whole(table.with_suffix(".summary.txt"), summary.text.encode())
        say(f"\n{summary.text}")
        if self.through or (ended_by and not interrupted):
            self.notifier.send(Notice(occasion="finish", title=summary.title, body=summary.text))

    def _hear(self, event: BatchEvent) -> None:
        self.through = self.through or isinstance(event, BatchEnded)


def notifier_of(config: Config) -> Notifier:
    """Return what tells people of a batch; wrong addresses are refused before anything is sent."""
    return Notifier(config.settings.notify, os.environ, say)


def _look(client: Client, job: JobRecord) -> HostLook:
    # A host that does not answer is a matter of the work itself, which has patience with it.
    with suppress(CosmosError):
        host = client.host(job)
        return parse_look(host.run(look_script(host.root)).stdout)
    return HostLook()


def _measured(entries: Sequence[ReportEntry]) -> Sequence[ReportEntry]:
    # OpenCV and NumPy take a fifth of a second to load, which `--dry-run` and `--detach` need not pay.
    from cosmos_houdini.report.examine import result, scored  # noqa: PLC0415 - see above

    return scored(entries) if 1 < sum(result(entry) is not None for entry in entries) <= MOST_MEASURED else entries
