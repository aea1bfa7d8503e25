"""The next step for a person after a job has failed."""

from __future__ import annotations

from cosmos_houdini.engines import find_engine
from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.job import FailureClass, Job

WITHOUT_GPU = "give the host more free main memory, or run fewer jobs at a time, then retry"


def uses_gpu(engine: str) -> bool:
    """Whether an engine uses a GPU; an engine that is no longer installed may have used one."""
    try:
        return find_engine(engine).gpu_memory_gb > 0
    except BadInput:
        return True


def advise(job: Job) -> str:
    """Return the next step after a job's failure, which fits its engine; empty where the job has not failed."""
    if job.failure is None:
        return ""
    if job.failure.failure is FailureClass.OOM and not uses_gpu(job.engine):
        return WITHOUT_GPU
    if job.failure.failure is FailureClass.HOST_SETUP:
        return f"mend the host, as `cosmos-houdini doctor --host {job.host}` says; then retry"
    return job.failure.failure.advice
