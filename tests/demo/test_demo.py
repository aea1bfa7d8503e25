"""The demonstration, from nothing to a result; shorter and smaller than the one that people see."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cosmos_houdini.cli import main
from cosmos_houdini.demo import demonstration
from cosmos_houdini.media.videos.probe import probe_video
from support.media import FFMPEG


def test_the_demonstration_ends_with_a_result_of_every_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demonstration, "FRAMES", (1001, 1003))
    monkeypatch.setattr(demonstration, "CAMERA", replace(demonstration.CAMERA, resolution=(160, 90)))
    assert main(["demo", "-o", "out"]) == 0
    (result,) = (tmp_path / "out").glob("*/result.mp4")
    assert probe_video(result, ffmpeg=FFMPEG).frames == 3
    assert {video.stem for video in (tmp_path / "out" / "input").glob("*.mp4")} >= {"color", "depth", "seg"}
