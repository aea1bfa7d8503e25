"""A shot through the engine transfer2.5, by its program's own environment and in a real container.

The model itself is stood in for.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import imageio_ffmpeg
import pytest
import yaml

from cosmos_houdini.cli import main
from cosmos_houdini.media.videos.probe import probe_video
from support.engines.transfer25_checkout import make_checkout, write_programs
from support.media import FFMPEG
from support.media.shot_files import NODE, ShotOnDisk, make_shot
from support.media.transfer_clips import write_clips
from support.servers.dockerd import libraries, python_files

PROMPT = 'Rain,\n"neon" & $(touch pwned); `id` — größe'
CHEAP = ("--set", "num_steps=3", "--set", "resolution=256")


@pytest.fixture
def shot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ShotOnDisk:
    return make_shot(tmp_path, monkeypatch)


def configure(shot: ShotOnDisk, folder: Path, ffmpeg: Path, **settings: object) -> None:
    """Configure the host ``gpu01``, and the engine for all that names none."""
    engine_path = make_checkout(folder / "cosmos-transfer2.5")
    env = {"STANDIN_FFMPEG": str(ffmpeg)} | settings.pop("env", {})
    host = {"root": str(folder / "root"), "engine_path": str(engine_path), "env": env, **settings}
    shot.configure(defaults={"engine": "transfer2.5", "host": "gpu01"}, hosts={"gpu01": host})


@pytest.fixture
def here(shot: ShotOnDisk, tmp_path_factory: pytest.TempPathFactory) -> ShotOnDisk:
    folder = tmp_path_factory.mktemp("host")
    path = f"{write_programs(folder / 'bin')}:/usr/bin:/bin"
    configure(shot, folder, Path(imageio_ffmpeg.get_ffmpeg_exe()), env={"PATH": path})
    return shot


@pytest.fixture
def in_docker(shot: ShotOnDisk, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ShotOnDisk:
    engine = request.getfixturevalue("docker_engine")
    files = python_files()
    ffmpeg = Path(imageio_ffmpeg.get_ffmpeg_exe())
    for library in libraries(ffmpeg):
        files[str(library).lstrip("/")] = library.read_bytes()
    files["bin/python"] = b'#!/bin/sh\nexec python3 "$@"\n'
    engine.import_image(files, "cosmos-transfer2.5:standin")
    folder = tmp_path_factory.mktemp("host")
    inside = folder / "cosmos-transfer2.5" / "ffmpeg"
    docker = {"launcher": "docker", "image": "cosmos-transfer2.5:standin", "env": {"DOCKER_HOST": engine.address}}
    configure(shot, folder, inside, **docker)
    inside.write_bytes(ffmpeg.read_bytes())
    inside.chmod(0o755)
    return shot


@pytest.fixture(params=["here", pytest.param("in_docker", marks=pytest.mark.docker)])
def gpu_host(request: pytest.FixtureRequest) -> ShotOnDisk:
    return request.getfixturevalue(request.param)


def submit(shot: ShotOnDisk, *arguments: str) -> int:
    return shot.submit("--output", NODE, "--json", *CHEAP, *arguments, prompt=PROMPT)


def test_a_shot_comes_back_verified_and_as_it_was_asked_for(
    gpu_host: ShotOnDisk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert submit(gpu_host, "--weights", "0", "1", "1", "0", "--edge", "medium", "--set", "seed=7") == 0
    job = json.loads(capsys.readouterr().out)
    (result,) = map(Path, job["outputs"])
    clip = probe_video(result, ffmpeg=FFMPEG)
    document = json.loads((result.parent / "result.json").read_text(encoding="utf-8"))
    request = document["request"]
    assert (clip.frames, list(clip.size), clip.fps) == (5, request["video"]["size"], 24)
    assert request["prompt"] == PROMPT
    # The program recorded the values that it was sent; two full weights arrive as halves.
    recorded = document["recorded"]
    assert recorded["weights"] == {"edge": 0.5, "depth": 0.5}
    assert recorded["parameters"].items() <= request["parameters"].items()
    assert recorded["parameters"]["seed"] == 7
    assert not list(gpu_host.folder.parent.rglob("pwned"))
    assert main(["show", job["id"], "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["differences"] == []


def test_a_result_of_the_plate_s_size_is_not_encoded_once_more(
    here: ShotOnDisk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert submit(here, "--fit", "none") == 0
    (result,) = map(Path, json.loads(capsys.readouterr().out)["outputs"])
    assert probe_video(result, ffmpeg=FFMPEG).size == (96, 64)
    assert not (result.parent / "restored.mp4").exists()
    assert submit(here, "--fit", "letterbox") == 0
    (result,) = map(Path, json.loads(capsys.readouterr().out)["outputs"])
    assert probe_video(result, ffmpeg=FFMPEG).size == (960, 704)
    assert probe_video(result.parent / "restored.mp4", ffmpeg=FFMPEG).size == (96, 64)


@pytest.mark.parametrize(
    ("mode", "failure"), [("oom", "oom"), ("video_blocked", "guardrail_blocked"), ("truncated", "corrupt_output")]
)
def test_what_went_wrong_is_named_and_no_result_appears(
    here: ShotOnDisk, capsys: pytest.CaptureFixture[str], mode: str, failure: str
) -> None:
    with_fault(here, mode, "1")
    assert submit(here) == 1
    capsys.readouterr()
    assert main(["status", "--json"]) == 0
    (job,) = json.loads(capsys.readouterr().out)["jobs"]
    assert (job["state"], job["error"]["class"], job["outputs"]) == ("failed", failure, [])
    assert not list((here.folder / "cosmos_out").rglob("result.mp4"))


def test_a_dry_run_shows_upstreams_command_and_sample(here: ShotOnDisk, capsys: pytest.CaptureFixture[str]) -> None:
    assert submit(here, "--dry-run", "--num-gpu", "2") == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["argv"][0] == "torchrun"
    assert plan["argv"][5:7] == ["examples/inference.py", "-i"]
    assert json.loads(plan["files"]["in/spec.json"])["resolution"] == "256"
    assert (plan["chunks"], plan["frames"]) == (1, 5)


def sweep(shot: ShotOnDisk, how: dict[str, object], *specs: str) -> int:
    """Run a batch over specs, each of which is named after its controls."""
    write_clips(shot.folder, "color", "depth", "seg")
    for name in specs:
        controls = [f"--control={kind}={kind}.mp4" for kind in name.split("_")]
        assert main(["create-spec", name, PROMPT, "--input-video", "color.mp4", *controls]) == 0
    (shot.folder / "how.yaml").write_text(yaml.safe_dump({"resolution": ["256"], **how}), encoding="utf-8")
    files = [f"{name}.spec.json" for name in specs]
    assert main(["create-batch", *files, "--randomization", "how.yaml", "-o", "night.batch.yaml"]) == 0
    return main(["run-batch", "night.batch.yaml"])


def rows(shot: ShotOnDisk) -> list[dict[str, str]]:
    table = next((shot.folder / "cosmos_out").rglob("*.csv"))
    return list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))


def loads(shot: ShotOnDisk) -> int:
    """Return how often the model was loaded, by the logs that came back."""
    logs = [path.read_text(encoding="utf-8") for path in (shot.folder / "cosmos_out").rglob("stdout.log")]
    return sum(log.count("Saved config to") for log in logs)


def test_a_sweep_over_its_parameters_ends_in_a_table_without_differences(here: ShotOnDisk) -> None:
    how: dict[str, object] = {"count": 3, "seed": 5, "seeds": "random", "num_steps": [2, 3]}
    how |= {"control_weights": {"min": 0.5, "max": 1.0, "step": 0.5}, "guidance_scale": {"min": 2, "max": 4}}
    assert sweep(here, how, "depth") == 0
    assert {(row["state"], row["differences"]) for row in rows(here)} == {("succeeded", "")}
    assert len({row["seed"] for row in rows(here)}) == 3
    assert {row["guidance"] for row in rows(here)} <= {"2", "3", "4"}


def test_runs_with_the_same_controls_share_one_load_of_their_model(gpu_host: ShotOnDisk) -> None:
    assert sweep(gpu_host, {"seeds": [1, 2, 3], "num_steps": [2]}, "depth", "depth_seg") == 0
    assert [(row["state"], row["differences"]) for row in rows(gpu_host)] == [("succeeded", "")] * 6
    assert loads(gpu_host) == 2
    results = [Path(row["result"]) for row in rows(gpu_host)]
    # The stand-in for the model looks at the seed alone.
    assert len({probe_video(result, ffmpeg=FFMPEG).sha256 for result in results}) == 3
    for row, result in zip(rows(gpu_host), results, strict=True):
        document = json.loads((result.parent / "result.json").read_text(encoding="utf-8"))
        assert document["recorded"]["parameters"]["seed"] == int(row["seed"])


def with_fault(shot: ShotOnDisk, mode: str, sample: str) -> None:
    configured = yaml.safe_load((shot.folder / "cosmos-houdini.yaml").read_text(encoding="utf-8"))
    configured["hosts"]["gpu01"]["env"] |= {"STANDIN_MODE": mode, "STANDIN_SAMPLE": sample}
    configured["defaults"]["attempts"] = 1
    shot.configure(**configured)


@pytest.mark.parametrize(("mode", "failure", "count"), [("video_blocked", "guardrail_blocked", 1), ("oom", "oom", 2)])
def test_a_run_that_fails_among_others_is_the_only_one(here: ShotOnDisk, mode: str, failure: str, count: int) -> None:
    with_fault(here, mode, "2")
    assert sweep(here, {"seeds": [1, 2, 3], "num_steps": [2]}, "depth") == 1
    assert [(row["state"], row["failure"]) for row in rows(here)] == [
        *(("succeeded", ""), ("failed", failure), ("succeeded", "")),
    ]
    # A process that has died takes the model with it.
    assert loads(here) == count


def test_a_sweep_over_what_the_engine_does_not_use_is_refused_before_anything_is_sent(
    here: ShotOnDisk, capsys: pytest.CaptureFixture[str]
) -> None:
    write_clips(here.folder, "color", "depth")
    assert main(["create-spec", "shot", PROMPT, "--input-video", "color.mp4", "--control", "depth=depth.mp4"]) == 0
    (here.folder / "how.yaml").write_text("sigma_max: {min: 20, max: 80}\ncount: 3\n", encoding="utf-8")
    assert main(["create-batch", "shot.spec.json", "--randomization", "how.yaml"]) == 2
    assert "engine transfer2.5 has no parameter 'sigma_max'" in capsys.readouterr().err


def test_a_run_file_holds_what_upstream_takes_and_nothing_else(
    here: ShotOnDisk, capsys: pytest.CaptureFixture[str]
) -> None:
    write_clips(here.folder, "color", "depth")
    assert main(["create-spec", "shot", PROMPT, "--input-video", "color.mp4", "--control", "depth=depth.mp4"]) == 0
    run = ["create-run", "shot.spec.json", "--engine", "transfer2.5", "-o", "shot.run.json"]
    assert main([*run, "--set", "guidance=3.5"]) == 2
    assert "guidance = 3.5 cannot be used; allowed: a whole number from 0 to 7" in capsys.readouterr().err
    assert main([*run, "--set", "guidance=5", "--set", "resolution=480"]) == 0
    assert main(["run", "shot.run.json", "--dry-run", "--json"]) == 0
    files = json.loads(capsys.readouterr().out.partition("\n")[2])["files"]
    sample = json.loads(files["in/spec.json"])
    assert (sample["guidance"], sample["resolution"], sample["depth"]["control_weight"]) == (5, "480", 0.5)
