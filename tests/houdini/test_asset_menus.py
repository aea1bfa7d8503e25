"""The menus of the assets: the scripts of their dialogs, run as Houdini runs them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from cosmos_houdini.houdini.environment import ROOT
from cosmos_houdini.houdini.tops import engine_menu
from cosmos_houdini.scene.parm import ParmValue
from support.houdini.expanded_asset.asset import read_assets
from support.houdini.houdini_session import SavedNode, Session
from support.houdini.top_network import wait_until
from support.media.shot_files import NODE, ShotOnDisk, make_shot


@pytest.fixture(autouse=True)
def shot(houdini: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ShotOnDisk:
    shot = make_shot(tmp_path, monkeypatch)
    houdini.load(str(shot.hip))
    return shot


def items(name: str, parm: str, folder: Path | str = "") -> list[str]:
    """Return what the script of a menu returns: tokens and labels, one after another."""
    [asset] = read_assets(ROOT / "otls" / f"cosmos_{name}.1.0.hda")
    menu = asset.dialog.parms()[parm].menu
    assert menu
    body = "\n".join(f"    {line}" for line in menu.script)
    names: dict = {}
    exec(f"def menu(kwargs):\n{body}", names)  # noqa: S102 - as Houdini does
    node = SimpleNamespace(parm=lambda _: SimpleNamespace(evalAsString=lambda: str(folder)))
    return names["menu"]({"node": node})


def test_render_nodes_of_every_network_are_offered(houdini: Session) -> None:
    karma = replace(houdini.nodes[NODE], path="/stage/karmarendersettings1", type="karmarendersettings")
    karma.category, karma.parms = "Lop", {"picture": (ParmValue(text="$HIP/render/beauty.$F4.exr"),)}
    houdini.nodes[karma.path] = karma
    assert items("shot", "nodes")[::2] == ["*", NODE, karma.path]


def test_cameras_are_offered_by_node_and_by_prim(houdini: Session) -> None:
    prim = (ParmValue(text="/cameras/hero"),)
    houdini.nodes["/stage/hero"] = SavedNode(
        path="/stage/hero", type="camera::2.0", category="Lop", parms={"primpath": prim}
    )
    houdini.nodes["/stage/odd"] = SavedNode(path="/stage/odd", type="camera", category="Lop")
    assert items("shot", "cameras") == ["*", "All", "/cameras/hero", "/cameras/hero", "/obj/cam1", "/obj/cam1"]


def test_takes_are_offered_by_name(houdini: Session) -> None:
    houdini.takes = ("Main", "rain")
    assert items("shot", "takes") == ["Main", "Main", "rain", "rain"]


def test_engines_and_hosts_are_the_configured_ones_as_soon_as_the_worker_has_answered(shot: ShotOnDisk) -> None:
    shot.configure(hosts={"gpu01": {"address": "gpu01.example", "root": "/data"}})
    assert items("transfer", "host", shot.folder)[::2] == ["", "local"]
    assert items("transfer", "engine", shot.folder)[:2] == ["", "As Configured"]
    wait_until(lambda: engine_menu.read_choices(shot.folder) is not None)
    assert items("transfer", "host", shot.folder)[::2] == ["", "local", "gpu01"]
    assert {"preview", "transfer2.5"} <= set(items("transfer", "engine", shot.folder)[::2])


def test_a_folder_that_is_not_there_offers_the_built_in_engines() -> None:
    assert {"preview", "transfer1"} <= set(items("sweep", "engine", "/nowhere")[::2])
