"""A real Docker Engine that the tests start for themselves, with images that they make out of files.

A folder of tests that wants it imports the fixture ``docker_engine`` in its ``conftest.py``.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

from support.programs import need_program

READY_S = 120.0
_LEFT_OUT = {"test", "idlelib", "tkinter", "turtledemo", "lib2to3", "ensurepip", "pydoc_data", "site-packages"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DockerEngine:
    """A running Docker Engine.

    Attributes:
        address: what ``DOCKER_HOST`` must hold to reach it.
    """

    address: str

    def docker(self, *arguments: str, stdin: bytes = b"", check: bool = True) -> str:
        """Run the docker program and return what it prints."""
        done = subprocess.run(
            ["docker", *arguments],
            input=stdin,
            capture_output=True,
            check=False,
            env={"PATH": os.environ["PATH"], "DOCKER_HOST": self.address},
        )
        if check and done.returncode:
            pytest.fail(f"docker {arguments}: {done.stderr.decode()}")
        return done.stdout.decode()

    def import_image(self, files: Mapping[str, bytes], name: str) -> None:
        """Make an image that holds busybox and ``files``, by path without the leading slash, all executable."""
        tree = {"bin/busybox": Path(need_program("busybox")).read_bytes(), **files}
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            # Docker makes a folder that the archive lacks, and then only root with all its capabilities may enter it.
            parents = {str(parent) for path in tree for parent in PurePosixPath(path).parents} - {"."}
            for folder in sorted(parents | {"tmp", "root", "proc", "sys", "dev", "etc"}):
                entry = tarfile.TarInfo(folder)
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755 if folder in parents else 0o777
                tar.addfile(entry)
            for path, data in tree.items():
                entry = tarfile.TarInfo(path)
                entry.mode, entry.size = 0o755, len(data)
                tar.addfile(entry, io.BytesIO(data))
            for applet in subprocess.check_output(["busybox", "--list"], text=True).split():
                if f"bin/{applet}" not in tree:
                    entry = tarfile.TarInfo(f"bin/{applet}")
                    entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
                    tar.addfile(entry)
        self.docker("import", "-", name, stdin=packed.getvalue())

    def remove_containers(self) -> None:
        """Remove every container, and return when there is none."""
        give_up = time.monotonic() + READY_S
        while containers := self.docker("ps", "--all", "--quiet", check=False).split():
            self.docker("rm", "--force", "--volumes", *containers, check=False)
            assert time.monotonic() < give_up, containers


def python_files() -> dict[str, bytes]:
    """Return the interpreter of the tests with its standard library, as files for import_image.

    It stands in ``/python`` and is called ``python3``; a program that it runs finds the standard library in a zip file.
    """
    base = Path(sys.base_prefix)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    program = base / "bin" / version
    library = base / "lib" / version
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(library.rglob("*.py")):
            relative = path.relative_to(library)
            if relative.parts[0] not in _LEFT_OUT and not relative.parts[0].startswith("config-"):
                archive.write(path, relative)
    modules = sorted((library / "lib-dynload").glob("*.so"))
    files = {f"python/lib/{version}/lib-dynload/{path.name}": path.read_bytes() for path in modules}
    for path in libraries(program, *modules):
        files[str(path).lstrip("/")] = path.read_bytes()
    files["python/bin/python3"] = program.read_bytes()
    files[f"python/lib/{version.replace('.', '')}.zip"] = packed.getvalue()
    files["bin/python3"] = b'#!/bin/sh\nPYTHONHOME=/python exec /python/bin/python3 "$@"\n'
    return files


def libraries(*programs: Path) -> set[Path]:
    """Return the shared libraries that programs load, under the paths where they look for them."""
    told = subprocess.run(["ldd", *map(str, programs)], capture_output=True, text=True, check=False).stdout
    words = (word for line in told.splitlines() if not line.endswith(":") for word in line.split())
    return {Path(word) for word in words if word.startswith("/")}


def _command(folder: Path, address: str) -> list[str]:
    return [
        need_program("dockerd"),
        "--storage-driver=vfs",
        "--iptables=false",
        "--ip6tables=false",
        "--bridge=none",
        f"--data-root={folder / 'data'}",
        f"--exec-root={folder / 'exec'}",
        f"--pidfile={folder / 'pid'}",
        f"--host={address}",
        "--default-ulimit=nofile=1024:1024",
        "--default-ulimit=nproc=1024:1024",
    ]


@contextlib.contextmanager
def running_engine() -> Iterator[DockerEngine]:
    """Start a Docker Engine in a folder of its own; containers, engine and folder are gone afterwards."""
    if sys.platform == "win32" or os.geteuid() != 0:
        pytest.skip("a Docker Engine can only be started by root")
    for name in ("dockerd", "docker", "busybox"):
        need_program(name)
    # The path of a socket may be 107 bytes long, which the folders of pytest are not short enough for.
    folder = Path(tempfile.mkdtemp(prefix="dockerd"))
    engine = DockerEngine(address=f"unix://{folder / 'sock'}")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(_command(folder, engine.address), stdout=log, stderr=log, start_new_session=True)
    try:
        _wait_until_ready(engine, process, folder / "log")
        yield engine
    finally:
        engine.remove_containers()
        process.terminate()
        process.wait(READY_S)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_ready(engine: DockerEngine, process: subprocess.Popen[bytes], log: Path) -> None:
    give_up = time.monotonic() + READY_S
    while not engine.docker("version", "--format", "{{.Server.Version}}", check=False).strip():
        if process.poll() is not None or time.monotonic() > give_up:
            pytest.skip(f"the Docker Engine does not start: {log.read_text(errors='replace')[-300:]}")
        time.sleep(0.05)


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[DockerEngine]:
    """Return a Docker Engine, or skip where none can be started."""
    with running_engine() as engine:
        yield engine
