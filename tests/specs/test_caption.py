"""Captions: prompts of Cosmos 3 as JSON objects."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.caption import (
    ShotFacts,
    add_cinematography,
    caption_of_text,
    check_caption,
    check_prompt,
    describe_shot,
    parse_caption,
    plain_prompt,
    write_caption,
)

WHOLE: dict[str, Any] = {
    "subjects": [{"description": "A small boat", "number_of_subjects": 1, "number_of_arms": 0}],
    "background_setting": "A calm lake",
    "lighting": {"conditions": "Overcast", "direction": "top-lit"},
    "cinematography": {"camera_motion": "Pan left", "framing": "Wide shot"},
    "actions": [{"time": "0:00-0:05", "description": "The boat drifts."}],
    "segments": [{"segment_index": 0, "time_range": "0:00-0:05", "camera": "Pan left"}],
    "transitions": [],
    "temporal_caption": "A boat drifts over a lake.",
    "resolution": {"H": 720, "W": 1280},
    "aspect_ratio": "16,9",
    "duration": "5s",
    "fps": 24,
}


def test_a_whole_caption_is_read_and_written_back() -> None:
    assert parse_caption(json.dumps(WHOLE)) == WHOLE
    assert json.loads(write_caption(WHOLE)) == WHOLE


@pytest.mark.parametrize("text", ["A boat.", "[wide shot] A boat.", "5", "true", "A {boat}"])
def test_a_text_that_is_no_json_object_is_a_plain_prompt(text: str) -> None:
    assert check_prompt(text) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        ('```json\n{"temporal_caption": "x"}\n```', "Markdown fences"),
        ('\n~~~\n{"temporal_caption": "x"}\n~~~', "Markdown fences"),
        ('{"temporal_caption": "x"', "is no JSON"),
        ('["a", "b"]', "is a JSON list"),
        ("{}", "says nothing of what is seen"),
        ('{"fps": 24, "cinematography": {"framing": "Wide"}}', "says nothing of what is seen"),
        ('{"temporal_captoin": "x"}', "did you mean 'temporal_caption'"),
        ('{"temporal_caption": 3}', "temporal_caption is a JSON number"),
        ('{"temporal_caption": null}', "temporal_caption is a JSON null"),
        ('{"subjects": {"description": "x"}}', "subjects is a JSON object"),
        ('{"subjects": ["x"]}', "subjects[0] is a JSON text"),
        ('{"subjects": [{"desc": "x"}]}', "unknown key 'desc'"),
        ('{"subjects": [{"description": "x", "number_of_arms": -1}]}', "number_of_arms = -1"),
        ('{"context": "x", "fps": NaN}', "fps = nan"),
        ('{"context": "x", "transitions": "none"}', "transitions is a JSON text"),
        ('{"context": "x", "transitions": [1]}', "transitions[0] is a JSON number"),
        ('{"context": "x", "lighting": "soft"}', "lighting is a JSON text"),
        ('{"context": "\\ud800"}', "half of a character"),
        ('{"context": ' + "[" * 1000 + "]" * 1000 + "}", "nested too deeply"),
        ("x" * ((1 << 20) + 1), "characters"),
    ],
)
def test_a_prompt_that_would_be_misread_is_refused(text: str, words: str) -> None:
    with pytest.raises(BadInput) as refused:
        check_prompt(text)
    assert words in str(refused.value)
    assert len(str(refused.value)) < 700


def test_the_plan_decides_size_and_time() -> None:
    facts = ShotFacts(size=(832, 480), aspect_ratio="16,9", frames=100, fps=25)
    described = check_caption(describe_shot(WHOLE, facts))
    assert [described[key] for key in ("resolution", "aspect_ratio", "duration", "fps")] == [
        {"H": 480, "W": 832},
        "16,9",
        "4s",
        25.0,
    ]
    assert WHOLE["duration"] == "5s"


def test_the_scene_says_what_the_caption_leaves_open() -> None:
    found = {"camera_motion": "Static", "lens_focal_length": "35 mm", "focus": ""}
    cinematography = add_cinematography(WHOLE, found)["cinematography"]
    assert cinematography == {"camera_motion": "Pan left", "lens_focal_length": "35 mm", "framing": "Wide shot"}
    assert "cinematography" not in add_cinematography({"context": "x"}, {"focus": ""})


def test_a_caption_becomes_words_for_other_engines() -> None:
    assert plain_prompt(WHOLE).startswith("A boat drifts over a lake. A calm lake. Overcast. top-lit.")
    assert plain_prompt({"subjects": [{"description": "A dog"}, {}]}) == "A dog."
    assert plain_prompt(caption_of_text(" A dog runs. ")) == "A dog runs."
