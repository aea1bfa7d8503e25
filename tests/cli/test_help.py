"""``help`` and the help page."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from cosmos_houdini.cli import main
from cosmos_houdini.cli.commands import COMMANDS, help_page
from support.engines import fake_engine


def test_help_alone_is_the_help_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help"]) == 0
    assert capsys.readouterr().out == help_page()


@pytest.mark.parametrize("words", [["status"], ["batch"], ["batch", "pause"], ["config", "show"]])
def test_the_help_of_a_command_is_what_its_option_prints(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help", *words]) == 0
    shown = capsys.readouterr().out
    assert main([*words, "--help"]) == 0
    assert shown == capsys.readouterr().out
    assert shown.startswith(f"Usage: cosmos-houdini {' '.join(words)} ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["statsu"], "no command 'statsu'"),
        (["batch", "puase"], "did you mean 'pause'?"),
        (["status", "x"], "no command 'status x'"),
    ],
)
def test_an_unknown_command_is_answered_with_the_nearest(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["help", *words]) == 2
    assert said in capsys.readouterr().err


def test_help_as_json_describes_a_command_and_the_list_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help", "--json"]) == 0
    assert list(json.loads(capsys.readouterr().out)["commands"]) == list(COMMANDS)
    assert main(["help", "run", "--json"]) == 0
    options = {each["names"][0]: each for each in json.loads(capsys.readouterr().out)["parameters"]}
    assert options["--num-gpu"]["kind"] == "option"
    assert options["--json"]["value"] == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_that_can_be_described(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help", name, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["summary"]


@pytest.fixture
def _fake_engines() -> Iterator[None]:
    fake_engine.register()
    yield
    fake_engine.unregister()


@pytest.mark.usefixtures("_fake_engines")
@pytest.mark.parametrize("name", ["submit", "create-run", "create-batch"])
def test_the_help_of_an_engine_names_those_that_are_registered_by_now(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["help", name, "--json"]) == 0
    options = {each["names"][0]: each for each in json.loads(capsys.readouterr().out)["parameters"]}
    assert options["--engine"]["help"].startswith("preview, ")
    assert ", fake" in options["--engine"]["help"]
    assert main([name, "--help"]) == 0
    assert "preview, transfer1" in capsys.readouterr().out


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert "0.1.0" in capsys.readouterr().out
