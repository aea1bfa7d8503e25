"""Words that the guardrail blocks are named with their place before a request is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosmos_houdini.engines.cosmos import blocklist
from cosmos_houdini.engines.cosmos.blocklist import REPORTED, blocklist_warnings, find_blocked, known_words
from cosmos_houdini.model.request import Clip, InferenceRequest

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def request(prompt: str, negative: str = "") -> InferenceRequest:
    clip = Clip(path=Path("color.mp4"), sha256="", frames=10, size=(1280, 704), fps=24)
    return InferenceRequest(
        name="shot",
        engine="transfer2.5",
        prompt=prompt,
        negative_prompt=negative,
        video=clip,
        controls=(),
        parameters={},
        num_gpu=1,
    )


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    return tmp_path / "models--nvidia--Cosmos-Guardrail1"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a bleeding sky", [(2, "bleeding", "bleeding")]),
        ("BLEEDING", [(0, "BLEEDING", "bleeding")]),
        ("a desk in the fog", [(2, "desk in", "deskin")]),
        ("two Xboxs, one xbox", [(4, "Xboxs", "xbox"), (15, "xbox", "xbox")]),
        ("n-i ke shoes", [(0, "n-i ke", "nike")]),
        ("a bleed, a life, a desk", []),
        ("", []),
    ],
)
def test_places_in_a_text(text: str, found: list[tuple[int, str, str]]):
    assert [(one.start, one.text, one.entry) for one in find_blocked(text, frozenset(REPORTED))] == found


def test_prompt_and_negative_prompt_are_named_with_the_place():
    (sentence,) = blocklist_warnings(request("rain", "blurry, lifeless, a desk in a room"))
    assert sentence == (
        "the guardrail blocks the negative prompt for 'lifeless' at character 9, 'desk in' at character 21 (read as "
        "'deskin'); use other words"
    )
    assert blocklist_warnings(request("rain on asphalt")) == ()


def test_many_places_are_counted():
    (sentence,) = blocklist_warnings(request("nike " * 8))
    assert sentence.count("'nike'") == 5
    assert "and 3 more" in sentence


def test_the_lists_of_a_fetched_guardrail_hold_without_the_words_that_it_allows(cache: Path):
    blocklist._read_lists.cache_clear()
    lists = cache / "snapshots" / COMMIT / "blocklist"
    for name, words in {"custom": "gore\nbad word\n", "exact_match": "acme\n", "whitelist": "xbox\n"}.items():
        (lists / name).mkdir(parents=True)
        (lists / name / "words").write_text(words)
    (cache / "refs").mkdir()
    (cache / "refs" / "main").write_text(COMMIT)
    words = known_words()
    assert {"gore", "bad word", "acme", "bleeding"} <= words
    assert "xbox" not in words
    assert [one.entry for one in find_blocked("a Bad  word of acme", words)] == ["bad word", "acme"]
