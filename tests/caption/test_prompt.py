"""First prompts: what is in them, where it comes from, and what is left out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cosmos_houdini.caption.prompt import Known, write_prompt
from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.caption import parse_caption
from cosmos_houdini.model.prompt_length import count_words, estimate_tokens, fits

FACTS: dict[str, Any] = {
    "fps": 24,
    "frames": 96,
    "duration_s": 4.0,
    "camera": "/obj/cam1",
    "lens": {"focal_mm": 35.0, "full_frame_mm": 30.4, "view_deg": 61.0, "words": "wide-angle lens"},
    "camera_move": {
        "word": "dolly",
        "sentence": "the camera dollies in by 5 units, pans right by 12 degrees",
        "moves": [
            {"word": "dolly", "direction": "dollies in", "amount": 5, "unit": "units", "comes_back": False},
            {"word": "pan", "direction": "pans right", "amount": 12, "unit": "degrees", "comes_back": True},
            {"word": "handheld", "direction": "", "amount": 0.2, "unit": "degrees", "comes_back": False},
        ],
    },
    "camera_angle": "low angle",
    "unresolved": [],
    "lights": [{"path": "/obj/sun", "name": "sun", "kind": "sun", "elevation_deg": 3.0}]
    + [{"path": f"/obj/a{n}", "name": f"a{n}", "kind": "area", "elevation_deg": None} for n in (1, 2)],
    "materials": [{"path": "/mat/old_brass", "name": "old_brass", "kind": "principledshader", "looks": ["metallic"]}],
    "objects": ["tower"],
    "time_of_day": "golden hour",
}
KNOWN = Known(
    caption="A stone tower stands in a courtyard.",
    style="heavy rain, film grain",
    facts=FACTS,
    objects=("/set/tower_geo", "/set/oldGate01"),
    framing="wide shot",
)


def test_a_structured_caption_has_every_known_field_and_passes_the_check_of_its_schema():
    written = write_prompt(KNOWN, "cosmos3")
    assert parse_caption(written.text) == {
        "temporal_caption": "A stone tower stands in a courtyard.",
        "style_medium": "heavy rain, film grain",
        "subjects": [{"description": "tower"}, {"description": "old gate"}],
        "lighting": {"conditions": "golden hour, lit by the sun and 2 area lights"},
        "cinematography": {
            "lens_focal_length": "35 mm, wide-angle lens",
            "camera_motion": "the camera dollies in, pans right and back, handheld camera",
            "framing": "wide shot",
            "camera_angle": "low angle",
        },
        "context": "materials: metallic old brass",
    }
    assert {part.key: part.source for part in written.parts} == {
        "temporal_caption": "model",
        "style_medium": "user",
        "subjects": "scene",
        "lighting.conditions": "scene",
        "cinematography.lens_focal_length": "scene",
        "cinematography.camera_motion": "scene",
        "cinematography.framing": "scene",
        "cinematography.camera_angle": "scene",
        "context": "scene",
    }


def test_a_plain_prompt_is_a_paragraph_of_the_same_parts():
    assert write_prompt(KNOWN).text == (
        "A stone tower stands in a courtyard. Heavy rain, film grain. In view: tower and old gate. "
        "Golden hour, lit by the sun and 2 area lights. Wide shot, low angle, 35 mm, wide-angle lens. "
        "The camera dollies in, pans right and back, handheld camera. Materials: metallic old brass."
    )


def test_what_is_unknown_is_left_out():
    written = write_prompt(Known(style="snow"), "cosmos3")
    assert json.loads(written.text) == {"style_medium": "snow"}
    nothing = dict.fromkeys(("lens", "camera_move", "camera_angle", "time_of_day")) | {"lights": [], "materials": []}
    written = write_prompt(Known(style="snow", facts=nothing))
    assert written.text == "Snow."


@pytest.mark.parametrize("known", [Known(), Known(facts=FACTS | {"objects": []}), Known(objects=("1024", "255,0,7"))])
def test_nothing_is_invented_where_nothing_says_what_is_seen(known: Known):
    with pytest.raises(BadInput, match="nothing says what the shot shows"):
        write_prompt(known)


@pytest.mark.parametrize(
    "hostile",
    ['{"temporal_caption": "x"}', "```json\n{}\n```", "~~~", "[1]", "a\x1b[31mred\x00\nball", "--prompt x; `id`"],
)
def test_hostile_captions_and_names_stay_text(hostile: str):
    known = Known(caption=f"{hostile} a house", style=hostile + " rain", objects=(f"/x/{hostile}tower",))
    written = write_prompt(known)
    assert parse_caption(written.text) is None
    assert written.text.isprintable()
    caption = parse_caption(write_prompt(known, "cosmos3").text)
    assert caption is not None
    assert caption["temporal_caption"].endswith("a house")


def test_a_long_caption_is_shortened_and_the_users_words_stay_whole():
    words = " ".join(f"word{n}" for n in range(60))
    written = write_prompt(Known(caption="stone " * 600, style=words, facts=FACTS, framing="wide shot"))
    assert fits(written.text)
    assert words in written.text.replace("Word0", "word0")
    assert written.left_out[-1] == "temporal_caption"
    assert "context" in written.left_out
    assert not write_prompt(KNOWN).left_out


def test_words_of_the_user_that_are_too_long_are_refused():
    with pytest.raises(BadInput, match="at most 300 words and 512 tokens"):
        write_prompt(Known(style="rain " * 301))


@pytest.mark.parametrize(
    ("text", "words", "tokens"),
    [
        ("a cat", 2, 2),
        ("photorealistic", 1, 4),
        ("Größe", 1, 6),
        ("雨が降る夜の街", 7, 21),
        ("don't", 1, 3),
        ("a" * 400, 40, 100),
    ],
)
def test_words_and_tokens(text: str, words: int, tokens: int):
    assert (count_words(text), estimate_tokens(text)) == (words, tokens)


def test_a_script_without_spaces_is_counted_by_bytes():
    assert not fits("雨" * 171)
    assert fits("雨" * 170)
