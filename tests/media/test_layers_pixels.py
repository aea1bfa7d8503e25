from __future__ import annotations

from pathlib import Path

import numpy as np
import OpenImageIO
import pytest

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.pictures.layer_passes import choose_layers
from cosmos_houdini.media.pictures.layers import read_header
from cosmos_houdini.media.pictures.picture_io import pixel_aspect, read_passes
from cosmos_houdini.media.pictures.stored_picture import read_picture
from cosmos_houdini.model.control import Pass
from support.media.exr_files import write_exr, write_parts

rng = np.random.default_rng(7)


def planes(height: int = 5, width: int = 7) -> dict[str, np.ndarray]:
    colors = rng.normal(1, 3, (3, height, width)).astype(np.float16)
    return {
        **dict(zip("RGB", colors, strict=True)),
        "Pz": rng.uniform(0.1, 1e4, (height, width)).astype(np.float32),
        "Op_Id": rng.integers(0, 2**32, (height, width), dtype=np.uint32),
    }


def read(path: Path) -> dict[Pass, np.ndarray]:
    return read_passes(path, choose_layers(read_header(path)))


def test_values_and_types_come_back_exactly(tmp_path: Path):
    written = planes()
    found = read(write_exr(tmp_path / "a.exr", written))
    assert np.array_equal(found[Pass.COLOR], np.stack([written[c] for c in "RGB"], axis=-1))
    assert np.array_equal(found[Pass.DEPTH], written["Pz"])
    assert np.array_equal(found[Pass.SEG], written["Op_Id"])
    assert [found[p].dtype for p in (Pass.COLOR, Pass.DEPTH, Pass.SEG)] == [np.float16, np.float32, np.uint32]


def test_parts_with_data_windows_of_their_own_line_up(tmp_path: Path):
    depth = np.full((2, 3), 4.0, np.float32)
    color = np.full((5, 7), 0.5, np.float16)
    path = write_parts(
        tmp_path / "a.exr",
        {"rgba": {"R": color, "G": color, "B": color}, "depth": {"Z": depth}},
        at={"depth": (1, 2)},
        display=(0, 0, 7, 5),
    )
    found = read(path)[Pass.DEPTH]
    assert found.shape == (5, 7)
    assert (found[2:4, 1:4] == 4).all()
    assert np.isinf(found).sum() == 35 - 6


def test_smaller_data_window_is_filled_with_black_and_no_id(tmp_path: Path):
    found = read(write_exr(tmp_path / "a.exr", planes(2, 3), at=(3, 1), display=(0, 0, 7, 5)))
    assert found[Pass.COLOR].shape == (5, 7, 3)
    outside = np.ones((5, 7), bool)
    outside[1:3, 3:6] = False
    assert not found[Pass.COLOR][outside].any()
    assert not found[Pass.SEG][outside].any()
    assert np.isinf(found[Pass.DEPTH][outside]).all()


def test_larger_data_window_is_cropped(tmp_path: Path):
    written = planes(9, 11)
    found = read(write_exr(tmp_path / "a.exr", written, at=(-2, -3), display=(0, 0, 7, 5)))
    assert np.array_equal(found[Pass.DEPTH], written["Pz"][3:8, 2:9])


def test_display_window_that_does_not_begin_at_the_origin_is_kept(tmp_path: Path):
    written = planes(5, 7)
    found = read(write_exr(tmp_path / "a.exr", written, at=(100, 50), display=(100, 50, 7, 5)))
    assert np.array_equal(found[Pass.DEPTH], written["Pz"])


def test_data_window_beside_the_display_window_is_all_fill(tmp_path: Path):
    found = read(write_exr(tmp_path / "a.exr", planes(2, 2), at=(50, 50), display=(0, 0, 7, 5)))
    assert not found[Pass.COLOR].any()


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_exr_that_is_cut_short_is_refused(tmp_path: Path, share: float):
    path = write_exr(tmp_path / "a.exr", planes(200, 300))
    layers = choose_layers(read_header(path))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(BadInput, match=r"a\.exr is cut short"):
        read_passes(path, layers)


def test_second_part_that_is_cut_short_is_refused(tmp_path: Path):
    parts = {"rgba": planes(100, 100), "depth": {"Z": rng.random((100, 100), np.float32)}}
    path = write_parts(tmp_path / "a.exr", parts)
    layers = choose_layers(read_header(path))
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(BadInput, match="is cut short"):
        read_passes(path, layers)


def test_frame_without_a_layer_of_the_shot_is_named(tmp_path: Path):
    layers = choose_layers(read_header(write_exr(tmp_path / "a.exr", planes())))
    other = write_exr(tmp_path / "b.exr", {k: v for k, v in planes().items() if k != "Pz"})
    with pytest.raises(BadInput, match=r"b\.exr has no channel 'Pz' in part 0"):
        read_passes(other, layers)


def write_picture(path: Path, pixels: np.ndarray, **attributes: object) -> Path:
    spec = OpenImageIO.ImageSpec(pixels.shape[1], pixels.shape[0], pixels.shape[2], str(pixels.dtype))
    for name, value in attributes.items():
        spec[name.replace("__", ":")] = value
    out = OpenImageIO.ImageOutput.create(str(path))
    assert out.open(str(path), spec)
    assert out.write_image(pixels)
    out.close()
    return path


@pytest.mark.parametrize("suffix", ["png", "tif", "dpx"])
def test_sixteen_bits_come_back_exactly(tmp_path: Path, suffix: str):
    pixels = rng.integers(0, 2**16, (5, 8, 3), dtype=np.uint16)
    found = read_picture(write_picture(tmp_path / f"a.{suffix}", pixels, oiio__BitsPerSample=16))
    assert found.dtype == np.uint16
    assert np.array_equal(found, pixels)


def test_ten_bit_dpx_is_spread_over_sixteen_bits(tmp_path: Path):
    ten = rng.integers(0, 2**10, (5, 8, 3), dtype=np.uint16)
    pixels = (ten.astype(np.uint32) * 65535 // 1023).astype(np.uint16)
    found = read_picture(write_picture(tmp_path / "a.dpx", pixels, oiio__BitsPerSample=10))
    assert np.abs(found.astype(int) - pixels).max() < 64


def test_colors_under_zero_alpha_stay_as_they_are_stored(tmp_path: Path):
    pixels = np.full((4, 4, 4), 200, np.uint8)
    pixels[:2, :, 3] = 0
    path = write_picture(tmp_path / "a.png", pixels, oiio__UnassociatedAlpha=1)
    assert np.array_equal(read_picture(path), pixels)


def test_pixel_aspect_is_read(tmp_path: Path):
    pixels = np.zeros((4, 4, 3), np.uint8)
    assert pixel_aspect(write_picture(tmp_path / "a.tif", pixels, PixelAspectRatio=2.0)) == 2.0
    assert pixel_aspect(write_picture(tmp_path / "b.png", pixels)) == 1.0


def test_broken_pictures_are_named_in_one_line(tmp_path: Path):
    whole = write_picture(tmp_path / "a.png", rng.integers(0, 255, (200, 200, 3), dtype=np.uint8))
    whole.write_bytes(whole.read_bytes()[:20000])
    for path, said in ((whole, "cut off"), (tmp_path / "none.png", "is no file")):
        with pytest.raises(BadInput, match=said) as error:
            read_picture(path)
        assert path.name in str(error.value)
        assert "\n" not in str(error.value)
    noise = tmp_path / "noise.png"
    noise.write_bytes(b"noise")
    with pytest.raises(BadInput, match="is no PNG file"):
        read_picture(noise)
