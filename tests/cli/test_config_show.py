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
