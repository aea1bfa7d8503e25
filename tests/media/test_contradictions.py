"""Pictures whose header contradicts their pixels although every checksum is right, or asks for too much memory."""

from __future__ import annotations

import resource
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import OpenEXR
import pytest
from PIL import Image

from cosmos_houdini.config import Config, load
from cosmos_houdini.media.sequences.formats import Damaged, inspect, prove
from cosmos_houdini.reporter import Silent
from cosmos_houdini.shots.check import check_path
from support.media import pictures

SIZE = (96, 64)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return load(tmp_path, {})


def pixels() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 255, (SIZE[1], SIZE[0], 3), np.uint8)


def resize_png(data: bytearray, width: int, height: int) -> None:
    struct.pack_into(">II", data, 16, width, height)
    struct.pack_into(">I", data, 29, zlib.crc32(data[12:29]))


def resize_jpeg(data: bytearray, width: int, height: int) -> None:
    struct.pack_into(">HH", data, data.index(b"\xff\xc0") + 5, height, width)


def resize_tiff(data: bytearray, width: int, height: int) -> None:
    set_tag(data, 256, width)
    set_tag(data, 257, height)


def set_tag(data: bytearray, tag: int, value: int) -> None:
    (directory,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, directory)
    for entry in range(directory + 2, directory + 2 + 12 * count, 12):
        if struct.unpack_from("<H", data, entry)[0] == tag:
            # The kind becomes LONG, which holds every size.
            struct.pack_into("<HHII", data, entry, tag, 4, 1, value)


def resize_dpx(data: bytearray, width: int, height: int) -> None:
    order = ">" if data.startswith(b"SDPX") else "<"
    struct.pack_into(f"{order}II", data, 772, width, height)


RESIZE: dict[str, Callable[[bytearray, int, int], None]] = {
    "png": resize_png,
    "jpg": resize_jpeg,
    "tif": resize_tiff,
    "dpx": resize_dpx,
}
KINDS = ["png", "jpg", "tif none", "tif zip", "tif lzw", "dpx"]
SIZES = {
    "taller": (96, 128),
    "wider": (192, 64),
    "a little wider": (112, 64),
    "shorter": (96, 32),
    "narrower": (48, 64),
    "far taller": (96, 9600),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("change", SIZES)
def test_check_finds_a_size_that_the_pixels_do_not_have(tmp_path: Path, config: Config, kind: str, change: str) -> None:
    suffix, _, compression = kind.partition(" ")
    more = {"compression": compression} if compression else {}
    for number in range(3):
        file = pictures.write(tmp_path / f"a.{number}.{suffix}", pixels(), **more)
        data = bytearray(file.read_bytes())
        RESIZE[suffix](data, *SIZES[change])
        file.write_bytes(data)
    report = check_path(config, tmp_path, Silent()).report
    assert not report.ok
    assert [bad.frame for bad in report.sequences[0].corrupt] == [0, 1, 2]
    assert len(report.problems) == 1
    assert "\n" not in report.problems[0]


def test_frames_of_a_pass_that_nobody_knows_are_decoded_too(tmp_path: Path, config: Config) -> None:
    for number in range(4):
        file = pictures.write(tmp_path / f"quux_thing.{number}.png", pixels())
        data = bytearray(file.read_bytes())
        resize_png(data, 96, 128)
        file.write_bytes(data)
    assert not check_path(config, tmp_path, Silent()).report.ok


def test_the_smallest_file_of_many_is_decoded_too(tmp_path: Path, config: Config) -> None:
    for number in range(20):
        pictures.write(tmp_path / f"beauty.{number:04}.png", pixels())
    short = pictures.png_bytes(SIZE)
    at = short.index(b"IDAT") - 4
    (length,) = struct.unpack_from(">I", short, at)
    half = pictures.chunk(b"IDAT", zlib.compress(bytes(289 * 20)))
    (tmp_path / "beauty.0013.png").write_bytes(short[:at] + half + short[at + 12 + length :])
    (sequence,) = check_path(config, tmp_path, Silent()).report.sequences
    assert [bad.frame for bad in sequence.corrupt] == [13]


@pytest.mark.parametrize("interlace", [0, 1])
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("size", [(1, 1), (7, 5), (96, 64)])
def test_whole_pngs_of_every_kind_are_proven(tmp_path: Path, mode: str, size: tuple[int, int], interlace: int) -> None:
    file = tmp_path / "a.png"
    Image.new(mode, size).save(file, interlace=interlace)
    inspect(file)
    prove(file)


@pytest.mark.parametrize("compression", ["none", "zip", "lzw", "packbits"])
@pytest.mark.parametrize("layout", [{}, {"tile": 16}, {"tiff_RowsPerStrip": 5}, {"tiff_planarconfig": "separate"}])
@pytest.mark.parametrize("size", [(48, 32), (37, 23)])
def test_whole_tiffs_of_every_layout_are_proven(
    tmp_path: Path, compression: str, layout: dict[str, object], size: tuple[int, int]
) -> None:
    for dtype in (np.uint8, np.uint16, np.float32):
        file = pictures.write(tmp_path / "a.tif", pictures.ramp(size, dtype=dtype), compression=compression, **layout)
        inspect(file)
        prove(file)


@pytest.mark.parametrize("size", [(96, 64), (97, 63), (17, 200), (1, 1)])
@pytest.mark.parametrize("options", [{}, {"jpeg_progressive": 1}, {"jpeg_subsampling": "4:4:4"}], ids=str)
def test_whole_jpegs_of_every_kind_are_proven(
    tmp_path: Path, config: Config, size: tuple[int, int], options: dict[str, object]
) -> None:
    for number, channels in enumerate((1, 3)):
        folder = tmp_path / str(number)
        folder.mkdir()
        pictures.write(folder / "a.1.jpg", pictures.ramp(size, channels=channels), **options)
        assert check_path(config, folder, Silent()).report.ok


def said(file: Path) -> str:
    try:
        inspect(file)
        prove(file)
    except Damaged as damage:
        return str(damage)
    return ""


@pytest.mark.parametrize(
    ("between", "words"),
    [
        ([b"IHDR" + struct.pack(">IIBBBBB", 2, 1, 8, 2, 0, 0, 0)], "two headers"),
        ([b"PLTE" + bytes(5)], "a palette of 5 bytes"),
        ([b"PLTE" + bytes(3 * 257)], "a palette of 771 bytes"),
    ],
)
def test_png_chunks_that_contradict_the_format_are_told(tmp_path: Path, between: list[bytes], words: str) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(pictures.png_bytes(between=[pictures.chunk(each[:4], each[4:]) for each in between]))
    assert words in said(file)


def test_png_pixels_that_do_not_decompress_are_told(tmp_path: Path) -> None:
    whole = pictures.png_bytes(SIZE)
    at = whole.index(b"IDAT") - 4
    (length,) = struct.unpack_from(">I", whole, at)
    for body, words in ((b"\0" * length, "cannot be decompressed"), (whole[at + 8 : at + 4 + length], "end after")):
        file = tmp_path / "a.png"
        file.write_bytes(whole[:at] + pictures.chunk(b"IDAT", body) + whole[at + 12 + length :])
        assert words in said(file)


def test_tiff_blocks_that_overlap_are_told(tmp_path: Path) -> None:
    file = pictures.write(tmp_path / "a.tif", pixels(), compression="lzw", tiff_RowsPerStrip=32)
    data = bytearray(file.read_bytes())
    (directory,) = struct.unpack_from("<I", data, 4)
    (entry,) = (at for at in range(directory + 2, directory + 400, 12) if struct.unpack_from("<H", data, at)[0] == 273)
    (offsets,) = struct.unpack_from("<I", data, entry + 8)
    first, second = struct.unpack_from("<II", data, offsets)
    struct.pack_into("<II", data, offsets, first, second - 10)
    file.write_bytes(data)
    assert "overlap at byte" in said(file)


@pytest.mark.parametrize(
    ("offset", "layout", "value", "words"),
    [
        (4, "I", 100, "begin at byte 100, which lies inside its header"),
        (16, "I", 3000, "in its header that it is 3000 bytes long"),
        (808, "I", 5_000_000, "and at byte 5000000"),
        (770, "H", 9, "9 image elements"),
    ],
)
def test_dpx_sizes_that_contradict_one_another_are_told(
    tmp_path: Path, offset: int, layout: str, value: int, words: str
) -> None:
    file = pictures.write(tmp_path / "a.dpx", pixels())
    data = bytearray(file.read_bytes())
    struct.pack_into((">" if data.startswith(b"SDPX") else "<") + layout, data, offset, value)
    file.write_bytes(data)
    assert words in said(file)


def test_jpeg_scans_and_frames_that_contradict_one_another_are_told(tmp_path: Path) -> None:
    whole = pictures.write(tmp_path / "a.jpg", pixels()).read_bytes()
    frame, scan = whole.index(b"\xff\xc0"), whole.index(b"\xff\xda")
    (length,) = struct.unpack_from(">H", whole, frame + 2)
    twice = whole[:scan] + whole[frame : frame + 2 + length] + whole[scan:]
    other = bytearray(whole)
    other[scan + 5] = 77
    fewer = bytearray(whole)
    fewer[frame + 9] = 2
    early = whole[:frame] + whole[scan:-2] + whole[frame:]
    cases = (
        (twice, "two frame headers"),
        (other, "other channels"),
        (fewer, "lists others"),
        (early, "before its frame"),
    )
    for data, words in cases:
        file = tmp_path / "b.jpg"
        file.write_bytes(data)
        assert words in said(file)


def exr(tmp_path: Path, compression: object = OpenEXR.NO_COMPRESSION, **header: object) -> Path:
    file = tmp_path / "a.exr"
    values = np.random.default_rng(0).random((64, 48, 3)).astype(np.float16)
    OpenEXR.File({"compression": compression, **header}, {"RGB": values}).write(str(file))
    return file


def offsets_at(data: bytes) -> int:
    """Return where the offset table begins: after the zero byte that ends the header."""
    first_line = data.index(struct.pack("<ii", 0, 48 * 6), 200)
    return first_line - 64 * 8


def test_exr_offsets_that_share_a_block_are_told(tmp_path: Path) -> None:
    file = exr(tmp_path)
    data = bytearray(file.read_bytes())
    table = offsets_at(data)
    data[table + 8 : table + 16] = data[table : table + 8]
    file.write_bytes(data)
    assert "where block 2 of 64 should begin" in said(file)
    # A block that is hidden inside the pixels of another one has the right line, and overlaps.
    data = bytearray(exr(tmp_path).read_bytes())
    (first,) = struct.unpack_from("<Q", data, table)
    data[first + 8 : first + 16] = struct.pack("<ii", 1, 48 * 6)
    struct.pack_into("<Q", data, table + 8, first + 8)
    file.write_bytes(data)
    assert "overlap at byte" in said(file)


def test_exr_offsets_into_the_header_are_told(tmp_path: Path) -> None:
    file = exr(tmp_path, note=struct.pack("<ii", 0, 48 * 6).decode("latin-1").replace("\0", "\x01"))
    data = bytearray(file.read_bytes())
    table = offsets_at(data)
    place = data.index(b"note\0") + 20
    struct.pack_into("<Q", data, table, place)
    file.write_bytes(data)
    assert said(file)


@pytest.mark.parametrize("compression", [OpenEXR.NO_COMPRESSION, OpenEXR.ZIPS_COMPRESSION, OpenEXR.RLE_COMPRESSION])
def test_exr_windows_that_the_blocks_cannot_fill_are_told(tmp_path: Path, compression: object) -> None:
    file = exr(tmp_path, compression)
    data = bytearray(file.read_bytes())
    for name in (b"dataWindow\0", b"displayWindow\0"):
        struct.pack_into("<i", data, data.index(name) + len(name) + len(b"box2i\0") + 4 + 8, 1_000_000)
    file.write_bytes(data)
    assert "header and pixels contradict each other" in said(file)


def test_exr_tiles_that_are_stored_twice_are_told(tmp_path: Path) -> None:
    file = pictures.write(tmp_path / "a.exr", pictures.ramp((64, 32), dtype=np.float16), tile=16, compression="none")
    assert inspect(file).size == (64, 32)
    data = bytearray(file.read_bytes())
    at = data.index(struct.pack("<iiii", 1, 0, 0, 0))
    struct.pack_into("<i", data, at, 0)
    file.write_bytes(data)
    assert "where block 2 of 8 should begin" in said(file)


def test_exr_chunk_count_that_does_not_fit_the_window_is_told(tmp_path: Path) -> None:
    file = tmp_path / "a.exr"
    parts = [OpenEXR.Part({}, {"RGB": pictures.ramp(dtype=np.float16)}, name) for name in ("a", "b")]
    OpenEXR.File(parts).write(str(file))
    data = bytearray(file.read_bytes())
    at = data.index(b"chunkCount\0int\0") + len(b"chunkCount\0int\0") + 4
    (count,) = struct.unpack_from("<i", data, at)
    struct.pack_into("<i", data, at, count - 1)
    file.write_bytes(data)
    assert f"says that it has {count - 1} blocks of pixels, where its size needs {count}" in said(file)


HUGE = [(30_000, 30_000), (2**31 - 1, 2**31 - 1), (65_535, 65_535), (1, 2**28)]


@pytest.mark.parametrize("size", HUGE, ids=str)
@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "dpx", "exr"])
def test_a_size_beyond_the_limit_is_refused_by_its_header(tmp_path: Path, suffix: str, size: tuple[int, int]) -> None:
    if suffix == "jpg" and max(size) > 65_535:
        pytest.skip("JPEG has no such size")
    file = exr(tmp_path) if suffix == "exr" else pictures.write(tmp_path / f"a.{suffix}", pixels())
    data = bytearray(file.read_bytes())
    if suffix == "exr":
        place = data.index(b"displayWindow\0") + len(b"displayWindow\0box2i\0") + 4
        struct.pack_into("<iiii", data, place, 0, 0, min(size[0] - 1, 2**30), min(size[1] - 1, 2**30))
    else:
        RESIZE[suffix](data, *size)
    file.write_bytes(data)
    assert "pictures of at most 134 million pixels are read" in said(file)


def test_a_real_picture_of_30000_lines_costs_its_header(tmp_path: Path) -> None:
    """Write the picture that took 5 GB, and let the command check it with 1 GB of memory."""
    line = zlib.compressobj(1)
    packed = b"".join(line.compress(bytes(1 + 30_000 * 3)) for _ in range(30_000)) + line.flush()
    for number in range(3):
        (tmp_path / f"a.{number}.png").write_bytes(
            b"\x89PNG\r\n\x1a\n"
            + pictures.chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0))
            + pictures.chunk(b"IDAT", packed)
            + pictures.chunk(b"IEND", b"")
        )
    done = subprocess.run(
        [sys.executable, "-m", "cosmos_houdini", "check", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (1 << 30, 1 << 30)),
    )
    assert done.returncode == 1, done.stderr
    assert "says that it is 30000x30000 pixels large" in done.stdout
    assert "Traceback" not in done.stderr


def test_too_little_memory_is_one_sentence(tmp_path: Path) -> None:
    Image.new("RGB", (16_384, 8_000)).save(tmp_path / "a.1.png")
    done = subprocess.run(
        [sys.executable, "-m", "cosmos_houdini", "check", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (400 << 20, 400 << 20)),
    )
    assert done.returncode == 1
    assert "too little memory" in done.stderr
    assert "Traceback" not in done.stderr
