"""Which jobs one process can make after one load of their model."""

from __future__ import annotations

import json

from cosmos_houdini.engines import find_engine
from cosmos_houdini.errors import BadInput
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.launchers.registry import LAUNCHER_TYPES


def load_of(record: JobRecord) -> str:
    """Return what is equal in jobs that one process can make; empty for a job that needs a process of its own.

    On a cluster each job has its own: there, Slurm decides what runs when, and jobs go to it as one array.
    """
    launcher = LAUNCHER_TYPES.find(record.launcher)
    if not (launcher and launcher.traits.shares_process):
        return ""
    try:
        request = record.inference()
        load = find_engine(request.engine).load_key(request)
    except BadInput:
        # Why it cannot be made, its own start tells.
        return ""
    same = (request.engine, load, request.num_gpu, record.options.exclusive, record.root, record.launcher)
    return json.dumps(same) if load else ""
