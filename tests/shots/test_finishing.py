"""Upscaling and prompts that the engine writes out: from the command to the verified video and the spec."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import imageio_ffmpeg
import pytest
import yaml

from cosmos_houdini.cli import main
from cosmos_houdini.config import load
from cosmos_houdini.engines import register_engine, unregister_engine
from cosmos_houdini.jobs.client import open_client
from cosmos_houdini.media.videos.probe import probe_video
from cosmos_houdini.model.parameter import ParameterValue
from cosmos_houdini.model.spec import PromptSpec
from cosmos_houdini.reporter import Silent
from cosmos_houdini.shots.finishing import plan_enhancement, plan_upscale
from cosmos_houdini.specs.files import load_prompt_spec
from support.documents import check_document
from support.engines.fake_engine import FakeEngine
from support.media import FFMPEG
from support.media.transfer_clips import write_clips

# It answers as torchrun with upstream's two programs: by the same arguments, files and lines of the log.
TORCHRUN = """\
#!{python}
import json, subprocess, sys
arguments = [word for word in sys.argv[1:] if not word.startswith("--n") and not word.startswith("--master")]
program = arguments[0]
def value(name):
    return arguments[arguments.index(name) + 1]
if program.endswith("upsampler_pipeline.py"):
    (prompt,) = [word for word in arguments if word.startswith("--prompt=")]
    assert open(value("--input_video"), "rb").read(4)
    print("Upsampled prompt: " + prompt.removeprefix("--prompt=") + ", in the rain,\\nwith neon")
    sys.exit()
spec = json.load(open(value("--controlnet_specs")))
assert set(spec) == {{"prompt", "input_video_path", "seed", "num_steps", "guidance", "fps", "upscale"}}, spec
out = value("--video_save_folder") + "/result.mp4"
source = "testsrc2=s=3840x2112:r=24"
subprocess.run(
    [{ffmpeg!r}, "-v", "error", "-f", "lavfi", "-i", source, "-frames:v", "2", "-preset", "ultrafast", out], check=True
)
print("[06-07 10:21:25|INFO|cosmos_transfer1/a.py:1:b] Saved video to " + out)
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project with a video, and a host whose torchrun is the one above."""
    monkeypatch.chdir(tmp_path)
    write_clips(tmp_path, "color", frames=2)
    (tmp_path / "bin").mkdir()
    torchrun = tmp_path / "bin" / "torchrun"
    torchrun.write_text(TORCHRUN.format(python=sys.executable, ffmpeg=imageio_ffmpeg.get_ffmpeg_exe()), "utf-8")
    torchrun.chmod(0o755)
    (tmp_path / "checkout").mkdir()
    host = {
        "root": str(tmp_path / "root"),
        "engine_path": str(tmp_path / "checkout"),
        "gpus": [],
        "env": {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"},
    }
    (tmp_path / "cosmos-houdini.yaml").write_text(yaml.safe_dump({"hosts": {"local": host}}), "utf-8")
    return tmp_path


@pytest.mark.usefixtures("project")
def test_a_video_is_upscaled_to_three_times_the_frame(capsys: pytest.CaptureFixture[str]):
    assert main(["upscale", "color.mp4", "--weight", "0.7", "--json"]) == 0, capsys.readouterr().err
    job = json.loads(capsys.readouterr().out)
    clip = probe_video(Path(job["outputs"][0]), ffmpeg=FFMPEG)
    assert (clip.frames, clip.size) == (2, (3840, 2112))
    request = json.loads((clip.path.parent / "result.json").read_text("utf-8"))["request"]
    assert (request["parameters"]["task"], request["parameters"]["num_steps"]) == ("upscale", 10)
    # The result of the job can be named by the job; it has its prompt.
    assert main(["upscale", job["id"], "--dry-run"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert list(plan["inputs"].values()) == [job["outputs"][0]]
    spec = json.loads(plan["files"]["in/spec.json"])
    assert spec["prompt"] == request["prompt"]
    assert spec["upscale"] == {"control_weight": 0.5}


def test_the_prompt_that_the_engine_writes_is_shown_and_frozen_in_a_spec(
    project: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["create-spec", "--input-video", "color.mp4", "--", "street", "--night"]) == 0
    capsys.readouterr()
    assert main(["enhance-prompt", "street.spec.json"]) == 0, capsys.readouterr().err
    printed = capsys.readouterr()
    assert printed.out == "--night, in the rain,\nwith neon\n"
    assert main(["enhance-prompt", "street.spec.json", "-o", "b.spec.json", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    check_document(document)
    assert (document["prompt"], document["path"]) == ("--night, in the rain,\nwith neon", "b.spec.json")
    assert document["job"]["state"] == "succeeded"
    frozen = load_prompt_spec(project / "street-enhanced.spec.json")
    assert frozen.prompt == "--night, in the rain,\nwith neon"
    assert frozen.input_video == project / "color.mp4"
    assert main(["status", "--json"]) == 0
    (job,) = json.loads(capsys.readouterr().out)["jobs"]
    assert (job["state"], job["outputs"]) == ("succeeded", [])
    assert main(["show", job["id"]]) == 0
    assert "prompt that the engine made of it: --night, in the rain" in capsys.readouterr().out


class FakeFinisher(FakeEngine):
    """An engine of another package that has both."""

    def upscaling(self, weight: float) -> Mapping[str, ParameterValue]:
        return {"fault": f"follows by {weight:g}"}

    def enhancement(self) -> Mapping[str, ParameterValue]:
        return {"fault": "writes"}


def test_another_packages_engine_finishes_where_it_is_the_configured_one(
    project: Path, monkeypatch: pytest.MonkeyPatch
):
    spec = PromptSpec(name="sea", prompt="the sea", input_video=project / "color.mp4")
    register_engine(FakeFinisher())
    try:
        assert plan_enhancement(load(project), spec, Silent()).record.job.engine == "transfer1"
        monkeypatch.setenv("COSMOS_HOUDINI_DEFAULTS_ENGINE", "fake")
        with open_client(load(project)) as client:
            upscaled = plan_upscale(client, "color.mp4", Silent(), weight=0.3)
        enhanced = plan_enhancement(load(project), spec, Silent())
    finally:
        unregister_engine("fake")
    assert [planned.record.job.engine for planned in (upscaled, enhanced)] == ["fake", "fake"]
    told = [planned.record.request["parameters"]["fault"] for planned in (upscaled, enhanced)]
    assert told == ["follows by 0.3", "writes"]


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["upscale", "nothing.mp4"], "nothing.mp4"),
        (["upscale", "color.mp4", "--weight", "2"], "2"),
        (["upscale", "color.mp4", "--num-gpu", "3"], "num_gpu = 3; allowed: 1, 2, 4, 8, 16"),
        (["enhance-prompt", "none.spec.json"], "none.spec.json"),
    ],
)
def test_what_cannot_be_finished_is_refused(words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]):
    assert main(words) == 2
    assert sentence in capsys.readouterr().err
