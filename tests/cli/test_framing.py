"""Scope and anamorphic plates: every pass in one place of the engine's frame, and the result back on the plate."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from cosmos_houdini.cli.convert import convert_sequence
from cosmos_houdini.cli.restore import restore
from cosmos_houdini.cli.standardize import extract_frame
from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.pictures.picture_io import pixel_aspect
from cosmos_houdini.media.videos.ffmpeg import Run
from support.media import FFMPEG
from support.media.clips import decoded, write_picture

SCOPE = (956, 400)


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def invoke(command: click.Command, *arguments: object) -> Result:
    return CliRunner().invoke(command, [*map(str, arguments)], catch_exceptions=False, standalone_mode=False)


def converted(*arguments: object) -> dict[str, Any]:
    return dict(json.loads(invoke(convert_sequence, *arguments, "--json").stdout))


def disc(size: tuple[int, int], frame: int) -> np.ndarray:
    """Return a picture with a white disc that moves on by 20 pixels a frame, on grey."""
    pixels = np.full((size[1], size[0], 3), 90, np.uint8)
    cv2.circle(pixels, (200 + 20 * frame, size[1] // 2), 60, (255, 255, 255), -1)
    return pixels


def write_plate(folder: Path, size: tuple[int, int] = SCOPE, frames: int = 3) -> Path:
    folder.mkdir()
    for frame in range(frames):
        write_picture(folder / f"sh.color.{1001 + frame}.png", disc(size, frame))
        write_picture(folder / f"sh.depth.{1001 + frame}.png", disc(size, frame)[..., 0])
    return folder


def box(picture: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.nonzero(picture[..., 0] > 180)
    return int(columns.min()), int(rows.min()), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1


@pytest.mark.parametrize("fit", ["auto", "fit", "letterbox", "crop"])
def test_round_stays_round_in_every_pass_and_comes_back_to_its_place(tmp_path: Path, fit: str):
    plate = write_plate(tmp_path / "render")
    result = converted(plate, "-o", tmp_path / "out", "--fit", fit)
    assert result["size"] == [1280, 704]
    boxes = {pass_: box(decoded(Path(video["path"]))[1]) for pass_, video in result["videos"].items()}
    assert abs(boxes["color"][2] - boxes["color"][3]) <= 2
    assert max(abs(a - b) for a, b in zip(boxes["color"], boxes["depth"], strict=True)) <= 3
    invoke(restore, tmp_path / "out/color.mp4", "--metadata", tmp_path / "out/metadata.json", "-o", tmp_path / "o.mp4")
    back = decoded(tmp_path / "o.mp4")
    assert back.shape == (3, SCOPE[1], SCOPE[0], 3)
    for frame in range(3):
        wanted = box(disc(SCOPE, frame))
        assert max(abs(a - b) for a, b in zip(box(back[frame]), wanted, strict=True)) <= 1


def test_pictures_come_back_with_the_frame_numbers_of_the_plate(tmp_path: Path):
    converted(write_plate(tmp_path / "render"), "-o", tmp_path / "out")
    invoke(restore, tmp_path / "out/color.mp4", "--metadata", tmp_path / "out", "-o", tmp_path / "back/sh.####.png")
    assert sorted(path.name for path in (tmp_path / "back").iterdir()) == [f"sh.{n}.png" for n in (1001, 1002, 1003)]
    back = cv2.imread(str(tmp_path / "back/sh.1003.png"))
    assert np.abs(back.astype(int) - disc(SCOPE, 2)).mean() < 3


def png_chunks(file: Path) -> dict[bytes, bytes]:
    """Return what a PNG file says of its picture besides the pixels, by the names of its chunks."""
    data, found, at = file.read_bytes(), {}, 8
    while at < len(data):
        length, name = struct.unpack(">I4s", data[at : at + 8])
        found[name] = data[at + 8 : at + 8 + length]
        at += 12 + length
    return {name: content for name, content in found.items() if name not in {b"IHDR", b"IDAT", b"IEND"}}


@pytest.mark.parametrize(
    ("size", "aspect"), [((1280, 720), 1), ((956, 400), 1), ((720, 1280), 1), ((640, 536), 2), ((720, 576), 1.0938)]
)
def test_restored_pictures_have_the_shape_of_the_plates_pixels(tmp_path: Path, size: tuple[int, int], aspect: float):
    plate = write_plate(tmp_path / "render", size)
    wide = [] if aspect == 1 else ["--pixel-aspect", aspect]
    width, height = converted(plate, "-o", tmp_path / "out", *wide)["frame"]["engine"]
    # An engine writes its own size in square pixels, whatever its input had.
    shown = f"scale={width}:{height},setsar=1"
    FFMPEG.run(["-i", str(tmp_path / "out/color.mp4"), "-vf", shown, str(tmp_path / "result.mp4")], Run(task="making"))
    invoke(restore, tmp_path / "result.mp4", "--metadata", tmp_path / "out", "-o", tmp_path / "back/sh.####.png")
    across, down, unit = struct.unpack(">IIB", png_chunks(tmp_path / "back/sh.1001.png")[b"pHYs"])
    # A pixel that is twice as wide as high has half as many of them to a unit across.
    assert (down / across, unit) == (pytest.approx(aspect, rel=1e-3), 0)


def test_restored_and_extracted_pictures_of_a_video_mean_the_same_colours(tmp_path: Path):
    converted(write_plate(tmp_path / "render"), "-o", tmp_path / "out", "--fit", "letterbox")
    video = tmp_path / "out/color.mp4"
    invoke(restore, video, "--metadata", tmp_path / "out", "-o", tmp_path / "back/sh.####.png")
    invoke(extract_frame, video, 0, "-o", tmp_path / "first.png")
    restored, extracted = png_chunks(tmp_path / "back/sh.1001.png"), png_chunks(tmp_path / "first.png")
    assert {b"sRGB", b"gAMA", b"cHRM", b"cICP"} & set(extracted)
    assert restored == extracted


def test_a_frame_of_a_video_with_wide_pixels_has_wide_pixels_too(tmp_path: Path):
    converted(write_plate(tmp_path / "render", (640, 536)), "-o", tmp_path / "out", "--pixel-aspect", 2)
    invoke(restore, tmp_path / "out/color.mp4", "--metadata", tmp_path / "out", "-o", tmp_path / "back.mp4")
    invoke(extract_frame, tmp_path / "back.mp4", 1, "-o", tmp_path / "frame.png")
    assert png_chunks(tmp_path / "frame.png")[b"pHYs"] == struct.pack(">IIB", 1, 2, 0)
    assert pixel_aspect(tmp_path / "frame.png") == 2


def test_a_plate_of_nearly_the_engines_aspect_is_left_alone(tmp_path: Path):
    result = invoke(convert_sequence, write_plate(tmp_path / "render", (960, 540)), "-o", tmp_path / "out", "--json")
    document = json.loads(result.stdout)
    assert document["size"] == [960, 540]
    assert (document["frame"]["placement"], document["frame"]["applied"]) == ("stretch", False)
    assert result.stderr.count("--fit") == 0


def test_a_squash_is_never_silent(tmp_path: Path):
    result = invoke(convert_sequence, write_plate(tmp_path / "render"), "-o", tmp_path / "out", "--fit", "none")
    assert "0.76 times as wide; --fit letterbox keeps the aspect" in result.stderr


@pytest.mark.parametrize("size", [(1920, 1080), (956, 400)])
def test_none_keeps_the_size_of_the_plate_also_in_computed_passes(tmp_path: Path, size: tuple[int, int]):
    plate = write_plate(tmp_path / "render", size, frames=2)
    result = converted(plate, "-o", tmp_path / "out", "--fit", "none", "--edge", "low", "--vis", "low")
    assert result["size"] == list(size)
    assert (result["frame"]["placement"], result["frame"]["applied"]) == ("stretch", False)


def test_anamorphic_plates_are_shown_in_their_own_aspect(tmp_path: Path):
    plate = write_plate(tmp_path / "render", (478, 400))
    result = converted(plate, "-o", tmp_path / "out", "--pixel-aspect", "2")
    assert result["size"] == [1280, 704]
    _, _, width, height = box(decoded(Path(result["videos"]["color"]["path"]))[0])
    assert width / height == pytest.approx(2, abs=0.05)


def test_bars_are_not_taken_for_dark_pictures(tmp_path: Path):
    light = np.where(np.arange(160)[None, :, None] < 40, 250, 120).astype(np.uint8).repeat(20, 0).repeat(3, 2)
    (tmp_path / "render").mkdir()
    for frame in (1001, 1002):
        write_picture(tmp_path / f"render/sh.{frame}.png", light)
    told = invoke(
        convert_sequence, tmp_path / "render", "-o", tmp_path / "out", "--fit", "letterbox", "--fps", 24
    ).stderr
    assert "letterbox" in told
    assert "warning" not in told


def test_edge_and_vis_are_computed_in_the_engines_size(tmp_path: Path):
    plate = write_plate(tmp_path / "render", (960, 540))
    result = converted(plate, "-o", tmp_path / "out", "--edge", "low", "--vis", "medium")
    assert list(result["videos"]) == ["color", "depth", "edge", "vis"]
    assert result["size"] == [1280, 704]
    assert result["sources"]["edge"]["preset"] == "low"
    color = decoded(Path(result["videos"]["color"]["path"]))[1]
    edge = decoded(Path(result["videos"]["edge"]["path"]))[1]
    lines = cv2.dilate(cv2.Canny(color, 50, 100), np.ones((3, 3), np.uint8)) > 0
    assert lines[edge[..., 0] > 128].mean() > 0.95
    assert (edge[..., 0] > 128).sum() > 300


def test_a_rendered_edge_pass_is_used_and_warned_about_when_it_lacks_edges(tmp_path: Path):
    plate = write_plate(tmp_path / "render", (960, 540))
    for frame in (1001, 1002, 1003):
        write_picture(plate / f"sh.edge.{frame}.png", np.zeros((540, 960), np.uint8))
    result = invoke(convert_sequence, plate, "-o", tmp_path / "out", "--edge", "low", "--vis", "low", "--json")
    assert "preset" not in json.loads(result.stdout)["sources"]["edge"]
    assert "shows 0% of the edges of the colour pass" in result.stderr


def test_a_video_of_another_shape_or_too_short_is_refused(tmp_path: Path):
    converted(write_plate(tmp_path / "a"), "-o", tmp_path / "out")
    converted(write_plate(tmp_path / "b", (400, 400), frames=2), "-o", tmp_path / "other")
    video = tmp_path / "other/color.mp4"
    with pytest.raises(BadInput, match="has 2 frames"):
        invoke(restore, video, "--metadata", tmp_path / "out", "-o", tmp_path / "o.mp4")
    with pytest.raises(BadInput, match=r"allowed: .*\.png"):
        invoke(restore, video, "--metadata", tmp_path / "other", "-o", tmp_path / "o.####.jpg")
    with pytest.raises(BadInput, match=r"allowed: .*\.mp4"):
        invoke(restore, video, "--metadata", tmp_path / "other", "-o", tmp_path / "o.png")
    converted(write_plate(tmp_path / "c", (400, 400)), "-o", tmp_path / "square")
    with pytest.raises(BadInput, match="400x400; allowed: 1280x704"):
        invoke(restore, tmp_path / "square/color.mp4", "--metadata", tmp_path / "out", "-o", tmp_path / "o.mp4")
    assert not list(tmp_path.glob("o.*"))


def test_one_contact_sheet_a_shot_is_written(tmp_path: Path):
    converted(write_plate(tmp_path / "render"), "-o", tmp_path / "out", "--preview")
    sheet = cv2.imread(str(tmp_path / "out/preview.png"))
    assert sheet.shape[1] > 3 * 240
    assert not list((tmp_path / "out").glob(".preview.png.*"))
