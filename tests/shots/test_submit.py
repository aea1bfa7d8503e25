"""A shot is submitted from a script: typed options in, a frozen result out, and nothing printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cosmos_houdini.config import load
from cosmos_houdini.errors import BadInput, CheckFailed, CosmosError
from cosmos_houdini.jobs.follow import raise_failure
from cosmos_houdini.media.videos.probe import probe_video
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.job import JobState
from cosmos_houdini.reporter import Silent
from cosmos_houdini.shots.frames import frame_rate
from cosmos_houdini.shots.options import EncodeOptions, FrameOptions, ShotSource, SubmitOptions
from cosmos_houdini.shots.submit import encode_videos, plan_shot, submit_shot
from support.media import FFMPEG
from support.media.shot_files import NODE, ShotOnDisk, make_shot
from support.recorder import Recorder

RAIN = SubmitOptions(prompt="A street in the rain.")


@pytest.fixture
def shot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ShotOnDisk:
    (tmp_path / "project").mkdir()
    shot = make_shot(tmp_path / "project", monkeypatch)
    # Nothing may depend on the working folder.
    monkeypatch.chdir(tmp_path)
    return shot


@pytest.fixture
def source(shot: ShotOnDisk) -> ShotSource:
    return ShotSource(scene=shot.hip, output=NODE)


def test_a_shot_is_submitted_from_another_folder_and_nothing_is_printed(
    shot: ShotOnDisk, source: ShotSource, capsys: pytest.CaptureFixture[str]
) -> None:
    recorder = Recorder()
    result = submit_shot(load(shot.folder), source, RAIN, recorder, measure=True)
    raise_failure([result.record], recorder)
    video = next(Path(path) for path in result.record.job.outputs if Path(path).name == "result.mp4")
    assert video.is_relative_to(shot.folder / "cosmos_out" / "shot")
    assert probe_video(video, ffmpeg=FFMPEG).frames == 5
    assert result.plan.prompt_spec.prompt == "A street in the rain."
    assert list(result.plan.run_spec.spec.controls) == [Control.DEPTH]
    assert "score" in result.measures
    assert recorder.units["verifying"] == 10
    assert recorder.units["encoding shot"] == recorder.totals["encoding shot"]
    assert recorder.states[-1] == "succeeded"
    assert capsys.readouterr() == ("", "")
    assert not (shot.folder.parent / ".cosmos").exists()


def test_frames_without_a_scene_are_a_shot_too(shot: ShotOnDisk) -> None:
    plan = plan_shot(load(shot.folder), ShotSource(renders=shot.renders), RAIN, Silent(), frames=FrameOptions(fps=12))
    assert (plan.videos.name, plan.videos.document["fps"], plan.videos.document["scene"]) == ("shot", 12, None)
    assert plan.prepared.plan.frames == 5


def test_encoded_videos_give_the_same_job_as_the_shot(shot: ShotOnDisk, source: ShotSource) -> None:
    config = load(shot.folder)
    videos = encode_videos(config, source, SubmitOptions(), Silent())
    assert json.loads((videos.folder / "input" / "metadata.json").read_text(encoding="utf-8")) == videos.document
    prepared = plan_shot(config, videos.folder / "input", RAIN, Silent()).prepared
    assert prepared.record.id == plan_shot(config, source, RAIN, Silent()).prepared.record.id


def test_a_job_is_detached(shot: ShotOnDisk, source: ShotSource) -> None:
    recorder = Recorder()
    result = submit_shot(load(shot.folder), source, RAIN, recorder, detach=True)
    assert result.record.state not in {JobState.QUEUED, JobState.STAGING}
    assert result.restored is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (SubmitOptions(), "give --prompt: what the result shows"),
        (SubmitOptions(prompt="p", host="gpu9"), "no host 'gpu9' is configured"),
        (SubmitOptions(prompt="p", engine="transfer2"), "transfer2.5"),
        (SubmitOptions(prompt="p", name="a/b"), "name = 'a/b'"),
        (SubmitOptions(prompt="p", weights={Control.DEPTH: 1.4}), "weights.depth = 1.4"),
        (SubmitOptions(prompt="p", parameters={"guidence": 3}), "did you mean 'guidance'?"),
        (SubmitOptions(prompt="p", parameters={"guidance": "lots"}), "guidance = 'lots'"),
    ],
)
def test_a_wrong_value_is_refused_before_a_frame_is_encoded(
    shot: ShotOnDisk, source: ShotSource, options: SubmitOptions, words: str
) -> None:
    with pytest.raises(BadInput) as caught:
        submit_shot(load(shot.folder), source, options, Silent())
    assert words in str(caught.value)
    assert not list(shot.folder.rglob("*.mp4"))


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ((FrameOptions(frame_range=(1, 9)), EncodeOptions()), CheckFailed, "frames 6-9 are missing"),
        ((FrameOptions(fps=1000), EncodeOptions()), BadInput, "fps = 1000 cannot be used; allowed: 1 to 240"),
        ((FrameOptions(), EncodeOptions(camera="/obj/cam9")), BadInput, "no camera /obj/cam9"),
        ((FrameOptions(), EncodeOptions(mask_objects=("a",))), BadInput, "needs a Cryptomatte"),
        ((FrameOptions(), EncodeOptions(depth_range=Path("none.json"))), BadInput, "none.json cannot be read"),
    ],
)
def test_wrong_frames_are_one_line_and_leave_nothing(
    shot: ShotOnDisk,
    source: ShotSource,
    given: tuple[FrameOptions, EncodeOptions],
    error: type[CosmosError],
    words: str,
) -> None:
    frames, encoding = given
    with pytest.raises(error) as caught:
        submit_shot(load(shot.folder), source, RAIN, Silent(), frames=frames, encoding=encoding)
    assert words in str(caught.value)
    assert not list(shot.folder.rglob("*.mp4"))


@pytest.mark.parametrize("fps", [0.0, -1.0, 1e9, float("nan")])
def test_a_rate_that_videos_cannot_have_is_refused(fps: float) -> None:
    with pytest.raises(BadInput, match="allowed: 1 to 240"):
        frame_rate(fps, None, Silent())
