"""The JSON Schemas: each is valid, is exported, and refuses what it should refuse."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from cosmos_houdini.cli import main
from cosmos_houdini.cli.program import cosmos_houdini
from cosmos_houdini.schemas import NAMES, schema_id
from cosmos_houdini.schemas.registry import json_schema
from support.documents import check_document, validator

PACKAGE = Path(__file__).resolve().parents[2] / "python3.10libs" / "cosmos_houdini"


@pytest.mark.parametrize("name", NAMES)
def test_each_schema_is_valid_describes_itself_and_demands_its_own_id(name: str) -> None:
    schema = json_schema(name)
    check_document(schema)
    assert schema["description"]
    errors = [error.message for error in validator(name).iter_errors({"schema": "cosmos-houdini/other/9"})]
    assert any(schema_id(name) in message for message in errors)


def test_the_command_lists_and_prints_every_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    names = capsys.readouterr().out.split()
    assert names == list(NAMES)
    for name in names:
        assert main(["schema", name]) == 0
        assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(json_schema(name)))
    assert main(["schema", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["schemas"]["status"] == "cosmos-houdini/status/1"


def test_the_value_of_a_documents_key_schema_names_its_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "cosmos-houdini/status/1"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "status"


@pytest.mark.parametrize("name", ["statsu", "cosmos-houdini/status/2", "status/1", "cosmos-houdini/status"])
def test_an_unknown_document_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", name]) == 2
    assert f"no document '{name}'; allowed: attach, " in capsys.readouterr().err


def test_every_name_that_a_command_prints_has_a_schema() -> None:
    texts = "".join(path.read_text(encoding="utf-8") for path in (PACKAGE / "cli").glob("*.py"))
    printed = set(re.findall(r'print_json(?:_lines)?\(\s*"([a-z-]+)"', texts))
    assert len(printed) > 20
    assert printed <= set(NAMES)


def test_a_document_with_a_key_that_its_schema_lacks_is_found() -> None:
    check_document({"schema": "cosmos-houdini/status/1", "jobs": []})
    with pytest.raises(AssertionError, match="more"):
        check_document({"schema": "cosmos-houdini/status/1", "jobs": [], "more": 1})
    with pytest.raises(AssertionError, match="'jobs' is a required property"):
        check_document({"schema": "cosmos-houdini/status/1"})


def leaf_commands(group: click.Group, context: click.Context, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from leaf_commands(command, context, (*words, name))
        else:
            yield (*words, name)


WITHOUT_DOCUMENT = {("mcp",): "its standard output belongs to the protocol"}
"""The commands without the option --json, and why."""


def test_each_command_without_a_document_is_there() -> None:
    assert WITHOUT_DOCUMENT.keys() <= {*leaf_commands(cosmos_houdini, click.Context(cosmos_houdini))}


@pytest.mark.parametrize("words", list(leaf_commands(cosmos_houdini, click.Context(cosmos_houdini))), ids=" ".join)
def test_every_command_has_the_option_json(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help", *words, "--json"]) == 0
    described = json.loads(capsys.readouterr().out)
    has_json = "--json" in [name for each in described["parameters"] for name in each["names"]]
    assert has_json is (words not in WITHOUT_DOCUMENT)
