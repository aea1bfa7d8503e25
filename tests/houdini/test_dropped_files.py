"""Files that are dropped onto Houdini: results and picks become nodes, and all others are Houdini's."""

from __future__ import annotations

import json
import runpy
from functools import partial
from pathlib import Path

import pytest

from cosmos_houdini.houdini.environment import ROOT
from cosmos_houdini.houdini.tops.node_assets import operator_of
from cosmos_houdini.houdini.tops.parms import NODE_TYPES, SHOT, TRANSFER, NodeType
from cosmos_houdini.model import ratings
from cosmos_houdini.scene.parm import ParmValue
from support.houdini import fake_hou
from support.houdini.houdini_session import SavedNode, Session
from support.media.shot_files import make_shot


@pytest.fixture
def session(houdini: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    make_shot(tmp_path, monkeypatch)
    houdini.load(str(tmp_path / "shot.hip"))
    houdini.has_interface = True
    for type_ in NODE_TYPES:
        names = frozenset(parm.name for parm in type_.parms)
        houdini.top_types[operator_of(type_)] = (type_.label, names)
        houdini.inside[operator_of(type_)] = partial(whole_node, type_)
    return houdini


def whole_node(type_: NodeType, path: str) -> list[SavedNode]:
    """Return a new node of an asset, with all of its parameters."""
    parms = {parm.name: (ParmValue(text=str(parm.default)),) for parm in type_.parms}
    return [SavedNode(path=path, type=operator_of(type_), category="Top", parms=parms)]


def result(folder: Path, job: str, seed: int = 1) -> Path:
    request = {
        "name": "shot",
        "engine": "preview",
        "prompt": "rain",
        "controls": {"depth": {"weight": 0.8}},
        "parameters": {"seed": seed, "num_steps": 35, "fps": 24},
    }
    path = folder / "cosmos_out" / "shot" / job / "result.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"schema": "cosmos-houdini/result/1", "job": job, "request": request}), encoding="utf-8")
    path.with_name("result.mp4").touch()
    return path


def drop(*files: Path | str) -> bool:
    names = runpy.run_path(str(ROOT / "scripts" / "externaldragdrop.py"))
    return names["dropAccept"](list(map(str, files)))


def built(session: Session, network: str = "/tasks/cosmos_results") -> dict[str, SavedNode]:
    return {path.rpartition("/")[2]: node for path, node in session.nodes.items() if path.startswith(f"{network}/")}


@pytest.mark.parametrize("name", ["result.json", "result.mp4"])
def test_a_result_becomes_a_transfer_with_its_values_below_a_shot(session: Session, tmp_path: Path, name: str) -> None:
    assert drop(result(tmp_path, "shot-1f2e", seed=7).with_name(name))
    nodes = built(session)
    transfer = nodes["shot_1f2e"]
    assert transfer.type == operator_of(TRANSFER)
    assert nodes["shot"].type == operator_of(SHOT)
    assert transfer.inputs == ("/tasks/cosmos_results/shot",)
    values = {key: value.text for key, (value,) in transfer.parms.items()}
    assert (values["prompt"], values["seed"], values["weight_depth"]) == ("rain", "7", "0.8")
    assert transfer.is_current
    assert session.undo_groups[0] == "Build Cosmos Nodes"
    [(question, shown)] = session.shown
    assert question == "setStatusMessage"
    assert "shot_1f2e" in str(shown["message"])


def test_the_picks_of_a_report_become_a_transfer_each(session: Session, tmp_path: Path) -> None:
    for job in ("shot-1", "shot-2", "shot-3"):
        result(tmp_path, job)
    runs = [
        {"run": job, "key": ratings.key_of(job), "picked": job != "shot-2"} for job in ("shot-1", "shot-2", "shot-3")
    ]
    picks = tmp_path / "ratings.json"
    picks.write_text(json.dumps({"schema": ratings.SCHEMA, "runs": runs}), encoding="utf-8")
    assert drop(picks)
    assert {"shot_1", "shot_3"} <= set(built(session))
    assert "shot_2" not in built(session)


def test_the_top_network_under_the_mouse_takes_the_node(session: Session, tmp_path: Path) -> None:
    session.nodes["/tasks/mine"] = SavedNode(path="/tasks/mine", type="topnet", category="TopNet")
    editor = fake_hou.NetworkEditor()
    editor.setPwd(fake_hou.node("/tasks/mine"))
    session.pane_under_cursor = editor
    assert drop(f"file://{result(tmp_path, 'shot-1').as_posix()}")
    assert "shot_1" in built(session, "/tasks/mine")
    assert not built(session)


@pytest.mark.parametrize("name", ["scene.hip", "geo.bgeo.sc", "package.json", "none.json", "movie.mp4"])
def test_other_files_are_houdinis(session: Session, tmp_path: Path, name: str) -> None:
    if name != "none.json":
        (tmp_path / name).write_text('{"env": []}', encoding="utf-8")
    assert not drop(tmp_path / name)
    assert session.shown == []
    assert not built(session)


def test_a_damaged_result_is_explained_and_builds_nothing(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text('{"schema": "cosmos-houdini/result/1"}', encoding="utf-8")
    assert drop(path)
    [(_, shown)] = session.shown
    assert "does not say how a result was made" in str(shown["text"])
    assert not built(session)
