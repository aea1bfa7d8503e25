from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from cosmos_houdini.errors import BadInput, DiskFull, HostError
from cosmos_houdini.hosts import Host, OnBytes, Progress, open_host
from cosmos_houdini.hosts.local import LocalHost
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.launchers import Task, launcher_for
from cosmos_houdini.launchers.job_folder import HostJobState
from cosmos_houdini.launchers.staging import stage
from support.jobs.launched_tasks import begin, ended, observe, path, task

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="jobs run on POSIX hosts")


class WatchedHost(LocalHost):
    """This machine, which notes what is sent and can damage it on the way."""

    def __init__(self, project: Path, damaged: int = 0) -> None:
        super().__init__("here", project / ".cosmos" / "host")
        self.sent: list[str] = []
        self.commands = 0
        self.damaged = damaged

    def run(self, script: str, *, timeout_s: float = 60.0):
        self.commands += 1
        return super().run(script, timeout_s=timeout_s)

    def put(self, local: Path, remote: PurePosixPath, *, on_bytes: OnBytes | None = None) -> None:
        self.sent.append(local.name)
        super().put(local, remote, on_bytes=on_bytes)
        if self.damaged:
            self.damaged -= 1
            data = bytearray(Path(remote).read_bytes())
            data[len(data) // 2] ^= 1
            Path(remote).write_bytes(data)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    file = tmp_path / "my clip.mp4"
    file.write_bytes(bytes(range(256)) * 100)
    return file


def objects(host: Host) -> list[Path]:
    return sorted(p for p in Path(host.root / "objects").rglob("*") if not p.is_dir())


def test_an_input_arrives_as_an_object_with_a_link_to_it(weird_path: Path, clip: Path) -> None:
    host = open_host("here", HostConfig(), project=weird_path)
    inputs = {"in/color.mp4": clip, "in/deep/er/it's.mp4": clip}
    new = task(host, ("true",), inputs=inputs, files={"in/spec.json": "größe\n", "in/deep/a b": ""})
    stage(host, new, {"prompt": "größe"})
    digest = hashlib.sha256(clip.read_bytes()).hexdigest()
    assert objects(host) == [Path(host.root / "objects" / digest[:2] / digest)]
    for relative in inputs:
        link = path(new.site) / relative
        assert not link.readlink().is_absolute()
        assert link.read_bytes() == clip.read_bytes()
    assert (path(new.site) / "in/spec.json").read_text() == "größe\n"
    assert (path(new.site) / "in/deep/a b").read_text() == ""
    assert json.loads((path(new.site) / "request.json").read_text()) == {"prompt": "größe"}
    assert observe(host, new.site)["job"].state is HostJobState.STAGED


def test_a_program_among_the_inputs_can_be_run(tmp_path: Path) -> None:
    program = tmp_path / "tool"
    program.write_text("#!/bin/sh\necho ran\n")
    host = open_host("here", HostConfig(), project=tmp_path)
    new = task(host, ("in/tool",), inputs={"in/tool": program}, executables=("in/tool",))
    assert ended(host, begin(host, HostConfig(), new).site).stdout_tail == "ran\n"


def test_each_content_is_sent_once_for_all_jobs(tmp_path: Path, clip: Path) -> None:
    host = WatchedHost(tmp_path)
    twin = tmp_path / "twin.mp4"
    twin.write_bytes(clip.read_bytes())
    told: list[Progress] = []
    for job_id in ("a", "b", "c"):
        new = task(host, ("true",), job_id=job_id, inputs={"in/x": clip, "in/y": twin, "in/z": clip})
        stage(host, new, {}, on_progress=told.append)
        stage(host, new, {}, on_progress=told.append)
    assert len(host.sent) == 1
    assert [progress.moved_bytes for progress in told] == [clip.stat().st_size]


def test_staging_asks_once_for_all_inputs(tmp_path: Path) -> None:
    host = WatchedHost(tmp_path)
    inputs = {}
    for i in range(40):
        (tmp_path / f"{i}").write_text(f"{i}")
        inputs[f"in/{i}"] = tmp_path / f"{i}"
    stage(host, task(host, ("true",), inputs=inputs), {})
    assert (len(host.sent), host.commands) == (40, 2)


def test_a_damaged_upload_is_sent_again(tmp_path: Path, clip: Path) -> None:
    host = WatchedHost(tmp_path, damaged=2)
    new = task(host, ("true",), inputs={"in/x": clip})
    stage(host, new, {})
    assert len(host.sent) == 3
    assert (path(new.site) / "in/x").read_bytes() == clip.read_bytes()


def test_an_upload_that_is_damaged_each_time_leaves_nothing_behind(tmp_path: Path, clip: Path) -> None:
    host = WatchedHost(tmp_path, damaged=99)
    new = task(host, ("true",), inputs={"in/x": clip})
    with pytest.raises(HostError, match=r"my clip\.mp4 arrived damaged"):
        stage(host, new, {})
    assert objects(host) == []
    assert observe(host, new.site)["job"].state is HostJobState.ABSENT


def test_an_object_of_the_wrong_size_is_replaced(tmp_path: Path, clip: Path) -> None:
    host = WatchedHost(tmp_path)
    new = task(host, ("true",), inputs={"in/x": clip})
    stage(host, new, {})
    objects(host)[0].write_bytes(b"cut")
    stage(host, new, {})
    assert (path(new.site) / "in/x").read_bytes() == clip.read_bytes()


def test_two_clients_that_stage_the_same_job_at_once_do_no_harm(tmp_path: Path, clip: Path) -> None:
    host = open_host("here", HostConfig(), project=tmp_path)
    new = task(host, ("cat", "in/x", "in/spec"), inputs={"in/x": clip}, files={"in/spec": "s"})
    problems: list[Exception] = []

    def both() -> None:
        try:
            begin(host, HostConfig(), new)
        except Exception as error:  # noqa: BLE001 -- a thread's error would be lost
            problems.append(error)

    threads = [threading.Thread(target=both) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert ended(host, new.site).stdout_bytes == clip.stat().st_size + 1


def test_a_started_job_is_left_alone(tmp_path: Path, clip: Path) -> None:
    host = WatchedHost(tmp_path)
    new = begin(host, HostConfig(), task(host, ("true",), inputs={"in/x": clip}))
    ended(host, new.site)
    before = (path(new.site) / "request.json").stat().st_mtime_ns
    stage(host, new, {"other": 1})
    assert (path(new.site) / "request.json").stat().st_mtime_ns == before


def test_all_that_is_staged_is_private(tmp_path: Path, clip: Path) -> None:
    os.umask(0o022)
    host = open_host("here", HostConfig(), project=tmp_path)
    stage(host, task(host, ("true",), inputs={"in/x": clip}, files={"in/a": "b"}), {})
    for entry in [Path(host.root), *Path(host.root).rglob("*")]:
        assert entry.is_symlink() or stat.S_IMODE(entry.stat().st_mode) & 0o077 == 0, entry


@pytest.mark.parametrize("relative", ["../x", "/etc/x", "in/../../x", "", "in/a\nb"])
def test_paths_that_leave_the_folder_are_refused(tmp_path: Path, clip: Path, relative: str) -> None:
    host = open_host("here", HostConfig(), project=tmp_path)
    with pytest.raises(BadInput, match="paths inside the job's folder"):
        stage(host, task(host, ("true",), inputs={relative: clip}), {})
    with pytest.raises(BadInput, match="paths inside the job's folder"):
        stage(host, task(host, ("true",), files={relative: ""}), {})


def test_a_missing_input_is_named(tmp_path: Path) -> None:
    host = open_host("here", HostConfig(), project=tmp_path)
    with pytest.raises(BadInput, match=r"gone\.mp4 cannot be read"):
        stage(host, task(host, ("true",), inputs={"in/x": tmp_path / "gone.mp4"}), {})


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    disk = tmp_path / "small disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=False, capture_output=True
    ).returncode:
        pytest.skip("no file system can be mounted here")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def test_a_host_without_room_is_told_before_anything_is_sent(small_disk: Path, tmp_path: Path) -> None:
    big = tmp_path / "big"
    big.write_bytes(bytes(3_000_000))
    host = WatchedHost(small_disk)
    with pytest.raises(DiskFull, match=r"MB free in .*and 3\.0 MB are needed"):
        stage(host, task(host, ("true",), inputs={"in/x": big}), {})
    assert host.sent == []


def test_a_job_that_fills_the_disk_still_leaves_its_exit_code(small_disk: Path) -> None:
    host = open_host("here", HostConfig(), project=small_disk)
    fill = "cat /dev/zero > out/x; code=$?; echo y >> out/z; exit $code"
    new: Task = begin(host, HostConfig(), task(host, ("sh", "-c", fill)))
    seen = ended(host, new.site)
    assert (seen.state, seen.exit_code) == (HostJobState.ENDED, 1)
    assert "No space left" in seen.stderr_tail or seen.stderr_tail == ""
    launcher_for("here", HostConfig()).cancel(host, new.site, "job")
