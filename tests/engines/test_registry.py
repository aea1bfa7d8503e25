from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import imageio_ffmpeg
import pytest

from cosmos_houdini.engines import engine_names, find_engine, register_engine, runs_no_model, unregister_engine
from cosmos_houdini.engines.description import describe_engines
from cosmos_houdini.engines.registry import GROUP, _check
from cosmos_houdini.errors import BadInput
from cosmos_houdini.plugins import Registry
from support.engines.fake_engine import FakeEngine
from support.plugins import install_plugin


def test_every_engine_answers_to_its_name():
    assert engine_names() == ("preview", "transfer1", "transfer2.5", "diffusers", "cosmos3", "cosmos3-http")
    assert [find_engine(name).name for name in engine_names()] == list(engine_names())


def test_an_unknown_engine_is_answered_with_the_nearest():
    with pytest.raises(
        BadInput,
        match=r"unknown engine 'transfer'.*preview, transfer1, transfer2.5, diffusers.*did you mean 'transfer1'",
    ):
        find_engine("transfer")


def test_a_run_switches_between_the_engines_without_edits():
    assert find_engine("preview").parameters == find_engine("transfer1").parameters


def test_a_registered_engine_is_found_until_it_is_removed():
    mine = FakeEngine()
    register_engine(mine)
    try:
        assert find_engine("fake") is mine
        with pytest.raises(BadInput, match="the engine name 'fake' is taken"):
            register_engine(FakeEngine(gpu_memory_gb=1))
        assert "fake" in [engine["name"] for engine in describe_engines()]
    finally:
        unregister_engine("fake")
    assert "fake" not in engine_names()


def test_the_description_has_what_a_menu_and_a_field_need():
    described = {engine["name"]: engine for engine in describe_engines()}
    assert [engine["label"] for engine in described.values()][:2] == ["Preview", "Cosmos Transfer1"]
    assert not described["preview"]["uses_gpu"]
    (steps,) = (p for p in described["transfer1"]["parameters"] if p["name"] == "num_steps")
    assert (steps["type"], steps["default"], steps["low"], steps["high"]) == ("int", 35, 1, 100)
    assert json.loads(json.dumps(described)) == described


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("json:JSONDecoder", "JSONDecoder is no engine: it lacks check, failure"),
        ("json:decoder", "is no engine, and no class or function"),
        ("support.engines.fake_engine:FakeEngine", "own name is 'fake', and its entry point's is 'broken'"),
    ],
)
def test_a_broken_plugin_is_named_and_left_out(
    target: str, problem: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    broken = EntryPoint(name="broken", value=target, group=GROUP)
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: (broken,))
    registry = Registry("engine", group=GROUP, builtin={"fake": FakeEngine()}, check=_check)
    with caplog.at_level(logging.WARNING):
        assert registry.names() == ("fake",)
    (record,) = caplog.records
    assert "the engine 'broken' of" in record.getMessage()
    assert problem in record.getMessage()


def _environment(*folders: Path) -> dict[str, str]:
    path = [*map(str, folders), *filter(None, sys.path)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}


def test_an_engine_of_an_installed_package_runs_a_job(tmp_path: Path):
    site = install_plugin("example_engine", tmp_path)
    project = tmp_path / "project"
    project.mkdir()
    video = project / "color.mp4"
    source = ["-f", "lavfi", "-i", "color=black:size=64x48:rate=24", "-frames:v", "4", "-pix_fmt", "yuv420p"]
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *source, str(video)], check=True)

    def cosmos(*arguments: str) -> str:
        argv = [sys.executable, "-m", "cosmos_houdini", *arguments]
        done = subprocess.run(
            argv, cwd=project, env=_environment(site), capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    cosmos("create-spec", "shot", "Rain", "--input-video", str(video), "-o", "shot.json")
    cosmos("create-run", "shot.json", "--engine", "negative", "--set", "opacity=0.9", "-o", "run.json")
    cosmos("run", "run.json")
    (job,) = json.loads(cosmos("status", "--json"))["jobs"]
    assert (job["engine"], job["state"]) == ("negative", "succeeded")
    assert _brightness(Path(job["outputs"][0])) > 180
    assert "negative" in json.loads(cosmos("config", "show", "--json"))["engines"]


def _brightness(video: Path) -> float:
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(video), "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    pixels = subprocess.run(argv, capture_output=True, check=True).stdout
    return sum(pixels) / len(pixels)


def test_only_the_preview_runs_no_model():
    assert [name for name in engine_names() if runs_no_model(name)] == ["preview"]
    assert not runs_no_model("a plug-in that is gone")
