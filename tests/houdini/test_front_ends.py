"""Command line, Python API, TOP node, shelf and hython script make one plan of one shot, byte for byte."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

import cosmos_houdini as cosmos
from cosmos_houdini.houdini import worker
from cosmos_houdini.houdini.environment import ROOT
from cosmos_houdini.houdini.scene_contents import read_in_steps
from cosmos_houdini.houdini.tops import project as top_project
from cosmos_houdini.houdini.tops.work_order import ATTRIBUTE, WorkOrder
from cosmos_houdini.houdini.windows.shot_choice import ShotChoice
from cosmos_houdini.houdini.windows.submit_dialog import SubmitDialog
from support.houdini import offscreen
from support.houdini.hython import hython
from support.houdini.top_network import Network
from support.media.shot_files import NODE, ShotOnDisk, make_shot

PROMPT = 'A "wet" street; $(rain) & größe'
OPTIONS = ["--set", "seed=7", "--set", "guidance=6", "--weight", "depth=0.75", "--num-gpu", "2"]


@pytest.fixture
def shot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ShotOnDisk:
    return make_shot(tmp_path, monkeypatch)


def as_printed(document: object) -> str:
    """Return a document as the command line prints it."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def of_the_command_line(shot: ShotOnDisk, capfd: pytest.CaptureFixture[str], prompt: str = PROMPT) -> str:
    capfd.readouterr()
    assert shot.submit("--output", NODE, *OPTIONS, "--dry-run", prompt=prompt) == 0
    return capfd.readouterr().out


def of_the_python_api(shot: ShotOnDisk) -> str:
    project = cosmos.Project.open(shot.folder)
    plan = project.plan(
        project.shot(shot.hip, output=NODE),
        prompt=PROMPT,
        parameters={"seed": 7, "guidance": 6.0},
        weights={"depth": 0.75},
        num_gpu=2,
    )
    return as_printed(plan)


def of_the_top_node(shot: ShotOnDisk) -> str:
    top_project._read_project.cache_clear()
    with Network(shot.folder, shot.hip) as network:
        made = network.add("Cosmos Shot")
        wedge = network.wedge(1, lambda _: {"seed": 7, "weight_depth": 0.75}, made)
        transfer = network.add("Cosmos Transfer", wedge, prompt=PROMPT, guidance=6.0, num_gpu=2)
        assert network.generate(), (made.errors, transfer.errors)
        network.tops.remove(transfer)
        assert network.cook()
    order = WorkOrder.parse(transfer.items[0].attribValue(ATTRIBUTE))
    return as_printed(worker.call("submit", {**order.options, "dry_run": True}, words=order.words, folder=order.folder))


def of_the_shelf(shot: ShotOnDisk) -> str:
    offscreen.application()
    dialog = SubmitDialog(shot.hip, [ShotChoice(path=NODE, first=1, last=5)], read_in_steps)
    dialog._words.prompt.setPlainText(PROMPT)
    dialog._options.setText(" ".join([*OPTIONS, "--dry-run"]))
    submission = dialog.submission()
    dialog._timer.stop()
    dialog.close()
    return as_printed(worker.call("submit", submission.request_options(), words=submission.words, folder=shot.folder))


def of_the_hython_script(shot: ShotOnDisk) -> str:
    script = ROOT / "scripts" / "cosmos_submit.py"
    done = hython(script, shot.hip, "--rop", NODE, "--prompt", PROMPT, *OPTIONS, "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="the scheduler that is played here is that of Linux")
def test_all_five_front_ends_make_the_same_plan(shot: ShotOnDisk, capfd: pytest.CaptureFixture[str]) -> None:
    plan = of_the_command_line(shot, capfd)
    assert of_the_command_line(shot, capfd, prompt="A dry street") != plan
    assert of_the_python_api(shot) == plan
    assert of_the_top_node(shot) == plan
    assert of_the_shelf(shot) == plan
    assert of_the_hython_script(shot) == plan
