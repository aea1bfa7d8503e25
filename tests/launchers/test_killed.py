"""Programs that the system killed: told as killed, with the kernel's evidence for or against want of memory."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from cosmos_houdini.engines import find_engine
from cosmos_houdini.engines.base import EngineLog
from cosmos_houdini.engines.failures import NOT_FOR_MEMORY
from cosmos_houdini.hosts import Host, open_host
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.jobs.verdict import run_failure
from cosmos_houdini.model.job import FailureClass
from support.jobs.launched_tasks import begin, ended, task

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="jobs run on POSIX hosts")

CONFIG = HostConfig()
LIMIT_BYTES = 40_000_000
ENGINES = ("preview", "transfer1", "transfer2.5", "diffusers")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return open_host("here", CONFIG, project=tmp_path)


@pytest.fixture
def small_group() -> Iterator[Path]:
    """Return a memory cgroup with little memory, version 1 or 2, or skip."""
    groups = dict(line.split(":", 2)[1:] for line in Path("/proc/self/cgroup").read_text("ascii").splitlines())
    version_1 = Path("/sys/fs/cgroup/memory") / groups.get("memory", "/").lstrip("/")
    version_2 = Path("/sys/fs/cgroup") / groups.get("", "/").lstrip("/")
    parent, limit = (version_1, "memory.limit_in_bytes") if "memory" in groups else (version_2, "memory.max")
    group = parent / f"test-{uuid.uuid4().hex[:8]}"
    try:
        group.mkdir()
        (group / limit).write_text(str(LIMIT_BYTES), encoding="ascii")
    except OSError as error:
        pytest.skip(f"this machine lets nobody make a cgroup with a memory limit: {error.strerror}")
    yield group
    group.rmdir()


def count_is_readable() -> bool:
    groups = dict(line.split(":", 2)[1:] for line in Path("/proc/self/cgroup").read_text("ascii").splitlines())
    files = [
        Path("/sys/fs/cgroup/memory") / groups.get("memory", "/").lstrip("/") / "memory.oom_control",
        Path("/sys/fs/cgroup") / groups.get("", "/").lstrip("/") / "memory.events",
    ]
    return any(file.is_file() and "oom_kill " in file.read_text("ascii") for file in files)


def test_a_program_that_the_kernel_killed_for_memory_is_told_so(host: Host, small_group: Path) -> None:
    # The script of the job enters the cgroup together with its program.
    enter = f"echo $PPID >{small_group}/cgroup.procs; echo $$ >{small_group}/cgroup.procs"
    new = begin(host, CONFIG, task(host, ("sh", "-c", f"{enter}; exec tail /dev/zero")))
    seen = ended(host, new.site)
    assert (seen.exit_code, seen.oom_killed) == (137, True)
    for name in ENGINES:
        log = EngineLog(stdout="", stderr=seen.stderr_tail)
        failure = run_failure(find_engine(name), 137, log, oom_killed=seen.oom_killed)
        assert failure is not None
        assert (failure.failure, failure.retryable) == (FailureClass.OOM, False)
        assert failure.message.startswith("the program was killed because main memory ran out")


def test_a_program_that_somebody_killed_is_told_so_and_memory_is_not_blamed(host: Host) -> None:
    if not count_is_readable():
        pytest.skip("the kernel of this machine keeps no readable count of kills for want of memory")
    new = begin(host, CONFIG, task(host, ("sh", "-c", "kill -9 $$")))
    seen = ended(host, new.site)
    assert (seen.exit_code, seen.oom_killed) == (137, False)
    assert NOT_FOR_MEMORY in seen.stderr_tail
    for name in ENGINES:
        log = EngineLog(stdout="", stderr=seen.stderr_tail)
        failure = run_failure(find_engine(name), 137, log, oom_killed=False)
        assert failure is not None
        assert failure.failure is FailureClass.ENGINE_ERROR
        assert failure.message.startswith("the program was killed (SIGKILL) by a person or another program")


@pytest.mark.parametrize("name", ENGINES)
def test_a_kill_without_a_record_may_be_for_memory_and_says_that_nothing_is_known(name: str) -> None:
    failure = run_failure(find_engine(name), 137, EngineLog(stdout="", stderr="Killed\n"), oom_killed=False)
    assert failure is not None
    assert (failure.failure, failure.retryable) == (FailureClass.OOM, False)
    assert "was killed (SIGKILL)" in failure.message
    assert "no readable record" in failure.message


@pytest.mark.parametrize("ending", ["exit 137", "exit 9"])
def test_a_program_that_says_137_itself_leaves_no_file_of_a_kill(host: Host, ending: str) -> None:
    new = begin(host, CONFIG, task(host, ("sh", "-c", ending)))
    assert not ended(host, new.site).oom_killed
