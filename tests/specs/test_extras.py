"""Masks, a picture with the look and regions: from the command line to the file that the engine's program reads."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from PIL import Image

from cosmos_houdini.cli import main
from cosmos_houdini.config import load
from cosmos_houdini.engines import find_engine
from cosmos_houdini.errors import BadInput
from cosmos_houdini.jobs.store.record import new_record, request_from
from cosmos_houdini.model.extras import extras_document
from cosmos_houdini.model.request import InferenceRequest, Site
from cosmos_houdini.specs.create import create_run_spec
from cosmos_houdini.specs.files import load_prompt_spec
from cosmos_houdini.specs.request import build_request, caching_probe
from support.media import FFMPEG
from support.media.transfer_clips import write_clips

SITE = Site(folder=PurePosixPath("/data/jobs/street-1"), engine_path=PurePosixPath("/opt/cosmos"))


@pytest.fixture
def clips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (64, 36), "purple").save(tmp_path / "look.PNG")
    paths = write_clips(tmp_path, "color", "edge", "depth", "seg")
    (tmp_path / "matte.mp4").write_bytes(paths["seg"].read_bytes())
    return paths


def create(*options: str) -> None:
    videos = ("--input-video", "color.mp4", "--control", "edge=edge.mp4", "--control", "depth=depth.mp4")
    assert main(["create-spec", "street", "rain", *videos, *options]) == 0


def request_for(engine: str, **parameters: Any) -> InferenceRequest:  # noqa: ANN401
    run = create_run_spec(load_prompt_spec(Path("street.spec.json")), engine, weights={}, parameters=parameters)
    return build_request(run, find_engine(engine).parameters, probe=caching_probe(FFMPEG))[0]


@pytest.mark.usefixtures("clips")
def test_masks_and_a_look_reach_transfer25_as_its_parser_wants_them():
    create("--mask", "edge=matte.mp4", "--keep", "matte.mp4", "--image-context", "look.PNG")
    request = request_for("transfer2.5", guided_generation_step_threshold=10)
    find_engine("transfer2.5").check(request)
    invocation = find_engine("transfer2.5").invocation(request, SITE)
    sample = json.loads(invocation.files["in/spec.json"])
    assert sample["edge"]["mask_path"] == "/data/jobs/street-1/in/mask_edge.mp4"
    assert "mask_path" not in sample["depth"]
    assert sample["guided_generation_mask"] == "/data/jobs/street-1/in/guided_generation_mask.mp4"
    assert sample["guided_generation_step_threshold"] == 10
    assert sample["image_context_path"] == "/data/jobs/street-1/in/image_context.png"
    matte = Path("matte.mp4").absolute()
    brought = {name: path for name, path in invocation.inputs.items() if "depth" not in name and "color" not in name}
    assert brought == {
        "in/edge.mp4": Path("edge.mp4").absolute(),
        "in/mask_edge.mp4": matte,
        "in/guided_generation_mask.mp4": matte,
        "in/image_context.png": Path("look.PNG").absolute(),
    }


@pytest.mark.usefixtures("clips")
def test_a_request_with_extras_survives_the_store_and_another_mask_is_another_job():
    create("--mask", "edge=matte.mp4", "--image-context", "look.PNG")
    request = request_for("transfer2.5")
    record = new_record("street-1", request, host="h", root="/r", launcher="process", results=Path("r"))
    again = request_from(record.request, record.inputs)
    assert again.document() == request.document()
    assert set(again.extras) == {"mask_edge", "image_context"}
    assert set(extras_document(request)) == {"masks", "image_context"}
    create()
    plain = request_for("transfer2.5")
    assert plain.content_hash() != request.content_hash()
    assert "extras" not in plain.document()


@pytest.mark.usefixtures("clips")
def test_regions_are_the_prompts_of_transfer1_and_need_its_own_frames():
    create("--region", "a red car = fast=matte.mp4")
    request = request_for("transfer1")
    assert request.regions == ("a red car = fast",)
    sent = json.loads(find_engine("transfer1").invocation(request, SITE).files["in/spec.json"])
    assert sent["regional_prompts"] == [
        {"prompt": "a red car = fast", "region_definitions_path": "/data/jobs/street-1/in/region_1.mp4"}
    ]
    with pytest.raises(BadInput, match=r"regions with 5 frames of 192x108; allowed: 121 frames of 1280x704"):
        find_engine("transfer1").check(request)


@pytest.mark.usefixtures("clips")
@pytest.mark.parametrize(
    ("options", "engine", "words"),
    [
        (("--mask", "edge=matte.mp4"), "transfer1", r"transfer1 takes no masks .*allowed: with preview, transfer2\.5"),
        (("--region", "rain=matte.mp4"), "transfer2.5", r"takes no regions .*allowed: with preview, transfer1"),
        (
            ("--mask", "seg=matte.mp4"),
            "transfer2.5",
            r"a mask for seg, which takes no part; allowed: masks for edge",
        ),
    ],
)
def test_what_an_engine_does_not_take_is_refused(options: tuple[str, ...], engine: str, words: str):
    create(*options)
    with pytest.raises(BadInput, match=words):
        request_for(engine)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--image-context", "edge.mp4"), "edge.mp4 is no picture"),
        (("--keep", "long.mp4"), "guided_generation_mask (long.mp4) has 8 frames, color (color.mp4) has 5 frames"),
        (("--region", "matte.mp4"), "--region 'matte.mp4'; allowed: PROMPT=VIDEO"),
        (("--mask", "glow=matte.mp4"), "--mask: unknown name 'glow'"),
    ],
)
def test_a_wrong_file_is_refused_before_anything_is_written(
    clips: dict[str, Path], options: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
):
    folder = clips["color"].parent
    (folder / "long").mkdir()
    write_clips(folder / "long", "color", frames=8)["color"].rename(folder / "long.mp4")
    assert main(["create-spec", "street", "rain", "--input-video", "color.mp4", *options]) == 2
    assert words in capsys.readouterr().err
    assert not (folder / "street.spec.json").exists()


@pytest.mark.usefixtures("clips")
def test_a_look_and_vis_are_refused_as_upstream_refuses_them():
    create("--control", "vis=seg.mp4", "--image-context", "look.PNG")
    with pytest.raises(BadInput, match="a picture with the look, and vis"):
        find_engine("transfer2.5").check(request_for("transfer2.5"))


@pytest.mark.usefixtures("clips")
def test_chunks_and_checkpoints_of_your_own_reach_transfer25():
    create()
    own = {"checkpoint_path": "/data/own.pt", "experiment": "own_look", "num_video_frames_per_chunk": 5}
    engine, request = find_engine("transfer2.5"), request_for("transfer2.5", **own)
    with pytest.raises(BadInput, match="checkpoint_path with edge, depth; allowed: one control"):
        engine.check(request)
    argv = engine.invocation(request, SITE).argv
    assert argv[argv.index("--checkpoint-path") + 1] == "/data/own.pt"
    assert argv[argv.index("--experiment") + 1] == "own_look"
    assert engine.plan(request).chunks == 1
    assert engine.load_key(request) != engine.load_key(request_for("transfer2.5"))
    with pytest.raises(BadInput, match="num_video_frames_per_chunk = 6; allowed: 5, 9, 13"):
        engine.check(request_for("transfer2.5", num_video_frames_per_chunk=6))


@pytest.mark.usefixtures("clips")
def test_preview_shows_none_of_them_and_says_so():
    create("--mask", "edge=matte.mp4")
    assert load().project
    assert "preview shows nothing of mask_edge" in find_engine("preview").check(request_for("preview"))[0]
