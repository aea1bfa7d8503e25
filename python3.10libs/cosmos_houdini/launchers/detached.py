"""Shared parts of the launchers of a plain host: the text of ``run.sh``, its detached start, its forced end."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from cosmos_houdini.errors import BadInput, JobError
from cosmos_houdini.hosts.base import Host
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.launchers.base import Task
from cosmos_houdini.launchers.job_folder import LOCKS
from cosmos_houdini.launchers.job_script import assemble
from cosmos_houdini.launchers.shell import assignments, script_part, variable_name
from cosmos_houdini.launchers.time_limit import seconds
from cosmos_houdini.model.request import Site

CANCEL_TIMEOUT_S = 120.0
_CANCEL = ("common/job_pids", "common/is_running", "common/cancel")
NO_SWEEP = "sweep() { :; }\n"
BEAT_S = 5
"""Seconds between two heartbeats of a job; fewer where a limit is shorter than four heartbeats."""


def run_sh(task: Task, config: HostConfig, *, values: str, program: str, parts: Iterable[str]) -> str:
    """Return the text of ``run.sh``.

    Args:
        task: the task to run.
        config: the GPUs of the host, and its limits.
        values: lines that set the launcher's own variables.
        program: the shell function that starts the program.
        parts: texts of the parts of the script; see ``job_script.assemble``.
    """
    if config.gpu_numbers and task.num_gpu > len(config.gpu_numbers):
        raise BadInput(
            f"job {task.job_id} wants {task.num_gpu} GPUs of a host that is configured with {len(config.gpu_numbers)}",
            allowed=f"num_gpu of 0 to {len(config.gpu_numbers)}",
            action="ask for fewer, or add GPU numbers to 'gpus' of the host",
        )
    root = task.site.folder.parent.parent
    own = assignments(
        here=task.site.folder,
        locks=root / LOCKS,
        gpus=" ".join(map(str, config.gpu_numbers)),
        want=task.num_gpu,
        need_mib=math.ceil(task.gpu_memory_gb * 1024),
        per_gpu=config.jobs_per_gpu,
        alone=int(task.exclusive),
        members=" ".join(member.name for member in task.members),
        # Each member watches its own time limit.
        **watching(config, limit_s=seconds(config.time) if config.time and not task.members else 0),
    )
    return assemble(parts, values=own + values, program=program, shared=bool(task.members))


def watching(config: HostConfig, *, limit_s: int) -> dict[str, int]:
    """Return the limits that ``run.sh`` enforces on its program, in seconds; 0 is no limit."""
    silence_s = round((config.stalled_after_min or 0) * 60)
    return {
        "limit_s": limit_s,
        "silence_s": silence_s,
        "asking_s": min(60, silence_s // 2),
        "beat_s": max(1, min([BEAT_S, *(limit // 4 for limit in (silence_s, limit_s) if limit)])),
    }


def start(host: Host, task: Task, text: str, *, ready: str = "") -> None:
    """Write ``run.sh`` and the secrets, and start it; if it was started before, do nothing.

    Args:
        host: the host on which the task is staged.
        task: the task to run.
        text: the text of ``run.sh``.
        ready: a script that prints a reason if the host cannot run the task, and nothing otherwise.
    """
    written = write(host, task, text, ready=script_part("common/ready") + ready)
    if written and host.run(start_script(task)).exit_code:
        raise cannot_start(host, task, "run.sh shows no sign of life")


def start_script(task: Task) -> str:
    """Return the script that starts a written ``run.sh``; it fails where ``run.sh`` shows no sign of life."""
    sign = "gathered" if task.members else "started/pid"
    return assignments(here=task.site.folder, sign=sign) + script_part("common/start")


def write(host: Host, task: Task, text: str, *, ready: str) -> bool:
    """Write ``run.sh`` and the secrets if the script ``ready`` prints nothing.

    Returns:
        False if the task was started before; the script printed ``started`` then.
    """
    secrets = secrets_file(task.secrets)
    asked = host.run(ready_script(task, ready))
    answer = asked.stdout.strip()
    if answer == "started":
        return False
    if asked.exit_code or answer != "ready":
        raise cannot_start(host, task, answer or asked.stderr.strip())
    host.write(task.site.folder / "run.sh", text.encode("utf-8", "surrogateescape"), mode=0o700)
    if secrets:
        host.write(task.site.folder / "secrets", secrets, mode=0o600)
    return True


def ready_script(task: Task, ready: str) -> str:
    """Return the script that prints ``ready``, ``started``, or why the host cannot run the task; see ``write``."""
    return assignments(here=task.site.folder) + ready + "echo ready\n"


def cancel(host: Host, site: Site, job_id: str, *, sweep: str = NO_SWEEP) -> None:
    """Stop all processes of an attempt, then those that the shell function ``sweep`` finds beside them.

    Raises:
        JobError: a process is left.
    """
    done = host.run(cancel_script(site, sweep), timeout_s=CANCEL_TIMEOUT_S)
    if done.exit_code:
        raise JobError(
            f"job {job_id} on host {host.name} cannot be stopped: {done.stderr.strip() or 'a process is left'}",
            action=f"look for processes of {site.folder} on the host",
        )


def cancel_script(site: Site, sweep: str = NO_SWEEP) -> str:
    """Return the script of ``cancel``, which ends with an error where a process is left."""
    return assignments(here=site.folder) + sweep + "".join(map(script_part, _CANCEL))


def secrets_file(secrets: Mapping[str, str]) -> bytes:
    r"""Return the content of the secrets file, one ``NAME=value`` a line.

    >>> secrets_file({"HF_TOKEN": "abc"})
    b'HF_TOKEN=abc\n'

    Raises:
        BadInput: a value has more than one line; the error does not show the value.
    """
    for name, value in secrets.items():
        if any(c in value for c in "\n\0"):
            raise BadInput(f"the value of the secret ${name} holds a line break or a NUL", allowed="one line of text")
    return "".join(f"{variable_name(name)}={value}\n" for name, value in secrets.items()).encode()


def cannot_start(host: Host, task: Task, why: str) -> JobError:
    """Return the error of a task that its host does not run."""
    if why == "unstaged":
        return JobError(
            f"job {task.job_id} cannot start: {task.site.folder} on host {host.name} is not staged",
            action="stage it first",
        )
    return JobError(f"host {host.name} cannot start job {task.job_id}: {why}", action="repair it on the host and retry")
