"""Differences between Houdini's answers and the offline reader's, and values that count as equal."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from cosmos_houdini.houdini.hython.comparison import compare_scenes

CAMERA = {
    "path": "/obj/cam1",
    "kind": "obj",
    "type": "cam",
    "resolution": [1280, 720],
    "pixel_aspect": 1.0,
    "focal_mm": 50.0,
    "aperture_mm": 41.4214,
    "near": 0.1,
    "far": 1000.0,
    "animated": True,
    "keyframes": [1, 96],
    "translate": [1.0, 2.0, 3.0],
    "rotate": [0.0, 0.0, 0.0],
    "parent": None,
    "unresolved": [],
}
OUTPUT = {
    "path": "/out/a",
    "type": "ifd",
    "picture": "$HIP/a.$F4.exr",
    "camera": "/obj/cam1",
    "frame_range": [1, 96, 1],
}
SCENE = {
    "path": "/a.hip",
    "license": "commercial",
    "houdini_version": "20.5.332",
    "saved_at": "2024-01-12T22:44:35+01:00",
    "fps": 24,
    "current_frame": 1,
    "frame_range": [1, 96],
    "playback_range": [1, 96],
    "cameras": [CAMERA],
    "outputs": [OUTPUT],
}


@pytest.fixture
def pair() -> tuple[dict[str, Any], dict[str, Any]]:
    return copy.deepcopy(SCENE), copy.deepcopy(SCENE)


def test_rounding_the_place_of_the_file_and_the_zone_are_no_differences(pair: tuple[dict, dict]) -> None:
    houdini, offline = pair
    houdini |= {"path": "/mnt/a.hip", "saved_at": "2024-01-12T22:44:35"}
    houdini["cameras"][0] |= {"translate": [1.00001, 2.0, 3.0], "focal_mm": 50.0000001, "pixel_aspect": 1}
    assert compare_scenes(houdini, offline) == []


@pytest.mark.parametrize(
    ("part", "field", "value", "what"),
    [
        (None, "fps", 25, "scene fps"),
        (None, "saved_at", "2024-01-12T22:44:36", "scene saved_at"),
        (None, "frame_range", [1, 97], "scene frame_range"),
        ("cameras", "translate", [1.01, 2.0, 3.0], "/obj/cam1 translate"),
        ("cameras", "resolution", None, "/obj/cam1 resolution"),
        ("cameras", "animated", 1, "/obj/cam1 animated"),
        ("cameras", "keyframes", [1], "/obj/cam1 keyframes"),
        ("outputs", "picture", "$HIP/b.$F4.exr", "/out/a picture"),
    ],
)
def test_a_difference_is_named_with_both_values(
    pair: tuple[dict, dict], part: str | None, field: str, value: object, what: str
) -> None:
    houdini, offline = pair
    (houdini[part][0] if part else houdini)[field] = value
    [found] = compare_scenes(houdini, offline)
    assert found.what == what
    assert str(found).startswith(f"{what}: Houdini {value}, offline ")


def test_what_only_one_of_them_knows_is_a_difference(pair: tuple[dict, dict]) -> None:
    houdini, offline = pair
    houdini["cameras"] = []
    offline["outputs"] = []
    assert [str(found) for found in compare_scenes(houdini, offline)] == [
        "camera /obj/cam1: Houdini False, offline True",
        "output /out/a: Houdini True, offline False",
    ]


@pytest.mark.parametrize("names", [["ty"], ["t"]])
def test_what_the_offline_reader_leaves_open_is_not_held_against_it(pair: tuple[dict, dict], names: list[str]) -> None:
    houdini, offline = pair
    offline["cameras"][0] |= {"unresolved": names, "translate": [1.0, 0.0, 3.0], "animated": False, "keyframes": []}
    assert compare_scenes(houdini, offline) == []
    offline["cameras"][0]["rotate"] = [1.0, 0.0, 0.0]
    assert [found.what for found in compare_scenes(houdini, offline)] == ["/obj/cam1 rotate"]


def test_of_samples_the_first_that_differs_is_named(pair: tuple[dict, dict]) -> None:
    for document, slope in zip(pair, (1.0, 1.01), strict=True):
        document["cameras"][0]["samples"] = [
            {"frame": frame, "translate": [slope * (frame - 1), 0.0, 0.0], "rotate": [0.0] * 3, "focal_mm": 50.0}
            for frame in (1, 2, 3)
        ]
    [found] = compare_scenes(*pair)
    assert found.what == "/obj/cam1 frame 2 translate"
