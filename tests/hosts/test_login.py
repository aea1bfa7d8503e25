"""Who is let in, and which server is believed, with real servers, keys and jump hosts."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from cosmos_houdini.errors import AuthRefused, BadInput, HostKeyError, HostUnreachable
from cosmos_houdini.hosts import open_host
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.hosts.ssh.host import SshHost
from support.programs import need_program
from support.servers.sshd import HOST, Sshd, free_port, make_key, run_quietly, running_sshd
from support.servers.tcp_proxy import silent_port

pytestmark = pytest.mark.sshd


def answer(config: HostConfig, *, timeout_s: float = 15.0) -> str:
    """Connect anew and return what a command prints."""
    host = SshHost("gpu01", config, PurePosixPath(config.root or ""), connect_timeout_s=timeout_s)
    try:
        return host.run("echo in").stdout
    finally:
        host.close()


@pytest.fixture
def ssh_folder() -> Path:
    """Return the empty ~/.ssh of the user of a test."""
    folder = Path.home() / ".ssh"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run an SSH agent that holds no key yet."""
    program = need_program("ssh-agent")
    address = Path(os.path.relpath(tmp_path / "agent"))
    process = subprocess.Popen([program, "-D", "-a", str(address)], stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()
    monkeypatch.setenv("SSH_AUTH_SOCK", str(address))
    yield
    process.terminate()
    process.wait()
    process.stdout.close()


def test_a_configured_key_lets_in(server: Sshd, tmp_path: Path) -> None:
    assert answer(server.config(tmp_path)) == "in\n"


def test_a_default_key_lets_in(server: Sshd, tmp_path: Path, ssh_folder: Path) -> None:
    shutil.copy(server.user_key, ssh_folder / "id_ed25519")
    assert answer(server.config(tmp_path, identity=None)) == "in\n"


def test_a_key_of_the_agent_lets_in(server: Sshd, tmp_path: Path, agent: None) -> None:  # noqa: ARG001 - runs the agent
    run_quietly("ssh-add", "-q", server.user_key)
    assert answer(server.config(tmp_path, identity=None)) == "in\n"


def test_an_encrypted_key_is_taken_from_the_agent(
    server: Sshd,
    tmp_path: Path,
    agent: None,  # noqa: ARG001 - runs the agent
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key = encrypted_copy(server.user_key, tmp_path)
    with pytest.raises(AuthRefused, match=rf"{key} is encrypted: run ssh-add {key} first"):
        answer(server.config(tmp_path, identity=key))
    ask = tmp_path / "ask"
    ask.write_text("#!/bin/sh\necho secret\n", encoding="utf-8")
    ask.chmod(0o700)
    monkeypatch.setenv("SSH_ASKPASS", str(ask))
    monkeypatch.setenv("SSH_ASKPASS_REQUIRE", "force")
    run_quietly("ssh-add", "-q", key)
    assert answer(server.config(tmp_path, identity=key)) == "in\n"


def encrypted_copy(key: Path, folder: Path) -> Path:
    copy = folder / "encrypted"
    shutil.copy(key, copy)
    shutil.copy(key.with_suffix(".pub"), copy.with_suffix(".pub"))
    run_quietly("ssh-keygen", "-q", "-p", "-P", "", "-N", "secret", "-f", copy)
    return copy


def test_a_wrong_key_is_refused_and_named(server: Sshd, tmp_path: Path) -> None:
    make_key(tmp_path / "stranger")
    with pytest.raises(AuthRefused, match=rf"'gpu01'.*port {server.port}.*refuses {tmp_path}/stranger"):
        answer(server.config(tmp_path, identity=tmp_path / "stranger"))


def test_a_user_without_any_key_is_told_so(server: Sshd, tmp_path: Path) -> None:
    with pytest.raises(AuthRefused, match="was offered no key"):
        answer(server.config(tmp_path, identity=None))


def test_files_that_are_no_keys_are_named(server: Sshd, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no key", encoding="utf-8")
    with pytest.raises(AuthRefused, match=r"/text is no private key"):
        answer(server.config(tmp_path, identity=tmp_path / "text"))
    with pytest.raises(AuthRefused, match=r"/missing cannot be read: No such file"):
        answer(server.config(tmp_path, identity=tmp_path / "missing"))


def accepting_command(error: HostKeyError) -> str:
    return error.action.partition(": ")[2]


@pytest.mark.parametrize("folder", ["plain", "it's $(a) folder"])
def test_an_unknown_key_is_refused_until_the_printed_command_accepts_it(
    server: Sshd, tmp_path: Path, folder: str
) -> None:
    config = server.config(tmp_path, known_hosts=tmp_path / folder / "known_hosts")
    with pytest.raises(HostKeyError) as refused:
        answer(config)
    assert f"shows the ssh-ed25519 key {server.fingerprint()}, which no file" in str(refused.value)
    assert f"ssh-keyscan -p {server.port} {HOST} >> " in str(refused.value)
    subprocess.run(["sh", "-c", accepting_command(refused.value)], check=True, capture_output=True)
    assert answer(config) == "in\n"


def test_a_changed_key_is_refused_with_the_line_until_the_printed_commands_accept_it(
    server: Sshd, tmp_path: Path
) -> None:
    make_key(tmp_path / "old")
    kind, key, _ = (tmp_path / "old.pub").read_text(encoding="utf-8").split()
    known = tmp_path / "known_hosts"
    known.write_text(f"# mine\nother {kind} {key}\n[{HOST}]:{server.port} {kind} {key}\n", encoding="utf-8")
    with pytest.raises(HostKeyError) as refused:
        answer(server.config(tmp_path, known_hosts=known))
    old = run_quietly("ssh-keygen", "-lf", tmp_path / "old.pub").split()[1]
    assert f"key {server.fingerprint()}, but {known} line 3 has {old}" in str(refused.value)
    subprocess.run(["sh", "-c", accepting_command(refused.value)], check=True, capture_output=True)
    assert answer(server.config(tmp_path, known_hosts=known)) == "in\n"
    assert f"other {kind} {key}" in known.read_text(encoding="utf-8")


def test_a_key_that_changes_while_connected_is_refused_at_the_next_connection(tmp_path: Path) -> None:
    with running_sshd(tmp_path / "sshd") as own:
        host = open_host("gpu01", own.config(), project=tmp_path)
        host.run(":")
        own.stop()
        own.change_host_key()
        own.start()
        with pytest.raises(HostKeyError, match="known_hosts line 1 has"):
            host.run(":")
        host.close()


def test_hashed_names_are_known(server: Sshd, tmp_path: Path) -> None:
    known = tmp_path / "known_hosts"
    shutil.copy(server.known_hosts, known)
    run_quietly("ssh-keygen", "-q", "-H", "-f", known)
    assert HOST not in known.read_text(encoding="utf-8")
    assert answer(server.config(tmp_path, known_hosts=known)) == "in\n"


def test_a_revoked_key_is_refused(server: Sshd, tmp_path: Path) -> None:
    known = tmp_path / "known_hosts"
    line = f"[{HOST}]:{server.port} {server.public_host_key()}\n"
    known.write_text(f"{line}@revoked {line}", encoding="utf-8")
    with pytest.raises(HostKeyError, match=r"revoked in .* line 2"):
        answer(server.config(tmp_path, known_hosts=known))


def test_a_server_with_several_keys_shows_the_one_that_is_known(tmp_path: Path) -> None:
    other = tmp_path / "rsa"
    run_quietly("ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", other)
    with running_sshd(tmp_path / "sshd", f"HostKey {other}") as own:
        kind, key, _ = other.with_suffix(".pub").read_text(encoding="utf-8").split()
        own.known_hosts.write_text(f"[{HOST}]:{own.port} {kind} {key}\n", encoding="utf-8")
        assert answer(own.config()) == "in\n"


def test_a_refused_port_is_named(server: Sshd, tmp_path: Path) -> None:
    port = free_port()
    with pytest.raises(HostUnreachable, match=rf"'gpu01': {HOST} port {port} refuses the connection"):
        answer(server.config(tmp_path, port=port))


def test_a_port_that_never_answers_is_given_up(server: Sshd, tmp_path: Path) -> None:
    with silent_port() as port, pytest.raises(HostUnreachable, match=rf"port {port} does not answer .* within 0\.5 s"):
        answer(server.config(tmp_path, port=port), timeout_s=0.5)


def test_a_name_that_nobody_knows_is_named(server: Sshd, tmp_path: Path) -> None:
    with pytest.raises(HostUnreachable, match=r"the name 'gpu01\.invalid' is not known"):
        answer(server.config(tmp_path, address="gpu01.invalid"))


def alias(server: Sshd, name: str, *lines: str) -> str:
    """Return a Host block of an SSH configuration for a server."""
    own = [f"HostName {HOST}", f"Port {server.port}", f"User {server.user}", f'IdentityFile "{server.user_key}"']
    known = f'UserKnownHostsFile "{server.known_hosts}"'
    return "\n  ".join([f"Host {name}", *own, known, *lines]) + "\n"


def test_an_alias_of_the_ssh_configuration_is_enough(server: Sshd, tmp_path: Path, ssh_folder: Path) -> None:
    (ssh_folder / "config").write_text("Include more/*.conf\n", encoding="utf-8")
    (ssh_folder / "more").mkdir()
    (ssh_folder / "more" / "studio.conf").write_text(alias(server, "studio", "IdentitiesOnly yes"), encoding="utf-8")
    assert answer(HostConfig(address="studio", root=str(tmp_path))) == "in\n"


def test_a_proxy_command_is_the_way(server: Sshd, tmp_path: Path, ssh_folder: Path) -> None:
    forward = (
        "import socket,sys,threading\ns=socket.create_connection((sys.argv[1],int(sys.argv[2])))\n"
        "def pump(r,w):\n  while d:=r(65536): w(d)\n"
        "import os\nthreading.Thread(target=pump,args=(s.recv,lambda d:os.write(1,d)),daemon=True).start()\n"
        "pump(lambda n:os.read(0,n),s.sendall)\n"
    )
    (tmp_path / "forward.py").write_text(forward, encoding="utf-8")
    command = f"ProxyCommand python3 {shlex.quote(str(tmp_path / 'forward.py'))} %h %p"
    (ssh_folder / "config").write_text(alias(server, "studio", command), encoding="utf-8")
    assert answer(HostConfig(address="studio", root=str(tmp_path))) == "in\n"


def test_a_proxy_command_that_fails_is_named(server: Sshd, tmp_path: Path, ssh_folder: Path) -> None:
    (ssh_folder / "config").write_text(alias(server, "studio", "ProxyCommand false"), encoding="utf-8")
    with pytest.raises(HostUnreachable, match=rf"{HOST} port {server.port} ends the connection"):
        answer(HostConfig(address="studio", root=str(tmp_path)))


@pytest.fixture
def chain(server: Sshd, tmp_path: Path, ssh_folder: Path) -> Iterator[tuple[Sshd, Sshd]]:
    """Give two jump hosts before the server, which is the alias ``inner``."""
    with running_sshd(tmp_path / "first") as first, running_sshd(tmp_path / "second") as second:
        blocks = [alias(first, "first"), alias(second, "second"), alias(server, "inner", "ProxyJump first,second")]
        (ssh_folder / "config").write_text("".join(blocks), encoding="utf-8")
        yield first, second


def test_several_jump_hosts_lead_to_the_host(chain: tuple[Sshd, Sshd], tmp_path: Path) -> None:
    assert answer(HostConfig(address="inner", root=str(tmp_path))) == "in\n"
    assert all("Accepted publickey" in jump.log.read_text(encoding="utf-8") for jump in chain)


def test_the_keys_of_jump_hosts_are_verified_too(chain: tuple[Sshd, Sshd], tmp_path: Path) -> None:
    _, second = chain
    second.known_hosts.unlink()
    config = HostConfig(address="inner", root=str(tmp_path))
    with pytest.raises(
        HostKeyError, match=rf"port {second.port} shows .* {re.escape(second.fingerprint())}"
    ) as refused:
        answer(config)
    subprocess.run(["sh", "-c", accepting_command(refused.value)], check=True)
    assert answer(config) == "in\n"


def test_a_host_that_the_jump_host_cannot_reach_is_named(chain: tuple[Sshd, Sshd], tmp_path: Path) -> None:
    assert chain
    port = free_port()
    with pytest.raises(HostUnreachable, match=rf"port {port} cannot be reached from the jump host"):
        answer(HostConfig(address="inner", port=port, root=str(tmp_path)))


def test_jump_hosts_in_a_circle_are_refused(tmp_path: Path, ssh_folder: Path) -> None:
    (ssh_folder / "config").write_text("Host a\n ProxyJump b\nHost b\n ProxyJump a\n", encoding="utf-8")
    with pytest.raises(BadInput, match="a -> b -> a"):
        answer(HostConfig(address="a", root=str(tmp_path)))


@pytest.mark.parametrize(
    ("offered", "taken"),
    [("aes128-ctr,aes256-ctr,aes256-gcm@openssh.com", "aes256-gcm@openssh.com"), ("aes256-ctr",) * 2],
)
def test_a_cipher_that_signs_in_the_same_pass_is_taken_where_the_server_has_one(
    tmp_path: Path, offered: str, taken: str
) -> None:
    with running_sshd(tmp_path / "sshd", f"Ciphers {offered}\nLogLevel DEBUG1") as server:
        assert answer(server.config(tmp_path)) == "in\n"
        assert f"client->server cipher: {taken} " in server.log.read_text()


def test_the_agent_that_the_ssh_configuration_names_is_asked(
    server: Sshd,
    tmp_path: Path,
    ssh_folder: Path,
    agent: None,  # noqa: ARG001 - runs the agent
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_quietly("ssh-add", "-q", server.user_key)
    address = Path(os.environ["SSH_AUTH_SOCK"]).resolve()
    config = server.config(tmp_path, identity=None)
    monkeypatch.delenv("SSH_AUTH_SOCK")
    with pytest.raises(AuthRefused, match="was offered no key"):
        answer(config)
    monkeypatch.setenv("STUDIO_AGENT", str(address))
    for named in (f'"{address}"', "$STUDIO_AGENT", "${STUDIO_AGENT}"):
        (ssh_folder / "config").write_text(f"IdentityAgent {named}\n", encoding="utf-8")
        assert answer(config) == "in\n"
    (ssh_folder / "config").write_text("IdentityAgent none\n", encoding="utf-8")
    monkeypatch.setenv("SSH_AUTH_SOCK", str(address))
    with pytest.raises(AuthRefused, match="was offered no key"):
        answer(config)


def test_a_public_key_file_chooses_the_key_of_the_agent(
    server: Sshd,
    tmp_path: Path,
    ssh_folder: Path,
    agent: None,  # noqa: ARG001 - runs the agent
) -> None:
    make_key(tmp_path / "other")
    run_quietly("ssh-add", "-q", tmp_path / "other", server.user_key)
    shutil.copy(server.user_key.with_suffix(".pub"), tmp_path / "chosen.pub")
    (ssh_folder / "config").write_text(f"IdentityFile {tmp_path}/chosen.pub\nIdentitiesOnly yes\n", encoding="utf-8")
    assert answer(server.config(tmp_path, identity=None)) == "in\n"
    (ssh_folder / "config").write_text(f"IdentityFile {tmp_path}/other.pub\nIdentitiesOnly yes\n", encoding="utf-8")
    with pytest.raises(AuthRefused):
        answer(server.config(tmp_path, identity=None))


def test_a_certificate_of_the_user_lets_in(tmp_path: Path, ssh_folder: Path) -> None:
    make_key(tmp_path / "authority")
    make_key(tmp_path / "mine")
    trusted = f"TrustedUserCAKeys {tmp_path}/authority.pub\nAuthorizedKeysFile none"
    with running_sshd(tmp_path / "sshd", trusted) as own:
        signed = ["-s", tmp_path / "authority", "-I", "test", "-n", own.user, tmp_path / "mine.pub"]
        run_quietly("ssh-keygen", "-q", *signed)
        config = own.config(identity=None)
        (tmp_path / "mine-cert.pub").rename(tmp_path / "elsewhere")
        (ssh_folder / "config").write_text(f"IdentityFile {tmp_path}/mine\n", encoding="utf-8")
        with pytest.raises(AuthRefused):
            answer(config)
        lines = f"IdentityFile {tmp_path}/mine\nCertificateFile {tmp_path}/elsewhere\n"
        (ssh_folder / "config").write_text(lines, encoding="utf-8")
        assert answer(config) == "in\n"


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("BindAddress 127.0.0.1\nAddressFamily inet\nCompression yes\nConnectTimeout 9\nServerAliveInterval 5", ""),
        ("ConnectionAttempts 2\nTCPKeepAlive no", ""),
        ("Ciphers aes256-ctr\nMACs hmac-sha2-512\nKexAlgorithms curve25519-sha256*\nHostKeyAlgorithms ssh-ed25519", ""),
        ("BindAddress 192.0.2.1", "cannot be reached"),
        ("AddressFamily inet6", "is not known"),
        ("HostName a..b", "no name looks so"),
    ],
)
def test_a_directive_for_the_connection_holds(
    server: Sshd, tmp_path: Path, ssh_folder: Path, lines: str, problem: str
) -> None:
    (ssh_folder / "config").write_text(f"{lines}\n", encoding="utf-8")
    if not problem:
        assert answer(server.config(tmp_path)) == "in\n"
        return
    with pytest.raises(HostUnreachable, match=problem):
        answer(server.config(tmp_path))
