"""A shot through the engine diffusers, start to verified result: real torch and diffusers, tiny random weights."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cosmos_houdini.media.videos.probe import probe_video
from support.engines.tiny_transfer import ENV, engine_python, tiny_plans, write_weights
from support.media import FFMPEG
from support.media.shot_files import NODE, ShotOnDisk, make_shot

SIZE = (240, 176)
"""A quarter of what is generated for a frame of 4:3: it still fits over the plate."""
PROMPT = 'Rain,\n"neon" & $(touch pwned); `id` — größe'


@pytest.fixture
def shot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ShotOnDisk:
    shot = make_shot(tmp_path, monkeypatch)
    shot.configure(hosts={"gpu01": {"root": str(tmp_path / "root")}})
    return shot


def submit(shot: ShotOnDisk, *arguments: str, prompt: str = PROMPT) -> int:
    return shot.submit(
        "--output", NODE, "--engine", "diffusers", "--host", "gpu01", "--json", *arguments, prompt=prompt
    )


@pytest.mark.diffusers
@pytest.mark.parametrize(
    ("arguments", "weights"),
    [
        (("--weights", "0", "0", "0.8", "0"), {"depth": 0.8}),
        (
            ("--set", "model=cosmos3-nano", "--edge", "medium", "--weights", "0", "0.5", "0.5", "0"),
            {"edge": 0.5, "depth": 0.5},
        ),
    ],
    ids=["transfer2.5", "cosmos3"],
)
def test_a_shot_comes_back_verified(
    shot: ShotOnDisk,
    arguments: tuple[str, ...],
    weights: dict[str, float],
    capsys: pytest.CaptureFixture[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    host = {"root": str(shot.folder / "root"), "python": str(engine_python()), "env": ENV}
    shot.configure(hosts={"gpu01": host | {"engine_path": str(write_weights(tmp_path_factory))}})
    with tiny_plans(size=SIZE):
        assert submit(shot, *arguments, "--set", "seed=7", "--set", "num_steps=2") == 0
    job = json.loads(capsys.readouterr().out)
    (result,) = map(Path, job["outputs"])
    clip = probe_video(result, ffmpeg=FFMPEG)
    assert (clip.frames, clip.size, clip.fps) == (5, SIZE, 24)
    document = json.loads((result.parent / "result.json").read_text(encoding="utf-8"))
    request = document["request"]
    # The program reports the values with which it called the pipeline; they are the values that it was sent.
    assert document["recorded"] == {"parameters": request["parameters"], "weights": weights}
    assert document["made_with"]["engine_version"].startswith("diffusers 0.")
    # Cosmos 3 gets a caption, which holds the words of the prompt.
    is_caption = request["parameters"]["model"] != "transfer2.5"
    assert PROMPT in json.loads(request["prompt"]).values() if is_caption else request["prompt"] == PROMPT
    assert not list(shot.folder.rglob("pwned"))


def test_two_controls_are_refused_before_anything_is_sent(shot: ShotOnDisk, capsys: pytest.CaptureFixture[str]) -> None:
    assert submit(shot, "--edge", "medium", "--weights", "0", "0.5", "0.5", "0") == 2
    assert "exactly one control with a weight above 0" in capsys.readouterr().err
    assert not (shot.folder / "root" / "jobs").exists()
