"""A shot through the engine transfer1 in a real container, here and behind SSH; the model itself is stood in for."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import imageio_ffmpeg
import pytest
import yaml

from cosmos_houdini.cli import main
from cosmos_houdini.config import plain
from cosmos_houdini.media.videos.probe import probe_video
from support.media import FFMPEG
from support.media.shot_files import NODE, ShotOnDisk, make_shot
from support.servers.dockerd import DockerEngine, libraries, python_files
from support.servers.sshd import running_sshd

STANDIN = Path(__file__).resolve().parents[1] / "support" / "engines" / "transfer1_standin.py"
PROMPT = 'Rain,\n"neon" & $(touch pwned); `id` — größe'

pytestmark = pytest.mark.docker


@pytest.fixture(scope="session")
def image(docker_engine: DockerEngine) -> str:
    files = {**python_files(), "opt/standin.py": STANDIN.read_bytes()}
    for library in libraries(Path(imageio_ffmpeg.get_ffmpeg_exe())):
        files[str(library).lstrip("/")] = library.read_bytes()
    files["bin/torchrun"] = b'#!/bin/sh\nexec python3 /opt/standin.py "$@"\n'
    docker_engine.import_image(files, "cosmos-transfer1:standin")
    return "cosmos-transfer1:standin"


@pytest.fixture
def shot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ShotOnDisk:
    return make_shot(tmp_path, monkeypatch)


@pytest.fixture(params=["here", pytest.param("ssh", marks=pytest.mark.sshd)])
def gpu_host(
    request: pytest.FixtureRequest,
    shot: ShotOnDisk,
    docker_engine: DockerEngine,
    image: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> ShotOnDisk:
    """Configure the host ``gpu01``: a Docker Engine on this machine, or on this machine behind SSH."""
    remote = tmp_path_factory.mktemp("remote")
    engine_path = remote / "cosmos-transfer1"
    engine_path.mkdir()
    link_or_copy(Path(imageio_ffmpeg.get_ffmpeg_exe()), engine_path / "ffmpeg")
    settings: dict[str, object] = {
        "root": str(remote / "root"),
        "launcher": "docker",
        "image": image,
        "engine_path": str(engine_path),
        "env": {"DOCKER_HOST": docker_engine.address, "STANDIN_FFMPEG": str(engine_path / "ffmpeg")},
    }
    if request.param == "ssh":
        server = request.getfixturevalue("server")
        connection = plain(server.config(remote / "root"))
        settings |= {name: connection[name] for name in CONNECTION}
    shot.configure(hosts={"gpu01": settings})
    return shot


CONNECTION = ("address", "port", "identity", "known_hosts")


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory):
    with running_sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


def link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy(source, target)


def submit(shot: ShotOnDisk, *arguments: str) -> int:
    common = ("--output", NODE, "--engine", "transfer1", "--host", "gpu01", "--json")
    return shot.submit(*common, *arguments, prompt=PROMPT)


def test_a_shot_comes_back_verified(
    gpu_host: ShotOnDisk, docker_engine: DockerEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert submit(gpu_host, "--weights", "0", "0", "0.8", "0", "--set", "seed=7") == 0
    job = json.loads(capsys.readouterr().out)
    (result,) = map(Path, job["outputs"])
    clip = probe_video(result, ffmpeg=FFMPEG)
    assert (clip.frames, clip.size, clip.fps) == (5, (960, 704), 24)
    document = json.loads((result.parent / "result.json").read_text(encoding="utf-8"))
    request = document["request"]
    # The program reports the values with which it ran; they are the values that it was sent.
    recorded = document["recorded"]
    assert (recorded["weights"], recorded["prompt"]) == ({"depth": 0.8}, PROMPT)
    assert recorded["parameters"].items() <= request["parameters"].items()
    assert set(request["parameters"]) - set(recorded["parameters"]) == {
        "ckpt_path",
        "seg_prompt",
        "task",
        "upscale_weight",
    }
    assert document["made_with"]["image_id"].startswith("sha256:")
    assert request["prompt"] == PROMPT
    assert request["parameters"]["seed"] == 7
    assert request["controls"]["depth"]["weight"] == 0.8
    assert not list(gpu_host.folder.parent.rglob("pwned"))
    assert not docker_engine.docker("ps", "--all", "--quiet").split()


def test_a_secret_reaches_the_job_and_stands_nowhere(
    gpu_host: ShotOnDisk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_never-to-be-seen")
    assert submit(gpu_host) == 0
    printed = "".join(capsys.readouterr())
    assert "never-to-be-seen" not in printed
    # Other tests keep their files beside these; some are larger than the memory.
    for place in (gpu_host.folder, *gpu_host.folder.parent.glob("remote*"), *gpu_host.folder.parent.glob("sshd*")):
        for path in place.rglob("*"):
            if path.is_file() and path.name != "ffmpeg":
                assert b"never-to-be-seen" not in path.read_bytes(), path


@pytest.mark.parametrize(
    ("mode", "failure"), [("oom", "oom"), ("blocked_exit_0", "guardrail_blocked"), ("truncated", "corrupt_output")]
)
def test_what_went_wrong_is_named_and_no_result_appears(
    gpu_host: ShotOnDisk, capsys: pytest.CaptureFixture[str], mode: str, failure: str
) -> None:
    configured = yaml.safe_load((gpu_host.folder / "cosmos-houdini.yaml").read_text(encoding="utf-8"))
    configured["hosts"]["gpu01"]["env"]["STANDIN_MODE"] = mode
    gpu_host.configure(**configured)
    assert submit(gpu_host) == 1
    capsys.readouterr()
    assert main(["status", "--json"]) == 0
    (job,) = json.loads(capsys.readouterr().out)["jobs"]
    assert (job["state"], job["error"]["class"], job["outputs"]) == ("failed", failure, [])
    assert not list((gpu_host.folder / "cosmos_out" / "shot" / job["id"]).glob("*.mp4"))


def test_an_image_that_the_host_lacks_is_named(
    shot: ShotOnDisk, docker_engine: DockerEngine, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    host = {
        "launcher": "docker",
        "image": "no-such:1",
        "engine_path": "/opt",
        "env": {"DOCKER_HOST": docker_engine.address},
    }
    shot.configure(hosts={"gpu01": {"root": str(tmp_path / "root"), **host}})
    assert submit(shot) in {1, 3}
    assert "no image no-such:1" in capsys.readouterr().err
