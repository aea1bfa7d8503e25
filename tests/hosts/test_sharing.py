"""How many connections and commands the jobs of one host take, told by the log of a real SSH server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path, PurePosixPath

import psutil
import pytest

from cosmos_houdini.hosts.ssh import connection
from cosmos_houdini.hosts.ssh.host import SshHost
from support.jobs.launched_tasks import begin, ended, observe, task
from support.servers.sshd import Sshd, running_sshd

TIMEOUT_S = 180.0

pytestmark = pytest.mark.sshd


@pytest.fixture(scope="module")
def talkative(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """Return a server whose log tells of every session and of every request."""
    with running_sshd(tmp_path_factory.mktemp("sshd"), "LogLevel DEBUG1") as running:
        yield running


@pytest.fixture
def host(talkative: Sshd, tmp_path: Path) -> Iterator[SshHost]:
    config = talkative.config(tmp_path / "root")
    with closing(SshHost("gpu01", config, PurePosixPath(str(config.root)), connect_timeout_s=5)) as host:
        host.run(":")
        yield host


def counted(server: Sshd, words: str) -> Callable[[], int]:
    """Return how often the server's log has said something since now."""
    before = server.log.read_text(encoding="utf-8").count(words)
    return lambda: server.log.read_text(encoding="utf-8").count(words) - before


def test_many_jobs_are_started_and_followed_over_the_one_connection(talkative: Sshd, host: SshHost, tmp_path: Path):
    (tmp_path / "clip").write_bytes(bytes(100_000))
    config = talkative.config(tmp_path / "root")
    logins = counted(talkative, "Accepted publickey")
    jobs = [
        begin(host, config, task(host, ("cat", "in/clip"), job_id=f"job{n}", inputs={"in/clip": tmp_path / "clip"}))
        for n in range(8)
    ]
    for job in jobs:
        assert ended(host, job.site).exit_code == 0
    # Transfers may use more connections, which stay open for later transfers.
    assert logins() <= 3
    sessions, logins = counted(talkative, "Starting session"), counted(talkative, "Accepted publickey")
    assert len(observe(host, *(job.site for job in jobs))) == 8
    assert (sessions(), logins()) == (1, 0)


def test_an_idle_connection_is_kept_alive(talkative: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connection, "_KEEP_ALIVE_S", 1)
    config = talkative.config(tmp_path / "root")
    asked = counted(talkative, "rtype keepalive@lag.net")
    with closing(SshHost("gpu01", config, PurePosixPath(str(config.root)))) as host:
        host.run(":")
        logins = counted(talkative, "Accepted publickey")
        deadline = time.monotonic() + TIMEOUT_S
        while asked() < 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        host.run(":")
        assert logins() == 0


def test_a_connection_that_died_in_silence_is_replaced(talkative: Sshd, host: SshHost):
    """A firewall that forgets a connection sends no sign: here the server's end of it sleeps."""
    sleeping = psutil.Process(talkative.pid).children(recursive=True)
    for child in sleeping:
        # The end of an earlier connection may be gone by now.
        with suppress(psutil.NoSuchProcess):
            child.suspend()
    try:
        logins = counted(talkative, "Accepted publickey")
        assert host.run("echo back").stdout == "back\n"
        assert logins() == 1
    finally:
        for child in sleeping:
            with suppress(psutil.NoSuchProcess):
                child.resume()
