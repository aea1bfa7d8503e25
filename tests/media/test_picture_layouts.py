"""Every layout of TIFF gives the right picture or is refused as what it is, and every file is shown upright."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cosmos_houdini.errors import BadInput, CheckFailed
from cosmos_houdini.media.pictures.display_levels import display_bytes
from cosmos_houdini.media.pictures.stored_picture import read_picture, turned
from cosmos_houdini.media.selection import select
from cosmos_houdini.media.sequences.check import check_path
from cosmos_houdini.media.sequences.discover import find_sequences
from cosmos_houdini.media.sequences.formats import inspect
from cosmos_houdini.media.sequences.verify import verify
from cosmos_houdini.media.videos.source import is_readable_by_ffmpeg
from support.media import tiff_files as tiff
from support.media.pictures import chunk
from support.media.quarters import COLORS, quarters, seen
from support.media.tiff_files import write_tiff

PLAIN = quarters()
DEEP = PLAIN.astype(np.uint16) * 257
INK = np.concatenate([255 - PLAIN, np.zeros_like(PLAIN[..., :1])], 2)


def of_bits(bits: int) -> np.ndarray:
    return np.rint(PLAIN / 255 * (2**bits - 1)).astype(np.uint32 if bits > 16 else np.uint16)


LAYOUTS: dict[str, dict[str, object]] = {
    "tiles": {"samples": PLAIN, "tile": 32},
    "tiles of 16 bits": {"samples": DEEP, "bits": 16, "tile": 16, "compression": tiff.DEFLATE},
    "planes": {"samples": PLAIN, "planar": True},
    "planes of 16 bits": {"samples": DEEP, "bits": 16, "planar": True},
    "planes of tiles": {"samples": PLAIN, "planar": True, "tile": 32},
    "BigTIFF": {"samples": PLAIN, "big": True},
    "BigTIFF of tiles": {"samples": PLAIN, "big": True, "tile": 64},
    "CMYK": {"samples": INK, "photometric": tiff.CMYK},
    "CMYK of 16 bits": {"samples": INK.astype(np.uint16) * 257, "bits": 16, "photometric": tiff.CMYK},
    "CMYK in planes": {"samples": INK, "photometric": tiff.CMYK, "planar": True},
    **{f"{bits} bits": {"samples": of_bits(bits), "bits": bits} for bits in (10, 12, 14, 32)},
    "10 bits in planes": {"samples": of_bits(10), "bits": 10, "planar": True},
    "12 bits in tiles": {"samples": of_bits(12), "bits": 12, "tile": 32},
    "half": {"samples": (PLAIN / 255).astype(np.float16), "bits": 16},
    "double": {"samples": (PLAIN / 255).astype(np.float64), "bits": 64},
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_of_tiff_gives_the_right_colours(tmp_path: Path, name: str):
    file = write_tiff(tmp_path / "a.tif", **LAYOUTS[name])  # type: ignore[arg-type]
    assert np.abs(seen(display_bytes(read_picture(file))) - COLORS).max() <= 1
    assert not is_readable_by_ffmpeg(inspect(file)), "FFmpeg reads none of these as it is meant"


@pytest.mark.parametrize("mode", ["RGB", "YCbCr", "CMYK"])
def test_jpeg_inside_tiff_gives_the_right_colours(tmp_path: Path, mode: str):
    Image.fromarray(PLAIN).convert(mode).save(tmp_path / "a.tif", compression="jpeg")
    assert np.abs(seen(display_bytes(read_picture(tmp_path / "a.tif"))) - COLORS).max() <= 3
    assert not is_readable_by_ffmpeg(inspect(tmp_path / "a.tif"))


@pytest.mark.parametrize("mode", ["CMYK", "L"])
def test_jpeg_of_four_channels_or_one_is_read(tmp_path: Path, mode: str):
    meant = np.array(Image.fromarray(PLAIN).convert(mode).convert("RGB"))
    Image.fromarray(PLAIN).convert(mode).save(tmp_path / "a.jpg", quality=98)
    assert np.abs(seen(display_bytes(read_picture(tmp_path / "a.jpg"))) - seen(meant)).max() <= 3


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 10, 12, 14, 16, 32])
def test_white_may_be_zero_at_every_depth(tmp_path: Path, bits: int):
    most = 2**bits - 1
    ramp = np.rint(np.linspace(0, most, 64)).astype(np.uint32)[None, :, None].repeat(16, 0)
    kind = np.uint8 if bits <= 8 else np.uint16 if bits <= 16 else np.uint32
    file = write_tiff(tmp_path / "a.tif", (most - ramp).astype(kind), bits=bits, photometric=tiff.MINISWHITE)
    got = read_picture(file)
    assert np.abs(got[0, :, 0] / np.iinfo(got.dtype).max - ramp[0, :, 0] / most).max() < 1e-4


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"compression": 50000}, "Zstandard"),
        ({"compression": 34925}, "LZMA"),
        ({"compression": 50002}, "JPEG XL"),
        ({"compression": 6}, "old-style JPEG"),
        ({"compression": 34676}, "SGI LogLuv"),
        ({"compression": 12345}, "number 12345"),
        ({"photometric": tiff.CIELAB}, "CIE L*a*b*"),
        ({"photometric": tiff.LOGLUV}, "CIE LogLuv"),
        ({"tags": {tiff.SAMPLE_FORMAT: ("H", (2, 2, 2))}}, "signed integers of 8 bits"),
        ({"samples": of_bits(24), "bits": 24}, "24 bits"),
        ({"tags": {tiff.BITS: ("H", (5, 6, 5))}}, "different depths"),
    ],
)
def test_a_layout_that_nobody_reads_is_refused_as_what_it_is(tmp_path: Path, change: dict[str, object], words: str):
    for frame in (1, 2):
        write_tiff(tmp_path / f"shot.{frame:04d}.tif", **({"samples": PLAIN} | change))  # type: ignore[arg-type]
    report = check_path(tmp_path, pass_names={})
    assert not report.ok
    with pytest.raises(CheckFailed) as caught:
        select(verify(find_sequences(tmp_path, {})))
    with pytest.raises(BadInput) as read:
        read_picture(tmp_path / "shot.0001.tif")
    for told in (str(caught.value), *report.problems, str(read.value)):
        assert words in told
        assert "write it as RGB" in told
        assert not any(word in told for word in ("damaged", "cut short", "render the frame", "corrupt"))


def test_one_tiled_file_among_others_takes_all_of_them_to_the_reader_that_knows_tiles(tmp_path: Path):
    for frame in (1, 2, 3):
        write_tiff(tmp_path / f"shot.{frame:04d}.tif", PLAIN, tile=32 if frame == 2 else 0)
    (found,) = verify(find_sequences(tmp_path, {}))
    assert found.ok
    assert found.picture
    assert not is_readable_by_ffmpeg(found.picture)


def write_turned(folder: Path, suffix: str, turn: int) -> Path:
    """Write the quarters so that they are upright after the turn."""
    back = {6: 8, 8: 6}.get(turn, turn)
    stored = Image.fromarray(np.ascontiguousarray(turned(PLAIN, back)))
    file = folder / f"a{suffix}"
    exif = Image.Exif()
    exif[274] = turn
    if suffix == ".tif":
        stored.save(file, tiffinfo={274: turn})
    else:
        stored.save(file, exif=exif, quality=98)
    if suffix == ".late.png":
        data = file.read_bytes()
        start = data.index(b"eXIf") - 4
        length = int.from_bytes(data[start : start + 4], "big") + 12
        end = data.index(b"IEND") - 4
        moved = data[:start] + data[start + length : end] + data[start : start + length] + data[end:]
        file.write_bytes(moved)
    return file


@pytest.mark.parametrize("suffix", [".png", ".late.png", ".jpg", ".tif"])
@pytest.mark.parametrize("turn", range(1, 9))
def test_every_orientation_is_shown_upright(tmp_path: Path, suffix: str, turn: int):
    file = write_turned(tmp_path, suffix, turn)
    pixels = read_picture(file)
    for checksums in (True, False):
        found = inspect(file, checksums=checksums)
        assert found.size == (pixels.shape[1], pixels.shape[0]) == (128, 96)
        assert is_readable_by_ffmpeg(found) == (turn == 1)
    assert np.abs(seen(pixels) - COLORS).max() <= 3


def test_a_colour_that_counts_as_transparent_is_an_alpha(tmp_path: Path):
    Image.fromarray(PLAIN).save(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    key = chunk(b"tRNS", b"".join(level.to_bytes(2, "big") for level in COLORS[0]))
    (tmp_path / "a.png").write_bytes(data[:33] + key + data[33:])
    found = inspect(tmp_path / "a.png")
    assert (found.channels, found.alpha, is_readable_by_ffmpeg(found)) == (4, "straight", False)
    assert read_picture(tmp_path / "a.png")[10, 10, 3] == 0
