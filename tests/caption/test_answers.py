"""Answers of models become one caption, tags and a name."""

from __future__ import annotations

import pytest

from cosmos_houdini.caption.answers import Answer, merge_answers


def test_answers_about_single_frames_are_merged_without_repetition():
    words = merge_answers(
        [
            Answer(text="a red ball on a stone floor", confidence=0.8),
            Answer(text="a red ball on the stone floor", confidence=0.6),
            Answer(text="a tower in the rain", confidence=0.4),
        ]
    )
    assert words.text == "A red ball on a stone floor. a tower in the rain."
    assert words.tags == ("red", "ball", "stone", "floor", "tower", "rain")
    assert words.name == "red_ball_stone"
    assert words.confidence == pytest.approx(0.6)
    assert not words.is_foreign


def test_tags_and_name_of_the_model_are_taken_and_leave_the_caption():
    words = merge_answers([Answer(text="A knight rides home.\n**Tags:** Knight, horse, dusk\nName: The Way Home!")])
    assert words.text == "A knight rides home."
    assert (words.tags, words.name, words.confidence) == (("knight", "horse", "dusk"), "the_way_home", None)


@pytest.mark.parametrize("text", ["", "\x00\x1b[2J", "```"])
def test_a_model_that_says_nothing(text: str):
    words = merge_answers([Answer(text=text)])
    assert (words.name, words.tags) in {("", ()), ("j", ())}
    assert "\x1b" not in words.text


def test_a_name_is_fit_for_files():
    assert merge_answers([Answer(text="A cat.\nName: ../../etc/passwd $(x)")]).name == "etc_passwd_x"


def test_a_caption_in_another_language_is_noticed():
    assert merge_answers([Answer(text="Ein roter Ball liegt auf einem grauen Boden im Regen")]).is_foreign
