"""Patterns of numbered file names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosmos_houdini.media.sequences.pattern import Pattern, parse

text = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), max_size=8)
literal = text.filter(lambda part: not set(part) & set("$%#@<"))
numbers = st.integers(-999_999, 999_999)


@given(prefix=text, suffix=text, padding=st.integers(1, 9), number=numbers)
def test_a_number_written_by_a_pattern_is_read_back(prefix: str, suffix: str, padding: int, number: int):
    pattern = Pattern(prefix, suffix, padding)
    assert pattern.number(pattern.name(number)) == number


@given(prefix=literal, suffix=literal, padding=st.integers(1, 9))
@pytest.mark.parametrize("spelling", ["$F{}", "${{F{}}}", "<F{}>", "%0{}d"])
def test_placeholders_of_houdini_husk_and_printf_are_read_in_any_name(
    spelling: str, prefix: str, suffix: str, padding: int
):
    # A digit behind $F4 would be one of its own.
    suffix = f".{suffix}"
    assert parse(prefix + spelling.format(padding) + suffix) == Pattern(prefix, suffix, padding)


@given(prefix=literal, suffix=literal, padding=st.integers(1, 9))
@pytest.mark.parametrize("mark", ["#", "@"])
def test_marks_count_the_digits(mark: str, prefix: str, suffix: str, padding: int):
    assert parse(prefix + mark * padding + suffix) == Pattern(prefix, suffix, padding)


@pytest.mark.parametrize("name", ["a.$F.png", "a.${F}.png", "a.<F>.png", "a.%d.png", "a.#.png", "a.@.png"])
def test_a_placeholder_without_a_width_pads_nothing(name: str):
    assert parse(name) == Pattern("a.", ".png", 1)


@pytest.mark.parametrize(
    ("name", "prefix"), [("take#2.%04d.png", "take#2."), ("a@b.####.png", "a@b."), ("100%.$F4.png", "100%.")]
)
def test_ordinary_signs_in_a_name_are_no_placeholder_beside_a_real_one(name: str, prefix: str):
    assert parse(name) == Pattern(prefix, ".png", 4)


@pytest.mark.parametrize("name", ["shot.png", "shot.0001.png", "", "100%.png", "$HIP.png"])
def test_a_name_without_placeholder_is_no_pattern(name: str):
    assert parse(name) is None


@pytest.mark.parametrize("name", ["a.b.png", "a..png", "a.1.jpg", "b.1.png", "a.1.2.png", "a.20261123.png", "a.٣.png"])
def test_files_of_other_sequences_have_no_number(name: str):
    assert Pattern("a.", ".png", 4).number(name) is None
