"""Files are on the disk of the host before they have their names, and a disk that fills meanwhile is told as full."""

from __future__ import annotations

import hashlib
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cosmos_houdini.errors import DiskFull
from cosmos_houdini.hosts import Host, HostConfig, Transfer, open_host
from support.programs import need_program
from support.servers.full_disk import small_disk
from support.servers.host_programs import write_shell
from support.servers.sshd import Sshd, running_sshd

__all__ = ["small_disk"]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="jobs run on POSIX hosts")


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    folder = tmp_path / "programs"
    folder.mkdir()
    return folder


@pytest.fixture
def server(tmp_path: Path, programs: Path) -> Iterator[Sshd]:
    (tmp_path / "sshd").mkdir()
    with running_sshd(tmp_path / "sshd", path=f"{programs}:/usr/bin:/bin") as running:
        yield running


def to_send(host: Host, folder: Path, *sizes: int) -> list[Transfer]:
    host.run("mkdir -p objects")
    made = []
    for size in sizes:
        data = os.urandom(size)
        local = folder / f"{size}"
        local.write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        made.append(Transfer(local=local, remote=host.root / "objects" / digest, bytes=size, sha256=digest))
    return made


@pytest.mark.sshd
def test_a_host_has_what_was_sent_on_its_disk_before_it_has_its_name(
    server: Sshd, programs: Path, tmp_path: Path
) -> None:
    log = tmp_path / "synced"
    seen = f'ls {shlex.quote(str(tmp_path / "root" / "objects"))} >>{shlex.quote(str(log))}; echo "sync $*" >>{log}'
    write_shell(programs, "sync", f'{seen}; exec {need_program("sync")} "$@"')
    with closing(open_host("gpu01", server.config(tmp_path / "root"), project=tmp_path)) as host:
        host.put_many(to_send(host, tmp_path, 1000, 2000))
        host.put_many(to_send(host, tmp_path, 9 * 2**20))
    pack, large = [line.split() for line in log.read_text().splitlines() if line.startswith("sync ")]
    assert len(pack) == 3
    assert len(large) == 2
    assert log.read_text().splitlines()[0].startswith("sync ")


def test_this_machine_has_what_was_copied_on_its_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = open_host("here", HostConfig(), project=tmp_path)
    synced: list[list[Path]] = []
    real = os.fsync

    def noting(file: int) -> None:
        synced.append([path for path in Path(host.root / "objects").iterdir() if not path.name.startswith(".")])
        real(file)

    (transfer,) = to_send(host, tmp_path, 1000)
    monkeypatch.setattr(os, "fsync", noting)
    host.put_many([transfer])
    assert synced == [[]]
    assert Path(transfer.remote).is_file()


@pytest.mark.sshd
def test_a_disk_with_room_for_a_file_and_not_for_its_pack_is_full(
    server: Sshd, small_disk: Path, tmp_path: Path
) -> None:
    with closing(open_host("gpu01", server.config(small_disk / "root"), project=tmp_path)) as host:
        transfers = to_send(host, tmp_path, 300_000, 350_000)
        with pytest.raises(DiskFull, match="no room on host 'gpu01'"):
            host.put_many(transfers)
        assert list((small_disk / "root" / "objects").iterdir()) == []
        host.run("rm -rf incoming")
        host.put_many(transfers[:1])
        assert len(list((small_disk / "root" / "objects").iterdir())) == 1
