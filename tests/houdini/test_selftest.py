"""scripts/cosmos_selftest.py: a line for each thing, and an exit code for all of them."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from cosmos_houdini.houdini.diagnosis import ask_doctor
from cosmos_houdini.houdini.environment import LIBRARIES, ROOT
from cosmos_houdini.houdini.hython import selftest
from cosmos_houdini.houdini.hython.open_questions import QUESTIONS, answer
from cosmos_houdini.houdini.tops.asset_check import SHAPES, check_assets
from cosmos_houdini.houdini.tops.node_assets import TRANSFER_SWEEP
from support.houdini import fake_hou, fake_pdg, hip_files
from support.houdini.asset_network import saved_nodes
from support.houdini.expanded_asset.asset import read_assets
from support.houdini.houdini_session import SavedNode, Session
from support.media.shot_files import make_shot
from support.servers.host_programs import write_shell


@pytest.fixture
def loaded(houdini: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """Return a session that has loaded the package."""
    houdini.variables["COSMOS_HOUDINI"] = str(ROOT)
    houdini.houdini_path = [str(ROOT), str(ROOT / "pdg_types"), "/opt/hfs21.0/houdini"]
    houdini.nodes["/tasks"] = SavedNode(path="/tasks", type="manager", category="Manager")
    install_assets(houdini)
    houdini.variables["HFS"] = str(tmp_path / "hfs")
    write_shell(tmp_path / "hfs" / "bin", "mplay", "exit 0")
    monkeypatch.setenv("PYTHONPATH", str(LIBRARIES))
    monkeypatch.setattr(selftest, "PYTHONS", (selftest.sys.version_info[:2],))
    others = (selftest._demo, selftest._qt)
    quick = tuple(check for check in selftest.CHECKS if check.run not in others)
    assert len(quick) == len(selftest.CHECKS) - len(others)
    monkeypatch.setattr(selftest, "CHECKS", quick)
    return houdini


def install_assets(houdini: Session) -> None:
    for library in (ROOT / "otls").iterdir():
        [asset] = read_assets(library)
        operator = asset.operator.index.operator
        houdini.top_types[operator] = (asset.dialog.label, frozenset(asset.dialog.parms()))
        houdini.libraries[operator] = str(library)
        houdini.inside[operator] = partial(saved_nodes, asset)


def test_a_houdini_with_the_package_passes_everything(
    loaded: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shot = make_shot(tmp_path, monkeypatch)
    assert selftest.main(["--scene", str(shot.hip)]) == 0, capsys.readouterr().out
    *lines, last = capsys.readouterr().out.splitlines()
    assert last == f"{len(lines)} of {len(lines)} passed"
    assert all(line.startswith("pass  ") for line in lines)
    assert lines[-1].endswith("cameras: 1, outputs: 1, alike at every frame")
    assert loaded.path == shot.hip.as_posix()


def test_a_houdini_without_the_package_fails_line_by_line(
    houdini: Session, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTHONPATH", "")
    monkeypatch.setenv("COSMOS_HOUDINI_PYTHON", "/nowhere/python")
    monkeypatch.setattr(fake_hou, "applicationVersionString", lambda: "19.5.805")
    monkeypatch.setattr(selftest, "PYTHONS", ((9, 9),))
    checks = tuple(check for check in selftest.CHECKS if check.run is not selftest._qt)
    monkeypatch.setattr(selftest, "CHECKS", checks)
    assert houdini.houdini_path == []
    houdini.top_types.clear()
    monkeypatch.setitem(houdini.nodes, "/obj", houdini.nodes["/out"])
    assert selftest.main([]) == 1
    *lines, last = capsys.readouterr().out.splitlines()
    failed = [line for line in lines if line.startswith("FAIL  ")]
    assert failed == lines
    assert last == f"0 of {len(lines)} passed"
    assert "install-houdini" in next(line for line in failed if "$COSMOS_HOUDINI" in line)
    assert "this is Houdini 19.5.805; allowed: Houdini 20.0 or newer" in failed[0]


def test_a_parameter_that_a_node_does_not_take_is_named_and_nothing_is_left(loaded: Session) -> None:
    loaded.top_types["cosmos::report::1.0"] = ("Cosmos Report", frozenset())
    with pytest.raises(selftest.CheckFailed, match="not taken: report/name = selftest_sweep"):
        selftest._sweep()
    assert not [path for path in loaded.nodes if path.startswith("/tasks/")]


def test_one_file_to_send_has_every_line_and_every_answer(
    loaded: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shot = make_shot(tmp_path, monkeypatch)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)

    def open_stage() -> None:
        loaded.nodes["/stage"] = SavedNode(path="/stage", type="manager", category="Manager")

    loaded.after_load = open_stage
    monkeypatch.setitem(sys.modules, "pdg", fake_pdg)
    report = tmp_path / "report.md"
    assert selftest.main(["--report", str(report), "--scene", str(shot.hip)]) == 0
    text = report.read_text(encoding="utf-8")
    *lines, _ = capsys.readouterr().out.splitlines()
    assert all(f"- {line}".replace(str(tmp_path), "~") in text for line in lines)
    answers = dict(re.findall(r"^- (.+?\?) (.+)$", text, re.MULTILINE))
    assert list(answers) == [question.text for question in QUESTIONS]
    assert str(tmp_path) not in text
    plate = "Which node is a background in Solaris, and which parameter has its pictures?"
    assert answers[plate] == "backgroundplate, plate: there"
    assert answers["Which parameters has a File node of a COP network?"] == "copnet/file has filename, addaovs"
    calls = answers["Which calls have PDG's nodes and work items?"]
    assert "partitionItems yes, isPartition no; NodeOptions: requiresGeneratedInputs yes" in calls
    assert not [path for path in loaded.nodes if "cosmos" in path]


def test_what_this_build_lacks_is_an_answer_and_leaves_nothing_behind(loaded: Session) -> None:
    before = set(loaded.nodes)
    assert {question.text: answer(question) for question in QUESTIONS}[
        "Which type has a node of the asset's name of before 1.0?"
    ].startswith("not answered: Invalid node type name")
    assert set(loaded.nodes) == before


def test_a_report_that_cannot_be_written_is_refused_before_the_checks(
    loaded: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert selftest.main(["--report", str(tmp_path / "nowhere" / "report.md")]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "cannot be written" in printed.err
    assert loaded.shown == []


def test_what_the_doctor_finds_is_told(loaded: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cosmos-houdini.yaml").write_text("hosts: {gpu01: {address: gpu01, root: data}}", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(selftest.CheckFailed, match=r"host gpu01: .*no absolute path"):
        ask_doctor()
    assert loaded.shown == []


def test_a_scene_that_is_read_otherwise_fails(
    loaded: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def slower() -> None:
        loaded.fps = 12.0

    loaded.after_load = slower
    assert selftest.main(["--scene", str(hip_files.write_hip(tmp_path))]) == 1
    assert "scene fps: Houdini 12, offline 24" in capsys.readouterr().out


@pytest.mark.parametrize("made", ["result.mp4", "controls.mp4"])
def test_the_demonstration_has_to_make_a_result(houdini: Session, monkeypatch: pytest.MonkeyPatch, made: str) -> None:
    call = selftest.worker.call

    def demo(command: str, options: dict[str, object] | None = None, *, folder: Path | None = None) -> object:
        if command != "demo":
            return call(command, options, folder=folder)
        assert folder
        assert options == {"output": str(folder)}
        hip_files.write_hip(folder)
        return {"outputs": [str(folder / made)]}

    monkeypatch.setattr(selftest.worker, "call", demo)
    if made == "result.mp4":
        assert selftest._demo() == "result.mp4; cameras: 0, outputs: 0, alike at every frame"
        assert not Path(houdini.path).exists()
    else:
        with pytest.raises(selftest.CheckFailed, match=r"controls.mp4; allowed: a result.mp4"):
            selftest._demo()


def test_qt_is_told_with_its_version() -> None:
    qt = pytest.importorskip("PySide6.QtCore", exc_type=ImportError)
    assert selftest._qt() == f"Qt {qt.qVersion()}"


def test_every_asset_is_made_looked_at_and_removed_again(loaded: Session) -> None:
    before = set(loaded.nodes)
    assert check_assets() == ", ".join(shape.operator for shape in SHAPES)
    assert len(SHAPES) == len(list((ROOT / "otls").iterdir()))
    assert set(loaded.nodes) == before


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda node: node.channels.pop("prompt"), "transfer/prompt is '' when prompt is 'a probe'"),
        (lambda node: node.parms.pop("seed"), "transfer has no parameter seed"),
        (lambda node: node.parms.pop("generate"), "transfer does not generate by this package"),
        (lambda node: setattr(node, "inputs", ()), "transfer is wired to nothing instead of variation"),
        (lambda node: setattr(node, "path", f"{node.path}s"), "no node transfer inside"),
    ],
)
def test_an_asset_that_is_not_whole_fails(loaded: Session, damage: Callable[[SavedNode], object], reason: str) -> None:
    whole = loaded.inside[TRANSFER_SWEEP]

    def damaged(path: str) -> list[SavedNode]:
        nodes = whole(path)
        [node] = [node for node in nodes if node.path.endswith("/transfer")]
        node.channels = dict(node.channels)
        damage(node)
        return nodes

    loaded.inside[TRANSFER_SWEEP] = damaged
    before = set(loaded.nodes)
    with pytest.raises(selftest.CheckFailed, match=re.escape(reason)):
        check_assets()
    assert set(loaded.nodes) == before


def test_an_asset_from_elsewhere_is_told(loaded: Session) -> None:
    loaded.libraries[TRANSFER_SWEEP] = "/home/a/houdini21.0/otls/transfer_sweep.hda"
    with pytest.raises(selftest.CheckFailed, match="comes from /home/a"):
        check_assets()
    del loaded.top_types[TRANSFER_SWEEP]
    with pytest.raises(selftest.CheckFailed, match="there is no TOP node"):
        check_assets()


def test_a_node_type_that_pdg_has_not_loaded_is_named(houdini: Session) -> None:
    assert selftest.check_top_nodes() == "pdg_cosmosshot, pdg_cosmostransfer, pdg_cosmossweep, pdg_cosmosreport"
    del houdini.top_types["pdg_cosmossweep"]
    with pytest.raises(selftest.CheckFailed, match=r"no TOP node is called Cosmos Sweep \(Basic\)"):
        selftest.check_top_nodes()


@pytest.mark.usefixtures("houdini")
@pytest.mark.parametrize(
    ("version", "said"),
    [("22.0.368", ""), ("23.0.101", ", which is newer than those that the package was written for")],
)
def test_a_newer_houdini_is_said_once_and_not_refused(monkeypatch: pytest.MonkeyPatch, version: str, said: str) -> None:
    monkeypatch.setattr(fake_hou, "applicationVersionString", lambda: version)
    assert selftest._version() == f"{version}{said}"
    monkeypatch.setattr(selftest, "PYTHONS", ((3, 10),))
    monkeypatch.setattr(selftest.sys, "version_info", (3, 14, 0))
    assert selftest._python().endswith("in which nobody has tried the package")
