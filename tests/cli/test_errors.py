"""Errors: one line for people, one JSON document for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cosmos_houdini import errors
from cosmos_houdini.cli import main
from cosmos_houdini.errors import CosmosError, DiskFull, HostKeyError, ToolError


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_an_error_is_json_on_stdout_and_a_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "nothing", "--json"]) == 2
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert document["schema"] == "cosmos-houdini/error/1"
    error = document["error"]
    assert set(error) == {"class", "problem", "allowed", "action", "exit_code"}
    assert (error["class"], error["exit_code"]) == ("BadInput", 2)
    assert "no job 'nothing'" in error["problem"]
    assert printed.err == f"cosmos-houdini: error: {error['problem']}; {error['action']}\n"


def test_without_json_stdout_stays_empty(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "nothing"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (["status", "--jsn", "--json"], "No such option '--jsn'"),
        (["statis", "--json"], "no command 'statis'; did you mean 'status'?"),
        (["create-run", "--json"], "Missing argument 'SPEC'"),
    ],
)
def test_a_wrong_command_line_is_an_error_of_bad_input(
    command: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["class"] == "BadInput"
    assert problem in error["problem"]
    assert "--help" in error["action"]


def test_an_error_of_the_operating_system_keeps_its_class(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main(["install-houdini", "--prefs", str(tmp_path / "file" / "prefs"), "--json"]) == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["class"] in {"NotADirectoryError", "FileExistsError"}
    assert str(tmp_path / "file") in error["problem"]


def test_an_error_after_the_document_is_not_a_second_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "houdini19.5").mkdir()
    monkeypatch.setenv("HOUDINI_USER_PREF_DIR", str(tmp_path / "houdini19.5"))
    assert main(["install-houdini", "--json"]) == 2
    printed = capsys.readouterr()
    assert json.loads(printed.out)["packages"] == []
    assert "no Houdini from 20.0 to 21 was found" in printed.err


def every_error() -> list[type[CosmosError]]:
    return [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, CosmosError)]


@pytest.mark.parametrize("kind", every_error())
def test_every_error_says_class_problem_allowed_action_and_exit_code(kind: type[CosmosError]) -> None:
    more = {"job_id": "a-1"} if issubclass(kind, errors.JobFailed) else {}
    error = kind("a problem\nof two lines", action="do this", **more)
    document = error.to_dict()
    assert list(document) == ["class", "problem", "allowed", "action", "exit_code"]
    assert document["class"] == kind.__name__
    assert document["problem"] == "a problem\\nof two lines"
    assert document["exit_code"] in {1, 2, 3, 4}


def test_every_error_stands_in_the_tree_of_the_docstring() -> None:
    for kind in every_error():
        line = next(line for line in (errors.__doc__ or "").splitlines() if line.split()[-1:] and kind.__name__ in line)
        assert kind is CosmosError or f"exit {kind.exit_code}" in line


def test_the_exit_codes_of_the_tree() -> None:
    codes = {kind: kind.exit_code for kind in (DiskFull, HostKeyError, ToolError)}
    assert codes == {DiskFull: 1, HostKeyError: 3, ToolError: 1}
