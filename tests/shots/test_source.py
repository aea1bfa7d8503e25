"""A folder of renders or a movie is submitted without a scene; a rate that nobody said is never taken in silence."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import OpenEXR
import pytest

from cosmos_houdini.cli import main
from cosmos_houdini.config import load
from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.videos.metadata import read_metadata
from cosmos_houdini.media.videos.standardize import standardize
from cosmos_houdini.shots.options import FrameOptions, ShotSource, SubmitOptions
from cosmos_houdini.shots.source import find_source
from cosmos_houdini.shots.submit import encode_videos
from support.media import FFMPEG
from support.media.shot_files import NODE, ShotOnDisk, make_shot
from support.recorder import Recorder

RAIN = SubmitOptions(prompt="rain")


@pytest.fixture
def shot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ShotOnDisk:
    return make_shot(tmp_path / "project", monkeypatch)


def found(shot: ShotOnDisk, path: Path, recorder: Recorder, **given: str) -> tuple[ShotSource | Path, FrameOptions]:
    source, _, frames = find_source(load(shot.folder), path, RAIN, recorder, frames=FrameOptions(), **given)
    return source, frames


def test_a_folder_of_renders_is_submitted_and_the_rate_is_said(
    shot: ShotOnDisk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["submit", "render", "--prompt", "rain", "--dry-run"]) == 0
    assert "neither scene nor files say the frame rate; 24 fps is taken" in " ".join(capsys.readouterr().err.split())
    assert read_metadata(shot.folder / "cosmos_out" / "shot" / "input")["fps"] == 24
    assert main(["submit", "render", "--prompt", "rain", "--dry-run", "--fps", "30"]) == 0
    assert "frame rate" not in capsys.readouterr().err
    assert read_metadata(shot.folder / "cosmos_out" / "shot" / "input")["fps"] == 30


def test_the_rate_in_the_header_of_an_exr_counts(shot: ShotOnDisk) -> None:
    folder = shot.folder / "exr"
    folder.mkdir()
    pixels = {name: np.full((64, 96), 0.2, np.float16) for name in "RGB"}
    for number in range(1, 4):
        header = {"compression": OpenEXR.ZIP_COMPRESSION, "framesPerSecond": Fraction(30000, 1001)}
        with OpenEXR.File({**header, "type": OpenEXR.scanlineimage}, pixels) as file:
            file.write(str(folder / f"plate.{number:04d}.exr"))
    recorder = Recorder()
    source, frames = found(shot, folder, recorder)
    assert isinstance(source, ShotSource)
    videos = encode_videos(load(shot.folder), source, RAIN, recorder, frames=frames)
    assert videos.document["fps"] == 30
    assert "29.97 fps, as plate.0001.exr says" in recorder.sentences


def test_a_movie_becomes_frames_at_its_own_rate(shot: ShotOnDisk) -> None:
    config, recorder = load(shot.folder), Recorder()
    encoded = encode_videos(config, ShotSource(scene=shot.hip, output=NODE), RAIN, recorder)
    movie = shot.folder / "street at night.mov"
    standardize(Path(encoded.document["videos"]["color"]["path"]), movie, ffmpeg=FFMPEG, fps=24)
    source, options, frames = find_source(config, movie, RAIN, recorder, frames=FrameOptions())
    assert isinstance(source, ShotSource)
    videos = encode_videos(config, source, options, recorder, frames=frames)
    assert (videos.document["fps"], videos.document["frames"]) == (24, 5)
    assert videos.document["sources"]["color"]["first"] == 1
    assert any("5 frames at 24 fps" in sentence for sentence in recorder.sentences)


@pytest.mark.parametrize(
    ("path", "given", "words"),
    [
        ("rendr", {}, "rendr does not exist; allowed: a .hip file, a folder or pattern of renders, a movie"),
        ("shot.hp", {}, "shot.hp does not exist"),
        ("notes.txt", {}, "notes.txt cannot be submitted"),
        ("render", {"output": "/out/a"}, "--output goes with a .hip file, and render is none"),
    ],
)
def test_a_wrong_path_says_so(shot: ShotOnDisk, path: str, given: dict[str, str], words: str) -> None:
    (shot.folder / "notes.txt").write_text("x", encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        found(shot, Path(path), Recorder(), **given)
    assert words in str(caught.value)


def test_a_pattern_is_a_place_of_renders_too(shot: ShotOnDisk) -> None:
    source, _ = found(shot, Path("render/shot.color.####.png"), Recorder())
    assert source == ShotSource(renders=Path("render/shot.color.####.png"))
