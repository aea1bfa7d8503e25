from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from cosmos_houdini.cli.convert import convert_sequence
from cosmos_houdini.cli.standardize import extract_frame, standardize
from cosmos_houdini.errors import BadInput, CheckFailed
from support.media.clips import bars, write_bars, write_picture


def convert(*arguments: object) -> Result:
    return CliRunner().invoke(
        convert_sequence, [str(argument) for argument in arguments], catch_exceptions=False, standalone_mode=False
    )


@pytest.fixture
def renders(tmp_path: Path) -> Path:
    write_bars(tmp_path / "renders" / "color")
    write_bars(tmp_path / "renders" / "depth")
    return tmp_path / "renders"


def test_json_is_all_that_stands_on_standard_output(renders: Path, tmp_path: Path):
    document = json.loads(convert(renders, "-o", tmp_path / "out", "--json").stdout)
    assert document == json.loads((tmp_path / "out" / "metadata.json").read_text(encoding="utf-8"))
    assert list(document["videos"]) == ["color", "depth"]
    assert (document["fps"], document["frames"]) == (24, 6)


def test_folders_with_hostile_names_are_taken(weird_path: Path):
    write_bars(weird_path / "renders", 3)
    document = json.loads(convert(weird_path / "renders", "-o", weird_path / "out", "--json").stdout)
    assert document["frames"] == 3


def test_people_get_a_table(renders: Path, tmp_path: Path):
    text = convert(renders, "-o", tmp_path / "out").stdout.replace("\n", "")
    assert "color.mp4" in text
    assert "depth.mp4" in text
    assert "metadata.json" in text


def test_a_gap_stops_and_hold_goes_on_and_says_so(renders: Path, tmp_path: Path):
    (renders / "depth" / "shot.0003.png").unlink()
    with pytest.raises(CheckFailed, match="frame 3 is missing"):
        convert(renders, "-o", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    result = convert(renders, "-o", tmp_path / "out", "--on-gap", "hold", "--json")
    assert json.loads(result.stdout)["sources"]["depth"]["held"] == [3]
    assert "depth: frame 3 shows the frame before" in result.stderr


def test_a_shot_on_every_second_frame_is_told_to_run_too_fast(renders: Path, tmp_path: Path):
    for number in (2, 4, 6):
        (renders / "color" / f"shot.{number:04d}.png").unlink()
    told = convert(renders / "color", "-o", tmp_path / "out").stderr
    assert "only one frame in 2 is rendered; the videos show them one after another, 2 times as fast" in told


def test_two_sizes_write_nothing(renders: Path, tmp_path: Path):
    write_picture(renders / "color" / "shot.0004.png", bars(3, (48, 32)))
    with pytest.raises(CheckFailed, match="frame 4"):
        convert(renders, "-o", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_range_is_cut_out(renders: Path, tmp_path: Path):
    result = convert(renders / "color", "-o", tmp_path / "out", "--range", "2-4", "--fps", "23.976", "--json")
    document = json.loads(result.stdout)
    assert (document["frames"], document["fps"]) == (3, 24)
    assert "23.976 fps is rounded to 24" in result.stderr


def test_several_shots_get_a_folder_each(tmp_path: Path):
    for shot in ("sh010", "sh020"):
        write_bars(tmp_path / "renders" / shot / "color")
    document = json.loads(convert(tmp_path / "renders", "-o", tmp_path / "out", "--json").stdout)
    names = [conversion["name"] for conversion in document["conversions"]]
    assert len(set(names)) == 2
    assert all((tmp_path / "out" / name / "metadata.json").is_file() for name in names)


def test_nothing_of_several_shots_is_written_when_one_is_wrong(tmp_path: Path):
    for shot in ("sh010", "sh020"):
        write_bars(tmp_path / "renders" / shot / "color")
    (tmp_path / "renders" / "sh020" / "color" / "shot.0002.png").unlink()
    with pytest.raises(CheckFailed):
        convert(tmp_path / "renders", "-o", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("option", ["--exposure", "--pixel-aspect"])
@pytest.mark.parametrize("value", ["nan", "inf", "-21"])
def test_a_number_that_cannot_be_is_refused(renders: Path, tmp_path: Path, option: str, value: str):
    with pytest.raises(click.BadParameter):
        convert(renders, "-o", tmp_path / "out", option, value)
    assert not (tmp_path / "out").exists()


def test_a_video_is_standardized_and_a_frame_taken_out(renders: Path, tmp_path: Path):
    convert(renders / "color", "-o", tmp_path / "out")
    video, small, frame = tmp_path / "out" / "color.mp4", tmp_path / "small.mp4", tmp_path / "frame.png"
    runner = CliRunner()
    result = runner.invoke(standardize, [str(video), "-o", str(small), "--size", "64x64"], catch_exceptions=False)
    assert "6 frames of 64x64 at 24 fps" in result.stderr
    runner.invoke(extract_frame, [str(small), "5", "-o", str(frame)], catch_exceptions=False)
    assert frame.read_bytes().startswith(b"\x89PNG")
    every = ["all", "-o", str(tmp_path / "f.###.png"), "--first", "7"]
    assert "frames 7-12" in runner.invoke(extract_frame, [str(small), *every], catch_exceptions=False).stderr
    assert len(list(tmp_path.glob("f.0*.png"))) == 6
    with pytest.raises(BadInput, match="'x' is no frame"):
        runner.invoke(extract_frame, [str(small), "x", "-o", str(frame)], catch_exceptions=False, standalone_mode=False)
    with pytest.raises(BadInput, match="not a size"):
        runner.invoke(
            standardize, [str(video), "-o", str(small), "--size", "big"], catch_exceptions=False, standalone_mode=False
        )


def test_the_scene_gives_rate_and_description_and_its_range_is_compared(renders: Path, tmp_path: Path, hips: Path):
    scene = min(hips.glob("*.hip*"), key=lambda path: path.stat().st_size)
    result = convert(renders, "-o", tmp_path / "out", "--hip", scene, "--json")
    document = json.loads(result.stdout)
    assert document["fps"] == round(document["scene"]["fps"])
    assert "the scene's range is" in result.stderr


def test_plain_pictures_load_no_library_beside_the_second_reader(renders: Path, tmp_path: Path):
    script = "import sys; from cosmos_houdini.cli import main; assert main(sys.argv[1:]) == 0; print(*sys.modules)"
    argv = [sys.executable, "-c", script, "convert-sequence", str(renders / "color"), "-o", str(tmp_path / "out")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(argv, check=True, capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert not {"cv2", "OpenEXR", "PyOpenColorIO", "PIL"} & set(done.stdout.split())
