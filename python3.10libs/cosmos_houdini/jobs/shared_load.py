"""Find the jobs that one process can run after loading their model once."""

from __future__ import annotations

import json

from cosmos_houdini.engines import find_engine
from cosmos_houdini.errors import BadInput
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.launchers.registry import LAUNCHER_TYPES


def load_of(record: JobRecord) -> str:
    """Return a key that is equal for jobs that one process can run; empty for a job that needs its own process.

    On a cluster each job has its own process. There, Slurm decides when each job runs, and the jobs are submitted as
    one array.
    """
    launcher = LAUNCHER_TYPES.find(record.launcher)
    if not (launcher and launcher.traits.shares_process):
        return ""
    try:
        request = record.inference()
        load = find_engine(request.engine).load_key(request)
    except BadInput:
        # The job gets its own process; its start then reports why the job cannot run.
        return ""
    same = (request.engine, load, request.num_gpu, record.options.exclusive, record.root, record.launcher)
    return json.dumps(same) if load else ""
