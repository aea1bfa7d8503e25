"""Prompts from templates: placeholders, lists, wildcards files, and the specs of a batch."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosmos_houdini.batches.prompts import vary_prompts
from cosmos_houdini.caption.templates import expand_templates, parse_words
from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.caption import parse_caption
from cosmos_houdini.specs.create import create_prompt_spec
from cosmos_houdini.specs.files import load_prompt_spec, save_prompt_spec
from support.media import FFMPEG
from support.media.transfer_clips import write_clips


def test_every_combination_once_in_order():
    words = {"subject": ["a cat", "a dog"], "time": ["dawn", "night"], "style": ["oil"]}
    assert expand_templates(["{subject} at {time}, {style}", "{style}", "a plain text"], words) == (
        "a cat at dawn, oil",
        "a cat at night, oil",
        "a dog at dawn, oil",
        "a dog at night, oil",
        "oil",
        "a plain text",
    )


def test_words_with_braces_are_not_filled_again():
    assert expand_templates(["{a} {b}"], {"a": ["{b}"], "b": ["x"]}) == ("{b} x",)


def test_words_stay_text_inside_a_structured_caption():
    (prompt,) = expand_templates(['{"temporal_caption": "{what} rides"}'], {"what": ['a "knight"\n']})
    assert parse_caption(prompt) == {"temporal_caption": 'a "knight"\n rides'}


def test_a_placeholder_without_words_is_named():
    with pytest.raises(BadInput, match="did you mean 'style'"):
        expand_templates(["{stile}"], {"style": ["x"]})


def test_too_many_prompts_are_refused():
    with pytest.raises(BadInput, match="more than 10000"):
        expand_templates(["{a} {b}"], {"a": [str(n) for n in range(200)], "b": [str(n) for n in range(200)]})


def test_words_come_from_lists_and_wildcards_files(tmp_path: Path):
    (tmp_path / "times.txt").write_text("# times of day\ndawn\n\n  night  \ndawn\n", encoding="utf-8")
    assert parse_words(["style=oil|ink", f"time=@{tmp_path / 'times.txt'}"]) == {
        "style": ("oil", "ink"),
        "time": ("dawn", "night"),
    }


@pytest.mark.parametrize("text", ["style", "=a", "a b=c", "style=", "style=@nowhere.txt"])
def test_words_that_cannot_be_read_are_refused(text: str):
    with pytest.raises(BadInput):
        parse_words([text])


def test_a_spec_for_each_prompt(tmp_path: Path):
    write_clips(tmp_path, "color", "depth")
    spec = create_prompt_spec("street", "a street", tmp_path / "color.mp4", {}, ffmpeg=FFMPEG)
    save_prompt_spec(spec, tmp_path / "street.spec.json")
    out = tmp_path / "out"
    out.mkdir()
    files = vary_prompts([tmp_path / "street.spec.json"], ["{prompt} in {when}"], {"when": ["fog", "rain"]}, out)
    assert [file.name for file in files] == ["street-prompt1.spec.json", "street-prompt2.spec.json"]
    specs = [load_prompt_spec(file) for file in files]
    assert [spec.prompt for spec in specs] == ["a street in fog", "a street in rain"]
    assert {spec.input_video for spec in specs} == {tmp_path / "color.mp4"}
