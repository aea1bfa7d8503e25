"""Copying to a host 50 ms away, beside `rsync` over ssh and OpenSSH's `sftp`: many files of 1 MB, and one large file.

The distance is made by a TCP proxy in a process of its own, which holds every byte for 25 ms in each direction. All
sides meet the same proxy and the same SSH server, by turns, and each makes its own connections. After ours the host has
compared SHA-256 with what was sent; rsync compares its own checksum, sftp none.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path, PurePosixPath

from cosmos_houdini.hosts import Transfer, open_host
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.jobs.collect import inventory_script, parse_inventory
from cosmos_houdini.media.videos.probe import sha256_of
from figures import Figure, NotMeasured, by_turns
from support.jobs import launched_tasks
from support.servers.sshd import running_sshd
from support.servers.tcp_proxy import Proxy

ROUND_TRIP_S = 0.05
ROUNDS = 3
FILES, FILE_BYTES = 100, 1_000_000
LARGE_BYTES = 500_000_000
JOBS = 100
OURS = "cosmos-houdini"

Side = Callable[[list[Path], Path], None]


def measure() -> list[Figure]:
    """Copy both ways by turns, and stage jobs that share their inputs."""
    for program in ("rsync", "sftp", "ssh"):
        if not shutil.which(program):
            raise NotMeasured(f"the program {program} is not installed: nothing to compare with")
    with tempfile.TemporaryDirectory() as name, running_sshd(Path(name) / "sshd") as server:
        folder = Path(name)
        port = far_port(server.port)
        known = folder / "known_hosts"
        known.write_text(f"[127.0.0.1]:{port} {server.public_host_key()}\n", encoding="utf-8")
        config = server.config(folder / "root", port=port, known_hosts=known)
        options = ["-F", "none", "-i", str(server.user_key), "-o", f"UserKnownHostsFile={known}", "-o", "BatchMode=yes"]
        ssh, at = ["ssh", "-p", str(port), *options], f"{server.user}@127.0.0.1"
        up: dict[str, Side] = {
            OURS: lambda files, to: ours(config, files, to, folder),
            "rsync -W": lambda files, to: rsync(ssh, [str(file) for file in files], f"{at}:{to}/"),
            "sftp": lambda files, to: sftp(["sftp", "-P", str(port), *options, "-b", "-", at], files, to),
        }
        down: dict[str, Side] = {
            OURS: lambda files, to: ours(config, files, to, folder, back=True),
            "rsync -W": lambda files, to: rsync(ssh, [f"{at}:{file}" for file in files], f"{to}/"),
        }
        many, large = make(folder, FILES, FILE_BYTES), make(folder, 1, LARGE_BYTES)
        return [
            *compare("up", up, many, 1.2),
            *compare("up", up, large, 1.5),
            *compare("down", down, many, 1.0),
            *compare("down", down, large, 1.0),
            staging(config, folder),
        ]


def compare(direction: str, sides: dict[str, Side], files: list[Path], times_rsync: float) -> list[Figure]:
    """Return the seconds of our side beside each other one; the target is so many times the rate of rsync."""
    root = files[0].parents[1] / "root"

    def copied(copy: Side) -> float:
        to = root / "arrived"
        to.mkdir(parents=True, mode=0o700)
        start = time.perf_counter()
        copy(files, to)
        taken = time.perf_counter() - start
        assert [sha256_of(to / file.name) for file in files] == [sha256_of(file) for file in files]
        shutil.rmtree(to)
        return taken

    medians = by_turns([lambda copy=copy: copied(copy) for copy in sides.values()], ROUNDS)
    megabytes = sum(file.stat().st_size for file in files) / 1e6
    name = f"{len(files)} file{'s' if len(files) > 1 else ''}, {megabytes:.0f} MB {direction}, host 50 ms away"
    limits = {"rsync -W": 1 / times_rsync}
    return [
        Figure(name=name, ours=medians[0], unit="s", other=other, beside=beside, ratio_limit=limits.get(beside))
        for beside, other in zip(sides, medians, strict=True)
        if beside != OURS
    ]


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


def staging(config: HostConfig, folder: Path) -> Figure:
    """Stage jobs with the same inputs: these should travel once."""
    files = make(folder, 2, 5_000_000)
    moved = 0
    with closing(open_host("far", config, project=folder)) as host:
        for number in range(JOBS):
            inputs = {f"in/{file.name}": file for file in files}
            job = launched_tasks.task(host, ("true",), job_id=f"job-{number}", inputs=inputs)
            last = [0]
            launched_tasks.stage(
                host, job, {}, on_progress=lambda told, last=last: last.__setitem__(0, told.moved_bytes)
            )
            moved += last[0]
    once = sum(file.stat().st_size for file in files)
    name = f"bytes sent for {JOBS} jobs with the same inputs"
    return Figure(name=name, ours=moved / 1e6, unit="MB", other=once / 1e6, beside="the inputs once", ratio_limit=1)


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
