from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import PyOpenColorIO as OCIO  # noqa: N814
import pytest

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.pictures.color import (
    BUILT_IN,
    SEEN_DISPLAY,
    SEEN_VIEW,
    ColorSettings,
    DisplayTransform,
    display_transform,
)
from cosmos_houdini.media.pictures.display_cube import BRIGHTEST, DARKEST, LOG_TO_LINEAR, bake, computed, is_faithful
from cosmos_houdini.media.pictures.display_levels import display_bytes

rng = np.random.default_rng(6)
REC709 = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)
AP1 = (0.713, 0.293, 0.165, 0.830, 0.128, 0.044, 0.32168, 0.33767)
DEFAULT = ColorSettings()
COLORIMETRIC = ColorSettings(view="Un-tone-mapped")


@cache
def transform(choice: ColorSettings = DEFAULT, **attributes: object) -> DisplayTransform:
    return display_transform(choice, attributes, environ={})


def srgb(linear: np.ndarray) -> np.ndarray:
    """Return the curve of IEC 61966-2-1, 0 to 255."""
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055)


def grey(value: float) -> np.ndarray:
    return np.full((2, 2, 3), value, np.float16)


def test_built_in_configuration_shows_acescg_in_aces():
    found = transform()
    assert found.document() == {
        "config": "ocio://studio-config-v4.0.0_aces-v2.0_ocio-v2.5",
        "display": "sRGB - Display",
        "view": "ACES 2.0 - SDR 100 nits (Rec.709)",
        "input_space": "ACEScg",
        "input_space_from": "role scene_linear",
        "exposure_stops": 0.0,
    }
    assert json.loads(json.dumps(found.document())) == found.document()
    shown = found.apply_exactly(grey(0.18))
    assert (shown.shape, shown.dtype) == ((2, 2, 3), np.uint8)
    assert (shown == round(0.349 * 255)).all()


def test_baked_cube_is_within_one_level_of_the_full_transform():
    found = transform()
    light = (np.exp2(rng.normal(-2, 2.5, (64, 64, 1))) * (0.3 + rng.random((64, 64, 3)))).astype(np.float32)
    error = np.abs(found.apply(light).astype(int) - found.apply_exactly(light))
    assert error.any()
    assert np.percentile(error, 99) <= 1
    assert error.max() <= 8


def test_grey_is_the_same_through_the_cube():
    ramp = np.repeat(np.geomspace(1e-4, 100, 500, dtype=np.float32)[None, :, None], 3, axis=2)
    found = transform()
    assert np.abs(found.apply(ramp).astype(int) - found.apply_exactly(ramp)).max() <= 1


def test_cube_is_exact_where_a_transform_is_straight():
    config = OCIO.Config.CreateRaw()
    mixed = [0.5, 0.2, 0.1, 0, 0.3, 0.6, 0.1, 0, 0.1, 0.1, 0.7, 0, 0, 0, 0, 1]
    to_log = OCIO.BuiltinTransform(LOG_TO_LINEAR, OCIO.TRANSFORM_DIR_INVERSE)
    straight = OCIO.GroupTransform([to_log, OCIO.MatrixTransform(mixed)])
    light = np.exp2(np.random.default_rng(1).uniform(-12, 7, (60, 50, 3)))
    light[0, 0], light[0, 1] = -1, 1e6
    shown = computed(config, bake(config, straight), light)
    assert np.abs(shown - computed(config, straight, light.clip(DARKEST, BRIGHTEST))).max() < 1e-4
    assert is_faithful(config, straight, straight)


def test_a_view_that_a_cube_would_falsify_is_computed_in_full():
    config = OCIO.Config.CreateRaw()
    edge = OCIO.MatrixTransform.Scale([1000, 1000, 1000, 1])
    assert not is_faithful(config, bake(config, edge), edge)
    raw = transform(ColorSettings(view="Raw"))
    light = rng.random((8, 8, 3)).astype(np.float32)
    assert np.array_equal(raw.apply(light), np.rint(light * 255).astype(np.uint8))


def test_colorimetric_view_is_the_srgb_curve():
    values = rng.random((8, 8, 3)).astype(np.float32)
    shown = transform(COLORIMETRIC, chromaticities=REC709).apply(values)
    assert np.abs(shown - srgb(values)).max() < 1


def test_exposure_doubles_light_with_each_stop():
    brighter = ColorSettings(view="Un-tone-mapped", exposure_stops=1.0)
    for way in ("apply", "apply_exactly"):
        assert np.array_equal(
            getattr(transform(brighter), way)(grey(0.2)), getattr(transform(COLORIMETRIC), way)(grey(0.4))
        )


@pytest.mark.parametrize(("chromaticities", "space"), [(REC709, "Linear Rec.709 (sRGB)"), (AP1, "ACEScg")])
def test_chromaticities_of_the_file_decide_the_input_space(chromaticities: tuple[float, ...], space: str):
    found = transform(chromaticities=chromaticities)
    assert (found.input_space, found.input_reason) == (space, "the file's chromaticities")


def test_chosen_input_space_stands_before_the_file():
    found = transform(ColorSettings(input_space="lin_rec709"), chromaticities=AP1)
    assert (found.input_space, found.input_reason) == ("lin_rec709", "chosen")
    red = np.zeros((1, 1, 3), np.float32)
    red[..., 0] = 0.5
    assert not np.array_equal(found.apply(red), transform(chromaticities=AP1).apply(red))


def test_nan_is_black_and_infinity_is_white():
    frame = grey(0.5)
    frame[0, 0], frame[0, 1] = np.nan, np.inf
    shown = transform(COLORIMETRIC).apply(frame)
    assert shown[0, 0].tolist() == [0, 0, 0]
    assert shown[0, 1].tolist() == [255, 255, 255]


def test_alpha_is_left_aside():
    assert transform(COLORIMETRIC).apply(np.ones((2, 2, 4), np.float32)).shape == (2, 2, 3)


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (
            ColorSettings(display="sRGB Display"),
            r"has no display 'sRGB Display'; allowed: sRGB - Display, .*did you mean 'sRGB - Display'",
        ),
        (ColorSettings(view="Filmic"), r"has no view of sRGB - Display 'Filmic'; allowed: ACES 2\.0 - SDR .*, Raw"),
        (ColorSettings(input_space="ACEScgg"), r"has no colour space 'ACEScgg'; allowed: .*did you mean 'ACEScg'"),
        (ColorSettings(config="/no/where.ocio"), r"configuration /no/where\.ocio is no file; correct \$OCIO"),
        (ColorSettings(config="ocio://nonsense"), r"configuration ocio://nonsense cannot be used"),
    ],
)
def test_what_the_configuration_lacks_is_named_with_what_it_has(choice: ColorSettings, said: str):
    with pytest.raises(BadInput, match=said) as error:
        transform(choice)
    assert "\n" not in str(error.value)


def test_a_table_that_a_configuration_lacks_is_told_before_any_picture_is_read(tmp_path: Path):
    config = tmp_path / "show.ocio"
    config.write_text(
        "ocio_profile_version: 2\nsearch_path: luts\nroles: {scene_linear: lin, default: lin}\n"
        "displays:\n  Monitor:\n    - !<View> {name: Film, colorspace: film}\n"
        "colorspaces:\n  - !<ColorSpace> {name: lin}\n"
        "  - !<ColorSpace> {name: film, from_scene_reference: !<FileTransform> {src: film.spi3d}}\n",
        encoding="utf-8",
    )
    with pytest.raises(BadInput, match=r"show\.ocio cannot show lin on Monitor, Film: .*film\.spi3d") as error:
        display_transform(ColorSettings(), {}, environ={"OCIO": str(config)})
    assert "\n" not in str(error.value)


def test_unknown_chromaticities_are_asked_for():
    with pytest.raises(BadInput, match=r"chromaticities \(0\.5, .* are those of no known space; allowed: ACEScg"):
        transform(chromaticities=(0.5,) * 8)


def test_configuration_of_the_environment_is_used(tmp_path: Path):
    config = tmp_path / "größe config.ocio"
    config.write_text(
        "ocio_profile_version: 2\nroles: {scene_linear: lin, default: lin}\n"
        "displays:\n  Monitor:\n    - !<View> {name: Plain, colorspace: lin}\n"
        "colorspaces:\n  - !<ColorSpace> {name: lin}\n",
        encoding="utf-8",
    )
    found = display_transform(ColorSettings(), {}, environ={"OCIO": str(config)})
    assert (found.config, found.display, found.view, found.input_space) == (str(config), "Monitor", "Plain", "lin")
    assert (found.apply(grey(0.5)) == 128).all()
    with pytest.raises(BadInput, match=r"has no colour space 'Linear Rec.709"):
        display_transform(ColorSettings(), {"chromaticities": REC709}, environ={"OCIO": str(config)})


def test_eight_bit_comps_pass_untouched_and_others_are_rounded():
    bytes_ = rng.integers(0, 256, (4, 6, 4), dtype=np.uint8)
    assert np.array_equal(display_bytes(bytes_), bytes_[..., :3])
    assert np.array_equal(display_bytes(bytes_.astype(np.uint16) * 257 + 120), bytes_[..., :3])
    grey_picture = display_bytes(np.array([[0.0, 0.5, 1.0, 7.0, np.nan]], np.float32))
    assert grey_picture[0].tolist() == [[level] * 3 for level in (0, 128, 255, 255, 0)]


def test_the_view_of_houdinis_viewport_counts_where_nothing_is_configured():
    seen = {SEEN_DISPLAY: "sRGB - Display", SEEN_VIEW: "Un-tone-mapped"}
    assert display_transform(ColorSettings(), {}, environ=seen).view == "Un-tone-mapped"
    assert display_transform(ColorSettings(view="Raw"), {}, environ=seen).view == "Raw"
    default = display_transform(ColorSettings(), {}, environ={}).view
    assert display_transform(ColorSettings(config=BUILT_IN), {}, environ=seen).view == default
    # A viewport of another configuration than the worker's.
    assert display_transform(ColorSettings(), {}, environ={**seen, SEEN_DISPLAY: "Cinema"}).view == default
    assert display_transform(ColorSettings(), {}, environ={**seen, SEEN_VIEW: "Film"}).view == default
