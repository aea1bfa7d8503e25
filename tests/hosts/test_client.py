"""Servers that only OpenSSH's own client can reach, which takes over from paramiko there."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

import psutil
import pytest

from cosmos_houdini.errors import AuthRefused, BadInput, HostError, HostKeyError, HostUnreachable
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.hosts.ssh.host import SshHost
from cosmos_houdini.hosts.ssh.program import judge
from support.programs import need_program
from support.servers.moved_files import assert_moves_files
from support.servers.sshd import HOST, Sshd, make_key, running_sshd

pytestmark = pytest.mark.sshd
CHACHA = "Ciphers chacha20-poly1305@openssh.com"


@pytest.fixture(autouse=True)
def client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Return the client; its files lie in a folder of the test's own, of a short name for its socket."""
    program = need_program("ssh")
    folder = Path(tempfile.mkdtemp(prefix="c"))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    (tmp_path / "own").symlink_to(folder)
    return program


@pytest.fixture(scope="module")
def chacha(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with running_sshd(tmp_path_factory.mktemp("sshd"), CHACHA) as server:
        yield server


@contextmanager
def opened(config: HostConfig, *, timeout_s: float = 15.0) -> Iterator[SshHost]:
    host = SshHost("gpu01", config, PurePosixPath(config.root or ""), connect_timeout_s=timeout_s)
    try:
        yield host
    finally:
        host.close()


def soon(condition: object) -> bool:
    deadline = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline:  # type: ignore[operator]
        time.sleep(0.05)
    return bool(condition())  # type: ignore[operator]


@pytest.mark.parametrize(
    "methods",
    [
        CHACHA,
        "Ciphers aes256-ctr\nMACs umac-128-etm@openssh.com",
        "Ciphers aes256-ctr\nMACs hmac-sha1",
        "KexAlgorithms sntrup761x25519-sha512@openssh.com",
        f"{CHACHA}\nMaxSessions 1",
    ],
)
def test_a_server_without_a_method_of_paramiko_is_reached(tmp_path: Path, methods: str) -> None:
    with running_sshd(tmp_path / "sshd", methods) as server, opened(server.config(tmp_path / "root")) as host:
        assert host.run("echo answer; echo wrong >&2; exit 3").exit_code == 3
        assert_moves_files(host, tmp_path, 9_000_000)
        assert "paramiko and the server have no method in common" in host.remarks()[0]


@pytest.mark.parametrize("code", [0, 1, 97, 254, 255])
def test_the_exit_code_and_both_streams_arrive(chacha: Sshd, tmp_path: Path, code: int) -> None:
    with opened(chacha.config(tmp_path / "root")) as host:
        done = host.run(f"echo 'größe'; printf wrong >&2; exit {code}")
        assert (done.exit_code, done.stdout, done.stderr) == (code, "größe\n", "wrong")


def test_megabytes_pass_in_both_ways(chacha: Sshd, tmp_path: Path) -> None:
    word = "x" * 3_000_000
    with opened(chacha.config(tmp_path / "root")) as host:
        done = host.run(f"printf %s {word}; printf %s {word} >&2")
        assert (done.stdout, done.stderr) == (word, word)


def test_commands_share_one_connection_which_ends_with_the_host(chacha: Sshd, tmp_path: Path) -> None:
    def logins() -> int:
        return chacha.log.read_text(encoding="utf-8").count("Accepted publickey")

    before = logins()
    with opened(chacha.config(tmp_path / "root")) as host:
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda n: host.run(f"echo {n}").stdout, range(12)))
        assert answers == [f"{n}\n" for n in range(12)]
        assert logins() == before + 1
        own = [process for process in psutil.process_iter(["cmdline"]) if is_client(process, tmp_path)]
        assert own
    assert soon(lambda: not any(process.is_running() for process in own))
    assert not list((tmp_path / "own").iterdir())


def is_client(process: psutil.Process, tmp_path: Path) -> bool:
    folder = str((tmp_path / "own").resolve())
    return any(folder in word for word in process.info["cmdline"] or [])


def test_a_command_that_takes_too_long_is_given_up(chacha: Sshd, tmp_path: Path) -> None:
    with opened(chacha.config(tmp_path / "root")) as host, pytest.raises(HostUnreachable, match=r"within 0\.5 s"):
        host.run("exec sleep 30", timeout_s=0.5)


def test_a_lost_connection_is_no_exit_code_and_the_next_command_connects_again(tmp_path: Path) -> None:
    with running_sshd(tmp_path / "sshd", CHACHA) as server, opened(server.config(tmp_path / "root")) as host:
        threading.Timer(1.0, server.cut).start()
        with pytest.raises(HostUnreachable, match="was lost"):
            host.run("sleep 20", timeout_s=30)
        assert host.run("echo again").stdout == "again\n"


def test_start_up_files_may_read(tmp_path: Path) -> None:
    startup = f'{CHACHA}\nForceCommand echo Shot?; read -r shot; eval "$SSH_ORIGINAL_COMMAND"'
    with running_sshd(tmp_path / "sshd", startup) as server, opened(server.config(tmp_path / "root")) as host:
        assert_moves_files(host, tmp_path)


def test_an_unknown_host_key_is_refused(chacha: Sshd, tmp_path: Path) -> None:
    config = chacha.config(tmp_path / "root", known_hosts=tmp_path / "none")
    with opened(config) as host, pytest.raises(HostKeyError, match=r"host key is known.*`ssh .*` shows"):
        host.run(":")


def test_a_refused_key_is_told_with_the_methods_of_the_server(chacha: Sshd, tmp_path: Path) -> None:
    make_key(tmp_path / "stranger")
    config = chacha.config(tmp_path / "root", identity=tmp_path / "stranger")
    with opened(config) as host, pytest.raises(HostError, match="lets nobody in by publickey without a question"):
        host.run(":")


def test_a_machine_without_the_client_is_told_what_to_install(
    chacha: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with opened(chacha.config(tmp_path / "root")) as host, pytest.raises(HostError, match="install OpenSSH's client"):
        host.run(":")


@pytest.fixture
def ssh_folder() -> Path:
    """Return the empty ~/.ssh of the user of a test."""
    folder = Path.home() / ".ssh"
    folder.mkdir(mode=0o700)
    return folder


def test_the_client_trusts_nothing_whatever_the_ssh_configuration_says(
    chacha: Sshd, tmp_path: Path, ssh_folder: Path
) -> None:
    lines = (
        "StrictHostKeyChecking no\nUserKnownHostsFile /dev/null\nBatchMode no\nNoHostAuthenticationForLocalhost yes\n"
    )
    (ssh_folder / "config").write_text(lines, encoding="utf-8")
    config = chacha.config(tmp_path / "root", known_hosts=None)
    with opened(config) as host, pytest.raises(HostKeyError, match="host key is known for"):
        host.run(":")


def test_jump_hosts_are_passed_and_known_hosts_of_the_configuration_hold_for_them(
    chacha: Sshd, tmp_path: Path, ssh_folder: Path
) -> None:
    with running_sshd(tmp_path / "jump", CHACHA) as jump:
        login = f'User {jump.user}\n  IdentityFile "{{}}"\n'
        (ssh_folder / "config").write_text(
            f"Host jump\n  HostName {HOST}\n  Port {jump.port}\n  {login.format(jump.user_key)}"
            f"Host inner\n  HostName {HOST}\n  Port {chacha.port}\n  ProxyJump jump\n  {login.format(chacha.user_key)}",
            encoding="utf-8",
        )
        known = tmp_path / "known_hosts"
        config = HostConfig(address="inner", root=str(tmp_path / "root"), known_hosts=known)
        known.write_text(chacha.known_hosts.read_text(encoding="utf-8"), encoding="utf-8")
        with opened(config) as host, pytest.raises(HostError, match="host key is known for"):
            host.run(":")
        known.write_text(known.read_text("utf-8") + jump.known_hosts.read_text("utf-8"), encoding="utf-8")
        with opened(config) as host:
            assert host.run("echo in").stdout == "in\n"
        assert "Accepted publickey" in jump.log.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "directive", ["KnownHostsCommand /bin/cat {known}", "RevokedHostKeys /dev/null", "BindInterface lo"]
)
def test_a_directive_that_only_the_client_serves_is_served(
    server: Sshd, tmp_path: Path, ssh_folder: Path, directive: str
) -> None:
    shutil.copy(server.user_key, tmp_path / "key")
    (ssh_folder / "config").write_text(f"Host *\n  {directive.format(known=server.known_hosts)}\n", encoding="utf-8")
    with opened(server.config(tmp_path / "root")) as host:
        assert host.run("echo in").stdout == "in\n"
        assert directive.split(maxsplit=1)[0] in host.remarks()[0]


def test_a_connection_that_the_user_has_opened_is_shared(
    server: Sshd, tmp_path: Path, ssh_folder: Path, client: str
) -> None:
    master = Path(tempfile.mkdtemp()) / "m"
    lines = f"HostName {HOST}\n  Port {server.port}\n  User {server.user}\n  ControlPath {master}\n"
    known = f'  UserKnownHostsFile "{server.known_hosts}"\n'
    (ssh_folder / "config").write_text(f"Host studio\n  {lines}{known}", encoding="utf-8")
    config = HostConfig(address="studio", root=str(tmp_path / "root"))
    with opened(config) as host, pytest.raises(AuthRefused):
        host.run(":")
    login = [client, "-F", str(ssh_folder / "config"), "-i", str(server.user_key), "studio"]
    subprocess.run([*login[:-1], "-M", "-N", "-f", "-oStrictHostKeyChecking=yes", "studio"], check=True)
    try:
        with opened(config) as host:
            assert host.run("echo in").stdout == "in\n"
            assert str(master) in host.remarks()[0]
        assert master.exists()
    finally:
        subprocess.run([*login[:-1], "-O", "exit", "studio"], check=False, capture_output=True)


def test_a_cipher_that_only_the_client_has_is_the_users_choice(server: Sshd, tmp_path: Path, ssh_folder: Path) -> None:
    (ssh_folder / "config").write_text(f"{CHACHA}\n", encoding="utf-8")
    with opened(server.config(tmp_path / "root")) as host:
        assert host.run("echo in").stdout == "in\n"
        assert "the methods of the SSH configuration are none that paramiko has" in host.remarks()[0]


def test_a_condition_that_only_the_client_can_judge_is_left_to_it(
    server: Sshd, tmp_path: Path, ssh_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ssh_folder / "config").write_text("Match localnetwork 127.0.0.0/8\n  Compression yes\n", encoding="utf-8")
    with opened(server.config(tmp_path / "root")) as host:
        # A client before version 9.4 does not know the condition, and says so.
        with suppress(HostError):
            assert host.run("echo in").stdout == "in\n"
        assert "localnetwork" in host.remarks()[0]
    monkeypatch.setenv("PATH", str(tmp_path))
    with opened(server.config(tmp_path / "root")) as host, pytest.raises(BadInput, match="which alone can judge it"):
        host.run(":")


@pytest.mark.parametrize("longest", [80, 0])
def test_a_system_without_shared_connections_connects_for_each_command(
    chacha: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, longest: int
) -> None:
    monkeypatch.setattr("cosmos_houdini.hosts.ssh.program._LONGEST_SOCKET_PATH", longest)
    with opened(chacha.config(tmp_path / "root")) as host:
        assert_moves_files(host, tmp_path)
        assert host.run("sh -c 'exit 255'").exit_code == 255
    unknown = chacha.config(tmp_path / "root", known_hosts=tmp_path / "none")
    with opened(unknown) as host, pytest.raises(HostKeyError, match="host key is known for"):
        host.run(":")


def test_directives_that_do_not_hold_are_named(server: Sshd, tmp_path: Path, ssh_folder: Path) -> None:
    lines = "Host *\n  StrictHostKeyChecking no\n  ForwardAgent yes\n  LocalForward 8080 localhost:80\n"
    (ssh_folder / "config").write_text(lines, encoding="utf-8")
    with opened(server.config(tmp_path / "root")) as host:
        host.run(":")
        assert [remark.split()[0] for remark in host.remarks()] == [
            "StrictHostKeyChecking",
            "ForwardAgent",
            "LocalForward",
        ]
    (ssh_folder / "config").write_text("StrictHostKeyChecking ask\nForwardAgent no\n", encoding="utf-8")
    with opened(server.config(tmp_path / "root")) as host:
        host.run(":")
        assert host.remarks() == ()


@pytest.mark.parametrize(
    ("words", "kind", "told"),
    [
        ("ssh: Could not resolve hostname gpu01: Name or service not known", HostUnreachable, "Could not resolve"),
        ("c: line 2: Bad configuration option: foo\nc: terminating, 1 bad configuration options", HostError, "foo"),
        ("a@b: Permission denied (publickey,keyboard-interactive).", AuthRefused, "by publickey, keyboard-interactive"),
        ("@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.", HostKeyError, "key"),
        ("Unable to negotiate with h port 22: no matching cipher found.", HostError, "no method that is safe enough"),
        ("", HostUnreachable, "nothing"),
    ],
)
def test_words_of_the_client_become_an_error_of_their_class(words: str, kind: type[HostError], told: str) -> None:
    error = judge("gpu01", "ana@gpu01", words)
    assert type(error) is kind
    assert told in str(error)
