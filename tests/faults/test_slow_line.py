"""A job between this machine and another network namespace, over a line that is slow, loses packets, and is cut."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from support.faults.fault_project import MOMENTS, Scene, nothing_left
from support.jobs.job_project import lives
from support.servers import slow_line
from support.servers.sshd import HOST, PROGRAM, Sshd

pytestmark = [
    pytest.mark.sshd,
    pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root makes network namespaces"),
]

DELAY_S = 0.025
LOSS = 0.005
HEAVY_BYTES = 600_000


@dataclass(frozen=True)
class Line:
    """A line, and the server at its far end."""

    far: str
    server: Sshd
    process: subprocess.Popen[str]

    def cut(self) -> None:
        """End every connection that the server has."""
        for process in psutil.Process(self.process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if process.name().startswith("sshd") and process.ppid() != self.process.pid:
                    process.kill()


@contextmanager
def running_line(folder: Path) -> Iterator[Line]:
    if not Path(PROGRAM).is_file():
        pytest.skip("sshd is not installed (Debian: openssh-server)")
    folder.mkdir()
    server = Sshd(folder)
    # No other line of this machine is likely to have the same.
    net = f"10.{random.randrange(64, 128)}.{random.randrange(1, 255)}"
    near, far = f"{net}.1", f"{net}.2"
    configuration = folder / "sshd_config"
    configuration.write_text(configuration.read_text().replace(f"ListenAddress {HOST}", f"ListenAddress {far}"))
    server.known_hosts.write_text(f"[{far}]:{server.port} {server.public_host_key()}\n")
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    argv = [sys.executable, slow_line.__file__, near, far, str(DELAY_S), str(LOSS), PROGRAM]
    with subprocess.Popen(
        [*argv, str(configuration), str(server.log)],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        if process.stdout.readline() != "ready\n":
            pytest.skip(f"this machine makes no line between namespaces: {process.stderr.read()[-300:]}")
        try:
            yield Line(far=far, server=server, process=process)
        finally:
            process.stdin.close()
            process.wait()


def test_a_job_comes_through_a_slow_line_that_loses_packets_and_is_cut(here: Scene, tmp_path: Path) -> None:
    with running_line(tmp_path / "line") as line:
        server = line.server
        here.configure(
            address=f"{server.user}@{line.far}",
            port=server.port,
            identity=str(server.user_key),
            known_hosts=str(server.known_hosts),
        )
        here.make_clip_heavy(HEAVY_BYTES)
        for moment in ("the inputs are linked", "the job is started", "the results are hashed"):
            here.trip(MOMENTS[moment], line.cut)
        assert here.run(sleep_s="0.2") == 0
        record = here.shop.record()
        (result,) = map(Path, record.job.outputs)
        assert result.read_bytes() == here.shop.clip.read_bytes()
        assert here.shop.started() == 1
        assert [trip.sprung for trip in here.trips] == [1, 1, 1]
        nothing_left(here)


def test_nothing_of_a_line_outlives_it(tmp_path: Path) -> None:
    with running_line(tmp_path / "line") as line:
        device = Path("/sys/class/net") / slow_line.device_name(line.process.pid)
        assert device.exists()
        children = psutil.Process(line.process.pid).children(recursive=True)
        assert children
    assert not [child for child in children if child.is_running() and lives(child.pid)]
    assert not device.exists()
    assert line.process.returncode == 0
