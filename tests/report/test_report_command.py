from __future__ import annotations

import csv
import json
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from cosmos_houdini.cli import main
from cosmos_houdini.jobs.store.jobs import Store
from cosmos_houdini.media.videos.probe import probe_video
from cosmos_houdini.report.grid import FOOT
from support.jobs.report_entries import FRAMES, SENTENCE, write_project
from support.media import FFMPEG
from support.programs import need_program


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project whose batch was run once, with one run that failed, and reported once."""
    folder = tmp_path_factory.mktemp("project") / "it's a project #1"
    folder.mkdir()
    batch = write_project(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(["run-batch", str(batch), "--max-parallel", "2"]) == 1
        assert main(["report", str(batch)]) == 0
    return folder


@pytest.fixture
def project(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return that project, with the working folder in it."""
    monkeypatch.chdir(made)
    return made


@pytest.fixture
def folder(made: Path) -> Path:
    """Return the folder of the report."""
    return made / "cosmos_out" / "night" / "report"


def report(*arguments: object) -> int:
    return main(["report", *map(str, arguments)])


def cell(picture: Path, column: int, row: int) -> np.ndarray:
    """Return the middle of a cell's picture, on a page of two columns and two rows."""
    with Image.open(picture) as page:
        width, height = page.width // 2, (page.height - FOOT) // 2
        left, top = column * width, row * height
        return np.asarray(page.crop((left + 60, top + 60, left + width - 60, top + height // 2))).astype(int)


def test_a_batch_becomes_a_page_with_grid_table_and_data(folder: Path):
    document = json.loads((folder / "report.json").read_text("utf-8"))
    assert document["totals"]["states"] == {"succeeded": 2, "failed": 1}
    assert document["totals"]["cost"] == pytest.approx(document["totals"]["seconds"], rel=0.01)
    assert document["varied"] == ["seed"]
    assert sorted(document["files"]) == sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )
    with (folder / "runs.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["run"], row["seed"], row["state"]) for row in rows] == [
        ("shot-0001", "7", "succeeded"),
        ("shot-0002", "13", "failed"),
        ("shot-0003", "21", "succeeded"),
    ]
    assert [bool(row["score"]) for row in rows] == [True, False, True]
    grid = probe_video(folder / "grid.mp4", ffmpeg=FFMPEG)
    with Image.open(folder / "grid.png") as picture:
        assert (grid.size, grid.frames) == (picture.size, FRAMES)


def test_what_no_model_has_made_is_measured_and_never_ranked(folder: Path):
    document = json.loads((folder / "report.json").read_text("utf-8"))
    assert document["best"] == []
    assert {run["rank"] for run in document["runs"]} == {None}
    assert all(-1 <= run["structure"] <= 1 for run in document["runs"] if run["score"] is not None)
    assert "proxy" in document["score"]
    page = (folder / "index.html").read_text("utf-8")
    assert "<title>night - PREVIEW</title>" in page
    assert page_data(folder)["preview"] is True


def page_data(folder: Path) -> dict[str, Any]:
    page = (folder / "index.html").read_text("utf-8")
    found: dict[str, Any] = json.loads(page.split('id="report-data">')[1].split("</script>")[0])
    return found


def test_nothing_in_the_folder_names_a_place_of_this_machine_and_all_links_lead_into_it(made: Path, folder: Path):
    data = page_data(folder)
    links = [target for run in data["runs"] for _, target in run["links"]]
    files = [name for clip in data["clips"].values() for name in (clip["src"], clip["full"], clip["still"])]
    assert any(target.endswith("stderr.log") for target in links)
    assert any(target.endswith("result.json") for target in links)
    assert {name.partition("/")[0] for name in files} == {"clips", "results"}
    assert all((folder / name).is_file() for name in [*links, *files, *data["files"]])
    for name in ("index.html", "report.json", "runs.csv"):
        assert str(made) not in (folder / name).read_text("utf-8")
    assert [run["result"] for run in json.loads((folder / "report.json").read_text("utf-8"))["runs"]][1] == ""
    assert all(SENTENCE in cause["message"] for cause in data["failures"])


def test_clips_are_encoded_once_and_shared_by_reports(project: Path, folder: Path, tmp_path: Path):
    assert report("night.yaml", "-o", tmp_path / "again") == 0
    clips = sorted(path.name for path in (folder / "clips").iterdir())
    assert len(clips) == 8  # two results, source and control, each with its still
    for name in clips:
        assert (folder / "clips" / name).samefile(tmp_path / "again" / "clips" / name)
    assert len([*(project / ".cosmos" / "clips").iterdir()]) == 8


def test_the_same_run_has_the_same_place_whatever_became_of_the_others(project: Path, folder: Path, tmp_path: Path):
    with closing(Store.of(project)) as store:
        first = next(record for record in store.records() if record.job.name == "shot-0001")
    gone = Path(first.job.outputs[0])
    kept = gone.rename(gone.with_name("kept"))
    try:
        assert report("night.yaml", "-o", tmp_path / "two") == 0
    finally:
        kept.rename(gone)
    before, after = folder / "grid.png", tmp_path / "two" / "grid.png"
    assert np.abs(cell(before, 0, 1) - cell(after, 0, 1)).max() == 0
    assert cell(after, 0, 0).mean() < 60 < cell(before, 0, 0).mean()
    assert cell(after, 1, 0).mean() < 60
    runs = json.loads((tmp_path / "two" / "report.json").read_text("utf-8"))["runs"]
    assert [run["run"] for run in runs] == ["shot-0001", "shot-0002", "shot-0003"]
    assert runs[0]["score"] is None
    assert page_data(tmp_path / "two")["runs"][0]["problem"][0] == "result is gone"


@pytest.mark.usefixtures("project")
def test_jobs_can_be_set_side_by_side_by_their_ids(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert report("shot-0003", "shot-0001", "-o", tmp_path / "some", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert [run["run"] for run in document["runs"]] == ["shot-0003", "shot-0001"]
    assert report("shot-9", "-o", tmp_path / "none") == 2
    assert "no job 'shot-9'" in capsys.readouterr().err
    assert report("missing.yaml", "-o", tmp_path / "none") == 2
    assert "missing.yaml cannot be read" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_a_run_that_was_never_queued_has_its_place_too(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    batch = yaml.safe_load((project / "night.yaml").read_text("utf-8"))
    batch["randomization"]["seeds"] = [7, 99, 21]
    (project / "more.yaml").write_text(yaml.safe_dump(batch), encoding="utf-8")
    assert report("more.yaml", "-o", tmp_path / "more", "--json") == 0
    runs = json.loads(capsys.readouterr().out)["runs"]
    assert [(run["parameters"]["seed"], run["state"]) for run in runs] == [
        (7, "succeeded"),
        (99, "not queued"),
        (21, "succeeded"),
    ]
    assert cell(tmp_path / "more" / "grid.png", 1, 0).mean() < 60


def test_a_batch_that_never_ran_is_told_and_nothing_is_written(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    text = (project / "night.yaml").read_text("utf-8")
    (project / "new.yaml").write_text(text.replace("- 7", "- 70").replace("- 21", "- 210").replace("- 13", "- 130"))
    assert report("new.yaml", "-o", tmp_path / "new") == 2
    assert "none of the 3 runs of new.yaml was ever queued" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


@pytest.mark.usefixtures("project")
def test_a_folder_with_other_files_is_refused_before_any_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    assert report("night.yaml", "-o", tmp_path) == 2
    assert "mine.txt is not of a report" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_opens_the_page_from_disk_and_loads_every_picture(folder: Path, tmp_path: Path, scheme: str):
    chromium = need_program("chromium")
    shot = tmp_path / "page.png"
    dark = ["--blink-settings=preferredColorScheme=0"] if scheme == "dark" else []
    done = subprocess.run(
        [
            chromium,
            *("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1400,2000"),
            *dark,
            *(f"--user-data-dir={tmp_path / 'profile'}", f"--screenshot={shot}", "--virtual-time-budget=3000"),
            *("--enable-logging=stderr", (folder / "index.html").as_uri()),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=180,
    )
    assert "Refused to" not in done.stderr
    assert "ERR_FILE_NOT_FOUND" not in done.stderr
    with Image.open(shot) as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    ground = pixels[3, 3].mean()
    assert ground > 200 if scheme == "light" else ground < 40
    coloured = (pixels.max(axis=2) - pixels.min(axis=2) > 60).sum()
    assert coloured > 20_000
