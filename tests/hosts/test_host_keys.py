"""Which host keys and host certificates are believed, beside what OpenSSH's own client says of the same server."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from cosmos_houdini.errors import HostKeyError
from cosmos_houdini.hosts.ssh.host import SshHost
from support.programs import need_program
from support.servers.sshd import CERTIFIED, HOST, Sshd, make_key, run_quietly, running_sshd

pytestmark = pytest.mark.sshd
KINDS = ["ed25519", "ecdsa", "rsa"]


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """Return a server that shows a certificate."""
    with running_sshd(tmp_path_factory.mktemp("sshd"), CERTIFIED) as server:
        for kind in KINDS:
            make_key(server.folder / f"ca_{kind}", kind=kind)
        yield server


def public(key: Path) -> str:
    return " ".join(key.with_suffix(".pub").read_text(encoding="utf-8").split()[:2])


def show(server: Sshd, kind: str, *options: str) -> None:
    """Let the server show a certificate from now on."""
    server.certify(server.folder / f"ca_{kind}", *options)
    server.restart()


def is_believed(server: Sshd, known: Path, root: Path) -> bool:
    """Whether we and OpenSSH's client connect; both must say the same."""
    argv = [need_program("ssh"), "-F", "none", "-p", str(server.port), "-i", str(server.user_key), "-oBatchMode=yes"]
    argv += [f"-oUserKnownHostsFile={known}", "-oGlobalKnownHostsFile=none", "-oStrictHostKeyChecking=yes"]
    theirs = subprocess.run([*argv, f"{server.user}@{HOST}", "true"], check=False, capture_output=True, timeout=60)
    assert theirs.returncode == 0 or b"Host key verification failed" in theirs.stderr, theirs.stderr
    ours = reason(server, known, root)
    assert (theirs.returncode == 0) == (not ours), (theirs.stderr, ours)
    return not ours


def reason(server: Sshd, known: Path, root: Path) -> str:
    """Return why we do not believe the server, nothing where we do."""
    host = SshHost("gpu01", server.config(root, known_hosts=known), PurePosixPath(root))
    try:
        host.run(":")
    except HostKeyError as error:
        return str(error)
    finally:
        host.close()
    return ""


@pytest.mark.parametrize("kind", KINDS)
def test_a_certificate_of_a_known_authority_is_believed(certified: Sshd, tmp_path: Path, kind: str) -> None:
    show(certified, kind, "-h", "-n", f"other,{HOST}")
    known = tmp_path / "known_hosts"
    known.write_text(f"@cert-authority [{HOST}]:* {public(certified.folder / f'ca_{kind}')}\n", encoding="utf-8")
    assert is_believed(certified, known, tmp_path)


@pytest.mark.parametrize(
    ("patterns", "believed"),
    [
        ("*", True),
        (HOST, True),
        (f"[{HOST}]:{{port}}", True),
        ("127.0.0.?", True),
        ("*,!*127.*", False),
        ("other", False),
        (f"[{HOST}]:1", False),
    ],
)
def test_an_authority_counts_for_the_hosts_of_its_line(
    certified: Sshd, tmp_path: Path, patterns: str, *, believed: bool
) -> None:
    show(certified, "ed25519", "-h")
    known = tmp_path / "known_hosts"
    names = patterns.format(port=certified.port)
    known.write_text(f"@cert-authority {names} {public(certified.folder / 'ca_ed25519')}\n", encoding="utf-8")
    assert is_believed(certified, known, tmp_path) == believed


def test_an_authority_may_stand_behind_a_hashed_name(certified: Sshd, tmp_path: Path) -> None:
    show(certified, "ed25519", "-h")
    known = tmp_path / "known_hosts"
    known.write_text(f"@cert-authority [{HOST}]:{certified.port} {public(certified.folder / 'ca_ed25519')}\n", "utf-8")
    run_quietly("ssh-keygen", "-q", "-H", "-f", known)
    text = known.read_text(encoding="utf-8")
    if HOST in text:
        # ssh-keygen leaves the names of authorities as they are; the hash of a plain line is the same.
        known.write_text(f"[{HOST}]:{certified.port} {certified.public_host_key()}\n", encoding="utf-8")
        run_quietly("ssh-keygen", "-q", "-H", "-f", known)
        hashed = known.read_text(encoding="utf-8").split()[0]
        known.write_text(f"@cert-authority {hashed} {public(certified.folder / 'ca_ed25519')}\n", encoding="utf-8")
    assert is_believed(certified, known, tmp_path)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["-h", "-n", "other.example"], "it is for other.example"),
        (["-h", "-n", "127.0.0.*"], "it is for 127.0.0.*"),
        (["-h", "-V", "-2w:-1w"], "it has expired"),
        (["-h", "-V", "+1w:+2w"], "it is not valid yet"),
        (["-n", HOST], ""),
    ],
)
def test_a_certificate_that_proves_nothing_is_refused(
    certified: Sshd, tmp_path: Path, options: list[str], told: str
) -> None:
    show(certified, "ed25519", *options)
    known = tmp_path / "known_hosts"
    known.write_text(f"@cert-authority * {public(certified.folder / 'ca_ed25519')}\n", encoding="utf-8")
    believed = is_believed(certified, known, tmp_path)
    assert told in reason(certified, known, tmp_path)
    if told:
        assert not believed
    # The key itself may be known all the same.
    with known.open("a", encoding="utf-8") as file:
        file.write(f"{HOST} {certified.public_host_key()}\n")
    assert is_believed(certified, known, tmp_path)


@pytest.mark.parametrize("revoked", ["key", "authority"])
def test_a_revoked_key_or_authority_is_refused(certified: Sshd, tmp_path: Path, revoked: str) -> None:
    show(certified, "ed25519", "-h")
    authority = public(certified.folder / "ca_ed25519")
    line = {"key": certified.public_host_key(), "authority": authority}[revoked]
    known = tmp_path / "known_hosts"
    known.write_text(f"@cert-authority * {authority}\n@revoked * {line}\n", encoding="utf-8")
    assert not is_believed(certified, known, tmp_path)
    assert "which is revoked in" in reason(certified, known, tmp_path)


def test_an_authority_that_is_not_known_proves_nothing(certified: Sshd, tmp_path: Path) -> None:
    show(certified, "ed25519", "-h")
    known = tmp_path / "known_hosts"
    known.write_text(f"@cert-authority * {public(certified.folder / 'ca_ecdsa')}\n", encoding="utf-8")
    assert not is_believed(certified, known, tmp_path)
    assert "no certificate of the authority in" in reason(certified, known, tmp_path)


def test_a_file_as_editors_of_windows_write_it_is_read(server: Sshd, tmp_path: Path) -> None:
    known = tmp_path / "known_hosts"
    known.write_bytes(f"\N{BYTE ORDER MARK}[{HOST}]:{server.port} {server.public_host_key()}\r\n".encode())
    assert reason(server, known, tmp_path) == ""


def test_a_key_that_is_known_without_a_port_is_known_on_every_port(server: Sshd, tmp_path: Path) -> None:
    make_key(tmp_path / "other")
    known = tmp_path / "known_hosts"
    plain = f"{HOST} {server.public_host_key()}\n"
    known.write_text(plain, encoding="utf-8")
    assert is_believed(server, known, tmp_path)
    known.write_text(f"[{HOST}]:{server.port} {public(tmp_path / 'other')}\n{plain}", encoding="utf-8")
    assert not is_believed(server, known, tmp_path)
