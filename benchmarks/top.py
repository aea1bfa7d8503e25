"""The TOP nodes: what they add to Houdini's start, generating 1,000 work items, and a work item beyond its engine.

The network is the tests' own, which starts each work item's command as SideFX's Local Scheduler does. The engine is
the preview; its time is that of its program on the host. Beside it stands the command line alone, with the
same videos and another seed, so that what the job program adds is seen.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from cosmos_houdini.houdini.environment import LIBRARIES
from cosmos_houdini.jobs.store.jobs import Store
from figures import Figure
from support.houdini.top_network import TYPES, Network
from support.media.clips import bars, write_picture
from support.media.shot_files import make_shot

ROUNDS = 7
ENGINE_SIZE = (1280, 704)
ITEMS = 1000
GENERATE_TARGET_S = 2.0
STARTUP_TARGET_MS = 20.0
OVERHEAD_TARGET_S = 0.5


STARTUP = """
import sys, time, types
import dataclasses, hashlib, json, pathlib, re, shlex, subprocess, tempfile, threading, typing  # as Houdini has them
sys.path.insert(0, sys.argv[1])
pdg, processor = types.ModuleType("pdg"), types.ModuleType("pdg.processor")
processor.PyProcessor = object
sys.modules.update({"pdg": pdg, "pdg.processor": processor})
import runpy
start = time.perf_counter()
runpy.run_path(sys.argv[2])
print((time.perf_counter() - start) * 1000)
"""


def starting() -> float:
    """Return what a start of Houdini waits for: the module of node types; shelf and assets are read as text."""
    argv = [sys.executable, "-I", "-S", "-c", STARTUP, str(LIBRARIES), str(TYPES)]
    times = [
        float(subprocess.run(argv, check=True, capture_output=True, text=True).stdout) for _ in range(2 * ROUNDS + 1)
    ]
    return statistics.median(times[1:])


def engine_s(folder: Path, job_id: str) -> float:
    """Return how long the engine's program ran, by the marks that its host has left."""
    with closing(Store.of(folder)) as store:
        job = Path(store.get(job_id).root) / "jobs" / job_id
    return (job / "exit_code").stat().st_mtime - (job / "started").stat().st_mtime


def generating(folder: Path, hip: Path) -> float:
    seconds = []
    for seed in range(ROUNDS + 1):
        with Network(folder, hip) as network:
            sweep = network.add("Cosmos Sweep", count=ITEMS, sweep_seed=seed, guidance="5-12", weight_depth="0.1-0.9")
            start = time.perf_counter()
            assert network.generate(), sweep.errors
            seconds.append(time.perf_counter() - start)
            assert len(sweep.items) == ITEMS
    return statistics.median(seconds[1:])


def of_work_items(folder: Path, hip: Path) -> float:
    with Network(folder, hip, slots=1) as network:
        shot = network.add("Cosmos Shot")
        wedge = network.wedge(ROUNDS + 1, lambda index: {"seed": index}, shot)
        transfer = network.add("Cosmos Transfer", wedge, prompt="rain")
        ended = [time.perf_counter()]
        assert network.cook(after=lambda _: ended.append(time.perf_counter()))
    walls = [after - before for before, after in pairwise(ended)][-ROUNDS:]
    jobs = [item.attribValue("cosmos_job") for item in transfer.items][-ROUNDS:]
    return statistics.median(wall - engine_s(folder, job) for wall, job in zip(walls, jobs, strict=True))


def of_the_command_line(folder: Path) -> float:
    seconds = []
    for seed in range(100, 100 + ROUNDS):
        command = ["submit", str(folder / "cosmos_out/shot/input"), "--prompt", "rain", "--set", f"seed={seed}"]
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "cosmos_houdini", *command], cwd=folder, check=True, capture_output=True)
        wall = time.perf_counter() - start
        with closing(Store.of(folder)) as store:
            newest = max(store.jobs(), key=lambda job: store.attempts(job.id)[0].ended_at or 0.0)
        seconds.append(wall - engine_s(folder, newest.id))
    return statistics.median(seconds)


def measure() -> list[Figure]:
    """Cook a network of the tests' own shot."""
    os.environ["COSMOS_HOUDINI_PYTHON"] = sys.executable
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        shot = make_shot(Path(name), patch)
        for frame, file in enumerate(sorted(shot.renders.iterdir())):
            # Of the engine's own size: no time goes into bringing a result back to another one.
            write_picture(file, bars(frame, ENGINE_SIZE))
        generate = generating(shot.folder, shot.hip)
        items, alone = of_work_items(shot.folder, shot.hip), of_the_command_line(shot.folder)
    return [
        Figure(name="the start of Houdini with the package", ours=starting(), unit="ms", limit=STARTUP_TARGET_MS),
        Figure(name=f"generating {ITEMS} work items", ours=generate, unit="s", limit=GENERATE_TARGET_S),
        Figure(
            name="a work item beyond the time of its engine",
            ours=items,
            unit="s",
            other=alone,
            beside="the command line",
            limit=OVERHEAD_TARGET_S,
        ),
    ]
