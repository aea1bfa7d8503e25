"""How long reading a big scene takes, beside `cpio -it` on the same file, and how much memory."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from figures import Figure, NotMeasured
from support.houdini import hip_files

RUNS = 7
BIG_BODIES = 480
SMALL_NODES = 4800
MIB = 1 << 20
MOVE = "segment { length = 10 value = 0 5 expr = linear() } segment { length = 0 value = 5 5 expr = linear() }"
RATIO = 2.0
FACTS_RATIO = 1.2
MEMORY_MIB = 100.0


def write(path: Path, bodies: int, *, limited: bool) -> None:
    """Write a scene of ``bodies`` MiB whose entries alternate between geometry and nodes."""
    body = os.urandom(MIB).replace(b"Hou", b"hou")
    camera = hip_files.node(
        "obj/cam1", "cam", {**hip_files.CAM_PARMS, "t": [("tx", 0), 0, 0]}, hip_files.channels(tx=MOVE)
    )
    light = hip_files.node("obj/sun", "hlight", {"light_type": ["sun"], "t": [0, 0, 0], "r": [-30, 0, 0]})
    head, tail = hip_files.scene_entries(camera, light)[:-1], hip_files.scene_entries()[-1:]
    marker = len(hip_files.limited([]))

    def encoded(entries: Sequence[tuple[hip_files.Body, hip_files.Body]]) -> bytes:
        if limited:
            return hip_files.limited(entries)[:-marker]
        return b"".join(hip_files.cpio_entry(name, text) for name, text in entries)

    with path.open("wb") as file:
        file.write(encoded(head))
        for i in range(bodies):
            file.write(encoded([(f"obj/geo{i}.data", body)]))
            for k in range(SMALL_NODES // bodies):
                file.write(encoded(hip_files.node(f"obj/geo{i}/node{k}", "xform", {"t": [1, 2, 3], "r": [0, 0, 0]})))
        file.write(encoded(tail) + (hip_files.limited([]) if limited else hip_files.cpio([])))


def read(argv: Sequence[str], path: Path) -> tuple[float, float]:
    """Return wall seconds (median) and peak memory in MiB of a program that reads ``path`` on its standard input."""
    walls, peaks = [], []
    for _ in range(RUNS):
        with path.open("rb") as file:
            start = time.perf_counter()
            child = subprocess.Popen(argv, stdin=file, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            _, status, usage = os.wait4(child.pid, 0)
            walls.append(time.perf_counter() - start)
        child.returncode = os.waitstatus_to_exitcode(status)
        assert child.returncode == 0, argv
        peaks.append(usage.ru_maxrss / 1024)
    return statistics.median(walls), max(peaks)


def measure() -> list[Figure]:
    """Read both kinds of scene; cpio knows only the one of commercial Houdini."""
    if not shutil.which("cpio"):
        raise NotMeasured("the program cpio is not installed: nothing to compare with")
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for name, bodies, limited in (("500 MB .hip", BIG_BODIES, False), ("60 MB .hiplc", 60, True)):
            path = Path(folder) / f"big{name.rpartition(' ')[2]}"
            write(path, bodies, limited=limited)
            read(["cat"], path)  # the file is in memory for both
            wall_s, peak_mib = read([sys.executable, "-m", "cosmos_houdini", "scene", str(path), "--json"], path)
            other_s = None if limited else read(["cpio", "-it"], path)[0]
            facts_s = read([sys.executable, "-m", "cosmos_houdini", "scene", str(path), "--facts", "--json"], path)[0]
            beside, most = ("", None) if limited else ("cpio -it", RATIO)
            shot = f"scene of {name}"
            found.append(Figure(name=shot, ours=wall_s, unit="s", other=other_s, beside=beside, ratio_limit=most))
            found.append(Figure(name=f"{shot}, memory", ours=peak_mib, unit="MB", limit=MEMORY_MIB))
            with_facts = f"{shot}, with its facts"
            found.append(
                Figure(
                    name=with_facts,
                    ours=facts_s,
                    unit="s",
                    other=wall_s,
                    beside="scene alone",
                    ratio_limit=None if limited else FACTS_RATIO,
                )
            )
            path.unlink()
    return found
