"""How an invocation runs on a host: detached, in a job folder, so that any later client can take it up again."""

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
        site: where this attempt lies.
        invocation: program, environment, working folder.
        num_gpu: GPUs to hold while it runs; 0 holds none.
        secrets: environment variables that stand in no argv, script or log.
        gpu_memory_gb: GiB that must be free on each of these GPUs.
        exclusive: whether no other job may share them.
        members: folders of the jobs that the program serves, one after another, if it is not a job itself.
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
        """Stop an attempt and all that it started, and return when it is gone; nothing else is touched.

        An attempt that was never started cannot be started afterwards. One that has ended stays as it is.

        Raises:
            JobError: something of the job cannot be stopped.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """Facts in which a launcher differs from one that starts a process on the host at once.

    Attributes:
        schedules_itself: a scheduler decides when a job starts. It gets all jobs at once, nothing on this side holds
            them back for a GPU, and ``run --dry-run`` shows the script that it gets.
        submits_arrays: ``start_together`` starts many tasks by one command.
        shares_process: one process can make several jobs, one after another; see launchers/shared_process.py.
        chooses_gpus: a scheduler chooses the GPUs, on machines that may be others than the host; the locks of the root,
            and what nvidia-smi says on the host, mean nothing for its jobs.
        runs_on_host: the program runs among the programs of the host itself, neither in a container nor elsewhere.
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
        scheduler: a name of lower-case letters, digits and ``_``, which the functions of the script end with.
        script: makes, from the configuration of the host, the shell functions ``is_of_NAME`` (whether the job in the
            folder ``$job`` was handed to the scheduler), ``collect_NAME`` (called for each of them) and ``ask_NAME``
            (called once, after all; prints lines ``scheduler NAME TEXT``).
        merge: returns the observations as they are by what the scheduler says. It gets the texts, and all observations
            by folder; it distrusts the texts.
    """

    scheduler: str
    script: Callable[[HostConfig], str]
    merge: Callable[[Sequence[str], Mapping[str, Observation]], Mapping[str, Observation]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyPart:
    """The part of a launcher in ``doctor --host``.

    Attributes:
        script: makes shell commands from the configuration of the host; they print facts with the functions ``tell KEY
            VALUE`` and ``ask KEY COMMAND...`` of doctor/survey.sh.
        judge: yields a finding for each thing that the launcher needs on the host of that name.
    """

    script: Callable[[HostConfig], str]
    judge: Callable[[str, HostConfig, Survey], Iterator[Finding]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoragePart:
    """Things that a launcher keeps on a host beside the root, for ``clean``.

    Attributes:
        listing: makes, from the configuration of the host, a script that prints ``container ID FOLDER`` for each
            container that has ended; ID is 64 hexadecimal digits, FOLDER the job's folder.
        removal: makes a script that defines the shell function ``remove_container ID``.
    """

    listing: Callable[[HostConfig], str]
    removal: Callable[[HostConfig], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LauncherType:
    """A way to run jobs, as the registry knows it.

    Attributes:
        make: makes the launcher from a host's name and its configuration; raises BadInput where a value is missing.
        traits: what it does otherwise than others.
        settings: type of its own keys in the configuration of a host, each with a default; None for no keys.
        client_prefix: begins the names of those variables of the host's ``env`` that are for the launcher's own
            programs on the host, and not for jobs.
        poll: its part of the poll; None where the job's folder and the host's processes tell everything.
        survey: its part of ``doctor --host``.
        storage: its part of ``clean``.
    """

    make: Callable[[str, HostConfig], Launcher]
    traits: Traits = Traits()
    settings: type[Struct] | None = None
    client_prefix: str = ""
    poll: PollPart | None = None
    survey: SurveyPart | None = None
    storage: StoragePart | None = None

    def client_env(self, config: HostConfig) -> dict[str, str]:
        """Return those variables of a host that the launcher's own programs get."""
        prefix = self.client_prefix
        return {name: value for name, value in config.env.items() if prefix and name.startswith(prefix)}
