"""Batches from Python: the same file, runs and jobs as those of the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import cosmos_houdini as cosmos
from cosmos_houdini.cli import main
from support.media.shot_files import NODE, ShotOnDisk


@pytest.fixture
def shot(project: cosmos.Project, shot_files: ShotOnDisk) -> cosmos.Shot:
    return project.shot(shot_files.hip, output=NODE)


def test_a_batch_runs_to_its_results(project: cosmos.Project, shot: cosmos.Shot) -> None:
    batch = project.batch([shot], prompts=["Rain", "Snow"], vary={"seed": range(2)}, name="night")
    outcome = batch.run()
    assert outcome.error is None
    assert len(outcome.rows) == 4
    results = batch.results()
    assert [result.prompt for result in results] == ["Rain", "Rain", "Snow", "Snow"]
    assert [result.parameters["seed"] for result in results] == [0, 1, 0, 1]
    assert all(result.video.is_file() for result in results)
    assert [job.id for job in batch.jobs()] == [result.job_id for result in results]
    assert batch.status()[0].state == "ended"
    assert outcome.table.is_file()


def test_the_same_batch_again_runs_nothing(project: cosmos.Project, shot: cosmos.Shot) -> None:
    batch = project.batch([shot], prompts=["Rain"], vary={"seed": [3]})
    batch.run()
    again = project.batch([shot], prompts=["Rain"], vary={"seed": [3]})
    again.run()
    assert [job.status().job.attempt for job in again.jobs()] == [1]
    assert len(project.jobs()) == 1


def test_the_command_line_runs_the_same_jobs(
    project: cosmos.Project,
    shot: cosmos.Shot,
    shot_files: ShotOnDisk,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    batch = project.batch([shot], prompts=["Rain"], vary={"seed": [1, 2]}, name="night")
    monkeypatch.chdir(shot_files.folder)
    assert main(["run-batch", str(batch.file), "--json"]) == 0
    runs = json.loads(capsys.readouterr().out)["runs"]
    assert [run["job"] for run in runs] == [job.id for job in batch.jobs()]
    assert len(batch.results()) == 2


def test_ranges_are_sampled_alike_every_time(project: cosmos.Project, shot: cosmos.Shot) -> None:
    vary = {"guidance": cosmos.uniform(2, 7), "weights": {"depth": cosmos.uniform(0.2, 0.8)}, "seed": "random"}
    first = project.batch([shot], prompts=["Rain"], vary=vary, count=4, seed=7, name="first").plan()
    again = project.batch([shot], prompts=["Rain"], vary=vary, count=4, seed=7, name="again").plan()
    points = [run.parameters for run in first.runs]
    assert points == [run.parameters for run in again.runs]
    assert all(2 <= point["guidance"] <= 7 for point in points)  # type: ignore[operator]
    assert len({point["seed"] for point in points}) == 4


def test_a_batch_goes_on_in_a_process_of_its_own(project: cosmos.Project, shot: cosmos.Shot) -> None:
    batch = project.batch([shot], prompts=["Rain"], vary={"seed": [1]}, name="night")
    assert batch.start() > 0
    (result,) = [job.wait(timeout=120) for job in batch.jobs()]
    assert result.video.is_file()


def test_a_report_of_a_batch_and_of_jobs(project: cosmos.Project, shot: cosmos.Shot) -> None:
    batch = project.batch([shot], prompts=["Rain"], vary={"seed": [1, 2]})
    batch.run()
    assert batch.report().page.is_file()
    report = project.report(*batch.jobs())
    assert report.document["totals"]["runs"] == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"prompts": []}, ["prompts"]),
        ({"prompts": [""]}, ["prompts"]),
        ({"vary": {"sed": [1]}}, ["sed", "seed"]),
        ({"vary": {"seed": {"a": 1}}}, ["seed"]),
        ({"vary": {"guidance": cosmos.uniform(0, 1e9)}, "count": 2}, ["guidance"]),
        ({"sampler": "luck"}, ["luck"]),
        ({"name": "a/b"}, ["a/b"]),
        ({"engine": "transfer9"}, ["transfer9"]),
        ({"host": "nowhere"}, ["nowhere"]),
        ({"weights": {"depht": 0.5}}, ["depht", "depth"]),
        ({"num_gpu": 0}, ["num_gpu"]),
    ],
)
def test_a_value_that_cannot_be_used_is_one_line(
    project: cosmos.Project, shot: cosmos.Shot, arguments: dict[str, object], words: list[str]
) -> None:
    with pytest.raises(cosmos.BadInput) as caught:
        project.batch([shot], **{"prompts": ["Rain"], **arguments})  # type: ignore[arg-type]
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert project.jobs() == []


@pytest.mark.parametrize("bounds", [(7, 2), (float("nan"), 1), (0, float("inf")), ("a", 1), (0, 1, 0), (True, 2)])
def test_a_range_that_is_none(bounds: tuple[float, ...]) -> None:
    with pytest.raises(cosmos.BadInput, match="uniform"):
        cosmos.uniform(*bounds)


def test_two_shots_of_one_name_are_refused(project: cosmos.Project, shot: cosmos.Shot) -> None:
    with pytest.raises(cosmos.BadInput, match="two shots"):
        project.batch([shot, shot], prompts=["Rain"])
    assert not (project.folder / "cosmos_out" / "batch" / "batch.batch.yaml").exists()


def test_a_batch_file_is_opened(project: cosmos.Project, shot: cosmos.Shot, tmp_path: Path) -> None:
    batch = project.batch([shot], prompts=["Rain"], vary={"seed": [1]})
    assert project.open_batch(batch.file).plan().runs[0].parameters["seed"] == 1
    with pytest.raises(cosmos.BadInput, match="nothing"):
        project.open_batch(tmp_path / "nothing.yaml")
