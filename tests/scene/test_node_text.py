"""The texts of a node's entries."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosmos_houdini.scene.channel import parse_channels
from cosmos_houdini.scene.parm import parse_parms
from support.houdini import hip_files

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@given(st.lists(TEXTS, min_size=1, max_size=4), st.floats(allow_nan=False, allow_infinity=False))
def test_quoted_texts_and_numbers_come_back(texts: list[str], number: float):
    text = hip_files.parms({"first": [quoted(t) for t in texts], "second": [repr(number), ("ch", repr(number))]})
    parms = parse_parms(text)
    assert [value.text for value in parms["first"]] == texts
    assert [(value.number, value.channel) for value in parms["second"]] == [(number, None), (number, "ch")]


def test_lines_within_a_quoted_text_are_no_parameters():
    text = hip_files.parms({"note": ['"two\nfocal\t[ 0\tlocks=0 ]\t(\t99\t)\n"'], "focal": [50]})
    assert parse_parms(text)["focal"][0].number == 50


def test_bare_words_may_hold_brackets_and_spaces():
    text = hip_files.parms(
        {"filter": [r"[\"ubox\",{}]"], "empty": [], "driven": [("name", '"a ] b"')], "path": ["$HIP/a b.exr"]}
    )
    parms = parse_parms(text)
    assert parms["filter"][0].text == '["ubox",{}]'
    assert parms["empty"] == ()
    assert (parms["driven"][0].text, parms["driven"][0].channel) == ("a ] b", "name")
    assert parms["path"][0].text == "$HIP/a b.exr"


@given(st.text(max_size=200))
def test_arbitrary_text_is_parsed_or_refused_as_channels(text: str):
    parse_parms(text)
    with contextlib.suppress(ValueError):
        parse_channels("{ channel tx { " + text)


def test_channels_with_options_expressions_and_omitted_numbers():
    text = hip_files.channels(
        tx="start = -0.5 segment { options = {\t autoslope  ai ao }\n\n\t length = 2 value = 1 3 slope = 0.5 -0.25\n"
        "\t accel = 1 2 expr = bezier() } segment { length = 0 expr = bezier() }",
        ty=r'segment { length = 0 value = 1 1 expr = "ch(\"../null 1/tx\") + { }" language = python }',
        tz=r"defaultString = \"a\" segment { length = 0 expr = ch(\"../x\") }",
    )
    parsed = parse_channels(text)
    assert list(parsed) == ["tx", "ty", "tz"]
    first, last = parsed["tx"].segments
    assert parsed["tx"].start_s == -0.5
    assert (first.length_s, first.values, first.slopes, first.accels) == (2, (1, 3), (0.5, -0.25), (1, 2))
    assert (last.values, last.slopes, last.expression) == ((0, 0), (0, 0), "bezier()")
    assert parsed["ty"].segments[0].expression == 'ch("../null 1/tx") + { }'
    assert parsed["tz"].segments[0].expression == 'ch("../x")'


@pytest.mark.parametrize(
    "text",
    [
        "segment { length = long }",
        "segment { length = -1 }",
        "segment { length = inf }",
        "segment { value = 1 }",
        "segment length = 1 }",
    ],
)
def test_channels_that_make_no_sense_are_refused(text: str):
    with pytest.raises(ValueError, match=r"\S"):
        parse_channels(hip_files.channels(tx=text))


@pytest.mark.parametrize("text", ["{ channel tx { = 4 } }", "{ channel tx { start = 1", "{ channel tx", "{ channel"])
def test_channels_that_end_early_or_begin_wrongly_are_refused(text: str):
    with pytest.raises(ValueError, match=r"\S"):
        parse_channels(text)
