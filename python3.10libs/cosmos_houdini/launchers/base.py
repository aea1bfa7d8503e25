"""How an invocation runs on a host: detached, in a job folder, so that any later client can take it up again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Protocol

from cosmos_houdini.hosts.base import Host
from cosmos_houdini.model.request import Invocation, Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a launcher is given to run.

    Attributes:
        job_id: names the job on the host, in labels and process lists; all attempts of a job share it.
        site: where this attempt lies.
        invocation: program, environment, working folder.
        num_gpu: GPUs to hold while it runs; 0 holds none.
        secrets: environment variables that stand in no argv, script or log.
        gpu_memory_gb: GiB that must be free on each of these GPUs.
        alone: whether no other job may share them.
        members: folders of the jobs that the program serves, one after another, if it is not a job itself.
    """

    job_id: str
    site: Site
    invocation: Invocation
    num_gpu: int
    secrets: Mapping[str, str]
    gpu_memory_gb: float = 0.0
    alone: bool = False
    members: tuple[PurePosixPath, ...] = ()


class Launcher(Protocol):
    """A way to start, and to stop, a task on a host."""

    @property
    def name(self) -> str:
        """The name in the configuration."""

    def script(self, task: Task) -> str:
        """Return the text of ``run.sh``, which never holds a secret.

        Raises:
            BadInput: the host cannot run the task as it is configured (too few GPUs ...).
        """

    def start(self, host: Host, task: Task) -> None:
        """Start ``run.sh`` of a staged task, detached. A second call for the same folder starts nothing.

        Raises:
            JobError: the host cannot start it (no Docker, no image, nothing staged ...).
        """

    def start_together(self, host: Host, tasks: Sequence[Task]) -> None:
        """Start staged tasks by one order, where that can be; those that it did not start are left to ``start``.

        Raises:
            HostError: the road failed.
        """

    def cancel(self, host: Host, site: Site, job_id: str) -> None:
        """Stop an attempt and all that it started, and return when it is gone; what is not its own is not touched.

        An attempt that was never started cannot be started afterwards. One that has ended stays as it is.

        Raises:
            JobError: something of the job cannot be stopped.
        """
