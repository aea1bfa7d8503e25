"""Prompts as people give them, and as each engine reads them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cosmos_houdini.engines import engine_names
from cosmos_houdini.engines.captions import reads_captions
from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.request import InferenceRequest
from cosmos_houdini.shots.prompts import prompt_of_shot
from cosmos_houdini.specs.prompts import fit_prompt, read_prompt
from support.media import FFMPEG
from support.media.transfer_clips import request_of

CAPTION = {"temporal_caption": "A boat drifts.", "lighting": {"conditions": "Fog"}}
SCENE = {
    "facts": {
        "lens": {"focal_mm": 35, "words": "wide"},
        "camera_move": {"word": "pan", "moves": [{"word": "pan", "direction": "pans left", "comes_back": False}]},
        "camera_angle": "low angle",
    }
}


def asked(engine: str, prompt: str) -> InferenceRequest:
    return request_of(engine=engine, prompt=prompt, frames=121, size=(1280, 720))


def test_a_text_is_sent_as_it_is_to_every_engine() -> None:
    for engine in engine_names():
        request = asked(engine, "a boat, {drifting}")
        assert fit_prompt(request) == (request, ())


def test_a_caption_gets_the_size_and_the_time_of_the_plan() -> None:
    fitted, told = fit_prompt(asked("cosmos3", json.dumps({**CAPTION, "fps": 10, "duration": "99s"})))
    caption = json.loads(fitted.prompt)
    assert told == ()
    assert {name: caption[name] for name in ("resolution", "aspect_ratio", "duration", "fps")} == {
        "resolution": {"H": 720, "W": 1280},
        "aspect_ratio": "16,9",
        "duration": "5s",
        "fps": 24.0,
    }
    assert caption["temporal_caption"] == "A boat drifts."


@pytest.mark.parametrize("engine", ["preview", "transfer1", "transfer2.5", "diffusers"])
def test_an_engine_that_reads_words_gets_those_of_the_caption(engine: str) -> None:
    request = replace(asked(engine, json.dumps(CAPTION)), negative_prompt=json.dumps({"context": "blur"}))
    fitted, told = fit_prompt(request)
    assert fitted.prompt == "A boat drifts. Fog."
    assert "reads words alone" in told[0]
    broken = asked(engine, '{"temporal_caption": 3}')
    assert fit_prompt(broken) == (broken, ())


def test_a_broken_caption_is_refused_where_it_would_be_read() -> None:
    with pytest.raises(BadInput, match="temporal_caption is a JSON number"):
        fit_prompt(asked("cosmos3", '{"temporal_caption": 3}'))


def test_a_file_may_hold_the_prompt(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a boat\n", "utf-8")
    (tmp_path / "b.json").write_text(json.dumps(CAPTION), "utf-8")
    (tmp_path / "c.json").write_text(json.dumps({"format": "text", "prompt": "a tree"}), "utf-8")
    (tmp_path / "words").write_text("a house", "utf-8")
    assert read_prompt(str(tmp_path / "a.txt")) == "a boat"
    assert json.loads(read_prompt(f"@{tmp_path / 'b.json'}")) == CAPTION
    assert read_prompt(str(tmp_path / "c.json")) == "a tree"
    assert read_prompt(f"@{tmp_path / 'words'}") == "a house"
    assert [read_prompt(text) for text in ("@", "no file.txt", "x" * 5000)] == ["@", "no file.txt", "x" * 5000]


@pytest.mark.parametrize("text", ["{", "[]", '{"bad": 1}', "5"])
def test_a_json_file_without_a_caption_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text, "utf-8")
    with pytest.raises(BadInput, match=r"a\.json"):
        read_prompt(str(tmp_path / "a.json"))
    with pytest.raises(BadInput, match="cannot be read"):
        read_prompt(f"@{tmp_path / 'none.json'}")


def said(prompt: str, engine: str = "cosmos3", scene: object = SCENE) -> str:
    parameters = asked(engine, "x").parameters
    document = {"scene": scene, "videos": {}, "caption": None}
    return prompt_of_shot(prompt, document, engine=engine, parameters=parameters, ffmpeg=FFMPEG)


def test_the_camera_of_the_scene_is_told_and_never_asked() -> None:
    caption = json.loads(said("A boat drifts."))
    assert caption == {
        "cinematography": {
            "lens_focal_length": "35 mm, wide",
            "camera_motion": "the camera pans left",
            "camera_angle": "low angle",
        },
        "temporal_caption": "A boat drifts.",
    }
    kept = json.loads(said(json.dumps({**CAPTION, "cinematography": {"camera_angle": "Overhead"}})))
    assert kept["cinematography"]["camera_angle"] == "Overhead"
    assert kept["lighting"] == {"conditions": "Fog"}


def test_without_a_scene_or_with_words_alone_the_prompt_stays() -> None:
    assert said("A boat.", scene=None) == "A boat."
    assert said("A boat.", engine="transfer1") == "A boat."
    with pytest.raises(BadInput, match="Markdown fences"):
        said("```\n{}\n```", scene=None)


def test_models_of_cosmos3_read_captions() -> None:
    assert reads_captions("cosmos3-http", {})
    assert not reads_captions("transfer2.5", {})
    assert reads_captions("diffusers", {"model": "cosmos3-nano"})
    assert not reads_captions("diffusers", asked("diffusers", "x").parameters)
