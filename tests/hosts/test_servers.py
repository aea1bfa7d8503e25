"""Servers that are not as most are, which OpenSSH's client reaches all the same."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import pytest

from cosmos_houdini.errors import AuthRefused, HostError
from cosmos_houdini.hosts import Host
from cosmos_houdini.hosts.ssh.host import SshHost
from support.servers.moved_files import assert_moves_files
from support.servers.sshd import running_sshd

pytestmark = pytest.mark.sshd


@contextmanager
def reached(folder: Path, extra: str, *, timeout_s: float = 15.0, **changes: object) -> Iterator[Host]:
    """Give a host that is a server with more lines of sshd_config."""
    with running_sshd(folder / "sshd", extra) as server:
        config = server.config(folder / "root", **changes)
        host = SshHost("gpu01", config, PurePosixPath(folder / "root"), connect_timeout_s=timeout_s)
        try:
            yield host
        finally:
            host.close()


def starting_with(folder: Path, text: str) -> str:
    """Return the line of sshd_config by which a start-up file runs before each command."""
    file = folder / "startup"
    file.write_text(text, encoding="utf-8")
    return f'ForceCommand . {file}; eval "$SSH_ORIGINAL_COMMAND"'


@pytest.mark.parametrize("most", [1, 2])
def test_a_server_that_allows_few_sessions_is_given_one_command_after_another(tmp_path: Path, most: int) -> None:
    with reached(tmp_path, f"MaxSessions {most}") as host:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda n: host.run(f"sleep 0.1; echo {n}").stdout, range(8)))
        assert answers == [f"{n}\n" for n in range(8)]
        host.run("mkdir -p incoming")
        assert_moves_files(host, tmp_path, 9_000_000)


def test_a_server_that_allows_no_session_is_named(tmp_path: Path) -> None:
    with reached(tmp_path, "MaxSessions 0", timeout_s=2) as host, pytest.raises(HostError, match="raise MaxSessions"):
        host.run(":")


@pytest.mark.parametrize("size", [200_000, 5_000_000])
def test_a_greeting_of_any_length_is_no_output(tmp_path: Path, size: int) -> None:
    greeting = f"head -c {size} /dev/zero | tr '\\0' x; head -c {size} /dev/zero | tr '\\0' y >&2\n"
    with reached(tmp_path, starting_with(tmp_path, greeting)) as host:
        assert host.run("echo answer").stdout == "answer\n"
        assert_moves_files(host, tmp_path)


def test_a_banner_before_the_login_is_no_output(tmp_path: Path) -> None:
    (tmp_path / "banner").write_text("Welcome to gpu01. All is logged. Größe\n" * 5000, encoding="latin-1")
    with reached(tmp_path, f"Banner {tmp_path}/banner") as host:
        assert host.run("echo answer").stdout == "answer\n"


def test_a_greeting_without_end_is_given_up(tmp_path: Path) -> None:
    endless = starting_with(tmp_path, "yes 2>/dev/null\n")
    with reached(tmp_path, endless) as host, pytest.raises(HostError, match="printed more than 64 MiB"):
        host.run("echo answer")


@pytest.mark.parametrize(
    "startup",
    [
        "read -r line",
        "echo 'Project?'; read -r project; echo 'Shot?'; read -r shot; read -r third; read -r fourth",
        "head -c 40 >/dev/null",
        'while read -r line; do [ -z "$line" ] && break; done',
    ],
)
def test_start_up_files_may_read(tmp_path: Path, startup: str) -> None:
    with reached(tmp_path, starting_with(tmp_path, f"{startup}\n")) as host:
        assert_moves_files(host, tmp_path)
        assert host.run("pwd; cat; echo answer").stdout == f"{tmp_path}/root\nanswer\n"


def test_start_up_files_that_read_everything_are_named_and_nothing_runs(tmp_path: Path) -> None:
    with reached(tmp_path, starting_with(tmp_path, "cat >/dev/null\n"), timeout_s=2) as host:
        with pytest.raises(HostError, match=r"start-up files of the login shell on host 'gpu01' .*interactive"):
            host.run(f"touch {tmp_path}/started")
        assert not (tmp_path / "started").exists()


@pytest.mark.parametrize("changes", [{}, {"identity": None}])
def test_a_server_that_takes_passwords_alone_is_told_with_its_methods(tmp_path: Path, changes: dict[str, None]) -> None:
    only = "PubkeyAuthentication no\nPasswordAuthentication yes\nPermitRootLogin yes"
    told = r"lets user '\w+' in by password, not by a key; .*PubkeyAuthentication"
    with reached(tmp_path, only, **changes) as host, pytest.raises(AuthRefused, match=told):
        host.run(":")


def test_a_second_factor_is_named(tmp_path: Path) -> None:
    both = "AuthenticationMethods publickey,password\nPasswordAuthentication yes\nPermitRootLogin yes"
    told = "accepted, but the server asks for password too"
    with reached(tmp_path, both) as host, pytest.raises(AuthRefused, match=told):
        host.run(":")


@pytest.mark.parametrize(
    "weak", ["Ciphers aes128-cbc\nMACs hmac-sha1", "Ciphers 3des-cbc", "Ciphers aes256-ctr\nMACs hmac-md5"]
)
def test_weak_methods_are_refused(tmp_path: Path, weak: str) -> None:
    with reached(tmp_path, weak) as host, pytest.raises(HostError, match="no method that is safe enough"):
        host.run(":")
