"""Copying to a host 50 ms away, beside `rsync` over ssh and OpenSSH's `sftp`: many files of 1 MB, and one large file.

The distance is made by a TCP proxy in a process of its own, which holds every byte for 25 ms in each direction. All
sides meet the same proxy and the same SSH server, by turns, and each makes its own connections. After ours the host has
compared SHA-256 with what was sent; rsync compares its own checksum, sftp none.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path, PurePosixPath

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from cosmos_houdini.hosts import Transfer, open_host
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.jobs.collect import inventory_script, parse_inventory
from cosmos_houdini.media.videos.probe import sha256_of
from support.jobs import launched_tasks
from support.servers.sshd import running_sshd
from support.servers.tcp_proxy import Proxy

ROUND_TRIP_S = 0.05
ROUNDS = 3
FILES, FILE_BYTES = 100, 1_000_000
LARGE_BYTES = 500_000_000
JOBS = 100

Side = Callable[[list[Path], Path], None]


def main() -> int:
    for program in ("rsync", "sftp", "ssh"):
        if not shutil.which(program):
            print(f"the program {program} is not installed: nothing to compare with")
            return 0
    with tempfile.TemporaryDirectory() as name, running_sshd(Path(name) / "sshd") as server:
        folder = Path(name)
        port = far_port(server.port)
        known = folder / "known_hosts"
        known.write_text(f"[127.0.0.1]:{port} {server.public_host_key()}\n", encoding="utf-8")
        config = server.config(folder / "root", port=port, known_hosts=known)
        options = ["-F", "none", "-i", str(server.user_key), "-o", f"UserKnownHostsFile={known}", "-o", "BatchMode=yes"]
        ssh, at = ["ssh", "-p", str(port), *options], f"{server.user}@127.0.0.1"
        up: dict[str, Side] = {
            "cosmos-houdini": lambda files, to: ours(config, files, to, folder),
            "rsync -W": lambda files, to: rsync(ssh, [str(file) for file in files], f"{at}:{to}/"),
            "sftp": lambda files, to: sftp(["sftp", "-P", str(port), *options, "-b", "-", at], files, to),
        }
        down: dict[str, Side] = {
            "cosmos-houdini": lambda files, to: ours(config, files, to, folder, back=True),
            "rsync -W": lambda files, to: rsync(ssh, [f"{at}:{file}" for file in files], f"{to}/"),
        }
        print(f"{os.cpu_count()} cores; medians of {ROUNDS} runs; {ROUND_TRIP_S} s round trip")
        many, large = make(folder, FILES, FILE_BYTES), make(folder, 1, LARGE_BYTES)
        reached = compare("up", up, many, 1.2)
        reached &= compare("up", up, large, 1.5)
        reached &= compare("down", down, many, 1.0)
        reached &= compare("down", down, large, 1.0)
        reached &= sweep(config, folder)
    return 0 if reached else 1


def compare(direction: str, sides: dict[str, Side], files: list[Path], target: float) -> bool:
    """Print the rates of all sides for the same files and return whether ours is ``target`` times that of rsync."""
    megabytes = sum(file.stat().st_size for file in files) / 1e6
    times: dict[str, list[float]] = {label: [] for label in sides}
    root = files[0].parents[1] / "root"
    for _ in range(ROUNDS):
        for label, copy in sides.items():
            to = root / "arrived"
            to.mkdir(parents=True, mode=0o700)
            start = time.perf_counter()
            copy(files, to)
            times[label].append(time.perf_counter() - start)
            assert [sha256_of(to / file.name) for file in files] == [sha256_of(file) for file in files]
            shutil.rmtree(to)
    medians = {label: statistics.median(seconds) for label, seconds in times.items()}
    print(f"{len(files)} file(s), {megabytes:.0f} MB {direction}; load {os.getloadavg()[0]:.1f}")
    for label, median in medians.items():
        print(
            f"  {label:15} {median:6.2f} s  {megabytes / median:6.1f} MB/s  {medians['rsync -W'] / median:5.2f} x rsync"
        )
    ratio = medians["rsync -W"] / medians["cosmos-houdini"]
    print(f"  target: {target} x rsync: {'reached' if ratio >= target else 'MISSED'}")
    return ratio >= target


def ours(config: HostConfig, files: list[Path], to: Path, folder: Path, *, back: bool = False) -> None:
    """Copy files from a cold start: connections, hashes on both sides and all."""
    sources = [(file, file.stat().st_size) for file in files]
    with closing(open_host("far", config, project=folder)) as host:
        if back:
            limits = {PurePosixPath(file): size for file, size in sources}
            hashes = parse_inventory(host.run(inventory_script(limits)).stdout)
            host.get_many(
                Transfer(local=to / file.name, remote=PurePosixPath(file), bytes=size, sha256=hashes[index].sha256)
                for index, (file, size) in enumerate(sources)
            )
        else:
            host.put_many(
                Transfer(local=file, remote=PurePosixPath(to / file.name), bytes=size, sha256=sha256_of(file))
                for file, size in sources
            )


def rsync(ssh: list[str], sources: list[str], to: str) -> None:
    subprocess.run(["rsync", "-W", "-e", " ".join(ssh), *sources, to], check=True)


def sftp(command: list[str], files: list[Path], to: Path) -> None:
    batch = "".join(f'put "{file}" "{to}/"\n' for file in files)
    subprocess.run(command, input=batch, text=True, check=True, stdout=subprocess.DEVNULL)


def sweep(config: HostConfig, folder: Path) -> bool:
    """Stage jobs with the same inputs and return whether these travel once."""
    files = make(folder, 2, 5_000_000)
    moved = 0
    with closing(open_host("far", config, project=folder)) as host:
        start = time.perf_counter()
        for number in range(JOBS):
            job = launched_tasks.task(
                host, ("true",), job_id=f"job-{number}", inputs={f"in/{f.name}": f for f in files}
            )
            last = [0]
            launched_tasks.stage(
                host, job, {}, on_progress=lambda told, last=last: last.__setitem__(0, told.moved_bytes)
            )
            moved += last[0]
        seconds = time.perf_counter() - start
    once = sum(file.stat().st_size for file in files)
    print(
        f"{JOBS} jobs with the same 2 inputs of 5 MB: {seconds:.1f} s, {moved / once:.2f} times their bytes were sent"
    )
    print(f"  target: once: {'reached' if moved == once else 'MISSED'}")
    return moved == once


def make(folder: Path, count: int, size: int) -> list[Path]:
    """Write files of random bytes."""
    here = folder / f"{count}x{size}"
    here.mkdir()
    for number in range(count):
        (here / f"{number:03}").write_bytes(os.urandom(size))
    return sorted(here.iterdir())


def far_port(port: int) -> int:
    """Start the proxy in a process of its own, so that it takes no time from ours, and return its port."""
    ours_end, theirs_end = multiprocessing.Pipe()
    multiprocessing.Process(target=serve, args=(port, theirs_end), daemon=True).start()
    return int(ours_end.recv())


def serve(port: int, told: Connection) -> None:
    told.send(Proxy(port, delay_s=ROUND_TRIP_S / 2).port)
    told.recv()


if __name__ == "__main__":
    sys.exit(main())
