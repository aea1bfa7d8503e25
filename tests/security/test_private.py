"""Only the user can read files that are written; a name cannot lead out of its folder, nor become a command."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from contextlib import closing
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cosmos_houdini.hosts import open_host
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.jobs.collect import fetch_log, inventory_script, parse_inventory
from cosmos_houdini.launchers.poll import parse_poll, poll_script
from cosmos_houdini.launchers.storage import StoredItem, find_stored_items, remove
from support.faults.fault_project import Scene

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="jobs run on POSIX hosts")


@pytest.mark.parametrize("where", ["here", pytest.param("ssh", marks=pytest.mark.sshd)])
def test_all_that_a_job_leaves_on_host_and_client_is_the_users_alone(
    where: str, request: pytest.FixtureRequest
) -> None:
    # A configuration file of mode 0666 would not count.
    scene: Scene = request.getfixturevalue(where)
    old = os.umask(0)
    try:
        assert scene.run() == 0
    finally:
        os.umask(old)
    cosmos = scene.shop.folder / ".cosmos"
    for folder in (cosmos, scene.shop.root):
        for path in (folder, *folder.rglob("*")):
            if not path.is_symlink():
                assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert stat.S_IMODE(cosmos.stat().st_mode) == stat.S_IMODE(scene.shop.root.stat().st_mode) == 0o700
    assert stat.S_IMODE((cosmos / "jobs.db").stat().st_mode) == 0o600


def test_escapes_in_a_log_reach_no_terminal(here: Scene, capfd: pytest.CaptureFixture[str]) -> None:
    assert here.run(sleep_s="0.1", fault="exit") == 1
    record = here.shop.record()
    for log in ("stdout.log", "stderr.log"):
        here.shop.on_host(log).write_bytes(b"\x1b]0;title\x07\x9b31m\xc2\x9b2J\r\n\x1b[2Jend\n")
        record.results.joinpath(log).unlink()
    capfd.readouterr()
    assert here.shop.main("logs", record.id) == 0
    assert here.shop.main("logs", record.id, "--stderr") == 0
    told = capfd.readouterr().out
    assert told.count("\\x1b]0;title\\x07") == 2
    assert not [character for character in told if not character.isprintable() and character not in "\r\n\t"]


HOSTILE = st.one_of(
    st.sampled_from(
        [
            *("$(touch stolen)", "`touch stolen`", "; touch stolen;", "a\ntouch stolen\n", "'; touch stolen; '", "-rf"),
            *(
                '"; touch stolen; "',
                "${IFS}touch${IFS}stolen",
                "\\'; touch stolen #",
                "&& touch stolen",
                "| tee stolen",
            ),
            *(
                "~root",
                "*",
                "[a-z]*",
                "{a,b}",
                "!touch",
                "\t",
                "größe 映画",
                "\udce9t\udce9",
                "%s%n",
                "END\ntouch stolen",
            ),
        ]
    ),
    st.text(st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), min_size=1, max_size=20),
).filter(lambda name: name not in {".", ".."} and len(os.fsencode(name)) < 200)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=HOSTILE, output=HOSTILE)
def test_no_name_becomes_a_command_or_another_file(tmp_path: Path, name: str, output: str) -> None:
    place = Path(tempfile.mkdtemp(dir=tmp_path))
    root = place / name
    host = open_host("here", HostConfig(root=str(root)), project=place)
    folder = root / "jobs" / "job-0123456789"
    (folder / "out").mkdir(parents=True)
    (folder / "out" / output).write_bytes(b"12345")
    (folder / "stdout.log").write_text("hello")
    done = host.run(inventory_script({PurePosixPath(folder / "out" / output): 100}))
    assert [file.bytes for file in parse_inventory(done.stdout).values()] == [5], done
    assert fetch_log(host, PurePosixPath(folder), {})[0].stdout == "hello"
    assert list(parse_poll(host.run(poll_script(host.root, [folder.name])).stdout)) == [folder.name]
    (job,) = find_stored_items(host, HostConfig()).jobs
    assert remove(host, HostConfig(), [job]) == {job}
    assert not folder.exists()
    assert {path.name for path in place.rglob("*")} == {name, "jobs"}


@pytest.mark.parametrize(
    "name", ["../victim", "/etc/passwd", "jobs/../../victim", "", ".", "..", "a\nobject ../victim"]
)
def test_what_is_removed_lies_below_the_root_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim" / "exit_code").touch()
    host = open_host("here", HostConfig(root=str(tmp_path / "root")), project=tmp_path)
    with closing(host):
        host.run("mkdir -p jobs objects")
        for kind in ("job", "object", "upload"):
            with pytest.raises(ValueError, match="cannot be removed"):
                remove(host, HostConfig(), [StoredItem(kind=kind, name=name)])
    assert (tmp_path / "victim" / "exit_code").exists()
