"""The list of steps for a first run in Houdini says what the package does."""

from __future__ import annotations

import re

from cosmos_houdini.houdini.environment import ROOT
from cosmos_houdini.houdini.hython.selftest import CHECKS

TEXT = (ROOT / "docs" / "houdini-first-run.md").read_text(encoding="utf-8")


def test_there_are_at_most_fifteen_steps_each_with_what_is_seen() -> None:
    steps = re.findall(r"^\| (\d+) \| (.+?) \| (.+?) \|$", TEXT, re.MULTILINE)
    assert [int(number) for number, _, _ in steps] == list(range(1, len(steps) + 1))
    assert len(steps) <= 15


def test_every_open_question_that_the_self_test_answers_is_marked() -> None:
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", TEXT.split("## Open questions")[1], re.MULTILINE)
    answered = [question for question, step in rows if step.startswith("3")]
    assert len(answered) >= 8
    assert "--report" in TEXT


def test_the_files_that_it_names_are_there_and_the_self_test_has_as_many_lines() -> None:
    for name in re.findall(r"scripts/\w+(?:\.py)?", TEXT):
        assert (ROOT / name).is_file(), name
    assert f"{len(CHECKS)} of {len(CHECKS)} passed" in TEXT
