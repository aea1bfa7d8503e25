"""Frame ranges and lists as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.sequences import span

frames = st.integers(-99_999, 99_999)


@given(frames, frames)
def test_every_range_is_read_back(one: int, other: int):
    first, last = sorted((one, other))
    assert span.parse(f"{first}-{last}") == (first, last)


@given(st.sets(frames, max_size=30))
def test_a_list_names_every_frame_and_no_other(numbers: set[int]):
    named: set[int] = set()
    for part in span.listed(numbers).split(", ") if numbers else ():
        first, last = span.parse(part)
        named |= set(range(first, last + 1))
    assert named == numbers


@pytest.mark.parametrize("text", ["", "a-b", "1-2-3", "1001..1100", "1.5-3", "1-", "-", "1,5", "1-99999999"])
def test_what_is_no_range_is_refused_with_an_example(text: str):
    with pytest.raises(BadInput, match="is no range; allowed: FIRST-LAST"):
        span.parse(text)


def test_a_backward_range_is_refused_with_the_right_one():
    with pytest.raises(BadInput, match="write it as 1-10"):
        span.parse("10-1")
