"""``config show`` tells where a value came from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cosmos_houdini.cli import main


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cosmos-houdini.yaml").write_text("hosts: {gpu01: {address: gpu01, root: /data}}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COSMOS_HOUDINI_DEFAULTS_HOST", "gpu01")


def test_each_value_stands_with_its_origin(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["config", "show"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "defaults.host: gpu01  (from $COSMOS_HOUDINI_DEFAULTS_HOST)" in lines
    assert "defaults.engine: preview  (built in)" in lines
    assert f"hosts.gpu01.root: /data  (from {tmp_path / 'cosmos-houdini.yaml'})" in lines


def test_json_holds_settings_and_origins(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "show", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["settings"]["hosts"]["gpu01"]["launcher"] == "process"
    assert document["origins"]["defaults.host"] == "$COSMOS_HOUDINI_DEFAULTS_HOST"


def test_json_tells_the_parameters_of_every_engine(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "show", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert list(document["parameters"]) == document["engines"]
    known = {each["name"]: each for each in document["parameters"]["preview"]}
    assert known["guidance"]["default"] == 5.0
    assert known["guidance"]["allowed"] == "a number from 0 to 20"
    assert known["guidance"]["synonyms"] == ["guidance_scale"]
    assert known["seed"]["synonyms"] == []


@pytest.mark.parametrize(
    ("text", "key", "problem"),
    [
        ("defaults: {engine: trnsfer1}", "defaults.engine", "did you mean 'transfer1'?"),
        ("defaults: {host: nowhere}", "defaults.host", "no host 'nowhere' is configured"),
        ("hosts: {a: {address: a}}", "hosts.a", "host 'a' has no root"),
        ("hosts: {a: {address: a, root: data}}", "hosts.a", "is no absolute path"),
        ("hosts: {a: {root: /data, launcher: slrum}}", "hosts.a", "did you mean 'slurm'?"),
        ("hosts: {a: {root: /data, launcher: docker}}", "hosts.a", "names no image"),
        ("hosts: {a: {address: a, root: /d, identity: none}}", "hosts.a.identity", "is no file"),
        ("color: {config: none.ocio}", "color.config", "none.ocio is no file"),
        ("programs: {ffmpeg: /none/ffmpeg}", "programs.ffmpeg", "/none/ffmpeg is no file"),
        ("notify: {urls_file: none}", "notify.urls_file", "is no file"),
        ("passes: {layers: {dpeth: Pz}}", "passes.layers.dpeth", "'dpeth' is no pass"),
        ("overnight: {window: 22-23}", "overnight.window", "'22-23' is no time window"),
        ("depth: {percentiles: [90, 10]}", "depth.percentiles", "are no percentiles"),
    ],
)
def test_a_value_that_no_command_accepts_ends_with_exit_code_2(  # noqa: PLR0917 - parameters of a test
    text: str,
    key: str,
    problem: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("COSMOS_HOUDINI_DEFAULTS_HOST")
    (tmp_path / "cosmos-houdini.yaml").write_text(text, encoding="utf-8")
    assert main(["config", "show", "--json"]) == 2
    printed = capsys.readouterr()
    (found,) = json.loads(printed.out)["problems"]
    assert found["key"] == key
    assert found["origin"] == str(tmp_path / "cosmos-houdini.yaml")
    assert problem in printed.err
    assert printed.err.startswith(f"cosmos-houdini: error: {tmp_path / 'cosmos-houdini.yaml'}: ")
    assert printed.err.count("\n") == 1


def test_an_unknown_variable_is_an_error_of_config_show_and_a_warning_of_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "cosmos-houdini.yaml").write_text("hosts: {gpu01: {}}\n", encoding="utf-8")
    monkeypatch.setenv("COSMOS_HOUDINI_DEFAULT_HOST", "gpu01")
    assert main(["status", "--json"]) == 0
    warnings = capsys.readouterr().err.splitlines()
    assert warnings[0] == (
        "cosmos-houdini: warning: $COSMOS_HOUDINI_DEFAULT_HOST is no variable of cosmos-houdini and has no effect; "
        "did you mean 'COSMOS_HOUDINI_DEFAULTS_HOST'?"
    )
    assert main(["config", "show"]) == 2
    assert "error: $COSMOS_HOUDINI_DEFAULT_HOST is no variable" in capsys.readouterr().err
