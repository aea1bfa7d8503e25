"""The check of a farm machine: each thing that a work item needs is named where it is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cosmos_houdini.houdini.environment import ROOT
from cosmos_houdini.houdini.tops import farm_check
from cosmos_houdini.houdini.tops.cooked_items import find_cause
from support.houdini.top_network import JOB_API
from support.servers.host_programs import write_shell

SCRIPT = ROOT / "scripts" / "cosmos_farm_check.py"


def problems(folder: Path, environ: dict[str, str] | None = None) -> dict[str, str]:
    return {each.title: each.problem for each in farm_check.check_farm(folder, environ or {}) if each.problem}


def test_a_machine_that_has_everything_passes_by_itself_and_as_a_work_item(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(SCRIPT), str(tmp_path), "--of-the-scheduler"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert len(done.stdout.splitlines()) == 6
    assert all(line.startswith("pass  ") for line in done.stdout.splitlines())


def test_a_machine_without_the_project_is_told_where_it_should_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = tmp_path / "proj"
    assert farm_check.main(gone) == 1
    printed = capsys.readouterr().out
    assert f"FAIL  the project's folder: {gone} is not here; mount it under the artist's path" in printed
    assert "cannot cook work items of Cosmos; the project's folder:" in find_cause(printed)


def test_a_python_that_is_on_the_artists_machine_alone_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/home/artist/.pyenv/bin/python\n", encoding="utf-8")
    broken.chmod(0o755)
    monkeypatch.setenv("COSMOS_HOUDINI_PYTHON", str(broken))
    found = problems(tmp_path)
    assert f"{broken} does not start here: No such file" in found["the worker's Python"]
    assert "a Python that this machine has too" in found["the worker's Python"]
    monkeypatch.setenv("COSMOS_HOUDINI_PYTHON", str(write_shell(tmp_path / "bin", "python", "echo no lib >&2; exit 3")))
    assert "ends with exit code 3; no lib" in problems(tmp_path)["the worker's Python"]
    monkeypatch.setenv("COSMOS_HOUDINI_PYTHON", str(tmp_path / "gone"))
    assert "does not exist" in problems(tmp_path)["the worker's Python"]


def test_a_work_item_without_its_server_and_its_job_api_is_told_both(tmp_path: Path) -> None:
    environ = {"PDG_RESULT_SERVER": "127.0.0.1:9", "PDG_TEMP": str(tmp_path), "PDG_SCRIPTDIR": "$NOWHERE"}
    found = problems(tmp_path, environ)
    assert set(found) == {"the result server", "SideFX's job API"}
    assert "nothing listens at 127.0.0.1:9; open the port" in found["the result server"]
    assert "no pdgjson.py in $NOWHERE" in found["SideFX's job API"]
    assert "SideFX's job API" not in problems(tmp_path, {**environ, "PDG_SCRIPTDIR": str(JOB_API)})


def test_a_configuration_that_cannot_be_used_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "cosmos-houdini.yaml").write_text("hosts: {gpu01: {address: gpu01, root: data}}", encoding="utf-8")
    assert "no absolute path" in problems(tmp_path)["the hosts of the configuration"]
