"""Specs of NVIDIA's programs, read as ours; each key that cannot be expressed is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cosmos_houdini.cli import main
from cosmos_houdini.errors import BadInput
from cosmos_houdini.specs.files import load_prompt_spec, load_run_spec
from cosmos_houdini.specs.upstream import Imported, import_upstream


def imported(folder: Path, document: dict[str, Any], name: str = "sea.json") -> Imported:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), "utf-8")
    return import_upstream(path)


def test_a_spec_of_transfer1_with_all_that_we_have(tmp_path: Path):
    found = imported(
        tmp_path,
        {
            "prompt": "the sea",
            "input_video_path": "assets/in.mp4",
            "seed": 7,
            "sigma_max": 60.0,
            "vis": {"control_weight": 0.3},
            "depth": {"control_weight": "0.5", "input_control": "assets/depth.mp4"},
            "regional_prompts": [{"prompt": "a boat", "region_definitions_path": "assets/boat.mp4"}],
        },
    )
    assert (found.run.engine, found.spec.name, found.spec.prompt) == ("transfer1", "sea", "the sea")
    assert found.run.weights == {"vis": 0.3, "depth": 0.5}
    assert found.run.parameters == {"seed": 7, "sigma_max": 60.0}
    assert found.spec.controls == {"depth": tmp_path / "assets" / "depth.mp4"}
    assert found.spec.regions == {"a boat": tmp_path / "assets" / "boat.mp4"}
    assert all(said.endswith("is no file yet") for said in found.left_out)


def test_each_key_that_cannot_be_expressed_is_named(tmp_path: Path):
    found = imported(
        tmp_path,
        {
            "prompt": "the sea",
            "input_video_path": "in.mp4",
            "num_video_frames": 121,
            "hdmap": {"control_weight": 0.3},
            "edge": {"control_weight": "edge.pt", "control_weight_prompt": "boats"},
            "seg": {"control_weight": 1.5, "input_control_prompt": "sea . sky"},
            "regional_prompts": [
                {"prompt": "a boat", "region_definitions_path": [0, 0, 0.5, 1]},
                {"mask_prompt": "x"},
                {"prompt": "a gull"},
                {"prompt": "a buoy", "region_definitions_path": "1.mp4", "weight": 2},
                {"prompt": "a buoy", "region_definitions_path": "2.mp4"},
                "rocks",
            ],
        },
    )
    keys = [said.partition(" = ")[0] for said in found.left_out if "cannot be expressed" in said]
    assert keys == [
        "num_video_frames",
        "hdmap",
        "edge.control_weight_prompt",
        "edge.control_weight",
        "seg.control_weight",
        "regional_prompts[1].prompt",
        "regional_prompts[1].region_definitions_path",
        "regional_prompts[2].mask_prompt",
        "regional_prompts[3].prompt",
        "regional_prompts[4].weight",
        "regional_prompts[5].prompt",
        "regional_prompts[5].region_definitions_path",
        "regional_prompts[6]",
    ]
    assert found.spec.regions == {"a buoy": tmp_path / "1.mp4"}
    assert found.run.weights == {"edge": 0.5, "seg": 1.0}
    assert found.run.parameters == {"seg_prompt": "sea . sky"}


def test_a_spec_of_transfer25_with_masks_a_look_and_a_prompt_file(tmp_path: Path):
    (tmp_path / "prompt.txt").write_text("the sea at dawn\n", "utf-8")
    found = imported(
        tmp_path,
        {
            "name": "dawn",
            "prompt_path": "prompt.txt",
            "video_path": "in.mp4",
            "guidance": 3,
            "edge": {"control_path": "edge.mp4", "mask_path": "mask.mp4", "mask_prompt": "boats"},
            "image_context_path": "look.jpg",
            "guided_generation_mask": "keep.mp4",
            "show_input": True,
        },
    )
    assert (found.run.engine, found.spec.name, found.spec.prompt) == ("transfer2.5", "dawn", "the sea at dawn")
    assert found.run.weights == {"edge": 1.0}
    assert found.spec.masks == {"edge": tmp_path / "mask.mp4"}
    assert found.spec.guided_generation_mask == tmp_path / "keep.mp4"
    assert [said for said in found.left_out if "cannot" in said] == [
        "edge.mask_prompt = 'boats' cannot be expressed",
        "show_input = True cannot be expressed",
    ]


@pytest.mark.parametrize(
    ("control", "engine", "weight", "lost"),
    [
        ({"control_path": "e.mp4"}, "transfer2.5", 1.0, []),
        ({"input_control": "e.mp4"}, "transfer1", 0.5, []),
        ({"input_control": "e.mp4", "mask_path": "m.mp4"}, "transfer1", 0.5, ["edge.mask_path = 'm.mp4'"]),
    ],
)
def test_a_control_alone_tells_the_program_and_its_usual_weight(
    tmp_path: Path, control: dict[str, str], engine: str, weight: float, lost: list[str]
):
    found = imported(tmp_path, {"prompt": "the sea", "edge": control})
    assert (found.run.engine, found.run.weights) == (engine, {"edge": weight})
    assert [said for said in found.left_out if "cannot" in said] == [f"{key} cannot be expressed" for key in lost]


def test_a_spec_of_cosmos3_has_its_own_names(tmp_path: Path):
    found = imported(
        tmp_path,
        {
            "prompt": "the sea",
            "vision_path": "in.mp4",
            "resolution": "480",
            "aspect_ratio": "16,9",
            "blur": {"control_path": "blur.mp4", "weight": 0.4},
        },
    )
    assert (found.run.engine, found.run.weights, found.run.parameters) == (
        "cosmos3",
        {"vis": 0.4},
        {"resolution": "480"},
    )
    assert "aspect_ratio = '16,9' cannot be expressed" in found.left_out


def test_without_a_colour_video_a_control_stands_for_it_at_full_noise(tmp_path: Path):
    depth = {"control_weight": 1, "input_control": "depth.mp4"}
    found = imported(tmp_path, {"prompt": "the sea", "input_video_path": "", "depth": depth})
    assert found.spec.input_video == tmp_path / "depth.mp4"
    assert found.run.parameters == {"sigma_max": 80.0}
    assert "there is no input_video_path: the depth video stands for it" in found.left_out


def test_paths_are_found_from_the_checkout_that_the_file_is_in(tmp_path: Path):
    (tmp_path / "assets" / "deep").mkdir(parents=True)
    (tmp_path / "assets" / "in.mp4").touch()
    document = {"prompt": "p", "input_video_path": "assets/in.mp4", "vis": {"control_weight": 1}}
    assert imported(tmp_path, document, "assets/deep/sea.json").spec.input_video == tmp_path / "assets" / "in.mp4"


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (
            {"prompt": "p", "input_video_path": "v.mp4", "keypoint": {"control_weight": 1}},
            "no control can be expressed",
        ),
        ({"input_video_path": "v.mp4", "vis": {"control_weight": 1}}, "has no prompt"),
        ({"prompt": "p", "vis": {"control_weight": 1}}, "names no video"),
    ],
)
def test_what_is_no_run_of_ours_is_refused(tmp_path: Path, document: dict[str, Any], words: str):
    with pytest.raises(BadInput, match=words):
        imported(tmp_path, document)


def test_the_command_writes_both_files_and_names_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    document = {"prompt": "p", "input_video_path": "v.mp4", "lidar": {}, "vis": {"control_weight": 0.7}}
    (tmp_path / "sea.json").write_text(json.dumps(document), "utf-8")
    assert main(["create-spec", "--from-upstream", "sea.json"]) == 0
    assert "warning: sea.json: lidar = {} cannot be expressed" in capsys.readouterr().err
    assert load_prompt_spec(tmp_path / "sea.spec.json").input_video == tmp_path / "v.mp4"
    assert load_run_spec(tmp_path / "sea.run.json").weights == {"vis": 0.7}
