"""How long it takes to ask one host for 1,000 jobs, and to attach in a project of 10,000.

Polling is compared with OpenSSH's ``ssh`` that runs one ``tail`` over the same logs, on a connection that stands.
"""

from __future__ import annotations

import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from store import jobs

from cosmos_houdini.hosts import Host, open_host
from cosmos_houdini.jobs.store.jobs import Store
from cosmos_houdini.launchers.poll import parse_poll, poll_script
from support.servers.sshd import Sshd, running_sshd

JOBS = 1_000
STORED = 10_000
LOG_BYTES = 20_000
ROUNDS = 7
POLL_TARGET_S = 1.0
ATTACH_TARGET_S = 2.0


def main() -> int:
    with tempfile.TemporaryDirectory() as name, running_sshd(Path(name) / "sshd") as server:
        root = Path(name) / "root"
        make_jobs(root)
        reached = poll(server, root)
        reached &= attach(Path(name) / "project")
    return 0 if reached else 1


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


def poll(server: Sshd, root: Path) -> bool:
    """Print how long it takes to learn of all jobs by one command."""
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
        plain = [timed([*ssh, command]) for _ in range(ROUNDS + 1)][1:]
        shared.terminate()
    ours, theirs = statistics.median(taken), statistics.median(plain)
    print(f"{JOBS} jobs             ours s  ssh tail s  ratio  target s")
    print(f"{'one poll':21} {ours:6.2f} {theirs:11.2f} {ours / theirs:6.2f} {POLL_TARGET_S:9.1f}")
    return ours <= POLL_TARGET_S


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


def timed(argv: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def attach(project: Path) -> bool:
    """Print how long ``attach`` takes from its start where all but a few jobs of a project have ended."""
    project.mkdir()
    first = jobs()
    local = [replace(r, job=replace(r.job, host="local"), root=str(project / ".cosmos/host")) for r in first]
    with closing(Store.of(project)) as store:
        store.add_all(local[:STORED])
        path = store.path
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE jobs SET state = 'succeeded'")
    argv = [sys.executable, "-m", "cosmos_houdini"]
    times = {}
    for command in (["attach"], ["status"], ["--help"]):
        taken = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            subprocess.run([*argv, *command], check=True, cwd=project, capture_output=True)
            taken.append(time.perf_counter() - start)
        times[command[0]] = statistics.median(taken)
    print(f"{STORED} jobs in the store   ours s  --help s  target s")
    for command in ("attach", "status"):
        print(f"{command:26} {times[command]:6.2f} {times['--help']:9.2f} {ATTACH_TARGET_S:9.1f}")
    return max(times["attach"], times["status"]) <= ATTACH_TARGET_S


if __name__ == "__main__":
    sys.exit(main())
