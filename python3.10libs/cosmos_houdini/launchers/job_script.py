"""The text of ``run.sh``, the script of a job on its host, from parts.

The built-in launchers' parts are files of the folder ``scripts``; a launcher of another package may bring texts of its
own. ``scripts/README.md`` lists the hooks that the parts define and the files that they write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from cosmos_houdini.launchers.shell import script_part

PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "process": ("common/process", "common/job_pids", "common/gpu_locks"),
    "docker": ("docker/launch", "common/job_pids", "common/gpu_locks"),
    "slurm": ("common/process", "slurm/restart", "common/job_pids"),
    "shared_job": ("shared/job", "common/job_pids", "common/is_running"),
}
"""The parts of ``run.sh`` before ``common/run``, by launcher and in their order.

``shared_job`` is the script of one of several jobs that a shared process makes.
"""
_SHARED_PROCESS = ("common/is_running", "shared/process")


def job_parts(launcher: str) -> tuple[str, ...]:
    """Return the texts of the parts of a built-in launcher; ``launcher`` is a key of PARTS."""
    return tuple(map(script_part, PARTS[launcher]))


def assemble(parts: Iterable[str], *, head: str = "", values: str = "", program: str = "", shared: bool = False) -> str:
    """Return the text of ``run.sh``; ``common/run``, which calls the hooks, is its last part.

    Args:
        parts: texts that define the hooks, as ``job_parts`` returns them; a later definition of a hook replaces an
            earlier one.
        head: lines right after ``#!/bin/sh``, such as the options for sbatch.
        values: lines that set the variables of the parts.
        program: the shell function that starts the program (``program``, or ``container`` for docker).
        shared: whether the process makes several jobs, one after another.
    """
    process = map(script_part, _SHARED_PROCESS) if shared else ()
    return "\n".join((f"#!/bin/sh\n{head}{values}{program}", *parts, *process, script_part("common/run")))
