"""The entries in Houdini's menus of nodes and parameters, from the files that Houdini reads to the windows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import pytest

from cosmos_houdini.houdini import shelf
from cosmos_houdini.houdini.environment import ROOT
from cosmos_houdini.houdini.tops.node_assets import operator_of
from cosmos_houdini.houdini.tops.parms import TRANSFER
from cosmos_houdini.scene.parm import ParmValue
from support.houdini import fake_hou, offscreen
from support.houdini.houdini_session import SavedNode, Session
from support.media.shot_files import NODE, ShotOnDisk, make_shot

TYPES = {
    "/out/karma1": ("karma", "Driver"),
    "/stage/karmarendersettings1": ("karmarendersettings", "Lop"),
    "/stage/usdrender_rop1": ("usdrender_rop", "Lop"),
    "/obj/copnet1/rop_image1": ("rop_image", "Cop"),
    "/obj/geo1": ("geo", "Object"),
    "/stage/camera1": ("camera::2.0", "Lop"),
    "/obj/camera1": ("camera", "Object"),
    "/tasks/t/transfer1": (operator_of(TRANSFER), "Top"),
}


@pytest.fixture
def session(houdini: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    offscreen.application()
    make_shot(tmp_path, monkeypatch)
    houdini.load(str(tmp_path / "shot.hip"))
    houdini.has_interface = True
    for path, (type_, category) in TYPES.items():
        houdini.nodes[path] = SavedNode(path=path, type=type_, category=category)
    transfer = houdini.nodes["/tasks/t/transfer1"]
    transfer.parms = {parm.name: (ParmValue(text=str(parm.default)),) for parm in TRANSFER.parms}
    yield houdini
    for dialog in shelf._dialogs.values():
        dialog.done(0)
    for window in shelf._results.values():
        window._timer.stop()
        window.close()
    shelf._dialogs.clear()
    shelf._results.clear()
    offscreen.settle()


@pytest.fixture
def shot(session: Session) -> ShotOnDisk:
    return ShotOnDisk(folder=Path(session.path).parent)


def entry(file: str, label: str) -> tuple[str, str]:
    """Return condition and script of an entry."""
    root = ET.parse(ROOT / file).getroot()  # noqa: S314 - our own file
    assert root.tag == "menuDocument"
    [menu] = root
    [item] = [item for item in menu if item.findtext("label") == label]
    return item.findtext("context/expression") or "", item.findtext("scriptCode") or ""


def applies(file: str, label: str, kwargs: dict) -> bool:
    """Evaluate the condition as Houdini does: as the body of a function."""
    body = "\n".join(f"    {line}" for line in entry(file, label)[0].strip().splitlines())
    names: dict = {}
    exec(f"def condition(kwargs):\n{body}", names)  # noqa: S102 - as Houdini does
    return bool(names["condition"](kwargs))


def run(file: str, label: str, kwargs: dict) -> None:
    exec(entry(file, label)[1], {"kwargs": kwargs})  # noqa: S102 - as Houdini does


def on(path: str) -> dict:
    return {"node": fake_hou.node(path)}


def parm_of(path: str) -> dict:
    node = fake_hou.node(path)
    return {"parms": [SimpleNamespace(node=lambda: node)]}


@pytest.mark.parametrize("file", ["OPmenu.xml", "PARMmenu.xml"])
def test_every_entry_has_an_id_of_its_own_and_a_condition(file: str) -> None:
    items = list(ET.parse(ROOT / file).getroot().iter("scriptItem"))  # noqa: S314 - our own file
    ids = [item.get("id") for item in items]
    assert len(set(ids)) == len(ids) > 0
    assert all(item.findtext("context/expression") for item in items)


def test_render_nodes_of_every_network_can_be_submitted_and_no_others(session: Session) -> None:
    found = {path for path in TYPES if applies("OPmenu.xml", "Submit to Cosmos...", on(path))}
    assert found == {path for path in TYPES if "render" in path or "karma" in path or "rop" in path}
    assert not applies("OPmenu.xml", "Submit to Cosmos...", {})
    assert session.shown == []


def test_cameras_of_objects_and_of_stages_take_a_result(session: Session) -> None:
    cameras = {path for path in session.nodes if applies("OPmenu.xml", "Load Cosmos Result...", on(path))}
    assert cameras == {"/obj/cam1", "/stage/camera1"}


def test_parameters_of_a_transfer_can_be_copied_from_a_result(session: Session) -> None:
    label = "Copy Parameters from Cosmos Result..."
    assert applies("PARMmenu.xml", label, parm_of("/tasks/t/transfer1"))
    assert not applies("PARMmenu.xml", label, parm_of("/obj/geo1"))
    assert not applies("PARMmenu.xml", label, {"parms": ()})
    assert session.shown == []


def test_the_form_opens_with_the_node_of_the_menu(session: Session) -> None:
    run("OPmenu.xml", "Submit to Cosmos...", on(NODE))
    [dialog] = shelf._dialogs.values()
    assert dialog.isVisible()
    assert dialog.shot.path == NODE
    assert (dialog.shot.size, dialog.frames) == ((96, 64), (1, 5))
    assert session.shown == []


def test_a_node_without_a_picture_says_so_in_a_window(session: Session) -> None:
    del session.nodes[NODE]
    for path in TYPES:
        session.nodes.pop(path)
    shelf.submit_shot()
    [(_, shown)] = session.shown
    assert "has no render node that writes pictures" in str(shown["text"])


@pytest.mark.parametrize(
    ("file", "label", "path"),
    [
        ("OPmenu.xml", "Load Cosmos Result...", "/stage/camera1"),
        ("PARMmenu.xml", "Copy Parameters from Cosmos Result...", "/tasks/t/transfer1"),
    ],
)
def test_the_results_of_the_project_are_offered_for_the_node(
    session: Session, shot: ShotOnDisk, file: str, label: str, path: str
) -> None:
    run(file, label, on(path) | parm_of(path))
    [((title, folder), window)] = shelf._results.items()
    assert path in title
    assert folder == shot.folder
    offscreen.until(lambda: window._status is None, "the results are listed")
    assert session.shown == []
