"""Projects that can only be read, that belong to another user, whose disk locks no files, or whose store is damaged."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cosmos_houdini.errors import BadInput
from cosmos_houdini.jobs.store.jobs import Store, store_path
from support import FAKE_ENGINE, python_path
from support.jobs.job_project import Shop
from support.programs import find_program, need_program

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="modes and mounts of POSIX systems")

NOBODY = 65534


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Give a folder that other users of this machine can reach; pytest keeps its own to itself."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def command(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a project."""
    return subprocess.run(
        [sys.executable, str(FAKE_ENGINE), *arguments],
        cwd=project,
        env={**os.environ, "PYTHONPATH": python_path()},
        capture_output=True,
        text=True,
        check=False,
    )


def as_nobody(folder: Path, look: Callable[[], str]) -> str:
    """Return what a function returns, or the error that it raises, if the user nobody calls it."""
    told = folder / "told"
    told.touch()
    told.chmod(0o666)
    child = os.fork()
    if not child:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        try:
            said = look()
        except Exception as error:  # noqa: BLE001 -- another process, which tells by a file alone
            said = f"{type(error).__name__}: {error}"
        told.write_text(said)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    return told.read_text()


def jobs_of(project: Path) -> str:
    with closing(Store.of(project)) as store:
        return f"{[job.id for job in store.jobs()]}, {store.obstacle}"


def write_to(project: Path) -> str:
    with closing(Store.of(project)) as store:
        store.check_writable()
    return "written"


@pytest.fixture
def read_only(shop: Shop, tmp_path: Path) -> Iterator[Path]:
    """Give the project of a job that has ended, on a disk that is read-only now."""
    if os.geteuid() != 0 or not find_program("mount"):
        pytest.skip("only root can mount a disk")
    assert shop.main("run", shop.spec()) == 0
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", disk], check=False, capture_output=True).returncode:
        pytest.skip("this machine mounts no tmpfs")
    shutil.copytree(shop.folder, disk / "project", dirs_exist_ok=True)
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    yield disk / "project"
    subprocess.run(["umount", "--lazy", disk], check=True)


def test_a_read_only_project_is_still_read(read_only: Path, shop: Shop, tmp_path: Path) -> None:
    job = shop.record().id
    listed = command(read_only, "status", "--json")
    assert listed.returncode == 0, listed.stderr
    assert [(each["id"], each["state"]) for each in json.loads(listed.stdout)["jobs"]] == [(job, "succeeded")]
    shown = command(read_only, "show", job)
    assert (shown.returncode, job in shown.stdout) == (0, True), shown.stderr
    reported = command(read_only, "report", job, "--json")
    assert "cannot be made: Read-only file system; name another folder with -o" in reported.stderr
    reported = command(read_only, "report", job, "--json", "-o", str(tmp_path / "report"))
    assert reported.returncode == 0, reported.stderr


@pytest.mark.parametrize("arguments", [["run", "shot.json"], ["retry", "shot"], ["fetch", "shot"], ["attach"]])
def test_a_read_only_project_refuses_what_it_could_not_keep(read_only: Path, arguments: list[str]) -> None:
    done = command(read_only, *arguments)
    assert "Traceback" not in done.stderr
    assert done.returncode in {0, 2}, done.stderr
    if done.returncode:
        assert len(done.stderr.strip().splitlines()) <= 2, done.stderr


def test_a_running_job_of_a_read_only_project_is_told_as_it_was_last_known(tmp_path: Path, shop: Shop) -> None:
    go = tmp_path / "go"
    assert shop.main("run", shop.spec(until=str(go)), "--detach") == 0
    with closing(Store.of(shop.folder)) as store:
        store.obstacle = "its disk is read-only"
        with pytest.raises(BadInput, match=r"can only be read: its disk is read-only; work in a project folder"):
            store.note(shop.record(), "")
    go.touch()
    assert shop.main("attach") == 0


@pytest.fixture
def reachable(shop: Shop, open_folder: Path) -> Path:
    """Return the project of a job that has ended, in a folder that other users can reach."""
    assert shop.main("run", shop.spec()) == 0
    shutil.copytree(shop.folder, open_folder / "project")
    (open_folder / "project").chmod(0o755)
    (open_folder / "project" / ".cosmos").chmod(0o700)
    return open_folder / "project"


def test_a_project_that_its_owner_has_opened_is_read_with_its_journal(reachable: Path, shop: Shop) -> None:
    with closing(Store.of(reachable)) as store:
        store.note(shop.record(), "a new stage")
        assert store_path(reachable).with_name("jobs.db-wal").stat().st_size > 0
        for path in (reachable / ".cosmos", *(reachable / ".cosmos").glob("jobs.db*")):
            path.chmod(0o755)
        told = as_nobody(reachable.parent, lambda: jobs_of(reachable))
    assert told == f"['{shop.record().id}'], {reachable}/.cosmos belongs to root"


def test_a_project_of_another_user_is_refused_in_one_sentence(reachable: Path) -> None:
    assert as_nobody(reachable.parent, lambda: jobs_of(reachable)) == (
        f"BadInput: {reachable}/.cosmos belongs to root (mode 0700), and a project's jobs are its owner's alone;"
        " work in a project folder of your own; the shots may lie elsewhere"
    )


def test_a_project_that_cannot_be_written_to_has_no_jobs_yet(open_folder: Path) -> None:
    project = open_folder / "project"
    project.mkdir(mode=0o755)
    assert as_nobody(open_folder, lambda: jobs_of(project)) == "[], "
    assert as_nobody(open_folder, lambda: write_to(project)).startswith(
        f"BadInput: the jobs of {project} can only be read: {project}: Permission denied;"
    )
    assert list(project.iterdir()) == []


@pytest.fixture
def without_locks(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command line whose every flock fails as on a disk without locks; the kernel itself answers so."""
    strace = need_program("strace")
    inject = [
        strace,
        "-f",
        "-qq",
        "-o",
        str(tmp_path / "trace"),
        "-e",
        "trace=flock",
        "-e",
        "inject=flock:error=ENOLCK",
    ]
    if subprocess.run([*inject, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets no process trace another")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*inject, sys.executable, str(FAKE_ENGINE), *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": python_path()},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_a_disk_without_locks_is_named(
    without_locks: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    (tmp_path / ".cosmos").mkdir()
    done = without_locks("status")
    assert done.returncode == 2
    (said,) = done.stderr.strip().splitlines()
    assert "jobs.db.lock cannot be locked: No locks available; move the project to a disk that locks files" in said


def test_the_doctor_tells_of_a_disk_without_locks(
    without_locks: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    done = without_locks("doctor", "--json")
    checks = {check["check"]: check for check in json.loads(done.stdout)["checks"]}
    assert (done.returncode, checks["project"]["verdict"]) == (1, "fail")
    assert "No locks available" in checks["project"]["seen"]
    assert "move the project" in checks["project"]["action"]
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".lock")] == []


DAMAGES = {
    "state": "'weird'",
    "failure_class": "'weird'",
    "outputs": "'5'",
    "inputs": "'[]'",
    "request": "'{'",
    "request ": "'[1]'",
    "request  ": '\'{"schema": "cosmos-houdini/request/1"}\'',
    "request   ": "json_remove(request, '$.video')",
    "request    ": "json_set(request, '$.video.size', 5)",
    "request     ": "json_remove(request, '$.parameters')",
    "request      ": "json_set(request, '$.schema', 7)",
}


@pytest.mark.parametrize("column", DAMAGES)
def test_a_damaged_row_is_told_in_one_sentence(shop: Shop, column: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert shop.main("run", shop.spec(fault="exit")) == 1
    job = shop.record().id
    with closing(sqlite3.connect(store_path(shop.folder))) as database, database:
        database.execute(f"UPDATE jobs SET {column.strip()} = {DAMAGES[column]}")  # noqa: S608 -- constants of this test
    capsys.readouterr()
    for arguments in (["status"], ["show", job], ["report", job], ["logs", job], ["attach", job], ["retry", job]):
        code = shop.main(*arguments)
        said = capsys.readouterr().err
        assert "Traceback" not in said, said
        assert code in {0, 1, 2}, (arguments, said)
        assert len(said.strip().splitlines()) <= 3, said
    if column.strip() in {"state", "failure_class", "outputs"}:
        assert shop.main("status") == 2
        assert f"jobs.db is damaged: the row of job {job} cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [("attempts", "options", "'[]'"), ("attempts", "made_with", "'5'"), ("events", "state", "'x'")],
)
def test_a_damaged_history_is_told_in_one_sentence(
    shop: Shop, table: str, column: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shop.main("run", shop.spec()) == 0
    with closing(sqlite3.connect(store_path(shop.folder))) as database, database:
        database.execute(f"UPDATE {table} SET {column} = {value}")  # noqa: S608 -- constants of this test
    capsys.readouterr()
    assert shop.main("show", shop.record().id if table == "events" else "shot") == 2
    assert "is damaged: the row of job shot-" in capsys.readouterr().err


@pytest.mark.parametrize("version", [-1, 0, 1, 2, 99])
def test_a_version_that_was_set_by_hand_is_told_in_one_sentence(
    shop: Shop, version: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shop.main("run", shop.spec()) == 0
    with closing(sqlite3.connect(store_path(shop.folder))) as database:
        database.execute(f"PRAGMA user_version = {version}")
    capsys.readouterr()
    assert shop.main("status") == 2
    (said,) = capsys.readouterr().err.strip().splitlines()
    assert re.search(r"is no job store: (duplicate column|table jobs already)|the job store has version", said)


@pytest.mark.parametrize(
    "arguments", [["status"], ["logs", "x"], ["show", "x"], ["report", "x"], ["batch", "status"], ["attach"]]
)
def test_reading_a_project_without_jobs_leaves_nothing_behind(tmp_path: Path, arguments: list[str]):
    done = command(tmp_path, *arguments)
    assert done.returncode == (2 if "x" in arguments else 0)
    assert " no jobs yet" in done.stderr + done.stdout or arguments in (["batch", "status"], ["attach"])
    assert not list(tmp_path.iterdir())


def test_a_store_that_was_opened_before_it_was_made_sees_the_jobs_of_others(shop: Shop):
    with closing(Store.of(shop.folder)) as early:
        assert early.jobs() == []
        assert shop.main("run", shop.spec()) == 0
        assert [job.id for job in early.jobs()] == [shop.record().id]
