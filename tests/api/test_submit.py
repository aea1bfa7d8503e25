"""A shot submitted from Python: blocking and not, here and behind SSH, from several threads."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import cosmos_houdini as cosmos
from cosmos_houdini.cli import main
from cosmos_houdini.media.videos.probe import probe_video
from support.media import FFMPEG
from support.media.shot_files import FRAMES, NODE, ShotOnDisk
from support.recorder import Recorder

COUNT = FRAMES[1] - FRAMES[0] + 1


def test_five_lines_from_a_scene_to_a_verified_result(shot_files: ShotOnDisk, host: str) -> None:
    project = cosmos.Project.open(shot_files.folder)
    shot = project.shot(shot_files.hip, output=NODE)
    job = project.submit(shot, prompt="Rain", engine="preview", host=host, weights={"depth": 0.8})
    result = job.wait()
    assert probe_video(result.video, ffmpeg=FFMPEG).frames == COUNT
    assert (result.prompt, result.host, result.engine) == ("Rain", host, "preview")
    assert result.weights == {"depth": 0.8}
    assert result.restored is not None
    assert probe_video(result.restored, ffmpeg=FFMPEG).size == (96, 64)
    assert result.measures.keys() == {"structure", "flicker", "score"}
    assert json.loads(json.dumps(result.to_dict()))["job"] == job.id
    assert job.done()
    assert job.exception() is None


def test_the_same_submission_is_one_job(project: cosmos.Project, shot_files: ShotOnDisk) -> None:
    shot = project.shot(shot_files.hip, output=NODE)
    first = project.submit(shot, prompt="Rain")
    first.wait()
    again = project.submit(shot, prompt="Rain")
    assert again == first
    assert [job.id for job in project.jobs()] == [first.id]
    assert again.status().job.attempt == 1


def test_a_folder_of_renders_needs_no_scene(project: cosmos.Project, shot_files: ShotOnDisk) -> None:
    shot = project.shot(renders=shot_files.renders, fps=30)
    result = project.submit(shot, prompt="Rain").wait()
    clip = probe_video(result.video, ffmpeg=FFMPEG)
    assert (clip.frames, clip.fps) == (COUNT, 30)


def test_a_shot_is_encoded_once_for_many_runs(project: cosmos.Project, shot_files: ShotOnDisk) -> None:
    videos = project.prepare(project.shot(shot_files.hip, output=NODE))
    assert videos.is_encoded
    jobs = [project.submit(videos, prompt="Rain", parameters={"seed": seed}) for seed in (1, 2)]
    assert {job.wait().parameters["seed"] for job in jobs} == {1, 2}


def test_jobs_are_given_back_as_they_complete(project: cosmos.Project, shot_files: ShotOnDisk) -> None:
    videos = project.prepare(project.shot(shot_files.hip, output=NODE))
    jobs = [project.submit(videos, prompt="Rain", parameters={"seed": seed}) for seed in (1, 2, 3)]
    ended = list(cosmos.as_completed(jobs, timeout=120))
    assert set(ended) == set(jobs)
    assert all(job.result().video.is_file() for job in ended)


def test_several_threads_use_one_project(project: cosmos.Project, shot_files: ShotOnDisk) -> None:
    videos = project.prepare(project.shot(shot_files.hip, output=NODE))

    def run(seed: int) -> cosmos.Result:
        return project.submit(videos, prompt="Rain", parameters={"seed": seed}).wait()

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(run, range(4)))
    assert sorted(result.parameters["seed"] for result in results) == [0, 1, 2, 3]
    assert len({result.job_id for result in results}) == 4


def test_two_threads_wait_for_one_job(project: cosmos.Project, shot_files: ShotOnDisk) -> None:
    job = project.submit(project.shot(shot_files.hip, output=NODE), prompt="Rain")
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: job.wait(), range(2))
    assert first == second


def test_the_plan_is_that_of_the_command_line(
    project: cosmos.Project, shot_files: ShotOnDisk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shot = project.shot(shot_files.hip, output=NODE)
    planned = project.plan(shot, prompt="Rain", weights={"depth": 0.8}, parameters={"seed": 3})
    monkeypatch.chdir(shot_files.folder)
    options = ["--output", NODE, "--weight", "depth=0.8", "--set", "seed=3", "--dry-run", "--json"]
    assert shot_files.submit(*options, prompt="Rain") == 0
    printed = json.loads(capsys.readouterr().out)
    assert json.loads(json.dumps(planned)) == printed


def test_a_reporter_hears_of_all_that_is_done(shot_files: ShotOnDisk) -> None:
    recorder = Recorder()
    project = cosmos.Project.open(shot_files.folder, reporter=recorder)
    project.submit(project.shot(shot_files.hip, output=NODE), prompt="Rain").wait()
    assert any("verified and encoded 5 frames" in sentence for sentence in recorder.sentences)


def test_nothing_is_printed(project: cosmos.Project, shot_files: ShotOnDisk, capfd: pytest.CaptureFixture[str]) -> None:
    project.submit(project.shot(shot_files.hip, output=NODE), prompt="Rain").wait()
    assert capfd.readouterr() == ("", "")


def test_a_job_is_found_by_the_command_line_too(
    project: cosmos.Project,
    shot_files: ShotOnDisk,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    job = project.submit(project.shot(shot_files.hip, output=NODE), prompt="Rain")
    job.wait()
    monkeypatch.chdir(shot_files.folder)
    assert main(["status", "--json"]) == 0
    assert [each["id"] for each in json.loads(capsys.readouterr().out)["jobs"]] == [job.id]
    assert job.to_dict()["state"] == "succeeded"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"prompt": ""}, ["prompt"]),
        ({"engine": "transfer9"}, ["transfer9", "did you mean"]),
        ({"host": "nowhere"}, ["nowhere"]),
        ({"weights": {"dept": 0.5}}, ["dept", "did you mean 'depth'"]),
        ({"weights": {"depth": 1.5}}, ["depth", "1.5"]),
        ({"parameters": {"sed": 1}}, ["sed", "did you mean 'seed'"]),
        ({"parameters": {"seed": "many"}}, ["seed", "many"]),
        ({"num_gpu": 0}, ["num_gpu", "0"]),
        ({"name": "a/b"}, ["a/b"]),
    ],
)
def test_a_value_that_cannot_be_used_is_one_line(
    project: cosmos.Project, shot_files: ShotOnDisk, arguments: dict[str, object], words: list[str]
) -> None:
    shot = project.shot(shot_files.hip, output=NODE)
    with pytest.raises(cosmos.BadInput) as caught:
        project.submit(shot, **{"prompt": "Rain", **arguments})  # type: ignore[arg-type]
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (shot_files.folder / "cosmos_out").exists()
    assert project.jobs() == []


def test_a_place_without_frames_is_refused(project: cosmos.Project, shot_files: ShotOnDisk) -> None:
    for arguments in ({}, {"renders": "x", "output": NODE}, {"output": NODE, "frame_range": (9, 3)}):
        with pytest.raises(cosmos.BadInput):
            project.shot(shot_files.hip, **arguments)  # type: ignore[arg-type]
    with pytest.raises(cosmos.BadInput, match="no folder"):
        cosmos.Project.open(shot_files.folder / "nowhere")


def test_a_damaged_frame_is_refused_by_name(project: cosmos.Project, shot_files: ShotOnDisk) -> None:
    shot_files.file("color", 3).write_bytes(b"")
    with pytest.raises(cosmos.CosmosError, match="3"):
        project.submit(project.shot(shot_files.hip, output=NODE), prompt="Rain")


def test_relative_paths_start_at_the_working_folder(
    project: cosmos.Project, shot_files: ShotOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shot_files.folder)
    shot = project.shot("shot.hip", output=NODE)
    monkeypatch.chdir(Path("/"))
    assert project.submit(shot, prompt="Rain").wait().video.is_file()
