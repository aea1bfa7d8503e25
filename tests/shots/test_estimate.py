"""The cost of a shot, and small pictures of videos: both for the windows in Houdini."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from cosmos_houdini.agents.tools import AgentTools
from cosmos_houdini.api.project import Project
from cosmos_houdini.config import load
from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.control import Control
from cosmos_houdini.reporter import Silent
from cosmos_houdini.shots.estimate import EstimateOptions, estimate_shot
from cosmos_houdini.shots.thumbnails import WIDTH, make_thumbnails
from support.media.shot_files import NODE, ShotOnDisk, make_shot


@pytest.fixture(autouse=True)
def shot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ShotOnDisk:
    return make_shot(tmp_path, monkeypatch)


def test_chunks_padding_time_and_money_are_those_of_the_engine(shot: ShotOnDisk) -> None:
    shot.configure(
        defaults={"currency": "EUR"},
        hosts={"gpu01": {"address": "gpu01", "root": "/data", "engine_path": "/opt/c", "price_per_hour": 3.6}},
    )
    options = EstimateOptions(
        frames=122, size=(1280, 704), engine="transfer1", host="gpu01", weights={Control.DEPTH: 0.8}
    )
    document = estimate_shot(load(), options).document()
    assert (document["chunks"], document["frames_per_chunk"]) == (2, 121)
    assert document["padding"] == 2 * 121 - 1 - 122
    assert document["is_possible"]
    assert document["cost"] == pytest.approx(document["estimate_s"] / 1000)
    assert document["currency"] == "EUR"


def test_a_host_without_a_price_has_no_cost_and_the_defaults_are_the_configured_ones() -> None:
    found = estimate_shot(load(), EstimateOptions(frames=5))
    assert (found.engine, found.host, found.expected.cost) == ("preview", "local", None)
    assert found.plan.frames == 5


def test_form_agent_and_command_line_tell_one_time_and_cost_after_a_run(
    shot: ShotOnDisk, capsys: pytest.CaptureFixture[str]
) -> None:
    shot.configure(defaults={"currency": "EUR"}, hosts={"local": {"price_per_hour": 3.6}})
    assert shot.submit("--output", NODE) == 0
    capsys.readouterr()
    assert shot.submit("--output", NODE, "--dry-run") == 0
    seconds = json.loads(capsys.readouterr().out)["estimate_s"]
    form = estimate_shot(load(), EstimateOptions(frames=5, size=(96, 64), weights={Control.DEPTH: 0.5})).document()
    agent = AgentTools(project=Project.open(shot.folder)).plan(prompt="rain", shot=str(shot.hip), output=NODE)
    assert seconds > 0
    assert [(each["estimate_s"], each["cost"]) for each in (form, agent)] == [
        (pytest.approx(seconds), pytest.approx(seconds / 1000))
    ] * 2


@pytest.mark.parametrize("changes", [{"frames": 0}, {"frames": 5, "engine": "none"}, {"frames": 5, "host": "none"}])
def test_a_shot_that_cannot_be_is_refused(changes: dict) -> None:
    with pytest.raises(BadInput):
        estimate_shot(load(), EstimateOptions(**changes))


def test_a_video_has_one_small_picture_that_is_made_once(shot: ShotOnDisk) -> None:
    assert shot.submit("--output", "/out/mantra1", "--prepare") == 0
    [video] = shot.folder.glob("cosmos_out/*/input/color.mp4")
    config = load()
    [picture] = make_thumbnails(config, [video], Silent()).values()
    with Image.open(picture) as opened:
        assert opened.width == WIDTH
    made = picture.stat().st_mtime_ns
    again = make_thumbnails(config, [video, shot.hip, shot.folder / "none.mp4"], Silent())
    assert again == {video: picture}
    assert picture.stat().st_mtime_ns == made
