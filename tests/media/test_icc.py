"""Profiles of every usual kind of curve are recognised as sRGB or applied as Little CMS applies them."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from cosmos_houdini.media.control_settings import ColorSettings
from cosmos_houdini.media.pictures.encoded_color import encoded_transform
from cosmos_houdini.media.sequences.formats import icc
from cosmos_houdini.model.color_encoding import ColorKind

ADOBE = {
    b"rXYZ": (0.60974, 0.31111, 0.01947),
    b"gXYZ": (0.20528, 0.62567, 0.06087),
    b"bXYZ": (0.14919, 0.06322, 0.74457),
}
COLORS = np.array(
    [[[230, 40, 40], [40, 200, 60], [40, 60, 220], [128, 128, 128], [10, 20, 30], [255, 255, 255]]], np.uint8
)


def fixed(*numbers: float) -> bytes:
    return struct.pack(f">{len(numbers)}i", *(round(number * 65536) for number in numbers))


CURVES = {
    "one exponent": struct.pack(">4s4xIH", b"curv", 1, 563),
    "parametric power": struct.pack(">4s4xHH", b"para", 0, 0) + fixed(2.2),
    "parametric sRGB": struct.pack(">4s4xHH", b"para", 3, 0) + fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045),
    "no curve": struct.pack(">4s4xI", b"curv", 0),
}


def profile(curve: bytes, colorants: dict[bytes, tuple[float, ...]]) -> bytes:
    """Return a profile of these curves and colorants; without colorants, those of sRGB."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    end = len(data)
    data += curve + bytes(-len(curve) % 4)
    for index in range(struct.unpack_from(">I", data, 128)[0]):
        name, offset, _ = struct.unpack_from(">4sII", data, 132 + 12 * index)
        if name in {b"rTRC", b"gTRC", b"bTRC"}:
            struct.pack_into(">4sII", data, 132 + 12 * index, name, end, len(curve))
        elif name in colorants:
            data[offset + 8 : offset + 20] = fixed(*colorants[name])
    struct.pack_into(">I", data, 0, len(data))
    return bytes(data)


@pytest.mark.parametrize("name", ["one exponent", "parametric power", "parametric sRGB"])
@pytest.mark.parametrize("colorants", [{}, ADOBE], ids=["sRGB", "Adobe RGB"])
def test_a_profile_is_shown_as_little_cms_shows_it(name: str, colorants: dict[bytes, tuple[float, ...]]):
    data = profile(CURVES[name], colorants)
    encoding = icc.encoding_of(data)
    if name == "parametric sRGB" and not colorants:
        assert encoding is None
        return
    assert encoding is not None
    transform = encoded_transform(encoding, ColorSettings())
    assert transform is not None
    source = ImageCms.ImageCmsProfile(io.BytesIO(data))
    change = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), "RGB", "RGB", renderingIntent=1)
    meant = np.array(ImageCms.applyTransform(Image.fromarray(COLORS), change)).astype(int)
    assert np.abs(transform.apply(COLORS).astype(int) - meant).max() <= 1


def test_a_profile_that_opencolorio_does_not_read_is_none_and_no_error():
    encoding = icc.encoding_of(profile(CURVES["no curve"], {}))
    assert encoding is not None
    assert encoded_transform(encoding, ColorSettings()) is None


def test_profiles_changed_anywhere_are_an_encoding_or_srgb_and_nothing_else():
    random = np.random.default_rng(5)
    whole = profile(CURVES["parametric sRGB"], ADOBE)
    for _ in range(2000):
        data = bytearray(whole)
        for place in random.integers(0, len(data), random.integers(1, 9)):
            data[place] = random.integers(256)
        found = icc.encoding_of(bytes(data[: random.integers(0, len(data) + 1)]))
        assert found is None or found.kind in set(ColorKind)
