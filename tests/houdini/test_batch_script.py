"""scripts/cosmos_batch.py: the frames of a scene through the command line's own batch, rendered first where asked."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from cosmos_houdini.cli import main
from cosmos_houdini.houdini import worker
from cosmos_houdini.houdini.environment import ROOT
from cosmos_houdini.houdini.hython import batch as batch_script
from support import python_path
from support.houdini import hython as hython_module
from support.houdini.houdini_session import Session
from support.houdini.hython import hython
from support.media.shot_files import NODE, ShotOnDisk, make_shot

SCRIPT = ROOT / "scripts" / "cosmos_batch.py"
PROMPT = 'A "wet" street; $(rain) & größe'
VARIED = {"seeds": [3, 1, 2], "control_weights": {"depth": [0.25]}}


@pytest.fixture
def shot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ShotOnDisk:
    (tmp_path / "night.yaml").write_text(yaml.safe_dump(VARIED), encoding="utf-8")
    return make_shot(tmp_path, monkeypatch)


def test_a_farm_job_renders_runs_the_batch_and_prints_its_table(
    houdini: Session, shot: ShotOnDisk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    waiting = tmp_path / "not rendered yet"
    shot.renders.rename(waiting)
    houdini.on_render = lambda _: shutil.move(waiting, shot.renders)
    shot.configure(hosts={"here": {}})
    arguments = [str(shot.hip), "--rop", NODE, "--render", "--prompt", PROMPT, "--randomization", "night.yaml"]
    assert batch_script.main([*arguments, "--host", "here", "--max-parallel", "1"]) == 0
    printed = capsys.readouterr()
    assert houdini.rendered == [(NODE, (1, 5, 1))]
    [table] = [Path(line) for line in printed.out.splitlines()]
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["state"] for row in rows] == ["succeeded"] * 3
    jobs = worker.call("status", folder=shot.folder)["jobs"]
    assert {job["host"] for job in jobs} == {"here"}
    assert "shot on here: 3 of 3 runs done" in printed.err


@pytest.mark.usefixtures("houdini")
def test_a_scene_may_be_called_anything(shot: ShotOnDisk, capsys: pytest.CaptureFixture[str]) -> None:
    hip = shot.hip.rename(shot.folder / "shot 01, größe.hip")
    arguments = [str(hip), "--renders", str(shot.renders), "--prompt", PROMPT, "--count", "2", "--dry-run"]
    assert batch_script.main(arguments) == 0, capsys.readouterr().err
    assert len(json.loads(capsys.readouterr().out)["runs"]) == 2


def test_the_runs_are_byte_for_byte_those_of_the_command_line(
    shot: ShotOnDisk, capfd: pytest.CaptureFixture[str]
) -> None:
    batch = ("--randomization", "night.yaml", "--count", "2", "--seed", "5", "--engine", "preview")
    done = hython(SCRIPT, shot.hip, "--rop", NODE, "--prompt", PROMPT, *batch, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert main(["create-batch", str(shot.folder / "cosmos_out/shot/shot.spec.json"), *batch, "--json"]) == 0
    assert json.loads(done.stdout) == json.loads(capfd.readouterr().out)
    assert {run["parameters"]["seed"] for run in json.loads(done.stdout)["runs"]} <= {1, 2, 3}
    assert not (shot.folder / ".cosmos").exists()


@pytest.mark.usefixtures("houdini")
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--render"], 2, ["--rop"]),
        (["--rop", NODE, "--set", "seed=3"], 2, ["--set", "--randomization"]),
        (["--rop", NODE, "--host", "gpu9"], 2, ["gpu9", "local", "log: "]),
        (["--rop", NODE, "--randomization", "absent.yaml"], 2, ["absent.yaml"]),
        (["--rop", NODE, "--count", "none"], 2, ["none"]),
    ],
)
def test_what_is_wrong_is_one_line_and_an_exit_code(
    shot: ShotOnDisk, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: list[str]
) -> None:
    assert batch_script.main([str(shot.hip), "--prompt", PROMPT, *arguments]) == code
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("error: ")
    assert all(word in line for word in words), line


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for another process")
def test_an_interrupted_batch_says_how_to_go_on(shot: ShotOnDisk) -> None:
    (shot.folder / "night.yaml").write_text(yaml.safe_dump({"seeds": list(range(40))}), encoding="utf-8")
    argv = [sys.executable, hython_module.__file__, str(SCRIPT), str(shot.hip), "--rop", NODE, "--prompt", PROMPT]
    process = subprocess.Popen(
        [*argv, "--randomization", "night.yaml"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": python_path()},
    )
    deadline = time.monotonic() + 180
    while not (shot.folder / ".cosmos").exists():
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=180)
    assert process.returncode == 4
    assert "interrupted" in said.splitlines()[-1]
