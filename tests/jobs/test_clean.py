from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from cosmos_houdini.errors import HostError
from cosmos_houdini.jobs.clean import carry_out, plan_cleaning
from cosmos_houdini.launchers.storage import StoredItem, parse_stored_items
from cosmos_houdini.model.job import JobState
from support.jobs.job_project import Shop
from support.jobs.old_folders import DAY_S, cleaned, grow_old, names
from support.programs import need_program


def everything(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_old_jobs_and_their_inputs_go_after_a_dry_run_that_touches_nothing(
    any_shop: Shop, capsys: pytest.CaptureFixture[str]
):
    assert any_shop.main("run", any_shop.spec()) == 0
    record = any_shop.record()
    grow_old(any_shop.root)
    before = everything(any_shop.root)
    told = cleaned(any_shop, capsys)
    assert names(told, "job") == [record.id]
    (an_object,) = names(told, "object")
    assert (told["removed"], told["left"]) == (False, [])
    assert everything(any_shop.root) == before
    assert any_shop.main("clean") == 0
    shown = capsys.readouterr()
    assert f"job  {record.id}  succeeded  20 days" in shown.out
    assert "--yes removes them" in shown.err
    assert any_shop.main("clean", "--yes") == 0
    assert "removed from" in capsys.readouterr().err
    assert not (any_shop.root / "jobs" / record.id).exists()
    assert not (any_shop.root / an_object).exists()
    assert not list((any_shop.root / "jobs").iterdir())
    (result,) = map(Path, record.job.outputs)
    assert result.is_file()
    assert cleaned(any_shop, capsys)["remote"] == []
    result.unlink()
    capsys.readouterr()
    assert any_shop.main("fetch", record.id) == 3
    again = f"has job {record.id} no more; `cosmos-houdini retry {record.id}` makes it again"
    assert again in capsys.readouterr().err
    assert any_shop.main("retry", record.id) == 0
    assert result.is_file()
    assert any_shop.main("retry", record.id) == 2
    assert "has succeeded" in capsys.readouterr().err


def test_a_host_that_has_busybox_alone_is_cleaned(
    shop: Shop, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    busybox = need_program("busybox")
    assert shop.main("run", shop.spec()) == 0
    grow_old(shop.root)
    programs = tmp_path / "bin"
    programs.mkdir()
    for applet in subprocess.check_output([busybox, "--list"], text=True).split():
        (programs / applet).symlink_to(busybox)
    monkeypatch.setenv("PATH", str(programs))
    told = cleaned(shop, capsys, "--yes")
    assert (names(told, "job"), len(names(told, "object")), told["left"]) == ([shop.record().id], 1, [])
    assert not list(shop.root.glob("*/*/*"))


def test_what_is_young_stays(shop: Shop, capsys: pytest.CaptureFixture[str]):
    assert shop.main("run", shop.spec()) == 0
    told = cleaned(shop, capsys, "--yes")
    assert told["remote"] == []
    assert told["kept"] == {shop.record().id: "it is not old enough"}
    grow_old(shop.root, days=13.9)
    assert cleaned(shop, capsys, "--yes")["remote"] == []
    assert names(cleaned(shop, capsys, "--older-than", "13d"), "job") == [shop.record().id]


def test_an_input_stays_for_a_day_whatever_the_age_that_is_asked_for(shop: Shop, capsys: pytest.CaptureFixture[str]):
    assert shop.main("run", shop.spec()) == 0
    told = cleaned(shop, capsys, "--older-than", "0d", "--yes")
    assert (names(told, "job"), names(told, "object")) == ([shop.record().id], [])
    assert list(shop.root.glob("objects/*/*"))


def test_an_input_that_another_job_needs_stays(shop: Shop, capsys: pytest.CaptureFixture[str]):
    for seed in (1, 2):
        assert shop.main("run", shop.spec(f"shot{seed}", seed=seed)) == 0
    grow_old(shop.root)
    newer = shop.root / "jobs" / shop.record("shot2").id
    (newer / "exit_code").touch()
    told = cleaned(shop, capsys, "--yes")
    assert (names(told, "job"), names(told, "object")) == ([shop.record("shot1").id], [])
    assert (newer / "in" / "color.mp4").read_bytes() == shop.clip.read_bytes()


def test_an_input_that_a_client_has_just_asked_for_stays(shop: Shop, capsys: pytest.CaptureFixture[str]):
    assert shop.main("run", shop.spec()) == 0
    grow_old(shop.root)
    (an_object,) = names(cleaned(shop, capsys), "object")
    with closing(shop.client()) as client:
        host, settings = client.host(shop.record()), client.settings(shop.record())
        cleaning = plan_cleaning(client.store, host, settings, older_than_s=DAY_S)
        # Another client finds the input there, and sends it no second time.
        assert shop.main("run", shop.spec("second", sleep_s="300"), "--detach") == 0
        assert carry_out(cleaning, host, settings) == (an_object,)
    assert (shop.root / an_object).is_file()
    assert shop.main("cancel", shop.record("second").id) == 0


def test_an_unfinished_job_stays_however_old_it_looks(any_shop: Shop, capsys: pytest.CaptureFixture[str]):
    assert any_shop.main("run", any_shop.spec(sleep_s="300"), "--detach") == 0
    record = any_shop.record()
    grow_old(any_shop.root)
    told = cleaned(any_shop, capsys, "--yes", "--older-than", "0d", "--all-projects")
    assert (told["remote"], told["kept"]) == ([], {record.id: "its job is pending"})
    # Given up by this project, the host still says that it lives.
    with closing(any_shop.client()) as client:
        other = replace(record, job=replace(record.job, id="other-0123456789"))
        client.store.add(other)
        client.store._db.execute("DELETE FROM jobs WHERE id = ?", (record.id,))
    told = cleaned(any_shop, capsys, "--yes", "--older-than", "0d", "--all-projects")
    assert told["kept"] == {record.id: "it is running on the host"}
    assert (any_shop.root / "jobs" / record.id / "in" / "color.mp4").exists()


def test_a_job_that_ended_and_was_not_fetched_stays(shop: Shop, capsys: pytest.CaptureFixture[str]):
    assert shop.main("run", shop.spec(), "--detach") == 0
    while not shop.on_host("exit_code").exists():
        time.sleep(0.05)
    grow_old(shop.root)
    assert cleaned(shop, capsys, "--yes", "--all-projects")["remote"] == []
    assert shop.main("attach") == 0


def test_jobs_of_other_projects_go_only_when_asked_and_ended(shop: Shop, capsys: pytest.CaptureFixture[str]):
    assert shop.main("run", shop.spec()) == 0
    jobs = shop.root / "jobs"
    ours = jobs / shop.record().id
    theirs, staged, begun, strange = (
        jobs / name for name in ("theirs-00000000aa", "staged-00000000aa", "begun-00000000aa", "my own folder")
    )
    shutil.copytree(ours, theirs, symlinks=True)
    for folder in (staged, begun, strange):
        folder.mkdir()
    (staged / "request.json").touch()
    grow_old(shop.root)
    assert names(cleaned(shop, capsys), "job") == [ours.name]
    told = cleaned(shop, capsys, "--all-projects", "--yes")
    assert names(told, "job") == [begun.name, ours.name, theirs.name]
    assert told["kept"] == {staged.name: "another project has not started it"}
    assert sorted(path.name for path in jobs.iterdir()) == [strange.name, staged.name]


@pytest.mark.usefixtures("one_attempt")
def test_a_job_without_exit_code_goes_when_its_host_was_started_anew(shop: Shop, capsys: pytest.CaptureFixture[str]):
    assert shop.main("run", shop.spec(sleep_s="300"), "--detach") == 0
    os.killpg(int(shop.on_host("started/pid").read_text()), signal.SIGKILL)
    assert shop.main("attach") == 1
    assert shop.record().state is JobState.LOST
    grow_old(shop.root)
    assert names(cleaned(shop, capsys, "--yes"), "job") == [shop.record().id]


def test_what_cut_off_transfers_left_goes_after_a_day(shop: Shop, capsys: pytest.CaptureFixture[str]):
    assert shop.main("run", shop.spec(fault="truncated")) == 1
    sha256 = "ab" * 32
    old, new = (shop.root / "incoming" / f"{sha256}.{part}.part" for part in (0, 1))
    cut = shop.root / "objects" / "ab" / f".{'0' * 32}.part"
    foreign = shop.root / "incoming" / "notes.txt"
    unverified = shop.record().results / ".unverified"
    for path in (old, new, cut, foreign, unverified / ".x.part"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"part")
    grow_old(old, cut, foreign, unverified, days=2)
    told = cleaned(shop, capsys, "--yes")
    assert names(told, "upload") == [str(cut.relative_to(shop.root)), str(old.relative_to(shop.root))]
    assert [path.exists() for path in (old, cut, new, foreign, unverified)] == [False, False, True, True, False]
    assert told["left"] == []


@pytest.mark.parametrize("age", ["14", "d", "-1d", "1y", "1e9d", "٣d"])
def test_an_age_without_sense_is_bad_usage(shop: Shop, capsys: pytest.CaptureFixture[str], age: str):
    assert shop.main("clean", f"--older-than={age}") == 2
    assert "as in 14d" in capsys.readouterr().err


def test_a_link_below_the_root_is_not_followed(shop: Shop, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    assert shop.main("run", shop.spec()) == 0
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "exit_code").write_text("0\n")
    (shop.root / "jobs" / "evil-0123456789").symlink_to(outside)
    (shop.on_host("out") / "away").symlink_to(outside)
    (shop.root / "objects" / "ab").mkdir(exist_ok=True)
    (shop.root / "objects" / "ab" / ("ab" * 32)).symlink_to(outside / "exit_code")
    grow_old(shop.root, outside)
    cleaned(shop, capsys, "--yes", "--all-projects")
    assert everything(outside) == {"exit_code"}
    assert not shop.on_host("").exists()


def test_names_that_could_lead_away_are_never_believed():
    sha256 = "ab" * 32
    hostile = [
        "size 1\t./../../etc",
        "age 1 ..",
        "size 1\t./..",
        f"objects 1 1 ./../{sha256}",
        f"objects 1 1 ./cd/{sha256}",
        f"incoming 1 1 ./{sha256}/../../x",
        f"container {sha256} /elsewhere/jobs/a-0123456789",
        "container $(touch /tmp/x) /root/jobs/a-0123456789",
    ]
    text = "\n".join(["now 100", *hostile, f"objects 1 7 ./ab/{sha256}", "poll 1 ./", "lengths", "logs cat", "done\n"])
    items = parse_stored_items(text, Path("/root"))  # type: ignore[arg-type] -- a path of this system will do
    assert items.jobs == ()
    assert items.uploads == ()
    assert items.containers == {}
    assert items.objects == (StoredItem(kind="object", name=f"objects/ab/{sha256}", age_s=99.0, bytes=7),)
    with pytest.raises(HostError, match="for its files"):
        parse_stored_items("welcome!\n", Path("/root"))  # type: ignore[arg-type] -- likewise
