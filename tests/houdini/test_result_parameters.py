"""A result's parameters on a node: what makes it again, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cosmos_houdini.errors import BadInput
from cosmos_houdini.houdini.tops.parms import TRANSFER
from cosmos_houdini.houdini.tops.project import Project
from cosmos_houdini.houdini.tops.result_parameters import apply_values, read_result, transfer_values
from cosmos_houdini.scene.parm import ParmValue
from support.houdini import fake_hou
from support.houdini.houdini_session import SavedNode, Session

PROJECT = Project(
    folder=Path(),
    root=Path(),
    engine="preview",
    labels={},
    parameters={"preview": {"seed": 1, "num_steps": 35, "guidance_scale": 5.0, "fps": 24, "use_distilled": False}},
    synonyms={"guidance": "guidance_scale"},
)
REQUEST = {
    "name": "shot",
    "engine": "preview",
    "prompt": 'A "wet" street',
    "negative_prompt": "blur",
    "controls": {"depth": {"weight": 0.8}},
    "parameters": {"seed": 7, "num_steps": 12, "guidance_scale": 6, "fps": 30, "use_distilled": True},
    "num_gpu": 2,
}


def write(folder: Path, **changes: object) -> Path:
    document = {"schema": "cosmos-houdini/result/1", "job": "shot-1", "request": REQUEST, **changes}
    path = folder / "result.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_the_fields_have_what_was_asked_for_and_the_rest_is_further_parameters(tmp_path: Path) -> None:
    values = transfer_values(read_result(write(tmp_path)), PROJECT)
    assert values == {
        "prompt": 'A "wet" street',
        "negative_prompt": "blur",
        "weight_vis": 0.0,
        "weight_edge": 0.0,
        "weight_depth": 0.8,
        "weight_seg": 0.0,
        "seed": 7,
        "num_steps": 12,
        "guidance": 6.0,
        "parameters": "fps=30 use_distilled=true",
        "engine": "preview",
        "num_gpu": 2,
    }
    assert set(values) <= {parm.name for parm in TRANSFER.parms}


def test_a_node_takes_them_in_one_step_of_undo_and_the_others_are_named(houdini: Session, tmp_path: Path) -> None:
    node = SavedNode(path="/tasks/t/transfer1", type="cosmos::transfer::1.0", category="Top")
    node.parms = {parm.name: (ParmValue(text=""),) for parm in TRANSFER.parms if parm.name != "num_gpu"}
    houdini.nodes[node.path] = node
    values = transfer_values(read_result(write(tmp_path)), PROJECT)
    assert apply_values(fake_hou.node(node.path), values) == ["num_gpu"]
    assert node.parms["prompt"][0].text == 'A "wet" street'
    assert node.parms["weight_depth"][0].text == "0.8"
    assert houdini.undo_groups == ["Copy Cosmos Parameters"]


@pytest.mark.parametrize("change", [{"schema": "cosmos-houdini/result/9"}, {"request": None}])
def test_another_file_is_refused_by_its_name(tmp_path: Path, change: dict[str, object]) -> None:
    with pytest.raises(BadInput, match=r"result.json does not say how a result was made"):
        read_result(write(tmp_path, **change))
    with pytest.raises(BadInput, match="does not say"):
        read_result(tmp_path / "nothing.json")
