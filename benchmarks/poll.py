"""How long it takes to ask one host for 1,000 jobs, and to attach in a project of 10,000.

Polling is compared with OpenSSH's ``ssh`` that runs one ``tail`` over the same logs, on a connection that stands.
"""

from __future__ import annotations

import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from cosmos_houdini.hosts import Host, open_host
from cosmos_houdini.jobs.store.jobs import Store
from cosmos_houdini.launchers.poll import parse_poll, poll_script
from figures import Figure, NotMeasured, by_turns, seconds
from store import jobs
from support.servers.sshd import Sshd, running_sshd

JOBS = 1_000
STORED = 10_000
LOG_BYTES = 20_000
ROUNDS = 7
POLL_TARGET_S = 1.0
ATTACH_TARGET_S = 2.0


def measure() -> list[Figure]:
    """Poll behind a real SSH server, and attach in a project on this machine."""
    if not shutil.which("ssh"):
        raise NotMeasured("the program ssh is not installed (Debian: openssh-client): nothing to compare with")
    with tempfile.TemporaryDirectory() as name, running_sshd(Path(name) / "sshd") as server:
        root = Path(name) / "root"
        make_jobs(root)
        return [poll(server, root), *attach(Path(name) / "project")]


def make_jobs(root: Path) -> None:
    """Make the folders of jobs that run, each with two logs that are longer than what is told of them."""
    line = "[11-23 15:{:02d}:07|INFO|cosmos_transfer1/diffusion/inference/world_generation_pipeline.py:{}:main] step {}"
    for number in range(JOBS):
        job = root / "jobs" / f"street-{number:05d}"
        (job / "started").mkdir(parents=True)
        (job / "request.json").write_text("{}")
        (job / "started/pid").write_text(f"{4_000_000 + number}\n")
        (job / "state").write_text("running 1764000000\n")
        (job / "heartbeat").write_text("1764000100\n")
        text = "\n".join(line.format(n % 60, n * 7 % 1000, n * number) for n in range(LOG_BYTES // 100))
        (job / "stdout.log").write_text(text)
        (job / "stderr.log").write_text(text[::-1])


def poll(server: Sshd, root: Path) -> Figure:
    """Return how long it takes to learn of all jobs by one command."""
    with closing(open_host("gpu01", server.config(root), project=root)) as host:
        host.run(":")
        connections = accepted(server)
        taken = [observed(host) for _ in range(ROUNDS + 1)][1:]
        assert accepted(server) == connections
    at = [f"ControlPath={root}/c", "BatchMode=yes", "StrictHostKeyChecking=no", f"UserKnownHostsFile={root}/k"]
    ssh = ["ssh", "-F", "none", "-p", str(server.port), "-i", str(server.user_key)]
    ssh += [word for option in at for word in ("-o", option)] + [f"{server.user}@127.0.0.1"]
    with subprocess.Popen([*ssh, "-M", "-N"], stderr=subprocess.DEVNULL) as shared:
        while not (root / "c").exists():
            time.sleep(0.05)
        command = f"tail -c 16384 {root}/jobs/*/*.log"
        plain = [seconds([*ssh, command]) for _ in range(ROUNDS + 1)][1:]
        shared.terminate()
    ours, theirs = statistics.median(taken), statistics.median(plain)
    name = f"one poll of {JOBS} jobs"
    return Figure(name=name, ours=ours, unit="s", other=theirs, beside="ssh tail", limit=POLL_TARGET_S)


def accepted(server: Sshd) -> int:
    return server.log.read_text(encoding="utf-8").count("Accepted publickey")


def observed(host: Host) -> float:
    names = [f"street-{number:05d}" for number in range(JOBS)]
    start = time.perf_counter()
    seen = parse_poll(host.run(poll_script(host.root, names)).stdout)
    taken = time.perf_counter() - start
    assert len(seen) == JOBS
    assert all(len(told.stdout_tail) > 16_000 for told in seen.values())
    return taken


def attach(project: Path) -> list[Figure]:
    """Return how long ``attach`` and ``status`` take where all jobs of a project have ended."""
    project.mkdir()
    first = jobs()
    local = [replace(r, job=replace(r.job, host="local"), root=str(project / ".cosmos/host")) for r in first]
    with closing(Store.of(project)) as store:
        store.add_all(local[:STORED])
        path = store.path
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE jobs SET state = 'succeeded'")
    argv = [sys.executable, "-m", "cosmos_houdini"]
    commands = ("attach", "status", "--help")
    *ours, help_s = by_turns([lambda name=name: seconds([*argv, name], cwd=project) for name in commands], ROUNDS)
    return [
        Figure(
            name=f"{name} in a project of {STORED} jobs",
            ours=taken,
            unit="s",
            other=help_s,
            beside="--help",
            limit=ATTACH_TARGET_S,
        )
        for name, taken in zip(commands, ours, strict=False)
    ]
