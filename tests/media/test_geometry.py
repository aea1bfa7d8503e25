from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.pictures.geometry import Geometry, Placement, nearest_size, plan_geometry
from cosmos_houdini.media.pictures.rectangle import Rectangle
from cosmos_houdini.model.control import Pass

rng = np.random.default_rng(8)
BUCKETS = [(1280, 704), (960, 704), (960, 960), (704, 960), (704, 1280)]
sizes = st.tuples(st.integers(1, 400), st.integers(1, 400))


def circle(width: int, height: int, pixel_aspect: float) -> np.ndarray:
    """Return a frame with a white disc that is round when its pixels are shown in their own aspect."""
    y, x = np.mgrid[:height, :width]
    x, y = (x + 0.5 - width / 2) * pixel_aspect, y + 0.5 - height / 2
    return np.where(np.hypot(x, y) < min(width * pixel_aspect, height) * 0.25, np.uint8(255), np.uint8(0))


@pytest.mark.parametrize("placement", [Placement.FIT, Placement.LETTERBOX, Placement.CROP])
@pytest.mark.parametrize(
    ("plate", "pixel_aspect"), [((480, 270), 1.0), ((512, 214), 1.0), ((288, 216), 2.0), ((216, 384), 1.0)]
)
def test_round_stays_round_at_every_plate(placement: Placement, plate: tuple[int, int], pixel_aspect: float):
    engine = tuple(n // 4 for n in nearest_size(plate, BUCKETS, pixel_aspect=pixel_aspect))
    geometry = plan_geometry(plate, engine, pixel_aspect=pixel_aspect, placement=placement)
    disc = geometry.forward(circle(*plate, pixel_aspect), Pass.MASK)
    rows, columns = np.nonzero(disc)
    assert np.ptp(rows) > 30
    assert abs(np.ptp(rows) - np.ptp(columns)) <= 2
    scale_x = geometry.target.width / (geometry.source.width * pixel_aspect)
    scale_y = geometry.target.height / geometry.source.height
    assert scale_x / scale_y == pytest.approx(1, abs=1.5 / min(*engine, *plate))


@given(
    plate=sizes,
    engine=sizes,
    pixel_aspect=st.sampled_from([0.5, 1.0, 1.46, 2.0]),
    placement=st.sampled_from(list(Placement)),
)
def test_every_placement_fills_the_engines_frame_and_comes_back(
    plate: tuple[int, int], engine: tuple[int, int], pixel_aspect: float, placement: Placement
):
    geometry = plan_geometry(plate, engine, pixel_aspect=pixel_aspect, placement=placement)
    forward = geometry.forward(np.ones((plate[1], plate[0]), np.int64), Pass.SEG)
    assert forward.shape == (engine[1], engine[0])
    assert geometry.restore(forward, Pass.SEG).shape == (plate[1], plate[0])
    assert Geometry.from_document(json.loads(json.dumps(geometry.document()))) == geometry


def test_letterbox_is_black_and_fit_mirrors_the_plate():
    frame = rng.integers(100, 255, (100, 239, 3), dtype=np.uint8)
    box = plan_geometry((239, 100), (320, 180), placement=Placement.LETTERBOX)
    assert box.target == Rectangle(x=0, y=23, width=320, height=134)
    framed = box.forward(frame, Pass.COLOR)
    assert not framed[:23].any()
    assert not framed[157:].any()
    mirrored = plan_geometry((239, 100), (320, 180)).forward(frame, Pass.COLOR)
    assert np.array_equal(mirrored[23:157], framed[23:157])
    assert np.array_equal(mirrored[22], mirrored[24])


def test_result_lines_up_over_the_plate():
    plate = cv2.GaussianBlur(rng.integers(0, 255, (270, 480, 3)).astype(np.float32), (0, 0), 6).astype(np.uint8)
    for placement in Placement:
        geometry = plan_geometry((480, 270), (320, 176), placement=placement)
        back = geometry.restore(geometry.forward(plate, Pass.COLOR), under=plate)
        assert back.shape == plate.shape
        shifted = min(
            (np.abs(np.roll(back, (dy, dx), (0, 1)).astype(int) - plate)[20:-20, 20:-20].mean(), abs(dx) + abs(dy))
            for dx in (-1, 0, 1)
            for dy in (-1, 0, 1)
        )
        assert shifted[1] == 0
        assert shifted[0] < 2


def test_cropped_margins_are_the_plates_own_or_black():
    plate = np.full((100, 300, 3), 9, np.uint8)
    geometry = plan_geometry((300, 100), (100, 100), placement=Placement.CROP)
    assert geometry.source == Rectangle(x=100, y=0, width=100, height=100)
    result = np.full((100, 100, 3), 200, np.uint8)
    assert not geometry.restore(result)[:, :100].any()
    assert (geometry.restore(result, under=plate)[:, :100] == 9).all()
    assert (geometry.restore(result, under=plate)[:, 100:200] == 200).all()


def test_anamorphic_plate_is_shown_wide():
    geometry = plan_geometry((100, 100), (200, 100), pixel_aspect=2.0)
    assert geometry.target == Rectangle(x=0, y=0, width=200, height=100)
    assert plan_geometry((100, 100), (200, 100)).target.width == 100
    assert nearest_size((2880, 2160), BUCKETS, pixel_aspect=2.0) == (1280, 704)
    assert nearest_size((2880, 2160), BUCKETS) == (960, 704)


@pytest.mark.parametrize("pass_", [Pass.SEG, Pass.MASK])
@pytest.mark.parametrize("engine", [(31, 17), (200, 110)])
def test_ids_and_masks_are_never_mixed(pass_: Pass, engine: tuple[int, int]):
    frame = rng.choice(np.array([0, 7, 255], np.uint8), (60, 100))
    assert set(np.unique(plan_geometry((100, 60), engine).forward(frame, pass_))) <= {0, 7, 255}


def test_thin_near_objects_and_lines_survive_shrinking():
    frame = np.full((100, 100), 0.1, np.float32)
    frame[:, 37] = 0.9
    geometry = plan_geometry((100, 100), (30, 30))
    for pass_ in (Pass.DEPTH, Pass.EDGE):
        small = geometry.forward(frame, pass_)
        assert set(np.unique(small)) == {np.float32(0.1), np.float32(0.9)}
        assert (small == np.float32(0.9)).any(axis=1).all()


def test_ids_are_taken_from_the_middle_of_what_they_stand_for():
    frame = np.arange(9).reshape(1, 9)
    assert plan_geometry((9, 1), (3, 1), pixel_aspect=1 / 3).forward(frame, Pass.SEG).tolist() == [[1, 4, 7]]
    assert plan_geometry((1, 9), (1, 3), pixel_aspect=3.0).forward(frame.T, Pass.SEG).tolist() == [[1], [4], [7]]


def test_color_is_averaged_when_it_shrinks_also_from_half_floats():
    frame = np.zeros((4, 4, 3), np.float16)
    frame[:, ::2] = 1
    assert (plan_geometry((4, 4), (2, 2)).forward(frame, Pass.COLOR) == 0.5).all()


def test_frame_of_another_size_is_refused():
    geometry = plan_geometry((100, 60), (32, 18))
    with pytest.raises(BadInput, match="a frame of the depth pass is 99x60; allowed: 100x60; render all passes"):
        geometry.forward(np.zeros((60, 99), np.float32), Pass.DEPTH)
    with pytest.raises(BadInput, match="a frame of the result is 30x18; allowed: 32x18"):
        geometry.restore(np.zeros((18, 30, 3), np.uint8))


def test_geometry_that_is_none_is_refused():
    with pytest.raises(BadInput, match="positive sizes"):
        plan_geometry((0, 10), (32, 18))
    with pytest.raises(BadInput, match="pixel aspect nan"):
        plan_geometry((10, 10), (32, 18), pixel_aspect=float("nan"))
    with pytest.raises(BadInput, match="has schema None"):
        Geometry.from_document({})
    document = plan_geometry((10, 10), (32, 18)).document()
    with pytest.raises(BadInput, match="cannot be read"):
        Geometry.from_document({**document, "placement": "squash"})
