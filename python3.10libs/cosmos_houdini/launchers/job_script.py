"""The text of ``run.sh``, the script of a job on its host, from the parts in the folder ``scripts``.

``scripts/README.md`` lists the hooks that the parts define and the files that they write.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cosmos_houdini.launchers.shell import script_part

PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "process": ("common/process", "common/job_pids", "common/gpu_locks", "common/run"),
    "docker": ("docker/launch", "common/job_pids", "common/gpu_locks", "common/run"),
    "slurm": ("common/process", "slurm/restart", "common/job_pids", "common/run"),
    "shared_job": ("shared/job", "common/job_pids", "common/is_running", "common/run"),
}
"""The parts of ``run.sh`` by launcher, in their order: a later definition of a hook replaces an earlier one.

``shared_job`` is the script of one of several jobs that a shared process makes.
"""
_SHARED_PROCESS = ("common/is_running", "shared/process")


def assemble(launcher: str, *, head: str = "", values: str = "", program: str = "", shared: bool = False) -> str:
    """Return the text of ``run.sh``.

    Args:
        launcher: a key of PARTS.
        head: lines right after ``#!/bin/sh``, as the options for sbatch.
        values: lines that set the variables of the parts.
        program: the shell function that starts the program (``program``, or ``container`` for docker).
        shared: whether the process makes several jobs, one after another.
    """
    *parts, last = PARTS[launcher]
    names = (*parts, *(_SHARED_PROCESS if shared else ()), last)
    return "\n".join((f"#!/bin/sh\n{head}{values}{program}", *map(script_part, names)))
