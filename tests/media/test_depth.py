from __future__ import annotations

import json

import numpy as np
import pytest

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.control_settings import DepthSettings
from cosmos_houdini.media.controls.depth import (
    DepthKind,
    DepthRange,
    Lens,
    RangeSurvey,
    disparity,
    guess_kind,
    to_8bit,
)
from cosmos_houdini.media.controls.processors import DepthProcessor
from cosmos_houdini.media.pictures.geometry import plan_geometry

rng = np.random.default_rng(3)
Z = DepthKind.CAMERA_Z


def converted(frames: list[np.ndarray], kind: DepthKind = Z, **percent: float) -> tuple[list[np.ndarray], DepthRange]:
    survey = RangeSurvey()
    found = [disparity(frame, kind) for frame in frames]
    for frame in found:
        survey.add(frame)
    depth_range = survey.range(kind, **percent)
    return [to_8bit(frame, depth_range) for frame in found], depth_range


def shot() -> list[np.ndarray]:
    return [rng.uniform(1 + n, 80, (40, 60)).astype(np.float32) for n in range(5)]


def test_known_depth_comes_out_within_one_level_of_the_models_formula():
    frames = shot()
    pictures, depth_range = converted(frames, high_percent=100)
    exact = 1 / np.stack(frames).astype(np.float64)
    expected = (exact - exact.min()) / (exact.max() - exact.min()) * 255
    error = expected - np.stack(pictures)
    assert error.min() > -1e-3
    assert error.max() < 1
    assert (depth_range.far, depth_range.near) == pytest.approx((exact.min(), exact.max()), rel=1e-6)


def test_near_is_bright_and_the_range_is_one_for_the_whole_shot():
    near, far = np.full((4, 4), 2.0, np.float32), np.full((4, 4), 50.0, np.float32)
    (first, second), _ = converted([near, far], high_percent=100)
    assert (first == 255).all()
    assert (second == 0).all()


def test_sky_is_black_whatever_number_stands_for_it():
    frame = np.full((2, 4), 3.0, np.float32)
    frame[0] = [np.inf, np.nan, 0, 1e30]
    frame[1, 0] = -np.inf
    frame[1, 1] = 2.0
    (picture,), depth_range = converted([frame], high_percent=100)
    assert picture[0].tolist() == [0, 0, 0, 0]
    assert picture[1].tolist() == [0, 255, 0, 0]
    assert depth_range.near == 0.5


def test_sky_of_a_half_float_pass_is_black():
    frame = np.array([[np.inf, 65504, 5]], np.float16)
    assert disparity(frame, Z, far=60000).tolist() == [[0, 0, pytest.approx(0.2)]]


def test_negative_camera_z_is_depth_too():
    frame = rng.uniform(1, 9, (8, 8)).astype(np.float32)
    assert np.array_equal(disparity(-frame, Z), disparity(frame, Z))


def test_few_negative_values_are_behind_the_camera():
    frame = np.full((2, 3), 4.0, np.float32)
    frame[0, 0] = -1
    assert disparity(frame, Z)[0, 0] == 0


def test_ray_distance_of_a_wall_becomes_its_constant_depth():
    width, height, lens = 64, 36, Lens(focal_mm=20, aperture_mm=41.4214, pixel_aspect=2.0)
    rays = np.zeros((height, width), np.float32)
    for row in range(height):
        for column in range(width):
            x = (column + 0.5 - width / 2) * lens.aperture_mm / width
            y = (row + 0.5 - height / 2) * lens.aperture_mm / width / lens.pixel_aspect
            rays[row, column] = 7.0 * np.sqrt(x * x + y * y + lens.focal_mm**2) / lens.focal_mm
    assert rays.max() / rays.min() > 1.3
    assert disparity(rays, DepthKind.RAY_DISTANCE, lens=lens) == pytest.approx(1 / 7.0, rel=1e-5)


def test_a_lens_that_never_changes_is_that_of_frames_outside_the_scenes_range():
    geometry = plan_geometry((6, 4), (6, 4))
    wide, long = Lens(focal_mm=20, aperture_mm=36), Lens(focal_mm=80, aperture_mm=36)
    ray = np.full((4, 6), 3.0, np.float32)

    def prepared(number: int, lenses: dict[int, Lens]) -> np.ndarray:
        choice = DepthSettings(lenses=lenses)
        return DepthProcessor(geometry=geometry, choice=choice, kind=DepthKind.RAY_DISTANCE, evidence="").prepare(
            number, ray
        )

    assert np.array_equal(prepared(9, {1: wide, 2: wide}), prepared(1, {1: wide}))
    assert not np.array_equal(prepared(2, {1: wide, 2: long}), prepared(1, {1: wide}))
    with pytest.raises(BadInput, match="frame 9; its lens changes, and is known in the scene's range 1-2"):
        prepared(9, {1: wide, 2: long})


def test_ray_distance_without_a_camera_is_refused():
    with pytest.raises(BadInput, match=r"needs the camera's focal length and aperture; name the scene"):
        disparity(np.ones((2, 2), np.float32), DepthKind.RAY_DISTANCE)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_normalised_depth_of_both_polarities_gives_the_same_picture(dtype: type):
    top = np.iinfo(dtype).max
    bright = (np.linspace(0, 1, 48).reshape(6, 8) * top).astype(dtype)
    first, _ = converted([bright], DepthKind.NEAR_BRIGHT, high_percent=100)
    second, _ = converted([np.stack([top - bright] * 3, axis=-1)], DepthKind.NEAR_DARK, high_percent=100)
    assert np.abs(first[0].astype(int) - second[0]).max() <= 1
    assert first[0][0, 0] == 0
    assert first[0][-1, -1] == 255


def test_percentiles_over_the_shot_are_those_of_numpy():
    values = [np.exp(rng.normal(0, 3, (50, 70))).astype(np.float32) for _ in range(7)]
    survey = RangeSurvey()
    for frame in values:
        survey.add(frame)
    found = survey.range(Z, low_percent=2, high_percent=97)
    expected = np.percentile(np.stack(values), [2, 97])
    assert (found.far, found.near) == pytest.approx(tuple(expected), rel=2**-12)


def test_one_pixel_at_the_camera_does_not_darken_the_shot():
    frame = rng.uniform(5, 50, (100, 100)).astype(np.float32)
    frame[0, 0] = 1e-4
    (picture,), depth_range = converted([frame])
    assert depth_range.near == pytest.approx(0.2, rel=0.02)
    assert picture[0, 0] == 255


def test_frozen_range_serves_later_jobs_of_the_shot():
    frames = shot()
    pictures, depth_range = converted(frames)
    again = DepthRange.from_document(json.loads(json.dumps(depth_range.document())))
    assert again == depth_range
    assert np.array_equal(to_8bit(disparity(frames[3], Z), again), pictures[3])


@pytest.mark.parametrize("change", [{"schema": "cosmos-houdini/depth-range/9"}, {"near": None}, {"percentiles": 3}])
def test_range_that_is_none_is_refused(change: dict[str, object]):
    _, depth_range = converted(shot())
    with pytest.raises(BadInput, match="depth range"):
        DepthRange.from_document({**depth_range.document(), **change})


def test_shot_of_sky_alone_is_refused():
    with pytest.raises(BadInput, match="nothing but sky in all 2 frames"):
        converted([np.zeros((4, 4), np.float32), np.full((4, 4), np.inf, np.float32)])


def test_percentiles_out_of_order_are_refused():
    with pytest.raises(BadInput, match=r"percentiles 50 and 10; allowed: 0 <= low < high <= 100"):
        converted(shot(), low_percent=50, high_percent=10)


def test_wall_without_extent_differs_from_sky():
    (picture,), _ = converted([np.array([[4.0, np.inf]], np.float32)], high_percent=100)
    assert picture.tolist() == [[255, 0]]


def ground(*, near_bright: bool, dtype: type = np.uint8) -> np.ndarray:
    ramp = np.linspace(0, 1, 30)[:, None] * np.ones((1, 10))
    return ((ramp if near_bright else 1 - ramp) * np.iinfo(dtype).max).astype(dtype)


@pytest.mark.parametrize(
    ("frame", "layer", "kind", "evidence"),
    [
        (np.full((9, 9), 7.5, np.float32), "Z", DepthKind.CAMERA_Z, "values reach 7.5, so they are scene units"),
        (np.full((9, 9), -7.5, np.float16), "Z", DepthKind.CAMERA_Z, "values reach 7.5"),
        (np.full((9, 9), 0.1, np.float32), "Pz", DepthKind.CAMERA_Z, "the layer is called 'Pz'"),
        (np.full((9, 9), 7.5, np.float32), "hitDist", DepthKind.RAY_DISTANCE, "layer is called 'hitDist'"),
        (ground(near_bright=True), "", DepthKind.NEAR_BRIGHT, "the lower third (0.86) is brighter"),
        (ground(near_bright=False, dtype=np.uint16), "", DepthKind.NEAR_DARK, "the lower third (0.17) is darker"),
    ],
)
def test_meaning_is_guessed_with_evidence(frame: np.ndarray, layer: str, kind: DepthKind, evidence: str):
    guess = guess_kind([frame], layer)
    assert guess.kind is kind
    assert evidence in guess.evidence


def test_polarity_that_does_not_show_is_asked_for():
    with pytest.raises(BadInput, match=r"does not show whether near is bright.*allowed: camera-z.*say what"):
        guess_kind([np.full((9, 9), 100, np.uint8)])
