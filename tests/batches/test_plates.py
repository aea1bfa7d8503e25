"""Every result of a batch comes back to its plate, and finds the plate when the shot was rendered again since."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import cosmos_houdini as cosmos
from cosmos_houdini.jobs.conversions import CONVERSION, find_conversion
from cosmos_houdini.media.videos.probe import probe_video
from cosmos_houdini.reporter import Silent
from cosmos_houdini.shots.restore import conversion_of, restore_result
from support.media import FFMPEG
from support.media.clips import bars, write_picture
from support.media.shot_files import NODE, make_shot
from support.recorder import Recorder


def test_results_of_a_batch_come_back_to_a_plate_that_was_rendered_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shot = make_shot(tmp_path, monkeypatch)
    recorder = Recorder()
    project = cosmos.Project.open(shot.folder, reporter=recorder)
    batch = project.batch([project.shot(shot.hip, output=NODE)], prompts=["rain"], vary={"seed": [1, 2]})
    batch.run()
    with project.client() as client:
        records = client.store.records()
    assert [probe_video(each.results / "restored.mp4", ffmpeg=FFMPEG).size for each in records] == [(96, 64)] * 2
    assert all((each.results / CONVERSION).is_file() for each in records)

    for frame in range(1, 6):
        write_picture(shot.file("color", frame), bars(frame, (48, 32)))
        shot.file("depth", frame).unlink()
    project.prepare(project.shot(shot.hip, output=NODE, name="shot"))
    (record, _) = records
    (record.results / "restored.mp4").unlink()
    (record.results / CONVERSION).unlink()
    again = restore_result(project.config, record, Silent())
    assert again is not None
    assert probe_video(again, ffmpeg=FFMPEG).size == (96, 64)


def test_a_scout_finds_the_plate_of_the_whole_shot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shot = make_shot(tmp_path, monkeypatch)
    project = cosmos.Project.open(shot.folder)
    project.submit(project.shot(shot.hip, output=NODE), prompt="rain").wait()
    with project.client() as client:
        (record,) = client.store.records()
    whole = record.request["video"]
    cut = {**whole, "sha256": "c" * 64, "frames": 3}
    scout = replace(
        record,
        request={**record.request, "video": cut},
        inputs={"c" * 64: str(shot.folder / ".cosmos" / "scouts" / f"{whole['sha256']}-3.mp4")},
        results=tmp_path / "elsewhere",
    )
    found = conversion_of(project.config, scout)
    assert (found["frames"], found["frame"]["plate"]) == (3, [96, 64])
    assert find_conversion(tmp_path / "empty", tmp_path / "no store", scout) == {}
