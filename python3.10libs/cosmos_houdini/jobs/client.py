"""The state of one process that works on jobs: its store, its configuration and its open hosts."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

import msgspec

from cosmos_houdini.config import Config
from cosmos_houdini.engines import find_engine
from cosmos_houdini.engines.base import Engine
from cosmos_houdini.hosts import open_host
from cosmos_houdini.hosts.base import Host
from cosmos_houdini.hosts.registry import host_type
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.jobs.secrets import secrets_from
from cosmos_houdini.jobs.store.jobs import FOLDER, Store
from cosmos_houdini.jobs.store.lock import job_lock
from cosmos_houdini.jobs.store.price import Price
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.launchers import Launcher, Task, Traits, launcher_for, launcher_type
from cosmos_houdini.launchers.site import site_for
from cosmos_houdini.model.job import Job
from cosmos_houdini.model.request import InferenceRequest, Site


@dataclass(slots=True, kw_only=True)
class Client:
    """The store, the configuration and the open hosts that every step of a job uses.

    Attributes:
        store: the store of the jobs.
        config: the configuration, with the hosts by name and the project folder.
        environ: the environment variables that the secrets come from.
    """

    store: Store
    config: Config
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    _hosts: dict[tuple[str, str], Host] = field(default_factory=dict)

    @classmethod
    def of(cls, config: Config) -> Client:
        """Open the store of a configuration's project."""
        return cls(store=Store.of(config.project), config=config)

    def settings(self, record: JobRecord) -> HostConfig:
        """Return the configuration of a job's host, with the root and the launcher from the job's row.

        Raises:
            BadInput: the host is no longer in the configuration.
        """
        _, settings = self.config.settings.host(record.job.host)
        return msgspec.structs.replace(settings, root=record.root, launcher=record.launcher)

    def host(self, record: JobRecord) -> Host:
        """Return the open host of a job; jobs with the same host and root share it."""
        key = (record.job.host, record.root)
        if key not in self._hosts:
            self._hosts[key] = open_host(record.job.host, self.settings(record), project=self.config.project)
        return self._hosts[key]

    def site(self, record: JobRecord) -> Site:
        """Return the site of the job's current attempt on its host."""
        root, settings = self.host(record).root, self.settings(record)
        return site_for(root, record.id, record.job.attempt, settings, ffmpeg=self.config.ffmpeg)

    def price(self, job: Job) -> Price:
        """Return the present price of a job's host; a host that is no longer configured has none."""
        settings = self.config.settings.hosts.get(job.host)
        currency = self.config.settings.defaults.currency
        return Price(per_hour=settings.price_per_hour if settings else None, currency=currency)

    def engine(self, record: JobRecord) -> Engine:
        """Return the job's engine."""
        return find_engine(record.job.engine)

    def traits(self, record: JobRecord) -> Traits:
        """Return the traits of the job's launcher: its differences from a plain process launcher."""
        return launcher_type(self.settings(record), record.job.host).traits

    def is_local(self, record: JobRecord) -> bool:
        """Return whether the job's host is this machine, so that its files are local files."""
        return host_type(self.settings(record), record.job.host).is_this_machine

    def launcher(self, record: JobRecord) -> Launcher:
        """Return the job's launcher."""
        return launcher_for(record.job.host, self.settings(record))

    def secrets(self, record: JobRecord) -> dict[str, str]:
        """Return the secrets of this machine that the job's host receives."""
        return secrets_from(self.settings(record).secrets, self.environ)

    def task(self, record: JobRecord) -> Task:
        """Return the job's current attempt as a Task for a launcher."""
        request, exclusive = record.inference(), record.options.exclusive
        return task_of(record.id, request, self.site(record), self.secrets(record), exclusive=exclusive)

    def lock(self, job_id: str, *, timeout_s: float = 0.0) -> AbstractContextManager[bool]:
        """Lock a job for this client; the context yields False if another client of this machine holds the lock."""
        return job_lock(self.config.project / FOLDER / "locks", job_id, timeout_s=timeout_s)

    def close(self) -> None:
        """Close the connections and the store; jobs continue to run."""
        for host in self._hosts.values():
            host.close()
        self.store.close()


@contextmanager
def open_client(config: Config) -> Iterator[Client]:
    """Yield a client of the configuration's project, and close it afterwards."""
    client = Client.of(config)
    try:
        yield client
    finally:
        client.close()


def task_of(
    job_id: str, request: InferenceRequest, site: Site, secrets: Mapping[str, str], *, exclusive: bool = False
) -> Task:
    """Return a request and its site on a host as a Task for a launcher."""
    chosen = find_engine(request.engine)
    return Task(
        job_id=job_id,
        site=site,
        invocation=chosen.invocation(request, site),
        num_gpu=request.num_gpu if chosen.gpu_memory_gb > 0 else 0,
        secrets=secrets,
        gpu_memory_gb=chosen.gpu_memory_gb,
        exclusive=exclusive,
    )
