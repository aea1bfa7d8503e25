"""First prompts of shots on disk: a scene file, and a folder of converted videos."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cosmos_houdini.caption.frames import pick_frames, spread_over_change, write_frames
from cosmos_houdini.caption.object_sizes import measure_objects
from cosmos_houdini.caption.shot_words import prompt_of
from cosmos_houdini.caption.spec import spec_from_metadata
from cosmos_houdini.config import load
from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.videos.metadata import read_metadata
from cosmos_houdini.model.caption import parse_caption
from cosmos_houdini.model.control import Control
from cosmos_houdini.reporter import Silent
from cosmos_houdini.shots.convert import convert_path
from cosmos_houdini.shots.spec import SpecOptions, write_spec
from support.houdini.camera_paths import along, write_keyed
from support.media import FFMPEG
from support.media.clips import bars, write_picture

FRAMES = 6


@pytest.fixture
def shot(tmp_path: Path) -> Path:
    """Convert a shot with a scene and a segmentation of a small and a large object; return the folder of its videos."""
    for number in range(1, FRAMES + 1):
        write_picture(tmp_path / "renders" / f"yard_color.{number:04d}.png", bars(number))
        seg = np.zeros((64, 96, 3), np.uint8)
        seg[32:] = (0, 0, 255)
        seg[10:42, 20:40] = (255, 0, 0)
        write_picture(tmp_path / "renders" / f"yard_seg.{number:04d}.png", seg)
    hip = write_keyed(tmp_path, [along(2 * i / (FRAMES - 1), 0, 0) for i in range(FRAMES)], 24)
    convert_path(load(tmp_path), tmp_path / "renders", tmp_path / "videos", Silent(), scene_file=hip)
    return tmp_path / "videos"


@pytest.fixture(autouse=True)
def _renders(tmp_path: Path) -> None:
    (tmp_path / "renders").mkdir()


def test_a_conversion_keeps_the_facts_of_its_scene(shot: Path):
    facts = read_metadata(shot)["scene"]["facts"]
    assert (facts["camera"], facts["camera_move"]["word"], facts["frames"]) == ("/obj/cam1", "dolly", FRAMES)


def test_the_size_of_objects_is_that_of_the_segmentation(shot: Path):
    sizes = measure_objects(read_metadata(shot), ffmpeg=FFMPEG)
    (small_height, small_area), (large_height, large_area) = sorted(sizes.values(), key=lambda size: size[1])
    assert (small_height, large_height) == (pytest.approx(0.5, abs=0.04), pytest.approx(0.5, abs=0.04))
    assert (small_area, large_area) == (pytest.approx(0.104, abs=0.02), pytest.approx(0.466, abs=0.03))


def test_a_folder_gives_a_prompt_with_framing_and_a_spec(shot: Path):
    spec, written = spec_from_metadata(shot, ffmpeg=FFMPEG, style="rain", format_="cosmos3")
    assert written is not None
    caption = parse_caption(spec.prompt)
    assert caption is not None
    assert caption["style_medium"] == "rain"
    assert caption["cinematography"]["framing"] == "full shot"
    assert caption["cinematography"]["camera_motion"] == "the camera dollies in"
    assert (spec.input_video, set(map(str, spec.controls))) == (shot / "color.mp4", {"seg"})


def test_a_prompt_of_the_user_is_taken_as_it_is(shot: Path):
    spec, written = spec_from_metadata(shot, ffmpeg=FFMPEG, name="mine", prompt="A cat")
    assert (spec.name, spec.prompt, written) == ("mine", "A cat", None)


def test_the_spec_of_a_folder_takes_masks_a_look_and_regions_too(shot: Path, tmp_path: Path):
    write_picture(tmp_path / "look.png", bars(1))
    options = SpecOptions(
        from_metadata=shot,
        prompt="A cat",
        masks={Control.SEG: shot / "color.mp4"},
        keep=shot / "seg.mp4",
        image_context=tmp_path / "look.png",
        regions={"a dog": shot / "seg.mp4"},
    )
    spec = write_spec(options, Silent(), ffmpeg=FFMPEG, output=tmp_path / "a.spec.json").spec
    assert (spec.masks, spec.guided_generation_mask) == ({"seg": shot / "color.mp4"}, shot / "seg.mp4")
    assert (spec.image_context, spec.regions) == (tmp_path / "look.png", {"a dog": shot / "seg.mp4"})
    with pytest.raises(BadInput, match="--control cannot be used with --from-metadata"):
        write_spec(replace(options, controls={Control.SEG: shot / "seg.mp4"}), Silent(), ffmpeg=FFMPEG)
    with pytest.raises(BadInput, match="--style, --format cannot be used with PROMPT"):
        write_spec(replace(options, style="rain", format_="text"), Silent(), ffmpeg=FFMPEG)


def test_a_scene_alone_gives_a_prompt(tmp_path: Path):
    hip = write_keyed(tmp_path, [along(0, 0, 0)] * 4, 24)
    assert prompt_of(hip, ffmpeg=FFMPEG, style="fog").text == "Fog. Level angle, 50 mm, standard lens. Static camera."


def test_something_else_is_refused_by_its_name(tmp_path: Path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(BadInput, match=r"notes\.txt is no shot"):
        prompt_of(tmp_path / "notes.txt", ffmpeg=FFMPEG)
    with pytest.raises(BadInput, match=r"holds no metadata\.json"):
        prompt_of(tmp_path, ffmpeg=FFMPEG)


def test_frames_are_chosen_where_the_picture_changes(shot: Path, tmp_path: Path):
    numbers = pick_frames(shot / "color.mp4", ffmpeg=FFMPEG, most=4)
    assert (numbers[0], numbers[-1], len(numbers)) == (0, FRAMES - 1, 4)
    files = write_frames(shot / "color.mp4", numbers, tmp_path, ffmpeg=FFMPEG)
    assert [file.name for file in files] == ["frame0001.png", "frame0002.png", "frame0003.png", "frame0004.png"]
    assert pick_frames(shot / "seg.mp4", ffmpeg=FFMPEG) == (FRAMES // 2,)


def test_a_cut_in_the_middle_gives_a_frame_from_each_side():
    assert spread_over_change([0.0] * 10 + [60.0] + [0.0] * 9, 3) == (0, 15, 19)


@pytest.mark.parametrize("content", [b"", b"no video at all", b"\x00\x00\x00\x18ftypmp42" + b"\0" * 40])
def test_a_file_that_is_no_video_is_refused(tmp_path: Path, content: bytes):
    (tmp_path / "x.mp4").write_bytes(content)
    with pytest.raises(BadInput, match=r"no whole video|holds no video"):
        pick_frames(tmp_path / "x.mp4", ffmpeg=FFMPEG)
