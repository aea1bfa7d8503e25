"""Launchers: they run an invocation on a host, detached and in a job folder, so that any later client can follow it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Protocol

from msgspec import Struct

from cosmos_houdini.hosts.base import Host
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.hosts.survey import Survey
from cosmos_houdini.launchers.job_folder import Observation
from cosmos_houdini.model.finding import Finding
from cosmos_houdini.model.request import Invocation, Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One attempt of a job, as a launcher starts it.

    Attributes:
        job_id: names the job on the host, in labels and process lists; all attempts of a job share it.
        site: the folders of this attempt on the host.
        invocation: program, environment, working folder.
        num_gpu: GPUs to hold while it runs; 0 holds none.
        secrets: environment variables that appear in no argv, script or log.
        gpu_memory_gb: GiB that must be free on each of these GPUs.
        exclusive: whether no other job may share them.
        members: folders of the jobs that a shared process serves, one after another; empty for a job.
    """

    job_id: str
    site: Site
    invocation: Invocation
    num_gpu: int
    secrets: Mapping[str, str]
    gpu_memory_gb: float = 0.0
    exclusive: bool = False
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
        """Start staged tasks by one command, where the launcher can; ``start`` starts the others.

        Raises:
            HostError: the connection failed.
        """

    def cancel(self, host: Host, site: Site, job_id: str) -> None:
        """Stop an attempt and all of its processes, and return when they are gone; touch nothing else.

        An attempt that was never started cannot be started afterwards. An attempt that has ended stays as it is.

        Raises:
            JobError: a process or container of the job cannot be stopped.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """Facts in which a launcher differs from one that starts a process on the host at once.

    Attributes:
        schedules_itself: a scheduler decides when a job starts. It gets all jobs immediately; this side does not hold
            them back until a GPU is free. ``run --dry-run`` shows the script that it gets.
        submits_arrays: ``start_together`` starts many tasks by one command.
        shares_process: one process can make several jobs, one after another; see launchers/shared_process.py.
        chooses_gpus: a scheduler chooses the GPUs, perhaps on other machines than the host. The locks of the root and
            the output of nvidia-smi on the host do not apply to its jobs.
        runs_on_host: the program runs directly on the host, neither in a container nor on another machine.
    """

    schedules_itself: bool = False
    submits_arrays: bool = False
    shares_process: bool = False
    chooses_gpus: bool = False
    runs_on_host: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PollPart:
    """The part of a scheduler in the poll of a host.

    Attributes:
        scheduler: a name of lower-case letters, digits and ``_``; the functions of the script end with it.
        script: makes three shell functions from the configuration of the host. ``is_of_NAME`` says whether the job in
            the folder ``$job`` was handed to the scheduler. ``collect_NAME`` is called for each such job. ``ask_NAME``
            is called once, after all jobs, and prints lines ``scheduler NAME TEXT``.
        merge: takes the texts and all observations by folder, and returns the observations with the scheduler's
            states. It distrusts the texts.
    """

    scheduler: str
    script: Callable[[HostConfig], str]
    merge: Callable[[Sequence[str], Mapping[str, Observation]], Mapping[str, Observation]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyPart:
    """The part of a launcher in ``doctor --host``.

    Attributes:
        script: makes shell commands from the configuration of the host. They print facts with the functions
            ``tell KEY VALUE`` and ``ask KEY COMMAND...`` of doctor/survey.sh.
        judge: yields a finding for each requirement of the launcher; it gets the name of the host.
    """

    script: Callable[[HostConfig], str]
    judge: Callable[[str, HostConfig, Survey], Iterator[Finding]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoragePart:
    """Things that a launcher keeps on a host beside the root, for ``clean``.

    Attributes:
        listing: makes a script from the configuration of the host. It prints ``container ID FOLDER`` for each container
            that has ended; ID is 64 hexadecimal digits, FOLDER the job's folder.
        removal: makes a script that defines the shell function ``remove_container ID``.
    """

    listing: Callable[[HostConfig], str]
    removal: Callable[[HostConfig], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePart:
    """The image that a launcher's jobs run in, for ``setup-host``.

    Attributes:
        find: returns the image of a host: empty where the configuration names none, None for jobs without an image.
        step: the function of setup/setup.sh that makes it.
        takes_dockerfile: whether it can be made from the Dockerfile of an engine's checkout.
        allowed: an image and its source, as an example for errors.
    """

    find: Callable[[HostConfig], str | None]
    step: str
    takes_dockerfile: bool
    allowed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LauncherType:
    """A way to run jobs, as the registry knows it.

    Attributes:
        make: makes the launcher from a host's name and its configuration; raises BadInput where a value is missing.
        traits: its differences from other launchers.
        settings: type of its own keys in the configuration of a host, each with a default; None for no keys.
        client_prefix: the prefix of those variables of the host's ``env`` that are for the launcher's own programs on
            the host, and not for jobs.
        poll: its part of the poll; None where the job's folder and the host's processes suffice.
        survey: its part of ``doctor --host``.
        storage: its part of ``clean``.
        image: its part of ``setup-host``; None where jobs never run in an image.
    """

    make: Callable[[str, HostConfig], Launcher]
    traits: Traits = Traits()
    settings: type[Struct] | None = None
    client_prefix: str = ""
    poll: PollPart | None = None
    survey: SurveyPart | None = None
    storage: StoragePart | None = None
    image: ImagePart | None = None

    def client_env(self, config: HostConfig) -> dict[str, str]:
        """Return the variables of a host that are for the launcher's own programs."""
        prefix = self.client_prefix
        return {name: value for name, value in config.env.items() if prefix and name.startswith(prefix)}
