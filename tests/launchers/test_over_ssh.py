from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cosmos_houdini.hosts import open_host
from cosmos_houdini.launchers import launcher_for
from cosmos_houdini.launchers.job_folder import HostJobState
from support.jobs.launched_tasks import begin, ended, observe, path, task, until
from support.programs import need_program
from support.servers.sshd import Sshd, running_sshd

pytestmark = pytest.mark.sshd


# Servers that only OpenSSH's client reaches, and that allow one command, behind a long greeting and a question.
SERVERS = {
    "usual": "",
    "hardened": "Ciphers chacha20-poly1305@openssh.com",
    "narrow": 'MaxSessions 1\nForceCommand head -c 200000 /dev/zero; read -r shot; eval "$SSH_ORIGINAL_COMMAND"',
}


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    if request.param == "hardened":
        need_program("ssh")
    with running_sshd(tmp_path_factory.mktemp("sshd"), SERVERS[request.param]) as running:
        yield running


def test_a_job_outlives_the_connection_that_started_it_and_is_found_by_another(server: Sshd, tmp_path: Path) -> None:
    config = server.config(tmp_path / "it's a root")
    (tmp_path / "clip").write_bytes(bytes(range(256)))
    wait = 'until [ -e out/go ]; do sleep 0.1; done; cat in/clip; echo "$1 $TOKEN"'
    with closing(open_host("far", config, project=tmp_path)) as host:
        new = task(
            host, ("sh", "-c", wait, "x", "a\n'b' $(c)"), inputs={"in/clip": tmp_path / "clip"}, secrets={"TOKEN": "t"}
        )
        begin(host, config, new)
    server.restart()
    with closing(open_host("far", config, project=tmp_path)) as host:
        begin(host, config, new)
        until(host, new.site, lambda seen: seen.state is HostJobState.RUNNING)
        (path(new.site) / "out/go").touch()
        seen = ended(host, new.site)
    assert (seen.exit_code, seen.stderr_tail) == (0, "")
    assert (path(new.site) / "stdout.log").read_bytes() == bytes(range(256)) + b"a\n'b' $(c) t\n"


def test_a_job_on_an_ssh_host_is_cancelled(server: Sshd, tmp_path: Path) -> None:
    config = server.config(tmp_path / "root")
    with closing(open_host("far", config, project=tmp_path)) as host:
        new = begin(host, config, task(host, ("sh", "-c", "sleep 300 & echo up; wait")))
        until(host, new.site, lambda seen: seen.stdout_tail == "up\n")
        launcher_for("far", config).cancel(host, new.site, "job")
        seen = observe(host, new.site)["job"]
    assert (seen.state, seen.exit_code, seen.cancelled) == (HostJobState.ENDED, 143, True)
