"""Videos with one defect of rising strength: each measure ranks them in this order, and the untouched one is best."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cosmos_houdini.measures.edges import EdgeF1, PassBorders
from cosmos_houdini.measures.light import Light
from cosmos_houdini.measures.moments import make_moment
from cosmos_houdini.measures.motion import Motion

Video = NDArray[np.uint8]
SIZE = (320, 176)
FRAMES, SEAM = 16, 8


def plate() -> Video:
    """Return a lit room of discs and stripes under a slow pan, with some grain, frames x height x width x RGB."""
    width, height = SIZE
    y, x = np.mgrid[:height, : width + 2 * FRAMES].astype(np.float32)
    room = 110 + 50 * np.sin(x / 23)[..., None] * np.array([1, 0.7, 0.4]) + 30 * (np.sin(y / 9) > 0.4)[..., None]
    for across, down, radius, color in ((60, 60, 30, (230, 60, 40)), (200, 110, 40, (40, 90, 220))):
        room[np.hypot(x - across, y - down) < radius] = color
    room += np.random.default_rng(5).normal(0, 3, room.shape)
    pictures = [room[:, 2 * n : 2 * n + width] for n in range(FRAMES)]
    return np.stack(pictures).clip(0, 255).astype(np.uint8)


def depth() -> Video:
    width, height = SIZE
    y, x = np.mgrid[:height, :width].astype(np.float32)
    pictures = []
    for n in range(FRAMES):
        one = np.full((height, width), 40.0)
        one[np.hypot(x - 60 + 2 * n, y - 60) < 30] = 200
        one[np.hypot(x - 200 + 2 * n, y - 110) < 40] = 150
        pictures.append(np.repeat(one[..., None], 3, axis=2))
    return np.stack(pictures).astype(np.uint8)


def figures(result: Video, source: Video) -> dict[str, float]:
    measures = [EdgeF1(), PassBorders(), Motion(seams=(SEAM,)), Light()]
    exact = depth()
    for index in range(len(source)):
        passes = {"depth": exact[index], "seg": exact[index]}
        moment = make_moment(index, result[index], source[index], passes)
        for measure in measures:
            measure.add(moment)
    return {name: value for measure in measures for name, value in measure.figures().items()}


def blurred(video: Video, strength: float) -> Video:
    return np.stack([cv2.GaussianBlur(frame, (0, 0), strength) for frame in video])


def flickering(video: Video, strength: float) -> Video:
    jumping = video.astype(np.float32)
    jumping[1::2] += 8 * strength
    return jumping.clip(0, 255).astype(np.uint8)


def shifted(video: Video, strength: float) -> Video:
    return np.roll(video, round(strength), axis=2)


def with_seam(video: Video, strength: float) -> Video:
    other = video.astype(np.float32)
    other[SEAM:] += 8 * strength
    return other.clip(0, 255).astype(np.uint8)


def with_first_jump(video: Video, strength: float) -> Video:
    other = video.astype(np.float32)
    other[0] -= 8 * strength
    return other.clip(0, 255).astype(np.uint8)


def drifting(video: Video, strength: float) -> Video:
    gain = np.linspace(0, 10 * strength, len(video))[:, None, None, None]
    return (video + gain).clip(0, 255).astype(np.uint8)


def tinted(video: Video, strength: float) -> Video:
    gain = np.linspace(0, 10 * strength, len(video))[:, None, None, None] * np.array([1, 0, -1])
    return (video + gain).clip(0, 255).astype(np.uint8)


def frozen(video: Video, strength: float) -> Video:
    held = video.copy()
    count = round(2 * strength)
    held[3 : 3 + count] = held[2]
    return held


def blackened(video: Video, strength: float) -> Video:
    dark = video.copy()
    dark[4 : 4 + round(strength)] = 0
    return dark


CASES: list[tuple[Callable[[Video, float], Video], str, int]] = [
    (blurred, "sharpness", 1),
    (blurred, "edge_f1", 1),
    (blurred, "depth_edges", 1),
    (blurred, "seg_borders", 1),
    (shifted, "edge_f1", 1),
    (shifted, "sameness", 1),
    (flickering, "warping_error", -1),
    (with_seam, "seam_jump", -1),
    (with_first_jump, "first_frame_jump", -1),
    (drifting, "exposure_drift", -1),
    (tinted, "color_drift", -1),
    (frozen, "repeated_frames", -1),
    (blackened, "black_frames", -1),
]
STRENGTHS = (0.0, 1.0, 2.0, 4.0)


@pytest.mark.parametrize(("spoil", "name", "sign"), CASES, ids=[f"{c[0].__name__}-{c[1]}" for c in CASES])
def test_a_measure_ranks_a_defect_by_its_strength(spoil: Callable[[Video, float], Video], name: str, sign: int):
    source = plate()
    found = [sign * figures(spoil(source, strength) if strength else source, source)[name] for strength in STRENGTHS]
    assert found == sorted(found, reverse=True)
    assert found[0] > found[1] > found[-1]


def test_a_copy_is_the_best_that_can_be():
    found = figures(plate(), plate())
    best = {"edge_f1": 1, "depth_edges": 1, "seg_borders": 1, "sharpness": 1, "sameness": 1}
    assert found == pytest.approx({**dict.fromkeys(found, 0.0), **best})


def test_what_the_source_does_too_is_no_defect():
    source = drifting(tinted(plate(), 3), 3)
    assert figures(source, source) == pytest.approx(figures(plate(), plate()), abs=1e-6)


def test_a_seam_elsewhere_is_none():
    calm, jumping = figures(plate(), plate()), figures(with_seam(np.roll(plate(), 0, axis=0), 2), plate())
    assert jumping["seam_jump"] > 0.03 > calm["seam_jump"]
    moved = plate().astype(np.float32)
    moved[5:] += 16
    assert figures(moved.clip(0, 255).astype(np.uint8), plate())["seam_jump"] < 0.005
