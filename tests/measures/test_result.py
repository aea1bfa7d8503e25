"""The measures of real videos, decoded in step."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest

from cosmos_houdini.errors import ToolError
from cosmos_houdini.measures.result import measure_result
from cosmos_houdini.media.videos.encode import Encoding
from cosmos_houdini.media.videos.ffmpeg import FFmpeg
from cosmos_houdini.media.videos.make import make_video
from cosmos_houdini.media.videos.source import ComputedFrames
from cosmos_houdini.model.request import Clip

FFMPEG = FFmpeg(path=None)
SIZE = (96, 64)
FRAMES = 6


def encode(folder: Path, frames: list[np.ndarray]) -> Clip:
    height, width = frames[0].shape[:2]
    source = ComputedFrames(label=folder.name, frames=lambda: iter(frames), count=len(frames), size=(width, height))
    return make_video(source, folder, ffmpeg=FFMPEG, fps=24, encoding=Encoding(preset="fast", crf=10)).clip


def picture(n: int) -> np.ndarray:
    frame = np.full((SIZE[1], SIZE[0], 3), (60, 90, 120), np.uint8)
    cv2.circle(frame, (30 + 3 * n, 32), 16, (230, 200, 40), -1)
    return frame


@pytest.fixture
def plate(tmp_path: Path) -> Clip:
    return encode(tmp_path / "plate", [picture(n) for n in range(FRAMES)])


def test_a_result_is_measured_against_its_source_and_its_exact_passes(tmp_path: Path, plate: Clip):
    grey = [cv2.cvtColor(cv2.cvtColor(picture(n), cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB) for n in range(FRAMES)]
    depth = encode(tmp_path / "depth", grey)
    soft = encode(tmp_path / "soft", [cv2.GaussianBlur(picture(n), (0, 0), 4) for n in range(FRAMES)])
    controls = {"depth": depth, "edge": depth}
    same = measure_result(plate, plate, controls, seams=(3,), smoothed=2, ffmpeg=FFMPEG)
    found = measure_result(soft, plate, controls, seams=(3,), smoothed=2, ffmpeg=FFMPEG)
    assert set(found) == set(same)
    assert (same["edge_f1"], same["depth_edges"], same["blur_ssim"], same["sameness"]) == (1.0, 1.0, 1.0, 1.0)
    assert found["edge_f1"] < 0.2
    assert found["sharpness"] < 0.5
    assert found["blur_ssim"] < 1
    assert "seg_borders" not in found


def test_a_larger_result_is_compared_at_the_size_of_the_source(tmp_path: Path, plate: Clip):
    larger = [cv2.resize(picture(n), (192, 128), interpolation=cv2.INTER_CUBIC) for n in range(FRAMES)]
    found = measure_result(encode(tmp_path / "larger", larger), plate, {}, ffmpeg=FFMPEG)
    assert found["sameness"] > 0.97


def test_the_frames_that_both_have_are_compared(tmp_path: Path, plate: Clip):
    short = encode(tmp_path / "short", [picture(n) for n in range(2)])
    assert measure_result(short, plate, {"depth": short}, ffmpeg=FFMPEG)["edge_f1"] > 0.9
    one = encode(tmp_path / "one", [picture(0)])
    assert "warping_error" not in measure_result(one, plate, {}, ffmpeg=FFMPEG)


def test_a_video_that_lacks_frames_is_named(plate: Clip):
    longer = dataclasses.replace(plate, frames=9)
    with pytest.raises(ToolError, match=r"plate.*fewer frames than when it was verified: 9"):
        measure_result(longer, longer, {}, ffmpeg=FFMPEG)
