"""The cost of the job store when a batch has 10,000 jobs, against bare sqlite3 that does the least of the same.

Ours writes the job, its first attempt and its first event, and looks whether the job is there already. A claim finds
the first in line, looks at room, pauses and other batches; it is a transaction of one of four processes, and another
one ends the job. ``status`` is the command as a process, beside the same in an empty project. The overhead is what a
run costs, the checks of the batch with it, beyond the commands on its host, the pauses between them and the decoding of
its result, which stand beside it.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cosmos_houdini.engines.cosmos.parameters import TRANSFER1_PARAMETERS
from cosmos_houdini.jobs.store import batches
from cosmos_houdini.jobs.store.jobs import Store
from cosmos_houdini.jobs.store.record import JobRecord, new_record
from cosmos_houdini.jobs.store.worker import BatchSlot, Worker
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.job import JobState
from cosmos_houdini.model.request import Clip, ControlInput, InferenceRequest
from figures import Figure, seconds

JOBS = 10_000
CLAIMERS = 4
RUNS = 50
ROUNDS = 3
SLOT = BatchSlot(batch="night", host="gpu01", max_parallel=2 * CLAIMERS)

BARE_CLAIM = "SELECT id FROM jobs WHERE owner IS NULL ORDER BY id LIMIT 1"
BARE_INDEX = "CREATE INDEX free ON jobs (id) WHERE owner IS NULL"


def jobs() -> list[JobRecord]:
    clip = Clip(path=Path("/shots/color.mp4"), sha256="0" * 64, frames=121, size=(1280, 704), fps=24.0)
    parameters = {name: parameter.default for name, parameter in TRANSFER1_PARAMETERS.items()}
    request = InferenceRequest(
        name="street",
        engine="transfer1",
        prompt="Rain on neon-lit asphalt, 35 mm film. " * 10,
        negative_prompt="",
        video=clip,
        controls=tuple(ControlInput(kind=kind, weight=0.5, clip=clip) for kind in Control),
        parameters=parameters,
    )
    first = new_record("street", request, host="gpu01", root="/data", launcher="process", results=Path("/out"))
    return [replace(first, job=replace(first.job, id=f"street-{number:05d}")) for number in range(JOBS)]


def enqueue(records: list[JobRecord], folder: Path) -> float:
    with contextlib.closing(Store.of(folder)) as store:
        start = time.perf_counter()
        batches.enqueue(store, SLOT.batch, SLOT.host, folder / "night.yaml", records)
        return time.perf_counter() - start


def bare_enqueue(records: list[JobRecord], folder: Path) -> float:
    with contextlib.closing(sqlite3.connect(folder / "bare.db")) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE jobs (id TEXT PRIMARY KEY, owner TEXT, request TEXT NOT NULL)")
        database.execute(BARE_INDEX)
        start = time.perf_counter()
        database.executemany(
            "INSERT INTO jobs VALUES (?, NULL, ?)", ((record.id, json.dumps(record.request)) for record in records)
        )
        database.commit()
        return time.perf_counter() - start


def claims(folder: Path) -> int:
    count = 0
    with contextlib.closing(Store.of(folder)) as store, contextlib.closing(Worker(store, SLOT)) as worker:
        while job := worker.claim():
            # A job at its end gives its room on the host to the next.
            store.move(store.get(job), JobState.CANCELLED, batches.CANCELLED)
            count += 1
    return count


def bare_claims(folder: Path) -> int:
    count = 0
    database = sqlite3.connect(folder / "bare.db", timeout=30, isolation_level=None)
    database.execute("PRAGMA synchronous = NORMAL")
    with contextlib.closing(database):
        while True:
            database.execute("BEGIN IMMEDIATE")
            found = database.execute(BARE_CLAIM).fetchone()
            if found:
                database.execute("UPDATE jobs SET owner = ? WHERE id = ?", (os.getpid(), found[0]))
            database.execute("COMMIT")
            if not found:
                return count
            count += 1


def per_second(claim: Callable[[Path], int], folder: Path) -> float:
    with multiprocessing.get_context("spawn").Pool(CLAIMERS) as pool:
        pool.map(time.sleep, [0.1] * CLAIMERS)
        start = time.perf_counter()
        assert sum(pool.map(claim, [folder] * CLAIMERS, chunksize=1)) == JOBS
        return JOBS / (time.perf_counter() - start)


def command(folder: Path, *arguments: str) -> float:
    return seconds([sys.executable, "-m", "cosmos_houdini", *arguments], cwd=folder)


OVERHEAD = f"""
import json, subprocess, time
from pathlib import Path

import imageio_ffmpeg
from support.engines import fake_engine
from cosmos_houdini.cli import main
from cosmos_houdini.hosts.local import LocalHost
from cosmos_houdini.media.videos.ffmpeg import FFmpeg

others_s = 0.0

def timed(owner, name):
    function = getattr(owner, name)

    def call(*arguments, **options):
        global others_s
        start = time.perf_counter()
        try:
            return function(*arguments, **options)
        finally:
            others_s += time.perf_counter() - start

    setattr(owner, name, call)

timed(LocalHost, "run")
timed(FFmpeg, "run")
timed(time, "sleep")
fake_engine.register()
argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=24"]
subprocess.run([*argv, "-frames:v", "6", "-pix_fmt", "yuv420p", "color.mp4"], check=True)
spec = {{"schema": "cosmos-houdini/prompt-spec/1", "name": "shot", "prompt": "rain", "input_video": "color.mp4"}}
Path("shot.spec.json").write_text(json.dumps(spec))
batch = {{"schema": "cosmos-houdini/batch-spec/1", "name": "night", "engine": "fake"}}
batch |= {{"items": [{{"spec": "shot.spec.json"}}], "randomization": {{"seeds": list(range({RUNS}))}}}}
Path("night.json").write_text(json.dumps(batch))
others_s, start = 0.0, time.perf_counter()
assert main(["run-batch", "night.json"]) == 0
print((time.perf_counter() - start - others_s) / {RUNS}, others_s / {RUNS})
"""


def overhead(folder: Path) -> tuple[float, float]:
    done = subprocess.run([sys.executable, "-c", OVERHEAD], check=True, capture_output=True, text=True, cwd=folder)
    ours_s, others_s = map(float, done.stdout.split()[-2:])
    return ours_s, others_s


def measured(records: list[JobRecord]) -> dict[str, tuple[float, float]]:
    with tempfile.TemporaryDirectory() as name:
        folder, empty = Path(name) / "project", Path(name) / "empty"
        for each in (folder, empty):
            each.mkdir()
            (each / "cosmos-houdini.yaml").write_text("{}", encoding="utf-8")
        return {
            "enqueue": (enqueue(records, folder), bare_enqueue(records, folder)),
            "status": (command(folder, "status"), command(empty, "status")),
            "overhead": overhead(empty),
            "claim": (per_second(claims, folder), per_second(bare_claims, folder)),
        }


def measure() -> list[Figure]:
    """Do all of it in a new project for each round; the first round warms up."""
    records = jobs()
    rounds = [measured(records) for _ in range(ROUNDS + 1)][1:]
    sides = {
        name: tuple(statistics.median(each[name][side] for each in rounds) for side in (0, 1)) for name in rounds[0]
    }
    enqueue_s, bare_enqueue_s = sides["enqueue"]
    claimed, bare_claimed = sides["claim"]
    status_s, empty_s = sides["status"]
    overhead_s, host_s = sides["overhead"]
    return [
        Figure(
            name=f"queueing {JOBS} jobs",
            ours=enqueue_s,
            unit="s",
            other=bare_enqueue_s,
            beside="sqlite3",
            ratio_limit=3,
        ),
        Figure(
            name=f"claims of {CLAIMERS} processes",
            ours=claimed,
            unit="1/s",
            other=bare_claimed,
            beside="sqlite3",
            at_least=500,
        ),
        Figure(name=f"status of {JOBS} jobs, beyond its start", ours=status_s - empty_s, unit="s", limit=0.3),
        Figure(
            name="what a run of a batch costs", ours=overhead_s, unit="s", other=host_s, beside="its host", limit=0.05
        ),
    ]
