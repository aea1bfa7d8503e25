from __future__ import annotations

import pytest

from cosmos_houdini.engines import engine, engine_names
from cosmos_houdini.errors import BadInput


def test_every_engine_answers_to_its_name():
    assert engine_names() == ("preview", "transfer1", "transfer2.5", "diffusers")
    assert [engine(name).name for name in engine_names()] == list(engine_names())


def test_an_unknown_engine_is_answered_with_the_nearest():
    with pytest.raises(
        BadInput,
        match=r"unknown engine 'transfer'.*preview, transfer1, transfer2.5, diffusers.*did you mean 'transfer1'",
    ):
        engine("transfer")


def test_a_run_switches_between_the_engines_without_edits():
    assert engine("preview").parameters == engine("transfer1").parameters
