"""The buttons of the asset, pressed as Houdini does: the callback of the dialog, in the asset's own module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from cosmos_houdini.houdini.environment import ROOT
from cosmos_houdini.houdini.tops import project as top_project
from cosmos_houdini.scene.parm import ParmValue
from support.houdini import fake_hou, offscreen
from support.houdini.asset_network import saved_nodes
from support.houdini.expanded_asset.asset import Asset, read_assets
from support.houdini.houdini_session import Session
from support.media.shot_files import ShotOnDisk, make_shot

shelf = pytest.importorskip("cosmos_houdini.houdini.shelf", exc_type=ImportError)
PATH = "/tasks/topnet1/transfer_sweep1"


@pytest.fixture(scope="module")
def asset() -> Asset:
    [found] = read_assets(ROOT / "otls" / "cosmos_transfer_sweep.1.0.hda")
    return found


@pytest.fixture
def shot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ShotOnDisk:
    top_project._read_project.cache_clear()
    return make_shot(tmp_path, monkeypatch)


@pytest.fixture
def session(houdini: Session, shot: ShotOnDisk, asset: Asset) -> Iterator[Session]:
    offscreen.application()
    houdini.load(str(shot.hip))
    houdini.has_interface = True
    houdini.nodes.update({node.path: node for node in saved_nodes(asset, PATH)})
    set_parm(houdini, "folder", shot.folder.as_posix())
    set_parm(houdini, "report_name", "rainy")
    set_parm(houdini, "prompt", "a street in the rain")
    yield houdini
    for monitor in shelf._monitors.values():
        monitor._timer.stop()
        monitor.close()
    shelf._monitors.clear()


@pytest.fixture
def cooks(session: Session) -> list[str]:
    cooked: list[str] = []
    session.networks["/tasks/topnet1"] = SimpleNamespace(cook=lambda: cooked.append(PATH), cancel=lambda: None)
    return cooked


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    paths: list[Path] = []
    monkeypatch.setattr("cosmos_houdini.houdini.tops.asset_buttons.open_in_system", paths.append)
    return paths


def set_parm(houdini: Session, name: str, value: str) -> None:
    houdini.nodes[PATH].parms[name] = (ParmValue(text=value),)


def press(asset: Asset, name: str) -> None:
    module = ModuleType("hdaModule")
    exec(asset.operator.text("PythonModule"), module.__dict__)  # noqa: S102 - as Houdini does
    callback = asset.dialog.parms()[name].tags["script_callback"]
    hou = SimpleNamespace(phm=lambda: module)
    eval(callback, {"hou": hou, "kwargs": {"node": fake_hou.node(PATH), "parm_name": name}})  # noqa: S307 - likewise


def told(session: Session) -> list[str]:
    return [str(shown["text"]) for question, shown in session.shown if question == "displayMessage"]


def test_cook_cooks_the_asset(session: Session, cooks: list[str], asset: Asset) -> None:
    press(asset, "cook")
    assert cooks == [PATH]
    assert told(session) == []


def test_cook_asks_for_the_scene_to_be_saved_since_the_file_is_read(
    session: Session, cooks: list[str], asset: Asset
) -> None:
    session.has_unsaved_changes = True
    session.answers["displayMessage"] = [1]
    press(asset, "cook")
    assert cooks == []
    press(asset, "cook")
    assert cooks == [PATH]
    assert not session.has_unsaved_changes
    session.is_new = True
    press(asset, "cook")
    assert told(session)[-1].startswith("this scene has no file yet")
    assert cooks == [PATH]


def test_cook_says_that_a_prompt_is_missing_before_anything_is_made(
    session: Session, cooks: list[str], asset: Asset
) -> None:
    set_parm(session, "prompt", " ")
    press(asset, "cook")
    assert told(session) == ["there is no prompt\n\ntype one in the tab Look"]
    assert cooks == []


@pytest.mark.parametrize("chosen", [False, True])
def test_open_report_opens_the_page_that_the_report_node_writes(
    session: Session, shot: ShotOnDisk, opened: list[Path], asset: Asset, *, chosen: bool
) -> None:
    folder = shot.folder / "elsewhere" if chosen else shot.folder / "cosmos_out" / "rainy" / "report"
    if chosen:
        set_parm(session, "report_folder", folder.as_posix())
    press(asset, "open_report")
    assert opened == []
    assert told(session)[-1].endswith("cook the node to its end first")
    folder.mkdir(parents=True)
    (folder / "index.html").touch()
    press(asset, "open_report")
    assert opened == [folder / "index.html"]


def test_job_monitor_shows_the_jobs_of_the_scene(session: Session, shot: ShotOnDisk, asset: Asset) -> None:
    press(asset, "job_monitor")
    assert list(shelf._monitors) == [shot.folder]
    assert told(session) == []
