"""Picture files walked to their end: what whole ones say, and that no damage passes."""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import OpenEXR
import OpenImageIO
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosmos_houdini.media.sequences.formats import SUFFIXES, Damaged, inspect
from cosmos_houdini.model.sequence import Picture
from support.media import pictures

MAGICS = {
    ".png": b"\x89PNG\r\n\x1a\n",
    ".jpg": b"\xff\xd8\xff",
    ".tif": b"II*\0",
    ".exr": b"v/1\x01",
    ".dpx": b"SDPX",
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with one small whole file of each format, each called ``a``."""
    folder = tmp_path_factory.mktemp("whole")
    for suffix in pictures.SUFFIXES:
        pictures.picture(folder / f"a{suffix}")
    return folder


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for files that each example overwrites."""
    return tmp_path_factory.mktemp("scratch")


def reason(file: Path) -> str:
    with pytest.raises(Damaged) as caught:
        inspect(file)
    return str(caught.value)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_png_says_depth_and_channels(tmp_path: Path, dtype: type, channels: int):
    file = pictures.write(tmp_path / "a.png", pictures.ramp(channels=4, dtype=dtype)[..., :channels])
    bits = np.dtype(dtype).itemsize * 8
    alpha = "straight" if channels in {2, 4} else ""
    assert inspect(file) == Picture(format="png", size=(48, 32), bit_depth=bits, channels=channels, alpha=alpha)


def test_png_with_a_palette_counts_as_what_it_decodes_to(tmp_path: Path):
    palette, transparency = pictures.chunk(b"PLTE", bytes(6)), pictures.chunk(b"tRNS", b"\0")
    file = tmp_path / "a.png"
    file.write_bytes(pictures.png_bytes(bit_depth=1, color_type=3, between=[palette]))
    assert (inspect(file).bit_depth, inspect(file).channels) == (8, 3)
    file.write_bytes(pictures.png_bytes(bit_depth=1, color_type=3, between=[palette, transparency]))
    assert (inspect(file).bit_depth, inspect(file).channels) == (8, 4)


@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_says_size_and_channels(tmp_path: Path, channels: int):
    file = pictures.write(tmp_path / "a.jpeg", pictures.ramp(channels=channels))
    assert inspect(file) == Picture(format="jpeg", size=(48, 32), bit_depth=8, channels=channels)


def test_progressive_jpeg_is_walked_through_all_scans(tmp_path: Path):
    file = pictures.write(tmp_path / "a.jpg", pictures.ramp(), jpeg_progressive=1)
    assert file.read_bytes().count(b"\xff\xda") > 1
    assert inspect(file).size == (48, 32)


@pytest.mark.parametrize(
    ("dtype", "kind"), [(np.uint8, ("uint", 8)), (np.uint16, ("uint", 16)), (np.float32, ("float", 32))]
)
@pytest.mark.parametrize(
    "layout",
    [
        {"compression": "none"},
        {"compression": "zip"},
        {"compression": "lzw", "tile": 16},
        {"tile": 16, "compression": "none"},
        {"tiff_planarconfig": "separate"},
        {"tiff_bigtiff": 1},
        {"tiff_RowsPerStrip": 5},
    ],
    ids=str,
)
def test_tiff_of_every_layout_is_read(tmp_path: Path, dtype: type, kind: tuple[str, int], layout: dict[str, object]):
    picture = inspect(pictures.write(tmp_path / "a.tif", pictures.ramp(channels=4, dtype=dtype), **layout))
    assert (picture.channel_type, picture.bit_depth) == kind
    assert (picture.size, picture.channels) == ((48, 32), 4)


def test_tiff_of_the_other_byte_order_is_read(tmp_path: Path):
    pixels, entry = bytes(range(6)), struct.Struct(">HHII")
    short = lambda tag, value: struct.pack(">HHIHH", tag, 3, 1, value, 0)  # noqa: E731 - reads as a table
    entries = [short(256, 2), short(257, 3), short(258, 8), short(259, 1), short(262, 1)]
    entries += [entry.pack(273, 4, 1, 8), short(277, 1), short(278, 3), entry.pack(279, 4, 1, 6)]
    directory = struct.pack(">H", len(entries)) + b"".join(entries) + bytes(4)
    file = tmp_path / "a.tif"
    file.write_bytes(b"MM\0*" + struct.pack(">I", 14) + pixels + directory)
    assert inspect(file) == Picture(format="tiff", size=(2, 3), bit_depth=8, channels=1)


COMPRESSIONS = sorted(name for name in dir(OpenEXR) if name.endswith("_COMPRESSION"))


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_exr_of_every_compression_is_walked_and_its_cut_seen(tmp_path: Path, compression: str):
    file = tmp_path / "a.exr"
    pixels = np.random.default_rng(0).random((300, 20, 3)).astype(np.float16)
    OpenEXR.File({"compression": getattr(OpenEXR, compression)}, {"RGB": pixels}).write(str(file))
    assert inspect(file) == Picture(format="exr", size=(20, 300), bit_depth=16, channels=3, channel_type="half")
    assert "cut off" in reason(pictures.cut(file, 0.99))


def test_exr_counts_the_channels_of_all_parts_and_takes_depth_from_the_colour(tmp_path: Path):
    parts = [
        OpenEXR.Part({}, {"RGBA": pictures.ramp(channels=4, dtype=np.float16)}, "beauty"),
        OpenEXR.Part({}, {"Z": pictures.ramp(channels=1, dtype=np.float32)[..., 0]}, "depth"),
    ]
    file = tmp_path / "a.exr"
    OpenEXR.File(parts).write(str(file))
    facts = {"size": (48, 32), "bit_depth": 16, "channels": 5, "channel_type": "half", "alpha": "premultiplied"}
    assert inspect(file) == Picture(format="exr", **facts)  # type: ignore[arg-type]
    assert reason(pictures.cut(file, 0.9))


def test_exr_says_the_size_of_the_display_window(tmp_path: Path):
    header = {
        "displayWindow": (np.array([0, 0], "i4"), np.array([99, 49], "i4")),
        "dataWindow": (np.array([-5, 7], "i4"), np.array([42, 38], "i4")),
    }
    file = tmp_path / "a.exr"
    OpenEXR.File(header, {"Z": pictures.ramp(channels=1, dtype=np.float32)[..., 0]}).write(str(file))
    assert inspect(file) == Picture(format="exr", size=(100, 50), bit_depth=32, channels=1, channel_type="float")


@pytest.mark.parametrize("suffix", [".exr", ".tif"])
def test_tiles_of_all_smaller_versions_are_walked(tmp_path: Path, suffix: str):
    source = OpenImageIO.ImageBuf(str(pictures.write(tmp_path / "a.exr", pictures.ramp((50, 37), dtype=np.float32))))
    file = tmp_path / f"mip{suffix}"
    spec = OpenImageIO.ImageSpec()
    assert OpenImageIO.ImageBufAlgo.make_texture(OpenImageIO.MakeTxTexture, source, str(file), spec)
    assert OpenImageIO.ImageBuf(str(file)).nmiplevels == 6
    assert inspect(file).size == (50, 37)
    assert "cut off" in reason(pictures.cut(file, 0.98))


@pytest.mark.parametrize("packing", ["Packed", "Filled, method A", "Filled, method B"])
@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_dpx_of_every_packing_is_read_and_its_cut_seen(tmp_path: Path, packing: str, bits: int, channels: int):
    dtype = np.uint8 if bits == 8 else np.uint16
    pixels = pictures.ramp((480, 270), channels=channels, dtype=dtype)
    file = pictures.write(tmp_path / "a.dpx", pixels, **{"oiio:BitsPerSample": bits, "dpx_Packing": packing})
    alpha = "unsaid" if channels == 4 else ""
    assert inspect(file) == Picture(format="dpx", size=(480, 270), bit_depth=bits, channels=channels, alpha=alpha)
    assert "cut off" in reason(pictures.cut(file, 0.9))


@pytest.mark.parametrize("suffix", pictures.SUFFIXES)
def test_a_file_cut_at_any_byte_is_damaged(whole: Path, scratch: Path, suffix: str):
    file = scratch / f"a{suffix}"
    data = (whole / f"a{suffix}").read_bytes()
    # Every byte of the headers, then strides; the very last byte counts as well.
    strides = range(300, len(data), max(11, len(data) // 100))
    for keep in (*range(1, min(300, len(data))), *strides, len(data) - 1):
        file.write_bytes(data[:keep])
        assert "cut off" in reason(file), keep


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.9])
def test_a_file_whose_end_is_zeros_is_damaged_where_the_format_can_tell(tmp_path: Path, keep: float):
    exr = pictures.write(tmp_path / "a.exr", pictures.ramp((48, 200), dtype=np.float16), compression="zips")
    for file in (exr, pictures.picture(tmp_path / "a.png"), pictures.picture(tmp_path / "a.jpg")):
        assert reason(pictures.blank_tail(file, keep)), file.suffix


def test_any_changed_bit_of_a_png_is_found(whole: Path, scratch: Path):
    file = scratch / "a.png"
    data = (whole / "a.png").read_bytes()
    for offset in range(len(data)):
        file.write_bytes(data)
        assert reason(pictures.flip(file, offset)), offset


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=600))
@pytest.mark.parametrize("suffix", pictures.SUFFIXES)
def test_arbitrary_bytes_are_damaged_and_nothing_else(scratch: Path, suffix: str, data: bytes):
    file = scratch / f"a{suffix}"
    for content in (data, MAGICS[suffix] + data):
        file.write_bytes(content)
        assert reason(file)


@settings(max_examples=120, deadline=None)
@given(changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=8)), max_size=4))
@pytest.mark.parametrize("suffix", pictures.SUFFIXES)
def test_a_file_changed_anywhere_is_a_picture_or_damaged_and_nothing_else(
    whole: Path, scratch: Path, suffix: str, changes: list[tuple[float, bytes]]
):
    data = bytearray((whole / f"a{suffix}").read_bytes())
    # Most changes go into the first bytes, where the headers are.
    for place, new in changes:
        offset = int(place**3 * len(data))
        data[offset : offset + len(new)] = new
    file = scratch / f"a{suffix}"
    file.write_bytes(data)
    with contextlib.suppress(Damaged):
        assert isinstance(inspect(file), Picture)


def _png_without_palette() -> bytes:
    return pictures.png_bytes(color_type=3)


def _png_without_pixels() -> bytes:
    data = pictures.png_bytes()
    return data[: data.index(b"IDAT") - 4] + pictures.chunk(b"IEND", b"")


def _png_with_split_pixels() -> bytes:
    end = pictures.chunk(b"IEND", b"")
    return pictures.png_bytes()[: -len(end)] + pictures.chunk(b"tEXt", b"a\0b") + pictures.chunk(b"IDAT", b"x") + end


def _png_without_header() -> bytes:
    return MAGICS[".png"] + pictures.chunk(b"IDAT", b"x") + pictures.chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (_png_without_palette, "has palette colours and no palette"),
        (_png_without_pixels, "has no pixels"),
        (_png_with_split_pixels, "has other chunks between its pixels"),
        (_png_without_header, "does not begin with a PNG header"),
        (lambda: pictures.png_bytes((0, 4)), "says that it is 0x4 pixels large"),
        (lambda: pictures.png_bytes(bit_depth=4), "4 bits in colour type 2"),
    ],
)
def test_png_with_right_checksums_and_wrong_contents_is_damaged(
    tmp_path: Path, build: Callable[[], bytes], expected: str
):
    file = tmp_path / "a.png"
    file.write_bytes(build())
    assert expected in reason(file)


def test_exr_that_a_render_left_unfinished_names_its_missing_blocks(tmp_path: Path):
    file = pictures.write(tmp_path / "a.exr", pictures.ramp((20, 64), dtype=np.float16), compression="zip")
    data = bytearray(file.read_bytes())
    # The offset table stands right before the first block, to which its first entry points.
    (table,) = (at for at in range(len(data) - 8) if struct.unpack_from("<Q", data, at)[0] == at + 4 * 8)
    data[table + 16 : table + 32] = bytes(16)
    file.write_bytes(data)
    assert reason(file) == "lacks 2 of 4 blocks of lines: the render was cut off while writing"


@pytest.mark.parametrize(("tag", "words"), [(257, "says that it is 48x0 pixels large"), (277, "with 0 channels")])
@pytest.mark.parametrize("page", [0, 1])
def test_tiff_with_a_page_without_pixels_is_damaged(tmp_path: Path, page: int, tag: int, words: str):
    file = pictures.write(tmp_path / "a.tif", pictures.ramp(), compression="none")
    data = bytearray(file.read_bytes())
    (directory,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, directory)
    entries = data[directory : directory + 2 + 12 * count]
    (entry,) = (at for at in range(2, len(entries), 12) if struct.unpack_from("<H", entries, at)[0] == tag)
    if page:
        struct.pack_into("<I", data, directory + len(entries), len(data))
        data += entries + bytes(4)
        directory = len(data) - len(entries) - 4
    struct.pack_into("<I", data, directory + entry + 8, 0)
    file.write_bytes(data)
    assert words in reason(file)


def test_exr_block_that_belongs_to_other_lines_is_damaged(tmp_path: Path):
    file = pictures.write(tmp_path / "a.exr", pictures.ramp((20, 64), dtype=np.float16), compression="zip")
    data = bytearray(file.read_bytes())
    (table,) = (at for at in range(len(data) - 8) if struct.unpack_from("<Q", data, at)[0] == at + 4 * 8)
    data[table + 8 : table + 24] = data[table + 16 : table + 24] + data[table + 8 : table + 16]
    file.write_bytes(data)
    assert "where block 2 of 4 should begin" in reason(file)


def test_dpx_shorter_than_its_header_says_is_damaged_behind_its_pixels_too(tmp_path: Path):
    file = pictures.picture(tmp_path / "a.dpx")
    data = bytearray(file.read_bytes())
    struct.pack_into(">I" if data.startswith(b"SDPX") else "<I", data, 16, len(data) + 100)
    file.write_bytes(data)
    assert f"ends after {len(data)} of at least {len(data) + 100} bytes" in reason(file)


def test_tiff_with_strips_that_were_never_written_is_damaged(tmp_path: Path):
    file = pictures.write(tmp_path / "a.tif", pictures.ramp(), compression="zip")
    data = bytearray(file.read_bytes())
    (directory,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, directory)
    entries = range(directory + 2, directory + 2 + 12 * count, 12)
    (lengths,) = (at for at in entries if struct.unpack_from("<H", data, at)[0] == 279)
    struct.pack_into("<HHII", data, lengths, 279, 4, 1, 0)
    file.write_bytes(data)
    assert "empty strips or tiles" in reason(file)


def test_jpeg_without_a_scan_is_damaged(tmp_path: Path):
    file = pictures.picture(tmp_path / "a.jpg")
    data = file.read_bytes()
    file.write_bytes(data[: data.index(b"\xff\xda")] + b"\xff\xd9")
    assert reason(file) == "has no pixels before its end marker"


def test_tiff_directories_in_a_circle_end(tmp_path: Path):
    file = pictures.write(tmp_path / "a.tif", pictures.ramp(), compression="none")
    data = bytearray(file.read_bytes())
    (directory,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, directory)
    struct.pack_into("<I", data, directory + 2 + 12 * count, directory)
    file.write_bytes(data)
    assert reason(file) == "has directories that run in a circle"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_empty_file_says_that_the_render_never_wrote_it(tmp_path: Path, suffix: str):
    (tmp_path / f"a{suffix}").touch()
    assert reason(tmp_path / f"a{suffix}") == "is empty (0 bytes): the render never wrote it"


def test_zeros_alone_say_that_the_disk_was_full(tmp_path: Path):
    (tmp_path / "a.exr").write_bytes(bytes(5000))
    assert reason(tmp_path / "a.exr").startswith("begins with zeros")


def test_another_format_under_a_wrong_name_is_named(tmp_path: Path):
    pictures.picture(tmp_path / "a.jpg").rename(tmp_path / "a.png")
    assert reason(tmp_path / "a.png") == "is a JPEG file, whatever its name says"
    (tmp_path / "b.png").write_text("<html>404</html>")
    assert reason(tmp_path / "b.png") == "is no PNG file, whatever its name says"


def test_a_size_that_no_picture_has_is_refused_before_it_is_read(tmp_path: Path):
    file = tmp_path / "a.png"
    file.write_bytes(pictures.png_bytes())
    os.truncate(file, 1 << 40)
    assert "1024 GiB" in reason(file)


def test_a_dangling_link_names_what_it_points_to(tmp_path: Path):
    (tmp_path / "a.png").symlink_to(tmp_path / "gone.png")
    assert reason(tmp_path / "a.png") == f"is a link to {tmp_path / 'gone.png'}, which does not exist"


def test_a_pipe_is_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "a.png")
    assert reason(tmp_path / "a.png") == "is no regular file"
