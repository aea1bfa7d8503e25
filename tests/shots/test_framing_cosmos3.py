"""The frame of engines that crop: their videos are made in the exact size of a bucket."""

from __future__ import annotations

import pytest

from cosmos_houdini.engines import engine_names
from cosmos_houdini.engines.frame_size import find_frame_size
from cosmos_houdini.media.control_settings import Fit
from cosmos_houdini.shots.framing import plan_framing


def test_engines_of_cosmos3_have_buckets_and_the_others_stretch() -> None:
    found = {name for name in engine_names() if find_frame_size(name, {})}
    assert {"cosmos3", "cosmos3-http"} <= found
    assert found.isdisjoint({"preview", "transfer1", "transfer2.5"})
    assert find_frame_size("", {}) is None


@pytest.mark.parametrize(
    ("plate", "fit", "resolution", "engine", "how"),
    [
        ((1280, 720), "auto", "720", (1280, 720), (False, "stretch")),
        ((1920, 1080), "auto", "720", (1280, 720), (True, "stretch")),
        ((1920, 1080), "auto", "480", (832, 480), (True, "stretch")),
        ((200, 100), "auto", "720", (1280, 720), (True, "letterbox")),
        ((2048, 858), "auto", "720", (1280, 720), (True, "letterbox")),
        ((2048, 858), "crop", "720", (1280, 720), (True, "crop")),
        ((2048, 858), "none", "720", (1280, 720), (False, "crop")),
    ],
)
def test_a_plate_is_brought_to_the_exact_bucket(
    plate: tuple[int, int], fit: Fit, resolution: str, engine: tuple[int, int], how: tuple[bool, str]
) -> None:
    framing = plan_framing(plate, fit=fit, frame_size=find_frame_size("cosmos3", {"resolution": resolution}))
    assert (framing.geometry.engine, (framing.applied, str(framing.geometry.placement))) == (engine, how)
    assert ("crops" in framing.sentence) is (fit == "none")
