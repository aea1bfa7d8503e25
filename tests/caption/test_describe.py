"""Captions by real models with tiny random weights, in their own process and environment."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import cosmos_houdini as cosmos
from cosmos_houdini.caption import models, process
from cosmos_houdini.caption.describe import CaptionOptions, caption_path, caption_video
from cosmos_houdini.config import Config, load
from cosmos_houdini.errors import BadInput, ToolError
from cosmos_houdini.media.videos.metadata import read_metadata
from cosmos_houdini.reporter import Silent
from support.caption.captioners import ENV, captioner_python, tiny_models
from support.media.clips import bars, write_picture
from support.recorder import Recorder

FRAMES = 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of converted videos."""
    base = tmp_path_factory.mktemp("shot")
    (base / "renders").mkdir()
    for number in range(1, FRAMES + 1):
        write_picture(base / "renders" / f"yard_color.{number:04d}.png", bars(number))
    cosmos.Project.open(base).convert(base / "renders", base / "videos")
    return base / "videos"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Config]:
    """Return a function that makes a configuration with the real Python and a model."""
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)

    def configure(model: str) -> Config:
        values = {"caption": {"python": str(captioner_python()), "model": model, "device": "cpu"}}
        (tmp_path / "cosmos-houdini.yaml").write_text(json.dumps(values))
        return load(tmp_path)

    return configure


@pytest.mark.captions
@pytest.mark.parametrize(("name", "architecture"), [("blip", "Blip"), ("smolvlm", "SmolVLM")])
def test_a_model_describes_a_folder(
    *,
    name: str,
    architecture: str,
    folder: Path,
    project: Callable[[str], Config],
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
):
    videos = shutil.copytree(folder, tmp_path / "videos")
    model = tiny_models(tmp_path_factory) / name
    recorder = Recorder()
    found = caption_path(project(str(model)), videos, recorder, CaptionOptions(most_frames=3, max_tokens=8))
    assert found["text"]
    assert found["tags"]
    assert 0 < found["confidence"] < 1
    assert (found["model"], found["settings"]["frames"]) == (str(model), [0, 2, 4])
    assert found["settings"]["architecture"].startswith(architecture)
    assert found["revision"] == models.find_model(str(model)).revision
    assert read_metadata(videos)["caption"] == found
    # One look at all frames, or one at each.
    assert sum("described" in sentence for sentence in recorder.sentences) == (3 if name == "blip" else 1)


@pytest.mark.captions
def test_a_conversion_with_a_caption_and_one_whose_caption_fails(
    folder: Path, project: Callable[[str], Config], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
):
    renders = folder.parent / "renders"
    recorder = Recorder()
    config = project(str(tiny_models(tmp_path_factory) / "blip"))
    (good,) = cosmos.Project(config, recorder).convert(renders, tmp_path / "good", caption=True)
    assert good.caption is not None, recorder.sentences
    assert good.document()["caption"] == json.loads((tmp_path / "good" / "metadata.json").read_text())["caption"]
    config = project(str(tmp_path / "nowhere"))
    (poor,) = cosmos.Project(config, recorder).convert(renders, tmp_path / "poor", caption=True)
    assert poor.caption is None
    assert (tmp_path / "poor" / "color.mp4").is_file()
    assert "has no caption: there is no model folder" in recorder.sentences[-1]


@pytest.mark.captions
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda model: (model / "model.safetensors").write_bytes(b"\0" * 64), "no caption: "),
        (lambda model: (model / "config.json").write_text('{"model_type": "no_such"}'), "no_such"),
        (lambda model: (model / "config.json").unlink(), r"holds no config\.json"),
    ],
)
def test_a_broken_model_is_one_line(
    *,
    damage: Callable[[Path], object],
    message: str,
    folder: Path,
    project: Callable[[str], Config],
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
):
    model = shutil.copytree(tiny_models(tmp_path_factory) / "blip", tmp_path / "model")
    damage(model)
    with pytest.raises(BadInput, match=message) as caught:
        caption_video(project(str(model)), folder / "color.mp4", Silent())
    assert "\n" not in str(caught.value)


def test_a_model_that_is_not_here_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(BadInput, match="caption --fetch"):
        models.find_model("some/model")


def test_a_model_of_the_cache_is_found_by_its_commit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    commit = "0123456789abcdef0123456789abcdef01234567"
    cached = tmp_path / "hub" / "models--some--model"
    (cached / "snapshots" / commit).mkdir(parents=True)
    (cached / "snapshots" / commit / "config.json").write_text("{}")
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text(commit)
    found = models.find_model("some/model")
    assert (found.folder, found.revision) == (cached / "snapshots" / commit, commit)
    (cached / "refs" / "main").write_text("../../../etc")
    with pytest.raises(BadInput):
        models.find_model("some/model")


def test_an_environment_that_is_not_made_says_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    with pytest.raises(BadInput, match="caption --install"):
        caption_video(load(tmp_path), folder / "color.mp4", Silent(), CaptionOptions(model=str(tmp_path / "model")))


def test_too_little_memory_is_known_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "config.json").write_text("{}")
    with (tmp_path / "model.safetensors").open("wb") as file:
        file.truncate(4 << 40)
    with pytest.raises(BadInput, match="GB of memory"):
        models.refuse_too_large(models.find_model(str(tmp_path)))
    monkeypatch.setattr(models, "_free_memory", lambda: None)
    models.refuse_too_large(models.find_model(str(tmp_path)))


@pytest.mark.parametrize(
    ("program", "error", "message"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", BadInput, "most likely for memory"),
        ("import sys; print('x'); sys.exit('no module torch')", ToolError, "exit code 1: no module torch"),
        ('print(\'{"event": "error", "kind": "memory", "message": "full"}\')', BadInput, "full; close other"),
    ],
)
def test_a_captioner_that_dies_is_one_line(
    program: str, error: type[Exception], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    stand_in = tmp_path / "captioner.py"
    stand_in.write_text(program)
    monkeypatch.setattr(process, "PROGRAM", stand_in)
    with pytest.raises(error, match=message):
        process.run_captioner(Path(sys.executable), {"action": "describe"}, Silent())
