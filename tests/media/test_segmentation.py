from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.controls.palette import BACKGROUND, UPSTREAM, all_colors
from cosmos_houdini.media.controls.palette_file import assign_colors
from cosmos_houdini.media.controls.segmentation import (
    CodeSurvey,
    ColorTable,
    codes_of_colors,
    codes_of_ids,
    color_key,
    id_key,
    misread_pixels,
    paint,
)

rng = np.random.default_rng(5)
COLORS = all_colors()


def blocks(values: list[int], size: int = 8) -> np.ndarray:
    return np.kron(np.array(values).reshape(2, -1), np.ones((size, size), int))


def surveyed(*frames: np.ndarray) -> tuple[int, ...]:
    survey = CodeSurvey()
    for frame in frames:
        survey.add(frame)
    return survey.objects()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32, np.int32, np.float16, np.float32])
def test_every_id_gets_its_own_flat_color_in_every_pixel(dtype: type):
    ids = blocks([0, 1, 2, 3, 40, 100]).astype(dtype)
    codes = codes_of_ids(ids)
    objects = surveyed(codes)
    keys = {code: id_key(code, ids.dtype) for code in objects}
    assert sorted(keys.values(), key=int) == ["1", "2", "3", "40", "100"]
    table = ColorTable().extend(keys.values())
    picture = paint(codes, {code: table.colors[key] for code, key in keys.items()})
    expected = {0: BACKGROUND, 1: UPSTREAM[0], 2: UPSTREAM[1], 3: UPSTREAM[2], 40: UPSTREAM[3], 100: UPSTREAM[4]}
    assert all((picture[ids == identity] == rgb).all() for identity, rgb in expected.items())


def test_hashes_stored_as_float_or_32_bits_stay_apart():
    hashes = rng.integers(2**24, 2**32, 6, dtype=np.uint32)
    hashes[1] = hashes[0] + 1
    assert len(surveyed(codes_of_ids(blocks(list(hashes)).astype(np.uint32)))) == 6
    floats = np.array([0.1, 0.2, 0.30001, 0.3, 7e8, 1e-20], np.float32)
    codes = codes_of_ids(np.kron(floats.reshape(2, 3), np.ones((4, 4), np.float32)))
    assert {id_key(code, np.dtype(np.float32)) for code in surveyed(codes)} >= {"0.100000001", "700000000"}
    assert len(surveyed(codes)) == 6


def test_negative_ids_and_nan_are_background():
    codes = codes_of_ids(np.array([[-1.0, np.nan, 0.0, 2.0]], np.float32))
    assert (codes[0, :3] == 0).all()
    assert codes[0, 3] != 0
    assert codes_of_ids(np.array([[-1]], np.int32)).tolist() == [[0]]


def test_rounding_of_a_pixel_filter_makes_no_new_objects():
    ids = blocks([0, 1, 2, 5]).astype(np.float32)
    ids[::2] *= np.float32(1.0000002)
    assert {id_key(code, ids.dtype) for code in surveyed(codes_of_ids(ids))} == {"1", "2", "5"}


def antialiased(colors: list[tuple[int, int, int]], dtype: type = np.uint8) -> tuple[np.ndarray, np.ndarray]:
    """Return a pass of slanted areas, filtered down from 8 times its size, and which area covers most of each pixel."""
    y, x = np.mgrid[0:512, 0:768]
    areas = np.minimum((x + y // 3) // 200, len(colors) - 1)
    large = np.array(colors, np.float32)[areas]
    share = np.stack(
        [
            cv2.resize((areas == n).astype(np.float32), (96, 64), interpolation=cv2.INTER_AREA)
            for n in range(len(colors))
        ]
    )
    return np.rint(cv2.resize(large, (96, 64), interpolation=cv2.INTER_AREA)).astype(dtype), share


@pytest.mark.parametrize("scale", [1, 257])
def test_antialiased_colors_snap_to_the_objects_beside_them(scale: int):
    colors = [(0, 0, 0), (200, 30, 60), (20, 180, 90), (128, 128, 0)]
    frame, share = antialiased(
        [(r * scale, g * scale, b * scale) for r, g, b in colors], np.uint8 if scale == 1 else np.uint16
    )
    codes = codes_of_colors(frame)
    assert len(np.unique(codes)) > 10
    objects = surveyed(codes)
    assert [color_key(code, frame.dtype) for code in objects] == [
        ",".join(str(level * scale) for level in rgb) for rgb in sorted(colors[1:])
    ]
    picture = paint(codes, {code: COLORS[n] for n, code in enumerate(objects)})
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) == 4
    owner = np.array([BACKGROUND, COLORS[2], COLORS[0], COLORS[1]], np.uint8)[share.argmax(axis=0)]
    sure = share.max(axis=0) == 1
    assert (picture[sure] == owner[sure]).all()
    beside = cv2.dilate((share > 0).astype(np.uint8).transpose(1, 2, 0), np.ones((3, 3), np.uint8))
    for n, rgb in enumerate([BACKGROUND, COLORS[2], COLORS[0], COLORS[1]]):
        assert beside[..., n][(picture == rgb).all(axis=-1)].all()


def test_flat_float_colors_are_told_apart():
    frame = np.zeros((8, 8, 3), np.float32)
    frame[:4] = (0.5, 0.25, 2.0)
    (code,) = surveyed(codes_of_colors(frame))
    assert color_key(code, frame.dtype) == "0.5,0.25,2"


def test_object_of_one_frame_is_found_and_noise_is_not():
    noise = rng.integers(1, 10**6, (64, 64))
    last = noise.copy()
    last[10:13, 10:13] = 77
    assert surveyed(noise, noise, last) == (77,)


def test_fewer_pixels_than_a_flat_area_make_no_object():
    noise = rng.integers(1, 10**6, (64, 64))
    noise[20:22, 20:22] = 77
    noise[10:40:3, 40:42] = noise[11:41:3, 40:41] = 88
    assert surveyed(noise) == ()


def test_frame_without_objects_is_black():
    assert not paint(rng.integers(1, 10**6, (8, 8)), {}).any()


def test_colors_are_stable_between_shots_of_a_show():
    first = ColorTable().extend(["car10", "car2", "tree"])
    assert list(first.colors) == ["car2", "car10", "tree"]
    second = ColorTable.from_document(json.loads(json.dumps(first.document()))).extend(["house", "car2", "axe"])
    assert {key: second.colors[key] for key in first.colors} == dict(first.colors)
    assert (second.colors["axe"], second.colors["house"]) == (UPSTREAM[3], UPSTREAM[4])


def test_color_that_a_person_gave_away_is_not_given_twice():
    table = ColorTable(colors={"hero": UPSTREAM[1]}).extend(["a", "b"])
    assert [table.colors[key] for key in ("hero", "a", "b")] == [UPSTREAM[1], UPSTREAM[0], UPSTREAM[2]]


@pytest.mark.parametrize(
    "change", [{"schema": "x"}, {"colors": {"a": [1, 2]}}, {"colors": {"a": [1, 2, 300]}}, {"colors": 3}]
)
def test_table_that_is_none_is_refused(change: dict[str, object]):
    with pytest.raises(BadInput, match="table of segmentation colours"):
        ColorTable.from_document({**ColorTable().document(), **change})


def test_colors_beyond_the_models_own_are_as_distinct():
    colors = np.array([BACKGROUND, *all_colors()], float)
    gaps = np.linalg.norm(colors[:, None] - colors[None], axis=-1)
    assert tuple(all_colors()[:23]) == UPSTREAM
    assert len(colors) > 150
    assert gaps[np.triu_indices(len(colors), 1)].min() >= 40


def test_too_many_objects_are_refused():
    with pytest.raises(BadInput, match=r"has 2000 objects .*; allowed: at most 195, .*--objects"):
        ColorTable().extend(f"leaf{n}" for n in range(2000))


def test_a_full_table_of_a_show_says_where_it_lies(tmp_path: Path):
    table = tmp_path / "palette.json"
    assign_colors(table, [f"leaf{n}" for n in range(190)], {})
    assert len(assign_colors(table, [f"leaf{n}" for n in range(195)], {})) == 195
    before = table.read_bytes()
    with pytest.raises(BadInput, match=r"has 1 objects .*at most 0, .* 195 stand in .*palette\.json: move it away"):
        assign_colors(table, ["car"], {})
    assert table.read_bytes() == before


def test_misread_pixels_are_those_nearer_to_another_color():
    colors = {1: COLORS[0], 2: COLORS[12], 3: COLORS[1]}
    painted = paint(blocks([0, 1, 2, 3]), colors)
    decoded = np.clip(painted.astype(int) + rng.integers(-15, 16, painted.shape), 0, 255).astype(np.uint8)
    assert misread_pixels(painted, decoded, colors.values()) == 0
    decoded[0, 10] = (255, 60, 0)
    decoded[0, 0] = (120, 0, 0)
    assert misread_pixels(painted, decoded, colors.values()) == 1
    decoded[1, 0] = (140, 0, 0)
    assert misread_pixels(painted, decoded, colors.values()) == 2


def test_a_small_change_of_every_channel_may_misread_a_pixel():
    painted = np.zeros((2, 2, 3), np.uint8)
    assert misread_pixels(painted, painted + np.uint8(20), [(30, 30, 30)]) == 4
    assert misread_pixels(painted, painted + np.uint8(10), [(30, 30, 30)]) == 0
