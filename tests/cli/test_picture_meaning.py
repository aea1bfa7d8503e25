"""Alpha, orientation, layout and encoding of picture files mean the same at every size and with every option."""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image, ImageCms

from cosmos_houdini.cli.convert import convert_sequence
from cosmos_houdini.errors import CheckFailed
from support.media import tiff_files as tiff
from support.media.clips import decoded
from support.media.pictures import chunk
from support.media.pictures import write as write_with_oiio
from support.media.quarters import COLORS, quarters, seen
from support.media.tiff_files import write_tiff

PLAIN = quarters()
# These colorants and the curve of sRGB make the profile of a display of P3 (ICC, adapted to D50).
P3 = {
    b"rXYZ": (0.51512, 0.24120, -0.00105),
    b"gXYZ": (0.29198, 0.69225, 0.04189),
    b"bXYZ": (0.15710, 0.06657, 0.78407),
}


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def invoke(folder: Path, *options: str) -> Result:
    arguments = [str(folder), "-o", str(folder.parent / "out"), "--json", *options]
    return CliRunner().invoke(convert_sequence, arguments, catch_exceptions=False, standalone_mode=False)


def converted(folder: Path, *options: str) -> tuple[np.ndarray, dict[str, Any], str]:
    result = invoke(folder, *options)
    document = json.loads(result.stdout)
    (pass_,) = document["videos"]
    return decoded(Path(document["videos"][pass_]["path"]))[0], document["sources"][pass_], result.stderr


def twice(folder: Path, write: Callable[[Path], object], suffix: str, name: str = "shot") -> Path:
    folder.mkdir()
    for frame in (1, 2):
        write(folder / f"{name}.{frame:04d}{suffix}")
    return folder


def with_chunks(*chunks: bytes) -> Callable[[Path], object]:
    """Return a writer of a PNG with chunks behind its header."""
    buffer = io.BytesIO()
    Image.fromarray(PLAIN).save(buffer, "PNG")
    data = buffer.getvalue()
    return lambda path: path.write_bytes(data[:33] + b"".join(chunks) + data[33:])


def p3_profile() -> bytes:
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for index in range(struct.unpack_from(">I", profile, 128)[0]):
        name, offset, _ = struct.unpack_from(">4sII", profile, 132 + 12 * index)
        if name in P3:
            struct.pack_into(">3i", profile, offset + 8, *(round(value * 65536) for value in P3[name]))
    return bytes(profile)


def as_srgb(profile: bytes) -> np.ndarray:
    """Return the quarters as Little CMS shows them."""
    target = ImageCms.createProfile("sRGB")
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    change = ImageCms.buildTransform(source, target, "RGB", "RGB", renderingIntent=1)
    return np.array(ImageCms.applyTransform(Image.fromarray(PLAIN), change))


def from_light(light: np.ndarray) -> np.ndarray:
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055) * 255


@pytest.mark.parametrize("options", [(), ("--fit", "crop"), ("--edge", "low", "--fit", "none")])
@pytest.mark.parametrize("kind", ["png", "png of 16 bits", "tiff", "premultiplied tiff", "tiles", "dpx"])
def test_alpha_means_the_same_at_every_size(tmp_path: Path, kind: str, options: tuple[str, ...]):
    color, alpha = np.full((96, 128, 3), (200, 100, 50), np.uint8), np.full((96, 128, 1), 255, np.uint8)
    alpha[:48] = 128
    rgba = np.concatenate([color, alpha], 2)
    said = {tiff.EXTRA_SAMPLES: ("H", (1 if kind.startswith("premultiplied") else 2,))}
    writers: dict[str, tuple[str, Callable[[Path], object]]] = {
        "png": (".png", lambda path: Image.fromarray(rgba).save(path)),
        "png of 16 bits": (
            ".png",
            lambda path: write_with_oiio(path, rgba.astype(np.uint16) * 257, oiio_UnassociatedAlpha=1),
        ),
        "tiff": (".tif", lambda path: write_tiff(path, rgba, tags=said)),
        "premultiplied tiff": (".tif", lambda path: write_tiff(path, rgba, tags=said)),
        "tiles": (".tif", lambda path: write_tiff(path, rgba, tags=said, tile=32)),
        "dpx": (".dpx", lambda path: write_with_oiio(path, rgba)),
    }
    suffix, write = writers[kind]
    folder = twice(tmp_path / "in", write, suffix)
    result = invoke(folder, *options)
    document = json.loads(result.stdout)
    frame = decoded(Path(document["videos"]["color"]["path"]))[0]
    straight = kind not in {"premultiplied tiff", "dpx"}
    meant = np.array([[100, 50, 25] if straight else [200, 100, 50]] * 2 + [[200, 100, 50]] * 2)
    assert np.abs(seen(frame) - meant).max() <= 3
    source = document["sources"]["color"]
    word = "premultiplied" if kind.startswith("premultiplied") else "unsaid" if kind == "dpx" else "straight"
    assert source["picture"]["alpha"] == word
    assert any("alpha" in words or "fourth channel" in words for words in source["applied"])


@pytest.mark.parametrize("options", [(), ("--fit", "crop")])
@pytest.mark.parametrize("pass_", ["depth", "mask", "seg"])
def test_data_keeps_its_numbers_where_alpha_is_low(tmp_path: Path, pass_: str, options: tuple[str, ...]):
    # Each half has two levels, of which one would fall below one half if it were multiplied.
    grey = np.where(np.arange(96)[:, None] < 48, 255, 0).astype(np.uint8).repeat(128, 1)
    rgba = np.dstack([grey, grey, grey, np.full_like(grey, 90)])
    folder = twice(tmp_path / "in", lambda path: Image.fromarray(rgba).save(path), ".png", pass_)
    frame, source, _ = converted(folder, *options)
    assert seen(frame)[0].max() >= 200
    assert source["picture"]["alpha"] == "straight"


@pytest.mark.parametrize("fit", ["none", "crop"])
@pytest.mark.parametrize("turn", [3, 6, 7])
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
def test_pictures_are_upright_in_the_video(tmp_path: Path, suffix: str, turn: int, fit: str):
    exif = Image.Exif()
    exif[274] = turn
    more = {"tiffinfo": {274: turn}} if suffix == ".tif" else {"exif": exif}
    folder = twice(tmp_path / "in", lambda path: Image.fromarray(PLAIN).save(path, **more), suffix)
    frame, source, _ = converted(folder, "--fit", fit)
    sideways = turn >= 5
    assert source["picture"]["size"] == ([96, 128] if sideways else [128, 96])
    assert (frame.shape[0] > frame.shape[1]) == sideways
    order = {3: (3, 2, 1, 0), 6: (2, 0, 3, 1), 7: (3, 1, 2, 0)}[turn]
    assert np.abs(seen(frame) - np.array(COLORS)[list(order)]).max() <= 6


def test_a_tiled_tiff_and_a_bigtiff_become_their_pictures(tmp_path: Path):
    for name, change in {"tiles": {"tile": 32}, "big": {"big": True}}.items():
        folder = twice(tmp_path / name, lambda path, change=change: write_tiff(path, PLAIN, **change), ".tif")
        frame, source, _ = converted(folder)
        assert np.abs(seen(frame) - COLORS).max() <= 4
        assert source["picture"]["layout"]


@pytest.mark.parametrize("gamma", [1.0, 1 / 1.8, 0.25])
def test_the_gamma_of_a_png_is_applied_and_told(tmp_path: Path, gamma: float):
    writer = with_chunks(chunk(b"gAMA", struct.pack(">I", round(gamma * 100_000))))
    frame, source, told = converted(twice(tmp_path / "in", writer, ".png"))
    meant = from_light((np.array(COLORS) / 255) ** (1 / gamma))
    assert np.abs(seen(frame) - meant).max() <= 4
    assert "color: the files say gAMA" in told
    assert source["display"]["from"] == source["picture"]["encoding"]


@pytest.mark.parametrize(
    "chunks",
    [
        (chunk(b"gAMA", struct.pack(">I", 45455)),),
        (chunk(b"sRGB", b"\0"), chunk(b"gAMA", struct.pack(">I", 100_000))),
        (chunk(b"cICP", bytes([1, 13, 0, 1])),),
        (chunk(b"iCCP", b"x\0\0" + zlib.compress(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())),),
    ],
    ids=["gAMA", "sRGB", "cICP", "iCCP"],
)
def test_a_png_that_says_srgb_in_any_way_is_taken_as_it_is(tmp_path: Path, chunks: tuple[bytes, ...]):
    frame, source, told = converted(twice(tmp_path / "in", with_chunks(*chunks), ".png"))
    assert np.abs(seen(frame) - COLORS).max() <= 3
    assert source["picture"]["encoding"] is None
    assert "color: the files say" not in told


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
def test_a_profile_is_applied_as_little_cms_applies_it(tmp_path: Path, suffix: str):
    profile = p3_profile()
    more = {"quality": 98} if suffix == ".jpg" else {}
    folder = twice(tmp_path / "in", lambda path: Image.fromarray(PLAIN).save(path, icc_profile=profile, **more), suffix)
    frame, _, told = converted(folder)
    assert np.abs(seen(frame) - seen(as_srgb(profile))).max() <= 4
    assert "color: the files say ICC profile" in told


def test_primaries_of_a_png_are_applied(tmp_path: Path):
    frame, _, _ = converted(twice(tmp_path / "in", with_chunks(chunk(b"cICP", bytes([12, 13, 0, 1]))), ".png"))
    assert np.abs(seen(frame) - seen(as_srgb(p3_profile()))).max() <= 4


@pytest.mark.parametrize(
    ("numbers", "words"), [((9, 16, 0, 1), "PQ"), ((9, 18, 0, 1), "HLG"), ((1, 13, 1, 1), "1/13/1/1")]
)
def test_what_has_no_meaning_on_a_display_is_refused_by_name(tmp_path: Path, numbers: tuple[int, ...], words: str):
    folder = twice(tmp_path / "in", with_chunks(chunk(b"cICP", bytes(numbers))), ".png")
    with pytest.raises(CheckFailed, match=words):
        invoke(folder)
    assert not (tmp_path / "out").exists()


def test_a_profile_that_cannot_be_applied_is_told(tmp_path: Path):
    profile = bytearray(p3_profile())
    profile[128:132] = bytes(4)
    folder = twice(tmp_path / "in", lambda path: Image.fromarray(PLAIN).save(path, icc_profile=bytes(profile)), ".png")
    frame, _, told = converted(folder)
    assert np.abs(seen(frame) - COLORS).max() <= 3
    assert "cannot be applied: the numbers count as sRGB" in told


@pytest.mark.parametrize("bits", [8, 10, 16])
@pytest.mark.parametrize(("transfer", "words"), [(1, "printing density"), (3, "logarithmic"), (2, "linear")])
def test_the_transfer_of_a_dpx_is_applied_and_told(tmp_path: Path, transfer: int, words: str, bits: int):
    def write(path: Path) -> None:
        # Codes of Cineon: 685 of 1023 is white, 95 is black.
        levels = np.full((96, 128, 3), 470 / 1023)
        levels[:48] = 95 / 1023
        pixels = np.rint(levels * 255).astype(np.uint8) if bits == 8 else np.rint(levels * 65535).astype(np.uint16)
        write_with_oiio(path, pixels, **({"oiio_BitsPerSample": bits} if bits == 10 else {}))
        data = bytearray(path.read_bytes())
        data[801] = transfer
        path.write_bytes(data)

    frame, source, told = converted(twice(tmp_path / "in", write, ".dpx"))
    assert f"transfer {transfer}, {words}" in told
    assert "shown by OpenColorIO" in told
    assert source["display"]["view"]
    black, grey = int(seen(frame)[0, 0]), int(seen(frame)[2, 0])
    # Code 470 is light of 18 %, and the view shows it as such. Taken for light, 470 of 1023 is much lighter.
    assert (black <= 3 and 80 <= grey <= 110) if transfer != 2 else (black > 40 and grey > 130)


def test_a_dpx_that_says_nothing_is_taken_as_it_is(tmp_path: Path):
    frame, source, told = converted(twice(tmp_path / "in", lambda path: write_with_oiio(path, PLAIN), ".dpx"))
    assert np.abs(seen(frame) - COLORS).max() <= 3
    assert source["picture"]["encoding"] is None
    assert "color: the files say" not in told


def test_ffmpegs_tag_of_linear_in_every_dpx_is_told_and_not_believed(tmp_path: Path):
    def write(path: Path) -> None:
        write_with_oiio(path, PLAIN)
        data = bytearray(path.read_bytes())
        data[801], data[160:260] = 2, b"Lavc62.28.100".ljust(100, b"\0")
        path.write_bytes(data)

    frame, _, told = converted(twice(tmp_path / "in", write, ".dpx"))
    assert np.abs(seen(frame) - COLORS).max() <= 3
    assert "which FFmpeg writes into every DPX" in told
