"""The launcher ``slurm``: the engine's program as a batch job of the cluster whose login node is the host."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, Literal

from msgspec import Struct

from cosmos_houdini.errors import BadInput, HostError, HostUnreachable, JobError
from cosmos_houdini.hosts.base import Host
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.hosts.survey import Survey
from cosmos_houdini.launchers import detached
from cosmos_houdini.launchers.base import ImagePart, LauncherType, PollPart, SurveyPart, Task, Traits
from cosmos_houdini.launchers.docker import mount
from cosmos_houdini.launchers.job_folder import OBJECTS
from cosmos_houdini.launchers.job_script import assemble, job_parts
from cosmos_houdini.launchers.shell import assignments, exports, quoted, script_part, variable_name, words
from cosmos_houdini.launchers.slurm.state import merge_slurm_states
from cosmos_houdini.model.finding import Finding, failed, passed
from cosmos_houdini.model.request import Site

CLIENT_PREFIX = "SLURM_"
SUBMIT_TIMEOUT_S = 120.0
CANCEL_TIMEOUT_S = 180.0
QUIET_S = 60
"""Seconds; longer than a network file system shows the old content of a file."""

# Options that sbatch reads without quotes, because its versions read quotes differently.
_OPTION = re.compile(r"--[a-z][a-z-]*(=[\w.,:;=@%+*/\[\]{}|&()!-]+)?", re.ASCII)
_GPUS = re.compile(r"(?P<kind>(?:^|(?<=,))gpu(?::[^:,]*[^:,\d][^:,]*)?)(?::(?P<count>\d+))?(?=,|$)", re.ASCII)


class SlurmSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys of a host that is the login node of a cluster.

    Attributes:
        partition: as for ``sbatch --partition``; the cluster's default without it.
        account: as for ``sbatch --account``.
        qos: as for ``sbatch --qos``.
        gres: as for ``sbatch --gres``; without it, as many GPUs as the job uses.
        sbatch: more options, as in ``--mem=64G``.
        image: a container image, as the program in ``container`` spells it.
        container: the program that runs the image.
    """

    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    gres: str | None = None
    sbatch: tuple[str, ...] = ()
    image: str | None = None
    container: Literal["apptainer", "pyxis"] | None = None


@dataclass(frozen=True, slots=True)
class SlurmLauncher:
    """Hands the program to Slurm, which chooses machine and GPUs; both must see the root on a shared file system.

    Variables of the host's ``env`` that begin with ``SLURM_`` (``SLURM_CONF`` ...) are for Slurm's programs on the
    login node; the others are for the job.

    Attributes:
        config: partition, time and the like, image, and environment.
    """

    config: HostConfig

    @property
    def name(self) -> str:
        """The name in the configuration."""
        return "slurm"

    def script(self, task: Task) -> str:
        """Return the text of ``run.sh``, which is what sbatch gets; see Launcher.script."""
        values = assignments(
            here=task.site.folder, want=task.num_gpu, quiet_s=QUIET_S, **detached.watching(self.config, limit_s=0)
        )
        program = f"program() {{\n{self._program(task)}}}\n"
        head = self._head(task, job_name(task.site))
        return assemble(job_parts("slurm"), head=head, values=values, program=program)

    def start(self, host: Host, task: Task) -> None:
        """Hand ``run.sh`` to Slurm; see Launcher.start.

        Raises:
            HostUnreachable: Slurm does not answer and may have taken the job; a later call finds out.
        """
        if not detached.write(host, task, self.script(task), ready=script_part("slurm/ready")):
            return
        done = host.run(self.submit_script(task), timeout_s=SUBMIT_TIMEOUT_S)
        answer, _, why = done.stdout.strip().partition(" ")
        if done.exit_code == 0 and answer == "submitted":
            return
        if answer == "refused":
            raise JobError(
                f"Slurm on host {host.name} refuses job {task.job_id}: {why}",
                action="see partition, account, qos, time, gres and sbatch of the host in the configuration",
            )
        if answer == "unsure":
            raise HostUnreachable(f"Slurm on host {host.name} took job {task.job_id} or did not: {why}")
        raise HostError(f"host {host.name} cannot hand job {task.job_id} to Slurm: {done.stderr.strip() or why}")

    def start_together(self, host: Host, tasks: Sequence[Task]) -> None:
        """Hand tasks with the same options to Slurm as one array; see Launcher.start_together."""
        alike: defaultdict[str, list[Task]] = defaultdict(list)
        for task in tasks:
            with suppress(BadInput, JobError):
                # A task that cannot be written fails later, with its own error, when it is started alone.
                if detached.write(host, task, self.script(task), ready=script_part("slurm/ready")):
                    alike[self._head(task, "")].append(task)
        for group in alike.values():
            if len(group) > 1:
                host.run(self.submit_array_script(group), timeout_s=SUBMIT_TIMEOUT_S)

    def array_script(self, tasks: Sequence[Task]) -> str:
        """Return the text of the script that sbatch gets for an array of tasks with the same options."""
        jobs = tasks[0].site.folder.parent
        cases = "".join(f"{number}) job={quoted(task.site.folder.name)} ;;\n" for number, task in enumerate(tasks, 1))
        head = self._head(tasks[0], array_name(tasks))
        return (
            f'#!/bin/sh\n{head}\ncase $SLURM_ARRAY_TASK_ID in\n{cases}esac\nexec sh {quoted(str(jobs))}/"$job"/run.sh\n'
        )

    def submit_script(self, task: Task) -> str:
        """Return the script that hands ``run.sh`` to Slurm, and prints whether Slurm took it."""
        values = assignments(here=task.site.folder, name=job_name(task.site))
        return self._client() + values + script_part("slurm/submit")

    def submit_array_script(self, tasks: Sequence[Task]) -> str:
        """Return the script that hands an array of tasks to Slurm."""
        jobs = tasks[0].site.folder.parent
        values = assignments(jobs=jobs, name=array_name(tasks), script=self.array_script(tasks))
        folders = words(task.site.folder.name for task in tasks)
        return f"{self._client()}{values}set -- {folders}\n{script_part('slurm/submit_array')}"

    def cancel_script(self, site: Site) -> str:
        """Return the script by which Slurm ends an attempt."""
        return self._client() + assignments(here=site.folder) + script_part("slurm/cancel")

    def cancel(self, host: Host, site: Site, job_id: str) -> None:
        """Tell Slurm to end the attempt; see Launcher.cancel."""
        done = host.run(self.cancel_script(site), timeout_s=CANCEL_TIMEOUT_S)
        if done.exit_code:
            why = done.stderr.strip() or "Slurm does not say why"
            raise JobError(
                f"job {job_id} on host {host.name} cannot be stopped: {why}",
                action=f"cancel it again, or look for {job_name(site)} in squeue on the host",
            )

    def _client(self) -> str:
        return _client(self.config)

    def _head(self, task: Task, name: str) -> str:
        return "".join(f"#SBATCH {option}\n" for option in (f"--job-name={name}", *self._options(task)))

    def _options(self, task: Task) -> Iterator[str]:
        """Yield the options of the job except its name; none of them can break out of its line.

        Raises:
            BadInput: a value of the configuration with a space, a quote or the like.
        """
        settings = self.config.settings(SlurmSettings)
        options = {
            "partition": settings.partition,
            "account": settings.account,
            "qos": settings.qos,
            "time": self.config.time,
        }
        # Its program writes its own logs; a path would be a pattern for sbatch.
        yield from ("--output=/dev/null", "--nodes=1", "--ntasks=1")
        for name, value in options.items():
            if value:
                yield _checked(f"--{name}={value}")
        wanted = gres(settings.gres, task.num_gpu)
        if wanted:
            yield _checked(f"--gres={wanted}")
        yield from (_checked(option) for option in settings.sbatch)

    def _program(self, task: Task) -> str:
        """Return the lines that turn a shell into the program; the host's ``env`` wins over the engine's."""
        site, invocation = task.site, task.invocation
        job_env = {k: v for k, v in self.config.env.items() if not k.startswith(CLIENT_PREFIX)}
        env = {**invocation.env, **job_env}
        folder = invocation.cwd or site.folder
        settings = self.config.settings(SlurmSettings)
        image = settings.image or ""
        if settings.container == "apptainer":
            variables = exports({f"APPTAINERENV_{variable_name(name)}": value for name, value in env.items()})
            options = [*(["--nv"] if task.num_gpu else []), *_apptainer_mounts(site), "--pwd", str(folder)]
            return f"{variables}exec $leader {words(('apptainer', 'exec', *options, image, *invocation.argv))}\n"
        if settings.container == "pyxis":
            names = ",".join([*env, *task.secrets])
            options = [
                *(
                    "--export=ALL",
                    "--input=none",
                    "--unbuffered",
                    f"--container-image={image}",
                    f"--container-workdir={folder}",
                ),
                f"--container-mounts={_pyxis_mounts(site)}",
                *([f"--container-env={names}"] if names else []),
            ]
            return f"{exports(env)}exec $leader {words(('srun', *options, *invocation.argv))}\n"
        return f"{exports(env)}cd {quoted(str(folder))} || exit 1\nexec $leader {words(invocation.argv)}\n"


def job_name(site: Site) -> str:
    """Return the name of an attempt's job in Slurm: two roots of one cluster may hold the same job.

    >>> job_name(Site(folder=PurePosixPath("/data/jobs/sea-1f2e")))
    'cosmos-sea-1f2e-ecf6d793'
    """
    return f"cosmos-{site.folder.name}-{hashlib.sha256(str(site.folder).encode()).hexdigest()[:8]}"


def array_name(tasks: Iterable[Task]) -> str:
    """Return the name of an array of jobs in Slurm."""
    folders = "\n".join(str(task.site.folder) for task in tasks)
    return f"cosmos-array-{hashlib.sha256(folders.encode()).hexdigest()[:16]}"


def _client(config: HostConfig) -> str:
    """Return the shell functions that call Slurm's own programs, with their variables."""
    return exports(SLURM.client_env(config)) + script_part("slurm/client")


def gres(configured: str | None, num_gpu: int) -> str:
    """Return the generic resources that a job asks for: what is configured, with as many GPUs as it uses at least.

    >>> gres(None, 2), gres("gpu:1", 1), gres("gpu:a100:1,shard:4", 2), gres(None, 0)
    ('gpu:2', 'gpu:1', 'gpu:a100:2,shard:4', '')
    """
    if not configured:
        return f"gpu:{num_gpu}" if num_gpu else ""
    return _GPUS.sub(
        lambda found: found[0] if int(found["count"] or 1) >= num_gpu else f"{found['kind']}:{num_gpu}",
        configured,
        count=1,
    )


def _mounts(site: Site) -> Iterator[tuple[PurePosixPath, bool]]:
    """Yield the folders that a job sees, and whether it may write there."""
    yield site.folder, True
    yield site.folder.parent.parent / OBJECTS, False
    if site.engine_path:
        yield site.engine_path, True


def _apptainer_mounts(site: Site) -> Iterator[str]:
    for path, writable in _mounts(site):
        yield from ("--mount", mount(path, read_only=not writable))


def _pyxis_mounts(site: Site) -> str:
    for path, _ in _mounts(site):
        if any(c in str(path) for c in ":,+"):
            raise BadInput(f"pyxis cannot mount {path}", allowed="paths without ':', ',' and '+'")
    return ",".join(f"{path}:{path}{'' if writable else ':ro'}" for path, writable in _mounts(site))


def _checked(option: str) -> str:
    if not _OPTION.fullmatch(option):
        raise BadInput(
            f"{option!r} cannot stand in a script for sbatch",
            allowed="--name or --name=value without spaces and quotes",
            action="see partition, account, qos, time, gres and sbatch of the host in the configuration",
        )
    return option


def _make(name: str, config: HostConfig) -> SlurmLauncher:
    settings = config.settings(SlurmSettings)
    if bool(settings.image) != bool(settings.container):
        raise BadInput(
            f"host {name!r} names {'an image' if settings.image else 'a container program'} and no "
            f"{'container program' if settings.image else 'image'}",
            action=f"set hosts.{name}.image, and hosts.{name}.container to apptainer or pyxis, or neither",
        )
    return SlurmLauncher(config)


def _survey_script(config: HostConfig) -> str:
    partition = config.settings(SlurmSettings).partition or ""
    return _client(config) + assignments(partition=partition) + script_part("slurm/survey")


def _judge(name: str, config: HostConfig, survey: Survey) -> Iterator[Finding]:
    if not survey.first("slurm"):
        yield failed("slurm", survey.first("no_slurm"), "name a login node, on which sbatch works")
        return
    yield passed("slurm", survey.first("slurm"))
    lines = [line for line in survey.all("partition") if line]
    if not lines:
        partition = config.settings(SlurmSettings).partition
        seen = survey.first("no_partition") or f"there is no partition {partition!r}"
        yield failed("partition", seen, f"set hosts.{name}.partition to one of those that `sinfo` lists there")
    elif not any(line.split()[1:2] == ["up"] for line in lines):
        action = "ask the administrators of the cluster, or choose another partition"
        yield failed("partition", f"not up: {'; '.join(lines)}", action)
    else:
        yield passed("partition", "; ".join(lines))


def _apptainer_image(config: HostConfig) -> str | None:
    settings = config.settings(SlurmSettings)
    return settings.image or "" if settings.container == "apptainer" else None


SLURM: Final[LauncherType] = LauncherType(
    make=_make,
    traits=Traits(schedules_itself=True, submits_arrays=True, chooses_gpus=True),
    settings=SlurmSettings,
    client_prefix=CLIENT_PREFIX,
    poll=PollPart(
        scheduler="slurm", script=lambda config: _client(config) + script_part("slurm/poll"), merge=merge_slurm_states
    ),
    survey=SurveyPart(script=_survey_script, judge=_judge),
    image=ImagePart(
        find=_apptainer_image,
        step="make_apptainer_image",
        takes_dockerfile=False,
        allowed="a path as /scratch/cosmos.sif, made from docker://REGISTRY/IMAGE or docker-archive:FILE.tar",
    ),
)
