"""Nothing in the root of a host is used that another user of the host owns, or may write to."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cosmos_houdini.errors import HostError
from cosmos_houdini.hosts import HostConfig, open_host
from cosmos_houdini.hosts.ownership import FOLDERS, FOREIGN_EXIT
from cosmos_houdini.launchers.job_folder import JOBS, LOCKS, OBJECTS, PROOFS
from cosmos_houdini.launchers.shell import quoted
from support.faults.fault_project import TOKEN, Scene, until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="jobs run on POSIX hosts")

NOBODY = 65534
"""The user ``nobody`` of Debian and of most other systems."""
WHERE = ["here", pytest.param("ssh", marks=pytest.mark.sshd)]


@pytest.fixture
def other() -> int:
    """Return the number of another user of this machine, whose files only root can make."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder to another user")
    return NOBODY


@pytest.fixture
def reachable() -> Iterator[Path]:
    """Give a root that other users of this machine can reach; pytest keeps its own folders to itself."""
    # The scene has given temporary files a folder of its own.
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        yield Path(name)


@pytest.fixture(params=WHERE)
def scene(request: pytest.FixtureRequest) -> Scene:
    found: Scene = request.getfixturevalue(request.param)
    found.shop.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    return found


def given_away(folder: Path) -> None:
    os.chown(folder, NOBODY, NOBODY)


def open_to_all(folder: Path) -> None:
    folder.chmod(0o777)


def open_to_the_group(folder: Path) -> None:
    folder.chmod(0o775)


def replaced_by_a_link(folder: Path) -> None:
    elsewhere = folder.with_name(f"{folder.name}-elsewhere")
    folder.rename(elsewhere)
    folder.symlink_to(elsewhere)


FOREIGN = {
    given_away: "belongs to nobody and not to root (mode 0700); nothing in it is used; set hosts.gpu.root",
    open_to_all: "(owner root, mode 0777); nothing in it is used; look at what lies in it, then `chmod go-w",
    open_to_the_group: "(owner root, mode 0775); nothing in it is used; look at what lies in it, then `chmod go-w",
    replaced_by_a_link: "is a link (of root) and no folder of root; nothing in it is used; put a folder in its place",
}


@pytest.mark.usefixtures("other")
@pytest.mark.parametrize("spoil", FOREIGN)
@pytest.mark.parametrize("name", ["", *FOLDERS])
def test_a_folder_of_the_root_that_is_not_the_users_alone_is_refused(
    tmp_path: Path, spoil: Callable[[Path], None], name: str
) -> None:
    folder = tmp_path / "host's root" / name
    folder.mkdir(mode=0o700, parents=True)
    (tmp_path / "host's root").chmod(0o700)
    spoil(folder)
    with closing(open_host("gpu", HostConfig(root=f"{tmp_path}/host's root"), project=tmp_path)) as host:
        if not name and spoil is replaced_by_a_link:
            # A root may lie behind a link: what it leads to is looked at.
            assert host.run("echo ran").stdout == "ran\n"
            return
        with pytest.raises(HostError) as refusal:
            host.run(f"touch '{tmp_path}/ran'")
    assert f"{folder} " in str(refusal.value)
    assert FOREIGN[spoil] in str(refusal.value)
    assert not (tmp_path / "ran").exists()


@pytest.mark.usefixtures("other")
@pytest.mark.parametrize("spoil", [given_away, open_to_all])
def test_a_job_is_not_sent_to_a_root_that_is_not_the_users_alone(
    scene: Scene, spoil: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    jobs = scene.shop.root / "jobs"
    jobs.mkdir(mode=0o700)
    spoil(jobs)
    assert scene.run() == 3
    said = capsys.readouterr().err
    assert f"{jobs} " in said
    assert FOREIGN[spoil] in said
    assert list(jobs.iterdir()) == []
    assert scene.shop.started() == 0


def test_every_folder_that_is_made_in_a_root_is_looked_at(here: Scene) -> None:
    assert {JOBS, OBJECTS, LOCKS, PROOFS} < set(FOLDERS)
    for _ in range(2):
        assert here.run(name="shot") == 0
    assert {path.name for path in here.shop.root.iterdir()} <= set(FOLDERS)


@pytest.mark.usefixtures("other")
@pytest.mark.parametrize("spoil", [given_away, open_to_the_group, replaced_by_a_link])
def test_a_jobs_folder_that_somebody_else_has_made_is_not_started(
    scene: Scene, spoil: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    assert scene.run(fault="exit") == 1
    second = scene.shop.root / "jobs" / f"{scene.shop.record().id}.2"
    second.mkdir(mode=0o700)
    (second / "run.sh").write_text(f"touch '{scene.tmp}/stolen'\n")
    spoil(second)
    capsys.readouterr()
    assert scene.shop.main("retry", scene.shop.record().id) == 3
    assert f"{second}" in capsys.readouterr().err
    assert not (scene.tmp / "stolen").exists()
    assert not (second / "secrets").exists()
    assert scene.shop.started() == 1
    (second.unlink if second.is_symlink() else lambda: shutil.rmtree(second))()
    assert scene.shop.main("attach") == 1


@pytest.mark.usefixtures("other")
def test_a_neighbour_who_waits_for_a_script_to_replace_gets_nothing_to_run(
    scene: Scene, reachable: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    scene.move_root(reachable)
    assert scene.run(fault="exit") == 1
    # A neighbour has to reach the root, which another program of the user has made.
    jobs = reachable / "jobs"
    reachable.chmod(0o755)
    jobs.chmod(0o777)
    job = f"{jobs / scene.shop.record().id}.2"
    attack = (
        f"mkdir {quoted(job)} && chmod 777 {quoted(job)}; cd {quoted(job)} || exit; until [ -e run.sh ]; do :; done; "
        "rm -f run.sh; echo 'id >seen' >run.sh; cat secrets >token"
    )
    neighbour = subprocess.Popen(["sh", "-c", attack], user=NOBODY, group=NOBODY, extra_groups=[])
    try:
        until(lambda: Path(job).exists())
        assert scene.shop.main("retry", scene.shop.record().id) == 3
        time.sleep(0.3)
        assert neighbour.poll() is None
        assert list(Path(job).iterdir()) == []
    finally:
        neighbour.kill()
        neighbour.wait()


@pytest.mark.usefixtures("other")
def test_a_job_whose_folder_was_opened_keeps_its_state_and_others_go_on(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    go = scene.tmp / "go"
    for name in ("bad", "good"):
        assert scene.shop.main("run", scene.shop.spec(name=name, until=str(go)), "--detach") == 0
    bad, good = (scene.shop.record(name).id for name in ("bad", "good"))
    (scene.shop.root / "jobs" / bad).chmod(0o777)
    go.touch()
    until(lambda: all((scene.shop.root / "jobs" / job / "exit_code").exists() for job in (bad, good)))
    capsys.readouterr()
    assert scene.shop.main("attach", bad, good) == 3
    assert re.search(
        rf"other users may write to .*{bad} on host gpu \(owner root, mode 0777\)", capsys.readouterr().err
    )
    assert str(scene.shop.record("good").state) == "succeeded"
    assert not scene.shop.record("bad").state.final
    for command in (("logs", bad), ("cancel", bad)):
        assert scene.shop.main(*command) == 3
    (scene.shop.root / "jobs" / bad).chmod(0o700)
    assert scene.shop.main("attach", bad) == 0


@pytest.mark.usefixtures("other")
def test_a_job_of_a_neighbour_is_not_adopted(here: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    assert here.run() == 0
    job = here.shop.record().id
    given_away(here.shop.root / "jobs" / job)
    shutil.rmtree(here.shop.folder / ".cosmos")
    assert here.shop.main("attach", job, "--host", "gpu") == 3
    assert f"{job} on host gpu belongs to nobody" in capsys.readouterr().err


@pytest.mark.usefixtures("other")
def test_a_folder_of_objects_that_is_not_the_users_is_refused(here: Scene) -> None:
    assert here.run() == 0
    (folder,) = (here.shop.root / "objects").iterdir()
    given_away(folder)
    assert here.shop.main("run", here.shop.spec(name="second")) == 3
    assert here.shop.started() == 1


@pytest.mark.usefixtures("other")
@pytest.mark.parametrize("name", ["", "jobs"])
def test_the_doctor_tells_of_a_foreign_folder(here: Scene, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    folder = here.shop.root / name
    folder.mkdir(parents=True, exist_ok=True)
    given_away(folder)
    assert here.shop.main("doctor", "--host", "gpu") == 1
    assert f"{folder} on host gpu belongs to nobody and not to root" in capsys.readouterr().out.replace("\n", " ")


@pytest.mark.usefixtures("other")
def test_the_doctor_tells_of_a_jobs_folder_that_others_may_write_to(
    here: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    assert here.run() == 0
    here.shop.on_host("").chmod(0o777)
    assert here.shop.main("doctor", "--host", "gpu") == 1
    assert "may write to" in capsys.readouterr().out


def test_the_doctor_tells_where_others_could_put_another_root(here: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    assert here.run() == 0
    parent = here.shop.root.parent
    kept = parent.stat().st_mode
    parent.chmod(0o777)
    try:
        assert here.shop.main("doctor", "--host", "gpu") == 0
    finally:
        parent.chmod(kept)
    said = capsys.readouterr().out
    assert f"other users may write to {parent} on host gpu" in said
    assert f"who could put another root in the place of {here.shop.root}" in said


def test_a_script_that_ends_with_the_same_code_by_itself_is_no_refusal(tmp_path: Path) -> None:
    with closing(open_host("here", HostConfig(), project=tmp_path)) as host:
        assert host.run(f"exit {FOREIGN_EXIT}").exit_code == FOREIGN_EXIT
        with pytest.raises(HostError, match=r"jobs on host here \(owner \S+, mode 0777\)"):
            host.run('mkdir jobs; chmod 777 jobs; owned "$PWD/jobs"')
