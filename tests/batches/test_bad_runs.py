"""Runs that cannot be run: the dry run refuses them as the run does, and ``--skip-bad`` sets them aside."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

import cosmos_houdini as cosmos
from cosmos_houdini.batches.notify import URLS_VARIABLE
from support.jobs.batch_project import batch, records, table
from support.jobs.job_project import Shop
from support.media.transfer_clips import write_clips


def truncate(shop: Shop, spec: Path) -> None:
    (shop.folder / "cut.mp4").write_bytes(shop.clip.read_bytes()[:900])
    point(spec, shop.folder / "cut.mp4")


def replace_by_text(shop: Shop, spec: Path) -> None:
    (shop.folder / "text.mp4").write_text("no video", encoding="utf-8")
    point(spec, shop.folder / "text.mp4")


def remove(shop: Shop, spec: Path) -> None:
    point(spec, shop.folder / "never.mp4")


def lengthen_control(shop: Shop, spec: Path) -> None:
    longer = write_clips(shop.folder, "depth", frames=9, size=(64, 64))["depth"]
    document = json.loads(spec.read_text("utf-8"))
    spec.write_text(json.dumps({**document, "controls": {"depth": str(longer)}}), encoding="utf-8")


def spoil_spec(_shop: Shop, spec: Path) -> None:
    spec.write_text("{", encoding="utf-8")


def lose_spec(_shop: Shop, spec: Path) -> None:
    spec.unlink()


def point(spec: Path, video: Path) -> None:
    document = json.loads(spec.read_text("utf-8"))
    spec.write_text(json.dumps({**document, "input_video": str(video)}), encoding="utf-8")


SPOIL = [truncate, replace_by_text, remove, lengthen_control, spoil_spec, lose_spec]


def three_specs(shop: Shop) -> tuple[Path, Path]:
    """Return a batch of two runs for each of three prompt specs, and the spec in the middle."""
    file = batch(shop, {"seeds": [1, 2]}, items=[{"spec": f"{name}.spec.json"} for name in "abc"])
    document = json.loads((shop.folder / "shot.spec.json").read_text("utf-8"))
    for name in "abc":
        (shop.folder / f"{name}.spec.json").write_text(json.dumps({**document, "name": name}), encoding="utf-8")
    return file, shop.folder / "b.spec.json"


@pytest.mark.parametrize("spoil", SPOIL, ids=lambda spoil: spoil.__name__)
@pytest.mark.parametrize("option", [(), ("--scout",)], ids=["runs", "scouts"])
def test_the_dry_run_refuses_what_the_run_refuses(
    shop: Shop, capsys: pytest.CaptureFixture[str], spoil: Callable[[Shop, Path], None], option: tuple[str, ...]
):
    file, spec = three_specs(shop)
    assert shop.main("run-batch", file, "--dry-run", *option) == 0
    spoil(shop, spec)
    said = []
    capsys.readouterr()
    for more in (["--dry-run"], []):
        assert shop.main("run-batch", file, *option, *more) == 2
        said.append(capsys.readouterr().err.splitlines()[-1])
    assert said[0] == said[1]
    assert "b-0001" in said[0] or "b.spec.json" in said[0]
    assert records(shop) == []


@pytest.mark.parametrize("spoil", SPOIL, ids=lambda spoil: spoil.__name__)
def test_bad_runs_are_set_aside_told_and_the_others_run(
    shop: Shop, capsys: pytest.CaptureFixture[str], spoil: Callable[[Shop, Path], None]
):
    file, spec = three_specs(shop)
    spoil(shop, spec)
    assert shop.main("run-batch", file, "--skip-bad", "--dry-run") == 0
    listed = [run["name"] for run in json.loads(capsys.readouterr().out)["runs"]]
    assert listed == ["a-0001", "a-0002", "c-0001", "c-0002"]
    assert shop.main("run-batch", file, "--skip-bad", "--json") == 0
    out = capsys.readouterr()
    document = json.loads(out.out)
    assert [row["run"] for row in document["runs"]] == listed
    assert {one["run"].partition("-")[0].partition(".")[0] for one in document["set_aside"]} == {"b"}
    assert [line for line in out.err.splitlines() if line.startswith("set aside: b")]
    summary = (shop.folder / "cosmos_out" / "night.summary.txt").read_text("utf-8")
    assert "set aside, because they cannot be run\n  b" in summary
    assert [row["run"] for row in table(shop)] == listed


def test_runs_that_were_set_aside_are_run_when_they_can_be(shop: Shop):
    file, spec = three_specs(shop)
    whole = spec.read_text("utf-8")
    remove(shop, spec)
    assert shop.main("run-batch", file, "--skip-bad") == 0
    spec.write_text(whole, encoding="utf-8")
    assert shop.main("run-batch", file) == 0
    assert len(table(shop)) == 6
    assert shop.started() == 6


def test_a_batch_without_any_good_run_is_refused(shop: Shop, capsys: pytest.CaptureFixture[str]):
    file = batch(shop, {"seeds": [1, 2]})
    remove(shop, shop.folder / "shot.spec.json")
    assert shop.main("run-batch", file, "--skip-bad") == 2
    assert "never.mp4 is no file" in capsys.readouterr().err
    assert records(shop) == []


def test_the_python_interface_sets_bad_runs_aside_too(shop: Shop):
    file, spec = three_specs(shop)
    remove(shop, spec)
    night = cosmos.Project.open(shop.folder).open_batch(file)
    with pytest.raises(cosmos.BadInput, match=r"never\.mp4"):
        night.run()
    outcome = night.run(skip_bad=True)
    assert outcome.error is None
    assert [one.name for one in outcome.set_aside] == ["b-0001", "b-0002"]
    assert len(night.results()) == 4


def test_the_dry_run_refuses_limits_addresses_and_names_as_the_run_does(
    shop: Shop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    file = batch(shop, {"seeds": [1]})
    for options, sentence in (
        (("--window", "22-7"), "'22-7' is no time window"),
        (("--max-cost", "5"), "host 'local' has no price"),
        (("--host", "nowhere"), "no host 'nowhere'"),
    ):
        assert shop.main("run-batch", file, "--dry-run", *options) == 2
        assert sentence in capsys.readouterr().err
    monkeypatch.setenv(URLS_VARIABLE, "nonsense://x")
    assert shop.main("run-batch", file, "--dry-run") == 2
    assert f"address 1 of ${URLS_VARIABLE}" in capsys.readouterr().err
    assert not (shop.folder / ".cosmos").exists()


def test_the_dry_run_of_a_namesake_that_would_be_refused_is_refused(shop: Shop, capsys: pytest.CaptureFixture[str]):
    night = batch(shop, {"seeds": [1, 2]})
    assert shop.main("run-batch", night, "--gpu-hours", "0.0000000001") in {0, 1}
    other = shop.folder / "other.yaml"
    other.write_text(yaml.safe_dump({**yaml.safe_load(night.read_text("utf-8")), "num_gpu": 1}), encoding="utf-8")
    capsys.readouterr()
    said = []
    for more in (["--dry-run"], []):
        assert shop.main("run-batch", other, *more) == 2
        said.append(capsys.readouterr().err.splitlines()[-1])
    assert said[0] == said[1]
    assert "another batch 'night'" in said[0]


def test_a_batch_stops_after_one_run_that_a_wrong_host_has_failed(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    fault = "say RuntimeError: Found no NVIDIA driver on your system"
    items = [{"spec": "shot.spec.json", "name": name, "parameters": {"fault": fault}} for name in "abc"]
    file = batch(shop, {"seeds": [1]}, items)
    assert shop.main("run-batch", file, "--max-parallel", 1) == 1
    assert [row["state"] for row in table(shop)] == ["failed", "queued", "queued"]
    assert table(shop)[0]["failure"] == "host_setup"
    said = capsys.readouterr().err
    assert "local must be mended first: the NVIDIA driver of the host is missing or too old" in said
    assert "cosmos-houdini doctor --host local" in said
    # Each new beginning tries the host again, with one run.
    assert shop.main("run-batch", file, "--max-parallel", 1) == 1
    assert [row["state"] for row in table(shop)] == ["failed", "queued", "queued"]
