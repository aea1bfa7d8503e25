"""Small pictures with known content in every format that ``check`` reads, and ways to damage them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import OpenImageIO

Pixels = npt.NDArray[np.generic]

SUFFIXES = (".png", ".jpg", ".tif", ".exr", ".dpx")


def ramp(
    size: tuple[int, int] = (48, 32), *, frame: int = 0, channels: int = 3, dtype: npt.DTypeLike = np.uint8
) -> Pixels:
    """Return pixels (height, width, channels): the first channel rises to the right, the second downwards, the rest is
    the frame number; integers use their whole range, floats 0 to 1.
    """
    width, height = size
    across, down = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    rest = np.full((height, width), (frame % 256) / 255)
    pixels = np.stack([across, down, rest, rest][:channels], axis=-1)
    kind = np.dtype(dtype)
    if kind.kind == "u":
        return np.rint(pixels * np.iinfo(kind).max).astype(kind)
    return pixels.astype(kind)


def write(path: Path, pixels: Pixels, **attributes: object) -> Path:
    """Write pixels in the format of the suffix; attributes are OpenImageIO's, with ``_`` for ``:``.

    ``tile=16`` writes tiles of that size, ``depth=10`` another bit depth than that of the pixels.
    """
    height, width, channels = pixels.shape
    spec = OpenImageIO.ImageSpec(
        width, height, channels, pixels.dtype.name.replace("float16", "half").replace("float32", "float")
    )
    tile = attributes.pop("tile", 0)
    if tile:
        spec.tile_width = spec.tile_height = tile
    for name, value in attributes.items():
        spec.attribute(name.replace("_", ":", 1), value)
    output = OpenImageIO.ImageOutput.create(str(path))
    assert output, OpenImageIO.geterror()
    assert output.open(str(path), spec), output.geterror()
    assert output.write_image(np.ascontiguousarray(pixels)), output.geterror()
    output.close()
    return path


def picture(path: Path, *, frame: int = 0, size: tuple[int, int] = (48, 32), channels: int = 3) -> Path:
    """Write one ramp, half floats in EXR, ten bits in DPX, eight bits elsewhere."""
    dtype = {".exr": np.float16, ".dpx": np.uint16}.get(path.suffix, np.uint8)
    more = {"oiio:BitsPerSample": 10} if path.suffix == ".dpx" else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    return write(path, ramp(size, frame=frame, channels=channels, dtype=dtype), **more)


def sequence(folder: Path, name: str, frames: Iterable[int], *, size: tuple[int, int] = (48, 32)) -> list[Path]:
    """Write one ramp a frame; ``name`` is a format string such as ``beauty.{:04d}.png``."""
    return [picture(folder / name.format(frame), frame=frame, size=size) for frame in frames]


def chunk(name: bytes, body: bytes) -> bytes:
    """Return one PNG chunk with its checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_bytes(
    size: tuple[int, int] = (2, 1), *, bit_depth: int = 8, color_type: int = 2, between: Iterable[bytes] = ()
) -> bytes:
    """Return a whole black PNG, with the given chunks between header and pixels."""
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color_type]
    line = bytes(1 + (size[0] * samples * bit_depth + 7) // 8)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", struct.pack(">IIBBBBB", *size, bit_depth, color_type, 0, 0, 0)),
            *between,
            chunk(b"IDAT", zlib.compress(line * size[1])),
            chunk(b"IEND", b""),
        ]
    )


def cut(path: Path, keep: float = 0.5) -> Path:
    """Keep the first part of a file, as a render does that is killed while it writes."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    return path


def blank_tail(path: Path, keep: float = 0.5) -> Path:
    """Turn the end of a file into zeros, as a full disk or a lost server does with a file of reserved size."""
    data = path.read_bytes()
    kept = int(len(data) * keep)
    path.write_bytes(data[:kept] + bytes(len(data) - kept))
    return path


def flip(path: Path, offset: int) -> Path:
    """Change one bit of a file; a negative offset counts from its end."""
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    path.write_bytes(data)
    return path
