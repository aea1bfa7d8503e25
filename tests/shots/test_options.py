"""Options are refused in one line before anything is read."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from cosmos_houdini.config import load
from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.control_settings import DepthKind
from cosmos_houdini.media.controls.blur_presets import TRANSFER1, TRANSFER25, BlurPreset
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.presets import STRENGTHS
from cosmos_houdini.shots.options import (
    EncodeOptions,
    FrameOptions,
    ShotSource,
    SubmitOptions,
    named_weights,
    refuse_shaping,
)
from cosmos_houdini.shots.settings import resolve_settings


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: EncodeOptions(exposure_stops=21), "exposure_stops = 21; allowed: -20 to 20"),
        (lambda: EncodeOptions(exposure_stops=math.nan), "exposure_stops = nan"),
        (lambda: EncodeOptions(pixel_aspect=0), "pixel_aspect = 0; allowed: a finite number above 0"),
        (lambda: EncodeOptions(pixel_aspect=math.inf), "pixel_aspect = inf"),
        (lambda: EncodeOptions(edge="hihg"), "did you mean 'high'?"),  # type: ignore[arg-type]
        (lambda: EncodeOptions(fit="leterbox"), "did you mean 'letterbox'?"),  # type: ignore[arg-type]
        (lambda: EncodeOptions(depth_kind="z"), "depth_kind = 'z'; allowed: auto, camera-z"),  # type: ignore[arg-type]
        (lambda: FrameOptions(frame_range=(9, 1)), "frame range '9-1' runs backwards; write it as 1-9"),
        (lambda: FrameOptions(on_gap="skip"), "on_gap = 'skip'; allowed: stop, hold"),  # type: ignore[arg-type]
        (lambda: SubmitOptions(num_gpu=0), "num_gpu = 0; allowed: a whole number from 1 to 64"),
        (lambda: ShotSource(scene=Path("s.hip")), "give either --renders DIR or --output /out/NODE"),
        (lambda: ShotSource(scene=Path("s.hip"), renders="r", output="/out/a"), "give either --renders DIR"),
        (lambda: ShotSource(output="/out/a"), "/out/a is a node of no scene"),
        (lambda: named_weights({"dept": 0.5}), "did you mean 'depth'?"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_name(make: Callable[[], Any], words: str) -> None:
    with pytest.raises(BadInput) as caught:
        make()
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("frames", "encoding", "option"),
    [
        (FrameOptions(fps=25), EncodeOptions(), "--fps"),
        (FrameOptions(frame_range=(1, 2)), EncodeOptions(), "--range"),
        (FrameOptions(), EncodeOptions(exposure_stops=0.0), "--exposure"),
        (FrameOptions(), EncodeOptions(mask_objects=("a",)), "--mask-objects"),
    ],
)
def test_options_that_shape_videos_are_refused_where_these_are_made_already(
    frames: FrameOptions, encoding: EncodeOptions, option: str
) -> None:
    with pytest.raises(BadInput, match=f"{option} shapes the videos"):
        refuse_shaping(frames, encoding)


def test_options_win_over_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "cosmos-houdini.yaml").write_text(
        "color: {view: Raw, exposure: 2}\ndepth: {kind: near-dark}\ncontrols: {edge: low, fit: crop}\n"
        "seg: {objects: [tree*]}\n",
        encoding="utf-8",
    )
    config = load(tmp_path, {})
    configured = resolve_settings(config, EncodeOptions(), None)
    assert (configured.controls.color.view, configured.controls.color.exposure_stops) == ("Raw", 2)
    assert (configured.controls.edge, configured.fit, configured.controls.objects) == ("low", "crop", ("tree*",))
    assert configured.controls.depth.kind is DepthKind.NEAR_DARK
    chosen = EncodeOptions(
        view="sRGB", exposure_stops=0.0, depth_kind="auto", edge="off", fit="none", objects=("a", "b")
    )
    settings = resolve_settings(config, chosen, None, engine="transfer1")
    assert (settings.controls.color.view, settings.controls.color.exposure_stops) == ("sRGB", 0)
    assert (settings.controls.edge, settings.fit, settings.controls.objects) == (None, "none", ("a", "b"))
    assert (settings.controls.depth.kind, settings.controls.blur_presets) == (None, TRANSFER1)


@pytest.mark.parametrize(
    ("engine", "presets"),
    [("", TRANSFER25), ("preview", TRANSFER25), ("transfer2.5", TRANSFER25), ("transfer1", TRANSFER1)],
)
def test_the_blur_is_that_of_the_engine(tmp_path: Path, engine: str, presets: Mapping[str, BlurPreset]) -> None:
    settings = resolve_settings(load(tmp_path, {}), EncodeOptions(vis="high"), None, engine=engine)
    assert settings.controls.blur_presets is presets
    assert set(presets) == set(STRENGTHS)


def test_weights_are_named_by_words() -> None:
    assert named_weights({"depth": 0.8, "vis": 0.1}) == {Control.DEPTH: 0.8, Control.VIS: 0.1}
