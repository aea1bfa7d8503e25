"""Sky in depth passes: whatever number stands for it, it is black and does not change the range of the shot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cosmos_houdini.media.control_settings import ColorSettings, ControlSettings, DepthSettings, Lens
from cosmos_houdini.media.controls.depth import DepthKind, RangeSurvey, disparity, guess_kind, to_8bit
from cosmos_houdini.media.controls.make_processor import Material, make_processor
from cosmos_houdini.media.controls.processors import DepthProcessor
from cosmos_houdini.media.controls.sky import is_negative, sky_words
from cosmos_houdini.media.pictures.geometry import plan_geometry
from cosmos_houdini.media.videos.spool import Spool
from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.sequence import Picture

HEIGHT, WIDTH, SKY_ROWS = 40, 30, 12
GROUND = np.linspace(100, 10, HEIGHT, dtype=np.float32)[:, None].repeat(WIDTH, 1)
PICTURE = Picture(format="exr", size=(WIDTH, HEIGHT), bit_depth=32, channels=1, channel_type="float")
SKIES = [65504.0, 65535.0, 1e10, -1e10, -1.0, 0.0, np.inf, -np.inf, np.nan, 3.4e38, 1e4, 99_999.0, 1e6, -65504.0]


def with_sky(number: float, *, sign: int = 1, ground: np.ndarray = GROUND, rows: int = SKY_ROWS) -> np.ndarray:
    frame = sign * ground
    frame[:rows] = number
    return frame


def process(folder: Path, frames: list[np.ndarray], depth: DepthSettings | None = None) -> tuple[np.ndarray, str]:
    """Return the pictures of a depth pass and the sentence about it."""
    choices = ControlSettings(color=ColorSettings(), depth=depth or DepthSettings())
    material = Material(header=None, layer=None, picture=PICTURE, samples=frames[:3])
    processor = make_processor(Pass.DEPTH, material, plan_geometry((WIDTH, HEIGHT), (WIDTH, HEIGHT)), choices)
    assert isinstance(processor, DepthProcessor)
    spool = Spool(folder / "spool")
    for number, frame in enumerate(frames, 1):
        kept = processor.prepare(number, frame)
        processor.observe(kept)
        spool.add(kept)
    return np.stack(list(processor.frames(spool))), processor.sentence()


@pytest.mark.parametrize("number", SKIES, ids=lambda number: f"{number:g}")
@pytest.mark.parametrize("sign", [1, -1])
def test_any_number_for_sky_gives_the_pictures_of_infinity(tmp_path: Path, number: float, sign: int):
    known, _ = process(tmp_path / "a", [with_sky(np.inf), GROUND])
    shown, told = process(tmp_path / "b", [with_sky(sign * number, sign=sign), sign * GROUND])
    assert np.abs(known.astype(int) - shown).max() <= 1
    assert not shown[0, :SKY_ROWS].any()
    assert "10 to 100 scene units become white to black in all 2 frames; 15% of the pixels are sky" in told


@pytest.fixture(autouse=True)
def folders(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()


def test_a_half_float_pass_whose_sky_is_its_largest_number(tmp_path: Path):
    (shown, *_), told = process(tmp_path / "a", [with_sky(65504).astype(np.float16)])
    assert not shown[:SKY_ROWS].any()
    assert shown[-1].min() == 255
    assert told.endswith("30% of the pixels are sky (65504)")


@pytest.mark.parametrize("number", [-1, 0, 65504, 1e10])
def test_mostly_sky_does_not_turn_depth_round(tmp_path: Path, number: float):
    (shown, *_), _ = process(tmp_path / "a", [with_sky(number, rows=HEIGHT - 4)])
    assert not shown[: HEIGHT - 4].any()
    assert shown[-1].min() == 255


def test_the_sign_is_that_of_objects():
    assert is_negative(with_sky(1e10, sign=-1, rows=HEIGHT - 4))
    assert not is_negative(with_sky(-1, rows=HEIGHT - 4))


def test_sky_in_one_frame_alone_does_not_change_the_others(tmp_path: Path):
    plain, _ = process(tmp_path / "a", [GROUND] * 6)
    mixed, _ = process(tmp_path / "b", [GROUND, GROUND, GROUND, with_sky(1e5), GROUND, GROUND])
    assert np.abs(plain[0].astype(int) - mixed[0]).max() <= 1
    assert not mixed[3, :SKY_ROWS].any()


def test_filtered_edges_between_an_object_and_the_sky_do_not_hide_it():
    frame = with_sky(1e5).copy()
    frame[SKY_ROWS, :4] = [200, 900, 20_000, 60_000]
    survey = RangeSurvey()
    survey.add(disparity(frame, DepthKind.CAMERA_Z))
    assert survey.sky_distance == pytest.approx(1e5)


def test_a_far_wall_is_no_sky():
    frame = with_sky(300.0)
    survey = RangeSurvey()
    survey.add(disparity(frame, DepthKind.CAMERA_Z))
    assert survey.sky_distance is None
    assert survey.range(DepthKind.CAMERA_Z).far == pytest.approx(1 / 300)


def test_objects_of_one_distance_stay_white_before_the_sky():
    frame = with_sky(1e5, ground=np.full_like(GROUND, 7.0))
    survey = RangeSurvey()
    near = disparity(frame, DepthKind.CAMERA_Z)
    survey.add(near)
    shown = to_8bit(near, survey.range(DepthKind.CAMERA_Z))
    assert (shown[:SKY_ROWS].max(), shown[SKY_ROWS:].min()) == (0, 255)


@pytest.mark.parametrize("number", [0.0, -1.0, np.inf, np.nan])
def test_sky_of_normalised_depth_does_not_turn_its_polarity_round(tmp_path: Path, number: float):
    shares = GROUND / 120
    assert guess_kind([with_sky(number, ground=shares)]).kind is DepthKind.NEAR_DARK
    (shown, *_), _ = process(tmp_path / "a", [with_sky(number, ground=shares)])
    assert not shown[:SKY_ROWS].any()
    assert shown[-1].min() > 200
    assert guess_kind([with_sky(number, ground=1 - shares)]).kind is DepthKind.NEAR_BRIGHT


def test_what_a_program_has_clipped_to_zero_near_the_camera_stays_near(tmp_path: Path):
    frame = GROUND / 120
    frame[-8:] = 0
    (shown, *_), _ = process(tmp_path / "a", [frame])
    assert shown[-8:].min() == 255


def test_sky_of_ray_distance_is_left_out_before_the_cosine(tmp_path: Path):
    lens = Lens(focal_mm=20, aperture_mm=41)
    settings = DepthSettings(kind=DepthKind.RAY_DISTANCE, lenses={1: lens})
    (shown, *_), told = process(tmp_path / "a", [with_sky(1e5)], settings)
    assert not shown[:SKY_ROWS].any()
    assert "(100000)" in told


def test_numbers_are_told_as_the_file_has_them():
    assert sky_words([with_sky(-1e10, sign=-1), with_sky(np.nan), with_sky(-1)]) == ["-1", "-1e+10", "nan"]
