"""Adding 10,000 jobs to the store against bare sqlite3 that writes one row of the same size for each.

Ours writes the job, its first attempt and its first event, and looks whether the job is there already.
"""

from __future__ import annotations

import json
import sqlite3
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from cosmos_houdini.engines.parameters import TRANSFER1_PARAMETERS
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.request import Clip, ControlInput, InferenceRequest
from cosmos_houdini.queue.record import JobRecord, new_record
from cosmos_houdini.queue.store import Store

JOBS = 10_000
ROUNDS = 5
TARGET_S = 3.0


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


def ours(records: list[JobRecord], folder: Path) -> float:
    store = Store(folder / "jobs.db")
    start = time.perf_counter()
    store.add_all(records)
    taken_s = time.perf_counter() - start
    store.close()
    return taken_s


def bare(records: list[JobRecord], folder: Path) -> float:
    database = sqlite3.connect(folder / "bare.db")
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("CREATE TABLE jobs (id TEXT PRIMARY KEY, request TEXT NOT NULL)")
    start = time.perf_counter()
    database.executemany("INSERT INTO jobs VALUES (?, ?)", ((r.id, json.dumps(r.request)) for r in records))
    database.commit()
    taken_s = time.perf_counter() - start
    database.close()
    return taken_s


def measured(records: list[JobRecord]) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as name:
        return ours(records, Path(name)), bare(records, Path(name))


def main() -> None:
    records = jobs()
    rounds = [measured(records) for _ in range(ROUNDS + 1)][1:]
    our_s, bare_s = (statistics.median(side) for side in zip(*rounds, strict=True))
    print(f"{JOBS} jobs      ours s  sqlite3 s  ratio  target s")
    print(f"{'add_all':15} {our_s:8.2f} {bare_s:10.2f} {our_s / bare_s:6.2f} {TARGET_S:9.1f}")


if __name__ == "__main__":
    main()
