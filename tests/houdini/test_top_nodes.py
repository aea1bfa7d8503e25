"""Work items of the Cosmos nodes, from parameters and the attributes above, with warnings and errors on the node."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cosmos_houdini.demo.hip import write_scene
from cosmos_houdini.engines.cosmos.parameters import TRANSFER1_PARAMETERS
from cosmos_houdini.errors import BadInput
from cosmos_houdini.houdini.tops import parms as top_parms
from cosmos_houdini.houdini.tops import pdg_calls
from cosmos_houdini.houdini.tops import project as top_project
from cosmos_houdini.houdini.tops.parameter_names import ParameterNames
from cosmos_houdini.houdini.tops.shot import plan_shots
from cosmos_houdini.houdini.tops.sweep import make_randomization
from cosmos_houdini.houdini.tops.work_order import ATTRIBUTE, WorkOrder
from cosmos_houdini.scene.reader import read_scene
from support.houdini import fake_pdg
from support.houdini.solaris import RENDER, SETTINGS, write_stage
from support.houdini.top_network import Network, Top, node_types
from support.media.shot_files import CAMERA, FRAMES

NODE = "/out/mantra1"


@pytest.fixture
def network(tmp_path: Path):
    """Give a network in a scene whose frames are not rendered yet."""
    top_project._read_project.cache_clear()
    hip = tmp_path / "shot.hip"
    write_scene(hip, fps=24, frames=FRAMES, camera=CAMERA, rop=NODE, picture="$HIP/render/$HIPNAME.color.$F4.png")
    with Network(tmp_path, hip) as network:
        yield network


def orders(top: Top) -> list[WorkOrder]:
    return [WorkOrder.parse(item.attribValue(ATTRIBUTE)) for item in top.items]


def attributes(item: fake_pdg.WorkItem) -> dict[str, Any]:
    return {name: item.attribValue(name) for name in item.attribNames()}


def test_the_four_nodes_are_registered_under_labels_that_no_asset_has() -> None:
    types = node_types()
    assert list(types) == [f"Cosmos {step} (Basic)" for step in ("Shot", "Transfer", "Sweep", "Report")]
    for described, type_ in zip(top_parms.NODE_TYPES, types.values(), strict=True):
        assert type_.__name__ == type_.templateName() == described.name
        parameters = json.loads(type_.templateBody())["parameters"]
        assert [each["name"] for each in parameters] == [parm.name for parm in described.parms]
        assert {each["type"] for each in parameters} <= {"String", "Integer", "Float"}


def test_the_fields_of_the_nodes_are_parameters_of_the_engine_with_its_defaults_and_limits() -> None:
    for name in top_parms.NUMBERS:
        field, parameter = top_parms.TRANSFER[name], TRANSFER1_PARAMETERS[name]
        # An integer of Houdini has 32 bits and a sign.
        high = min(parameter.high, 2**31 - 1)
        assert (field.default, field.limits) == (parameter.default, (parameter.low, high))
        assert name == "seed" or top_parms.SWEEP[name].kind == "String"


def test_a_shot_tells_the_facts_of_its_scene_before_it_is_rendered(network: Network, tmp_path: Path) -> None:
    shot = network.add("Cosmos Shot", edge="high", options="--fit crop", frame_range="2-4")
    assert network.generate(), shot.errors
    [item] = shot.items
    found = attributes(item)
    order = orders(shot)[0]
    assert found.pop(ATTRIBUTE) == order.text
    assert found == {
        "shot_name": "shot",
        "shot_hip": (tmp_path / "shot.hip").as_posix(),
        "shot_node": NODE,
        "shot_camera": "/obj/cam1",
        "shot_take": "",
        "shot_fps": 24.0,
        "shot_first": 1,
        "shot_last": 5,
        "shot_width": 96,
        "shot_height": 64,
        "shot_focal_mm": 50.0,
        "shot_aperture_mm": pytest.approx(41.4214),
        "shot_videos": (tmp_path / "cosmos_out" / "shot" / "input").as_posix(),
    }
    assert order.options == {
        "scene": str(tmp_path / "shot.hip"),
        "prepare": True,
        "output": NODE,
        "name": "shot",
        "range": "2-4",
        "on_gap": "stop",
        "edge": "high",
        "results": str(tmp_path / "cosmos_out" / "shot"),
    }
    assert order.words == ("--fit", "crop")


def test_each_take_and_each_render_node_is_a_work_item_of_its_own_name() -> None:
    outputs = [
        {"path": "/out/karma1", "picture": "$HIP/$ACTIVETAKE/a.$F4.exr", "camera": "/obj/left"},
        {"path": "/out/karma2", "picture": "$HIP/b.$F4.exr", "camera": "/obj/right"},
        {"path": "/out/view", "picture": "ip", "camera": "/obj/left"},
    ]
    scene = {"path": "a.hip", "frame_range": [1, 2], "fps": 24, "cameras": [], "outputs": outputs}
    values = {"name": "", "renders": "", "nodes": "*", "cameras": "*", "takes": "day night"}
    found = plan_shots(scene, Path("street v2.hip"), values)
    assert [shot.name for shot in found] == [
        "street_v2_out_karma1_day",
        "street_v2_out_karma1_night",
        "street_v2_out_karma2_day",
        "street_v2_out_karma2_night",
    ]
    assert found[1].source == {"output": "/out/karma1", "take": "night"}
    [right] = plan_shots(scene, Path("a.hip"), {**values, "takes": "", "cameras": "r*"})
    assert (right.name, right.facts["shot_node"]) == ("a", "/out/karma2")
    with pytest.raises(BadInput, match="no render node 'karm1'") as caught:
        plan_shots(scene, Path("a.hip"), {**values, "nodes": "karm1"})
    assert "/out/karma1 (/obj/left), /out/karma2 (/obj/right)" in caught.value.allowed
    [folder] = plan_shots(scene, Path("a.hip"), {**values, "renders": "/render/a"})
    assert folder.source == {"renders": "/render/a"}
    alike = [
        plan_shots(scene, Path(f"{name}.hip"), {**values, "nodes": "karma1"})[0].name for name in ("镜头一", "镜头二")
    ]
    assert len(set(alike)) == 2


def test_attributes_go_before_the_node_and_the_node_before_the_engine(network: Network) -> None:
    shot = network.add("Cosmos Shot")
    wedge = network.wedge(
        2, lambda index: {"seed": 7 + index, "guidance_scale": 6, "depth_weight": 0.25, "use_distilled": 0}, shot
    )
    transfer = network.add(
        "Cosmos Transfer",
        wedge,
        prompt="take @wedgeindex of @wedgetotal",
        guidance=9.0,
        num_steps=20,
        weight_edge=0.75,
        parameters="num_steps=21 blur_strength=low",
        num_gpu=2,
    )
    assert network.generate(), transfer.errors
    first, second = orders(transfer)
    assert first.options == {
        "videos": shot.items[0].attribValue("shot_videos"),
        "prompt": "take 0 of 2",
        "num_gpu": 2,
        "parameters": {
            "blur_strength": "low",
            "guidance": 6.0,
            "num_steps": 21,
            "seed": 7,
            "use_distilled": False,
        },
        "weights": {"edge": 0.75, "depth": 0.25},
    }
    assert type(first.options["parameters"]["use_distilled"]) is bool
    assert second.options["parameters"]["seed"] == 8
    assert transfer.warnings == []


def test_a_misspelt_attribute_is_a_warning_that_names_the_nearest(network: Network) -> None:
    shot = network.add("Cosmos Shot")
    wedge = network.wedge(3, lambda _: {"guidence": 5.0, "weigth_depth": 0.5, "mood": "wet", "seed": 2}, shot)
    transfer = network.add("Cosmos Transfer", wedge, prompt="rain")
    assert network.generate()
    assert transfer.warnings == [
        "the attribute 'guidence' sets no parameter; did you mean 'guidance'?",
        "the attribute 'weigth_depth' sets no parameter; did you mean 'weight_depth'?",
    ]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, ["there is no prompt", "attribute prompt"]),
        ({"prompt": "rain", "videos": ""}, ["there is no shot", "Cosmos Shot"]),
        ({"prompt": "rain", "parameters": "guidence=3"}, ["no parameter 'guidence'", "did you mean 'guidance'?"]),
        ({"prompt": "rain", "parameters": "seed"}, ["seed is no pair", "KEY=VALUE"]),
        ({"prompt": "rain", "engine": "previw"}, ["no engine 'previw'", "preview"]),
        ({"prompt": "rain", "engine": "transfer2.5", "sigma_max": 40.0}, ["no parameter 'sigma_max'", "num_steps"]),
        ({"prompt": "rain", "folder": "/no/where"}, ["'/no/where' does not exist", "save the scene"]),
    ],
)
def test_what_cannot_be_used_is_an_error_on_the_node(
    network: Network, values: dict[str, str], words: list[str]
) -> None:
    transfer = network.add("Cosmos Transfer", **{"videos": "/shots/a/input", **values})
    assert not network.generate()
    [text] = transfer.errors
    assert text.startswith("This cannot be used: ")
    assert all(word in text for word in words), text


def test_fields_become_what_the_chosen_engine_takes(network: Network) -> None:
    fields = {"engine": "transfer2.5", "guidance": 4.0, "num_steps": 20, "parameters": "resolution=480"}
    transfer = network.add("Cosmos Transfer", prompt="rain", videos="/shots/a/input", **fields)
    assert network.generate(), transfer.errors
    [order] = orders(transfer)
    assert order.options["parameters"] == {"num_steps": 20, "guidance": 4, "resolution": "480"}
    assert order.options["engine"] == "transfer2.5"


def test_a_sweep_is_what_create_batch_makes_and_the_same_for_the_same_seed(network: Network) -> None:
    shot = network.add("Cosmos Shot")
    wishes = {
        "count": 6,
        "sweep_seed": 3,
        "guidance": "5-12",
        "num_steps": "20 35",
        "weight_depth": "0.1-0.9:0.1",
        "parameters": "use_distilled = false\nblur_strength = low, high",
    }
    sweep = network.add("Cosmos Sweep", shot, **wishes)
    again = network.add("Cosmos Sweep", shot, name="again", **wishes)
    other = network.add("Cosmos Sweep", shot, name="other", **{**wishes, "sweep_seed": 4})
    transfer = network.add("Cosmos Transfer", sweep, prompt="rain")
    assert network.generate(), sweep.errors
    names = ["seed", "guidance", "num_steps", "weight_depth", "use_distilled", "blur_strength"]
    made = [[[item.attribValue(name) for name in names] for item in top.items] for top in (sweep, again, other)]
    assert made[0] == made[1] != made[2]
    assert len({seed for seed, *_ in made[0]}) == 6
    assert all(5 <= row[1] <= 12 and row[2] in (20, 35) and row[5] in ("low", "high") for row in made[0])
    assert [item.index for item in sweep.items] == list(range(6))
    assert not any(item.hasAttrib("sigma_max") or item.command for item in sweep.items)
    for item, order in zip(sweep.items, orders(transfer), strict=True):
        assert order.options["parameters"]["seed"] == item.attribValue("seed")
        assert order.options["weights"] == {"depth": item.attribValue("weight_depth")}


def test_a_sweep_says_what_it_was_asked_for_as_a_batch_file_does() -> None:
    blank = {parm.name: parm.default for parm in top_parms.SWEEP.parms}
    assert make_randomization(blank) == {"seeds": "random", "count": 24, "seed": 0}
    grid = {**blank, "count": 0, "seeds": "1-4", "sampler": "grid", "max_weight_sum": 1.5, "weight_vis": "0 .5"}
    assert make_randomization(grid) == {
        "control_weights": {"vis": [0, 0.5]},
        "seeds": {"min": 1, "max": 4},
        "sampler": "grid",
        "constraints": {"max_weight_sum": 1.5},
        "seed": 0,
    }
    with pytest.raises(BadInput, match="Further Parameters: 'guidance 5'"):
        make_randomization({**blank, "parameters": "guidance 5"})


def test_a_value_that_the_engine_does_not_take_is_told_by_the_worker(network: Network) -> None:
    sweep = network.add("Cosmos Sweep", guidance="5-40")
    assert not network.generate()
    assert "guidance" in sweep.errors[0]
    assert "from 0 to 20" in sweep.errors[0]


@pytest.mark.parametrize(
    ("above", "kind"), [(1.0, float), (1, int), ("1", str)], ids=["a float", "a whole number", "a text"]
)
def test_a_sweep_goes_on_with_the_type_that_an_attribute_has_above(network: Network, above: object, kind: type) -> None:
    wedge = network.wedge(1, lambda _: {"seed": above})
    sweep = network.add("Cosmos Sweep", wedge, count=2, seeds="4 7", sampler="grid")
    assert network.generate(), sweep.errors
    seeds = [item.attribValue("seed") for item in sweep.items]
    assert seeds == [kind(4), kind(7)]
    assert {type(seed) for seed in seeds} == {kind}


def test_a_type_from_above_that_does_not_take_a_value_is_an_error_on_the_node(network: Network) -> None:
    sweep = network.add("Cosmos Sweep", network.wedge(1, lambda _: {"guidance": 5}), count=0, guidance="4.5 6.5")
    assert not network.generate()
    assert "the attribute 'guidance' from above holds 5, and its type does not take 4.5" in sweep.errors[0]


def test_what_is_wrong_with_a_sweep_is_told_without_the_files_that_the_worker_reads(network: Network) -> None:
    sweep = network.add("Cosmos Sweep", guidance="9-3")
    assert not network.generate()
    assert sweep.errors[0].startswith("This cannot be used: guidance = ")


def test_the_folder_of_a_report_lies_in_the_project_unless_it_says_otherwise(network: Network, tmp_path: Path) -> None:
    transfer = network.add("Cosmos Transfer", prompt="rain", videos="/shots/a/input")
    inside = network.add("Cosmos Report", transfer, output="reviews/monday")
    elsewhere = network.add("Cosmos Report", transfer, output=str(tmp_path.parent / "reviews"), name="elsewhere")
    assert network.generate(), inside.errors
    folders = [Path(order.options["output"]) for order in (*orders(inside), *orders(elsewhere))]
    assert folders == [tmp_path / "reviews" / "monday", tmp_path.parent / "reviews"]


def test_a_report_knows_its_jobs_by_the_orders_above(network: Network) -> None:
    wedge = network.wedge(3, lambda index: {"seed": index})
    transfer = network.add("Cosmos Transfer", wedge, prompt="rain", videos="/shots/a/input")
    report = network.add("Cosmos Report", transfer, name="night")
    assert network.generate(), report.errors
    [order] = orders(report)
    assert order.job_links == tuple(order.job_link.name for order in orders(transfer))
    assert len(set(order.job_links)) == 3
    assert [item.id for item in report.items[0]._parents] == [item.id for item in transfer.items]
    assert Path(order.options["output"]).parts[-3:] == ("cosmos_out", "night", "report")


def test_a_report_of_nothing_is_an_error_on_the_node(network: Network) -> None:
    report = network.add("Cosmos Report", network.wedge(2, lambda index: {"seed": index}))
    assert not network.generate()
    assert "no work item above is of a Cosmos Transfer" in report.errors[0]


def test_the_same_order_is_the_same_text_and_finds_its_job_in_every_session(tmp_path: Path) -> None:
    options = {"prompt": 'größe "\n', "weights": {"depth": 0.5}}
    order = WorkOrder(kind="transfer", folder=tmp_path, project=tmp_path, options=options, words=("--fit", "crop"))
    assert WorkOrder.parse(order.text) == order
    assert order.job() is None
    order.note_job("shot-0123456789")
    assert WorkOrder.parse(order.text).job() == "shot-0123456789"
    assert replace(order, options={}).job() is None
    with pytest.raises(BadInput, match="is no order of a Cosmos node"):
        WorkOrder.parse("{}")


def test_names_of_other_attributes_mean_nothing() -> None:
    words = ParameterNames(parameters={"seed": 1, "guidance": 5.0}, synonyms={"guidance_scale": "guidance"})
    known = ("seed", "guidance_scale", "prompt", "weight_seg", "seg_weight", "engine")
    assert [words.find_parameter(name) for name in known] == [
        "seed",
        "guidance",
        "prompt",
        "weight_seg",
        "weight_seg",
        "engine",
    ]
    assert not any(words.find_parameter(name) for name in ("pdg_seed", "weight", "shot_fps", "weight_fog"))
    assert words.find_misspelt(["seeed", "wedgeseed", "shot_seed", "height", "promt", "Seed", "GPUs", "steps"]) == {
        "promt": "prompt",
        "seeed": "seed",
        "Seed": "seed",
        "GPUs": "num_gpu",
    }


def test_the_label_of_a_field_is_no_name_of_an_attribute_and_the_right_one_is_told(network: Network) -> None:
    wedge = network.wedge(1, lambda _: {"steps": 20, "Noise": 40.0, "edge_weight": 0.2})
    transfer = network.add("Cosmos Transfer", wedge, prompt="rain", videos="/shots/a/input")
    assert network.generate(), transfer.errors
    assert transfer.warnings == [
        "the attribute 'steps' sets no parameter; did you mean 'num_steps'?",
        "the attribute 'Noise' sets no parameter; did you mean 'sigma_max'?",
    ]


class Mute:
    """A node of a build that knows no call for warnings or errors."""


def test_a_build_without_calls_for_warnings_and_errors_loses_neither() -> None:
    item = fake_pdg.WorkItem(1, 0, [], False)
    pdg_calls.warn(Mute(), item, "beware")
    assert item._log == [("warning", "beware")]
    with pytest.raises(RuntimeError, match="no prompt"):
        pdg_calls.fail(Mute(), "no prompt")


def test_a_stage_is_one_work_item_with_the_facts_of_its_camera_and_its_renderer(tmp_path: Path) -> None:
    hip = write_stage(tmp_path)
    scene = read_scene(hip).document()
    values = {"name": "", "renders": "", "nodes": "*", "cameras": "*", "takes": ""}
    [shot] = plan_shots(scene, hip, values)
    assert shot.source == {"output": RENDER}
    assert shot.facts["shot_camera"] == "/cameras/camera1"
    assert (shot.facts["shot_first"], shot.facts["shot_last"]) == (1001, 1003)
    assert (shot.facts["shot_focal_mm"], shot.facts["shot_aperture_mm"]) == (35.0, 20.955)
    [asked] = plan_shots(scene, hip, {**values, "nodes": SETTINGS})
    assert asked.source == {"output": SETTINGS}
