"""Set Up Sweep: the TOP network that it builds, and what it says where Houdini has not loaded the nodes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from cosmos_houdini.errors import BadInput
from cosmos_houdini.houdini import shelf, worker
from cosmos_houdini.houdini.tops.node_assets import operator_of
from cosmos_houdini.houdini.tops.parms import REPORT, SHOT, TRANSFER
from cosmos_houdini.houdini.tops.sweep_network import RUNS, build_sweep, set_slots, slots_for
from support.houdini import fake_hou, offscreen
from support.houdini.houdini_session import SavedNode, Session
from support.media.shot_files import NODE, make_shot

TAKE_ANSWER = shelf._take_answer
PROMPT = 'A "wet" street; $(rain) & größe'


@pytest.fixture
def session(houdini: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """Return Houdini with its interface and a saved, rendered shot open."""
    offscreen.application()
    make_shot(tmp_path, monkeypatch)
    houdini.load(str(tmp_path / "shot.hip"))
    houdini.has_interface = True
    # The worker's answer comes after most of these tests have ended, into the Houdini of another one.
    monkeypatch.setattr(shelf, "_take_answer", lambda *_: None)
    yield houdini
    for dialog in shelf._dialogs.values():
        dialog.close()
        dialog.deleteLater()
    shelf._dialogs.clear()
    offscreen.settle()


def network(session: Session, path: str = "/tasks/cosmos_shot") -> dict[str, SavedNode]:
    return {p.rpartition("/")[2]: node for p, node in session.nodes.items() if p.startswith(f"{path}/")}


def values(node: SavedNode) -> dict[str, str]:
    return {name: value.text for name, (value,) in node.parms.items()}


def test_the_nodes_are_wired_set_and_shown(session: Session) -> None:
    editor = fake_hou.NetworkEditor()
    session.panes.append(editor)
    shelf.set_up_sweep()
    nodes = network(session)
    assert [nodes[name].type for name in ("shot", "wedge", "transfer", "report")] == [
        *("pdg_cosmosshot", "wedge", "pdg_cosmostransfer", "pdg_cosmosreport"),
    ]
    wires = {name: node.inputs for name, node in nodes.items() if node.inputs}
    below = "/tasks/cosmos_shot"
    assert wires == {
        "wedge": (f"{below}/shot",),
        "transfer": (f"{below}/wedge",),
        "report": (f"{below}/transfer",),
    }
    assert values(nodes["shot"]) == {"nodes": NODE}
    seeds = {"name1": "seed", "type1": "2", "wedgetype1": "0", "intrange1x": "1", "intrange1y": "8"}
    assert values(nodes["wedge"]) == {"wedgecount": "8", "wedgeattributes": "1", **seeds}
    assert [name for name, node in nodes.items() if node.is_displayed] == ["report"]
    assert [name for name, node in nodes.items() if node.is_current] == ["transfer"]
    assert editor._shown.path() == below
    assert session.undo_groups == ["Set Up Cosmos Sweep"]
    [(question, shown)] = session.shown
    assert question == "setStatusMessage"
    assert "/tasks/cosmos_shot" in str(shown["message"])


def test_the_assets_are_taken_where_houdini_has_them(session: Session) -> None:
    for type_ in (SHOT, TRANSFER, REPORT):
        session.top_types[operator_of(type_)] = (type_.label, frozenset(parm.name for parm in type_.parms))
    shelf.set_up_sweep()
    nodes = network(session)
    assert [nodes[name].type for name in ("shot", "transfer", "report")] == [
        *("cosmos::shot::1.0", "cosmos::transfer::1.0", "cosmos::report::1.0"),
    ]


def test_what_was_typed_for_the_shot_is_the_prompt_of_the_sweep(session: Session) -> None:
    shelf.submit_shot()
    [dialog] = shelf._dialogs.values()
    dialog._words.prompt.setPlainText(PROMPT)
    shelf.set_up_sweep()
    assert values(network(session)["transfer"]) == {"prompt": PROMPT}


def test_a_second_network_does_not_touch_the_first(session: Session) -> None:
    shelf.set_up_sweep()
    before = network(session)
    shelf.set_up_sweep()
    assert network(session) == before
    assert network(session, "/tasks/cosmos_shot1").keys() == before.keys()


def test_of_several_render_nodes_one_is_chosen_or_nothing_is_built(session: Session) -> None:
    session.nodes["/out/other"] = replace(session.nodes[NODE], path="/out/other")
    session.answers["selectFromList"] = [(), (1,)]
    shelf.set_up_sweep()
    assert not network(session)
    shelf.set_up_sweep()
    choices = session.shown[0][1]["choices"]
    assert choices == [NODE, "/out/other"]
    assert values(network(session)["shot"]) == {"nodes": "/out/other"}


def test_a_houdini_without_our_nodes_is_told_what_to_do(session: Session) -> None:
    del session.top_types["pdg_cosmosreport"]
    shelf.set_up_sweep()
    [(_, shown)] = session.shown
    assert shown["title"] == "This cannot be used"
    assert "no TOP node Cosmos Report" in str(shown["text"])
    assert "cosmos_selftest.py" in str(shown["text"])
    assert not network(session)


def test_a_parameter_of_another_name_is_told_and_the_network_stays(session: Session) -> None:
    session.top_types["wedge"] = ("Wedge", frozenset({"wedgecount"}))
    session.top_types["pdg_cosmosshot"] = ("Cosmos Shot (Basic)", frozenset())
    shelf.set_up_sweep()
    [(question, shown)] = session.shown
    assert (question, shown["severity"]) == ("displayMessage", "Warning")
    assert f"shot/nodes = {NODE}" in str(shown["details"])
    assert "wedge/wedgeattributes = 1" in str(shown["details"])
    assert network(session)["wedge"].inputs == ("/tasks/cosmos_shot/shot",)


def test_a_scene_with_a_name_that_no_node_has_gets_a_network_too(session: Session) -> None:
    built = build_sweep("it's shot 10-a", NODE, "")
    assert built.network.path() == "/tasks/cosmos_it_s_shot_10_a"
    assert session.shown == []


def test_nothing_is_left_of_a_network_that_could_not_be_built(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise fake_hou.OperationFailed("no input")

    monkeypatch.setattr(fake_hou.Node, "setInput", refuse)
    shelf.set_up_sweep()
    assert session.shown[-1][1]["title"] == "Houdini could not do that"
    assert not [path for path in session.nodes if path.startswith("/tasks/")]


def test_a_houdini_without_the_tasks_network_is_refused(session: Session) -> None:
    del session.nodes["/tasks"]
    with pytest.raises(BadInput, match="no /tasks"):
        build_sweep("shot", NODE, "")


@pytest.mark.parametrize(
    ("host", "slots"),
    [
        ({"address": "gpu01.example", "gpus": [0]}, RUNS),
        ({"gpus": [0, 1, 2, 3, 4, 5, 6, 7]}, 8),
        ({}, None),
    ],
)
def test_a_work_item_that_only_waits_holds_nothing_back(host: dict[str, object], slots: int | None) -> None:
    assert slots_for({"settings": {"defaults": {"host": "a"}, "hosts": {"a": host}}, "scheduled_hosts": []}) == slots


def test_a_host_whose_launcher_schedules_by_itself_takes_all_work_items(tmp_path: Path) -> None:
    """The launcher has any name: the worker knows the traits of each."""
    (tmp_path / "cosmos-houdini.yaml").write_text(
        "defaults: {host: a}\nhosts: {a: {launcher: slurm}, b: {gpus: [0]}}\n", encoding="utf-8"
    )
    found = worker.call("config", folder=tmp_path)
    assert found["scheduled_hosts"] == ["a"]
    assert slots_for(found) == RUNS


def test_the_networks_own_scheduler_begins_as_many_items_as_the_host_takes(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "_take_answer", TAKE_ANSWER)
    (tmp_path / "cosmos-houdini.yaml").write_text(
        "defaults: {host: gpu01}\nhosts: {gpu01: {address: gpu01.example, root: /data}}\n", encoding="utf-8"
    )
    shelf.set_up_sweep()
    scheduler = network(session)["localscheduler"]
    offscreen.until(lambda: bool(values(scheduler)), "the worker has said which host it is")
    assert values(scheduler) == {"maxprocsmenu": "2", "maxprocs": str(RUNS)}


def test_a_scheduler_that_takes_no_slots_is_told(session: Session) -> None:
    session.top_types["localscheduler"] = ("Local Scheduler", frozenset())
    made = build_sweep("shot", NODE, "").network
    assert set_slots(made, 4) == ("localscheduler/maxprocsmenu = 2", "localscheduler/maxprocs = 4")
    assert set_slots(made, None) == ()
    shelf._set_slots(made.path(), {"settings": {"defaults": {"host": "a"}, "hosts": {}}, "scheduled_hosts": ["a"]})
    [(_, shown)] = session.shown
    assert "set by hand: localscheduler/maxprocsmenu = 2" in str(shown["message"])
    made.destroy()
    shelf._set_slots(made.path(), {"settings": {"defaults": {"host": "a"}, "hosts": {}}, "scheduled_hosts": ["a"]})


def test_a_worker_that_is_slow_does_not_stop_the_interface(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []
    settings = {"settings": {"defaults": {"host": "local"}, "hosts": {}}}
    call = SimpleNamespace(ended=False, result=lambda: settings)
    monkeypatch.setattr(shelf, "_take_answer", TAKE_ANSWER)
    monkeypatch.setattr(shelf, "BackgroundCall", lambda *_, **__: calls.append(0) or call)
    started = time.thread_time()
    shelf.set_up_sweep()
    assert time.thread_time() - started < 0.05
    assert calls
    assert "/tasks/cosmos_shot" in session.nodes
    taken: list[object] = []
    monkeypatch.setattr(shelf, "_set_slots", lambda *_: taken.append(0))
    call.ended = True
    offscreen.until(lambda: bool(taken), "the answer is taken when it is there")
