"""A real OpenSSH server on loopback, with its own folder, keys, configuration and log."""

from __future__ import annotations

import contextlib
import getpass
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from msgspec.structs import replace

from cosmos_houdini.hosts.settings import HostConfig
from support.programs import find_program

PROGRAM = find_program("sshd") or "/usr/sbin/sshd"
HOST = "127.0.0.1"
READY_S = 120.0
CERTIFIED = "HostCertificate {folder}/host_key-cert.pub"
"""The line of sshd_config by which a server shows the certificate that ``certify`` makes, after a restart."""

_PORTS = range(15_000, 32_000)

# The first value of a directive counts, so that those of a test stand before.
_CONFIGURATION = """\
{extra}
Port {port}
ListenAddress {host}
HostKey {folder}/host_key
PidFile {folder}/sshd.pid
AuthorizedKeysFile {folder}/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
MaxStartups 100
MaxSessions 64
Subsystem sftp internal-sftp
SetEnv {environment}
"""


class Sshd:
    """A server that the user of the tests logs in to with ``user_key``.

    Args:
        folder: an empty folder for everything that the server needs.
        extra: more lines of sshd_config.
        path: the PATH of what is run.
    """

    def __init__(self, folder: Path, extra: str = "", *, path: str | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self.user = getpass.getuser()
        self.user_key = folder / "user_key"
        self.known_hosts = folder / "known_hosts"
        self.log = folder / "sshd.log"
        self._process: subprocess.Popen[bytes] | None = None
        make_key(self.user_key)
        shutil.copy(self.user_key.with_suffix(".pub"), folder / "authorized_keys")
        self.change_host_key()
        self.trust()
        # The start-up files of whoever runs the tests may do anything, for seconds, and at every command.
        home = folder / "home"
        home.mkdir()
        environment = f'"HOME={home}"' + (f' "PATH={path}"' if path else "")
        more = extra.replace("{folder}", str(folder))
        text = _CONFIGURATION.format(port=self.port, host=HOST, folder=folder, extra=more, environment=environment)
        (folder / "sshd_config").write_text(text, encoding="utf-8")

    def config(self, root: Path | str | None = None, **changes: object) -> HostConfig:
        """Return the configuration of a host that is this server."""
        config = HostConfig(
            address=f"{self.user}@{HOST}",
            port=self.port,
            identity=self.user_key,
            known_hosts=self.known_hosts,
            root=str(root or self.folder / "root"),
        )
        return replace(config, **changes)

    def public_host_key(self) -> str:
        """Return type and key, as they stand in known_hosts."""
        kind, key, *_ = (self.folder / "host_key.pub").read_text(encoding="utf-8").split()
        return f"{kind} {key}"

    def fingerprint(self) -> str:
        """Return what ``ssh-keygen -lf`` says of the host key, as in ``SHA256:...``."""
        done = run_quietly("ssh-keygen", "-lf", self.folder / "host_key.pub")
        return done.split()[1]

    def trust(self) -> None:
        """Write a known_hosts file that holds this server's key alone."""
        self.known_hosts.write_text(f"[{HOST}]:{self.port} {self.public_host_key()}\n", encoding="utf-8")

    def certify(self, authority: Path, *options: str) -> None:
        """Sign the host key with the key of an authority, as ssh-keygen does by its options; see CERTIFIED."""
        run_quietly("ssh-keygen", "-q", "-s", authority, "-I", "test", *options, self.folder / "host_key.pub")

    def change_host_key(self) -> None:
        """Make a new host key, which a running server shows after a restart."""
        for name in ("host_key", "host_key.pub"):
            (self.folder / name).unlink(missing_ok=True)
        make_key(self.folder / "host_key")

    def start(self) -> None:
        """Start the server and wait until it answers."""
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        argv = [PROGRAM, "-D", "-f", str(self.folder / "sshd_config"), "-E", str(self.log)]
        self._process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, cwd=self.folder)
        deadline = time.monotonic() + READY_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                text = self.log.read_text(encoding="utf-8") if self.log.exists() else ""
                raise RuntimeError(f"sshd does not answer: {text}")
            time.sleep(0.02)

    @property
    def pid(self) -> int:
        """The number of the process that listens."""
        if self._process is None:
            raise RuntimeError("sshd does not run")
        return self._process.pid

    def stop(self) -> None:
        """Stop the server and cut every connection; commands that it started go on, as after a cut on a real host."""
        if self._process is None:
            return
        self.cut()
        self._process.kill()
        self._process.wait()
        self._process = None

    def restart(self) -> None:
        """Stop and start."""
        self.stop()
        self.start()

    def cut(self) -> None:
        """Kill the server's processes that hold connections, and leave the listening one."""
        if self._process is None:
            return
        for process in psutil.Process(self._process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if process.name().startswith("sshd"):
                    process.kill()

    def _answers(self) -> bool:
        try:
            with socket.create_connection((HOST, self.port), timeout=1) as connection:
                return connection.recv(4) == b"SSH-"
        except OSError:
            return False


@contextmanager
def running_sshd(folder: Path, extra: str = "", *, path: str | None = None) -> Iterator[Sshd]:
    """Run a server for the length of a block; skip the test where OpenSSH's server is missing."""
    if os.name == "nt" or not Path(PROGRAM).is_file():
        pytest.skip("sshd is not installed (Debian: openssh-server)")
    folder.mkdir(parents=True, exist_ok=True)
    server = Sshd(folder, extra, path=path)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def make_key(path: Path, *, passphrase: str = "", kind: str = "ed25519") -> None:
    """Make a key pair."""
    run_quietly("ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "test", "-f", path)


def run_quietly(*argv: str | Path) -> str:
    """Run a program that must succeed and return what it prints."""
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
    return done.stdout


def free_port() -> int:
    """Return a port of loopback on which nothing listens.

    It is none of those that the kernel gives to a connection that begins, and no two processes that run tests are
    likely to draw the same before one of them listens.
    """
    while True:
        port = secrets.choice(_PORTS)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            return port
