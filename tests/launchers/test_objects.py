"""An object on a host has the hash that it is named by, or it is sent again."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cosmos_houdini.hosts import Host, open_host
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.launchers.staging import find_damaged_inputs, stage
from support.jobs.launched_tasks import path, task
from support.servers.host_programs import write_shell

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="jobs run on POSIX hosts")

CONTENT = bytes(range(256)) * 100


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    file = tmp_path / "clip.mp4"
    file.write_bytes(CONTENT)
    return file


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return open_host("here", HostConfig(), project=tmp_path)


@pytest.fixture
def hashed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Count the calls of the program that hashes."""
    log = tmp_path / "hashed"
    log.touch()
    write_shell(tmp_path / "bin", "openssl", f'echo >>"{log}"; shift 3; exec sha256sum "$@"')
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    return lambda: len(log.read_text().splitlines())


def staged(host: Host, clip: Path, job_id: str) -> Path:
    new = task(host, ("true",), job_id=job_id, inputs={"in/x": clip})
    assert stage(host, new, {})
    return path(new.site) / "in/x"


def the_object(host: Host) -> Path:
    (found,) = [file for file in Path(host.root / "objects").rglob("*") if file.is_file()]
    return found


def wait_a_moment() -> None:
    """Let the second pass in which a file was written: its proof is not kept until then."""
    time.sleep(2.1)


def other_content(file: Path) -> None:
    file.write_bytes(CONTENT[::-1])


def zeros(file: Path) -> None:
    file.write_bytes(bytes(len(CONTENT)))


def other_file_with_old_times(file: Path) -> None:
    before = file.stat()
    new = file.with_name("new")
    new.write_bytes(CONTENT[::-1])
    new.replace(file)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def one_bit_and_old_times(file: Path) -> None:
    before = file.stat()
    with file.open("r+b") as opened:
        opened.write(b"\1")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def link_to_elsewhere(file: Path) -> None:
    elsewhere = file.parent.parent.parent / "elsewhere"
    elsewhere.write_bytes(CONTENT)
    file.unlink()
    file.symlink_to(elsewhere)


DAMAGES = [other_content, zeros, other_file_with_old_times, one_bit_and_old_times, link_to_elsewhere, Path.unlink]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("proven", [False, True])
def test_an_object_of_other_content_is_sent_again(
    host: Host, clip: Path, damage: Callable[[Path], None], *, proven: bool
) -> None:
    staged(host, clip, "a")
    stored = the_object(host)
    if proven:
        wait_a_moment()
        staged(host, clip, "b")
    damage(stored)
    assert staged(host, clip, "c").read_bytes() == CONTENT
    assert stored.is_file()
    assert not stored.is_symlink()


def test_an_object_is_hashed_once_until_it_changes(host: Host, clip: Path, hashed: Callable[[], int]) -> None:
    staged(host, clip, "a")
    wait_a_moment()
    before = hashed()
    for job_id in ("b", "c", "d"):
        staged(host, clip, job_id)
    assert hashed() - before == 1
    os.utime(the_object(host))
    staged(host, clip, "e")
    assert hashed() - before == 2


def test_a_proof_ends_with_the_boot_of_the_host(host: Host, clip: Path, hashed: Callable[[], int]) -> None:
    staged(host, clip, "a")
    wait_a_moment()
    staged(host, clip, "b")
    (proof,) = Path(host.root / "proofs").iterdir()
    *known, boot = proof.read_text().split()
    assert boot == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    proof.write_text(" ".join([*known, "another-boot"]) + "\n")
    before = hashed()
    staged(host, clip, "c")
    assert hashed() - before == 1


def test_a_proof_is_not_kept_for_what_was_written_this_moment(host: Host, clip: Path) -> None:
    staged(host, clip, "a")
    stored = the_object(host)
    for content in (CONTENT[::-1], bytes(len(CONTENT)), CONTENT[::-1]):
        stored.write_bytes(content)
        assert staged(host, clip, f"job-{content[:1].hex()}-{time.monotonic_ns()}").read_bytes() == CONTENT


def test_an_old_object_that_is_wanted_is_kept_from_a_clean_up(host: Host, clip: Path) -> None:
    staged(host, clip, "a")
    stored = the_object(host)
    day_ago = time.time() - 86400
    os.utime(stored, (day_ago, day_ago))
    staged(host, clip, "b")
    assert stored.stat().st_mtime > day_ago + 80000


def test_what_a_job_reads_is_proven_when_it_has_ended(host: Host, clip: Path) -> None:
    new = task(host, ("true",), inputs={"in/x": clip})
    stage(host, new, {})
    stored = the_object(host)
    assert find_damaged_inputs(host, new.site, again=False) == ()
    wait_a_moment()
    assert find_damaged_inputs(host, new.site, again=False) == ()
    other_content(stored)
    assert find_damaged_inputs(host, new.site, again=False) == (stored.name,)


def test_a_disk_that_forgets_bits_is_found_by_hashing_again(host: Host, clip: Path) -> None:
    new = task(host, ("true",), inputs={"in/x": clip})
    stage(host, new, {})
    stored = the_object(host)
    other_content(stored)
    wait_a_moment()
    # The proof of what no program has changed: as a disk that gives other bytes back.
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    seen = stored.stat()
    proof = f"{seen.st_ino} {seen.st_size} {int(seen.st_mtime)} {int(seen.st_ctime)} {boot}\n"
    Path(host.root / "proofs" / stored.name).write_text(proof)
    assert find_damaged_inputs(host, new.site, again=False) == ()
    assert find_damaged_inputs(host, new.site, again=True) == (stored.name,)
    assert staged(host, clip, "b").read_bytes() == CONTENT


def test_a_host_without_a_number_of_its_boot_hashes_each_time(tmp_path: Path) -> None:
    from cosmos_houdini.hosts.ownership import ownership_script  # noqa: PLC0415 - for this test alone
    from cosmos_houdini.hosts.transfer.script import DIGESTS  # noqa: PLC0415
    from cosmos_houdini.launchers.shell import assignments, script_part  # noqa: PLC0415

    folder = tmp_path / "objects" / "ab"
    folder.mkdir(parents=True)
    (tmp_path / "proofs").mkdir()
    (folder / ("ab" + 62 * "0")).write_bytes(b"x")
    os.utime(folder / ("ab" + 62 * "0"), (1, 1))
    values = assignments(judged="yes", objects=folder.parent, proofs=tmp_path / "proofs", wanted=f"ab/ab{62 * '0'} 1")
    script = values + ownership_script() + DIGESTS + script_part("common/objects") + "find_boot() { boot=; }\nprove\n"
    for shell in ("dash", "bash", "busybox ash"):
        told = subprocess.check_output([*shell.split(), "-c", script], cwd=folder.parent, text=True)
        assert told == f"damaged ab/ab{62 * '0'}\n"
    assert list((tmp_path / "proofs").iterdir()) == []
