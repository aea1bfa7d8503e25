"""Camera moves of scenes whose moves are known: the word is right, and the amount within five per cent."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from cosmos_houdini.facts.camera_move import CameraMove, describe_move
from cosmos_houdini.scene.reader import read_scene_contents
from support.houdini import hip_files
from support.houdini.camera_paths import (
    BASE,
    KINDS,
    TRANSFORM,
    Kind,
    Values,
    along,
    around,
    ease,
    frames_of,
    keyed,
    moved,
    start_of,
    write_keyed,
    write_parented,
)

NOISE = 0.03
"""Degrees, millimetres of focal length, and tenths of a unit."""


def move_of(path: Path) -> CameraMove:
    scene, contents = read_scene_contents(path)
    found = describe_move(contents.cameras[0], scene.fps)
    assert found is not None, contents.cameras[0].unresolved
    return found


def expect(found: CameraMove, kind: Kind) -> None:
    assert found.word == kind.word, found.sentence
    if kind.amount:
        assert found.moves[0].amount == pytest.approx(kind.amount, rel=0.05), found.sentence


@pytest.mark.parametrize("fps", [24, 60])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.word)
class TestPaths:
    def test_keyed_and_without_noise(self, tmp_path: Path, kind: Kind, fps: int):
        found = move_of(
            write_keyed(tmp_path, frames_of(kind, fps, 4.0), fps, every=1 if kind.word == "handheld" else 2)
        )
        expect(found, kind)
        assert len(found.moves) == (kind.word != "static")

    def test_keyed_with_noise(self, tmp_path: Path, kind: Kind, fps: int):
        expect(move_of(write_keyed(tmp_path, frames_of(kind, fps, 4.0, noise=NOISE), fps)), kind)

    def test_parented_with_noise(self, tmp_path: Path, kind: Kind, fps: int):
        expect(move_of(write_parented(tmp_path, frames_of(kind, fps, 3.0, noise=NOISE), fps)), kind)


@pytest.mark.parametrize("seconds", [1.0, 10.0])
@pytest.mark.parametrize("kind", KINDS[1:8], ids=lambda kind: kind.word)
def test_short_and_long_shots(tmp_path: Path, kind: Kind, seconds: float):
    expect(move_of(write_keyed(tmp_path, frames_of(kind, 24, seconds), 24)), kind)


def frames(at, count: int = 96) -> list[Values]:  # noqa: ANN001 - a function of a share
    return [at(frame / (count - 1)) for frame in range(count)]


@pytest.mark.parametrize(
    ("at", "directions"),
    [
        (lambda s: moved(ry=-20 * s), ["pans right"]),
        (lambda s: moved(ry=20 * s), ["pans left"]),
        (lambda s: moved(rx=-20 * s), ["tilts down"]),
        (lambda s: moved(rx=4, ry=-25, rz=15 * s), ["rolls counter-clockwise"]),
        (lambda s: along(-3 * s, 0, 0), ["dollies out"]),
        (lambda s: along(0, 3 * s, 0), ["trucks right"]),
        (lambda s: along(0, 0, -3 * s), ["cranes down"]),
        (lambda s: around(60 * s), ["orbits to the right"]),
        (lambda s: around(-60 * s), ["orbits to the left"]),
        (lambda s: moved(focal=-20 * s), ["zooms out"]),
    ],
)
def test_directions(tmp_path: Path, at, directions: list[str]):  # noqa: ANN001
    found = move_of(write_keyed(tmp_path, frames(at), 24))
    assert [move.direction for move in found.moves] == directions


def test_a_whole_turn_around_a_point_is_an_orbit_of_360_degrees(tmp_path: Path):
    found = move_of(write_keyed(tmp_path, frames(lambda s: around(360 * s), 240), 24))
    assert (found.word, round(found.moves[0].amount)) == ("orbit", 360)


def test_an_orbit_by_a_turning_null(tmp_path: Path):
    turning = [{**dict.fromkeys(BASE, 0.0), "ry": 45 * ease(frame / 95)} for frame in range(96)]
    camera = hip_files.node("obj/cam1", "cam", {**hip_files.CAM_PARMS, "t": [0, 0, 9], "r": [0, 0, 0]})
    camera[1] = (camera[1][0], hip_files.definition("pivot1"))
    path = hip_files.write_hip(
        tmp_path, keyed("obj/pivot1", "null", turning, 24, base=TRANSFORM), camera, start=start_of(24, 96)
    )
    expect(move_of(path), Kind(word="orbit", amount=45.0, at=lambda *_: BASE))


def test_a_dolly_zoom_is_called_so(tmp_path: Path):
    found = move_of(write_keyed(tmp_path, frames(lambda s: {**along(-4 * s, 0, 0), "focal": 50 + 30 * s}), 24))
    assert found.word == "dolly zoom"


def test_a_pan_there_and_back_is_told_with_its_reach(tmp_path: Path):
    found = move_of(write_keyed(tmp_path, frames(lambda s: moved(ry=-30 * math.sin(math.pi * s))), 24))
    assert found.sentence == "the camera pans right by 29.8 degrees and back"


def test_a_tracking_shot_past_something_in_view_is_no_orbit(tmp_path: Path):
    def past(share: float) -> Values:
        x = -4 + 8 * share
        return {**BASE, "tx": x, "ty": 0.0, "tz": 8.0, "rx": 0.0, "ry": math.degrees(math.atan2(x, 8.0))}

    found = move_of(write_keyed(tmp_path, frames(past), 24))
    assert {move.word for move in found.moves} == {"truck", "pan"}


def test_a_shake_on_top_of_a_move_is_told_after_it(tmp_path: Path):
    found = move_of(write_keyed(tmp_path, frames_of(KINDS[3], 24, 4.0, noise=0.3), 24))
    assert [move.word for move in found.moves] == ["dolly", "handheld"]


@pytest.mark.parametrize(
    "changed", [{"lookatpath": ["/obj/geo1"]}, {"constraints_on": ['"on"']}, {"t": [("tx", 1), 2, 3]}]
)
def test_a_way_that_only_houdini_knows_gives_no_move(tmp_path: Path, changed: dict[str, list[object]]):
    chn = hip_files.channels(tx="segment { length = 0 expr = $F }")
    node = hip_files.node("obj/cam1", "cam", {**hip_files.CAM_PARMS, **changed}, chn)
    scene, contents = read_scene_contents(hip_files.write_hip(tmp_path, node))
    assert describe_move(contents.cameras[0], scene.fps) is None
    assert contents.cameras[0].unresolved


def test_an_unknown_carrier_is_named(tmp_path: Path):
    node = hip_files.node("obj/cam1", "cam", hip_files.CAM_PARMS, def_=hip_files.definition("gone"))
    _, contents = read_scene_contents(hip_files.write_hip(tmp_path, node))
    assert contents.cameras[0].unresolved == ("parent /obj/gone",)


def test_a_ring_of_wires_ends(tmp_path: Path):
    ring = hip_files.node("obj/null1", "null", TRANSFORM, def_=hip_files.definition("null1"))
    node = hip_files.node("obj/cam1", "cam", hip_files.CAM_PARMS, def_=hip_files.definition("null1"))
    _, contents = read_scene_contents(hip_files.write_hip(tmp_path, ring, node))
    assert contents.cameras[0].unresolved == ("parent /obj/null1",)
