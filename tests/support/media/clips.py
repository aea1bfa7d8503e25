"""Short runs of pictures for encoding, each frame told apart at a glance, and the pixels of a video read back."""

from __future__ import annotations

import itertools
import struct
import subprocess
import time
import zlib
from collections.abc import Iterator
from collections.abc import Sequence as Many
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from cosmos_houdini.media.convert import convert_sequences
from cosmos_houdini.media.sequences.formats import inspect
from cosmos_houdini.media.videos.source import ComputedFrames
from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.sequence import Frame, Sequence
from support.media import FFMPEG

SIZE = (96, 64)


def bars(index: int, size: tuple[int, int] = SIZE, channels: int = 3) -> NDArray[np.uint8]:
    """Return an RGB picture with a light bar that moves on by 8 pixels a frame, over a ramp."""
    width, height = size
    pixels = np.zeros((height, width, channels), np.uint8)
    pixels[...] = np.linspace(20, 120, width).astype(np.uint8)[None, :, None]
    left = index * 8 % (width - 8)
    pixels[:, left : left + 8] = 230
    if channels == 4:
        pixels[..., 3] = 255
    return pixels


def write_picture(path: Path, pixels: NDArray[np.generic]) -> Path:
    """Write RGB, RGBA or grey pixels in the format of the suffix."""
    order = {2: None, 3: cv2.COLOR_RGB2BGR}.get(pixels.ndim if pixels.ndim == 2 else pixels.shape[2])
    if pixels.ndim == 3 and pixels.shape[2] == 4:
        order = cv2.COLOR_RGBA2BGRA
    done, data = cv2.imencode(path.suffix, pixels if order is None else cv2.cvtColor(pixels, order))
    assert done
    path.write_bytes(data.tobytes())
    return path


def sequence_of(
    files: Many[Path], *, pass_: Pass = Pass.COLOR, first: int = 1, step: int = 1, **change: object
) -> Sequence:
    """Return the sequence that a verification of ``files`` gives; ``change`` replaces what it found."""
    facts: dict[str, object] = {
        "pattern": str(files[0].parent / f"shot.####{files[0].suffix}"),
        "shot": "shot",
        "pass_": pass_,
        "frames": tuple(Frame(number=first + i * step, file=file) for i, file in enumerate(files)),
        "step": step,
        "missing": (),
        "duplicates": (),
        "corrupt": (),
        "mismatched": (),
        "picture": inspect(files[0]),
    }
    return Sequence(**(facts | change))  # type: ignore[arg-type]


def write_bars(folder: Path, count: int = 6, *, suffix: str = ".png", size: tuple[int, int] = SIZE) -> list[Path]:
    """Write ``count`` pictures with a moving bar and return their files."""
    folder.mkdir(parents=True, exist_ok=True)
    return [write_picture(folder / f"shot.{index + 1:04d}{suffix}", bars(index, size)) for index in range(count)]


def palette(cell: int = 16) -> NDArray[np.uint8]:
    """Return a picture of 125 flat colours, pure red, green, blue and their mixtures among them, in cells."""
    levels = (0, 64, 128, 192, 255)
    pixels = np.zeros((9 * cell, 14 * cell, 3), np.uint8)
    for index, color in enumerate(itertools.product(levels, repeat=3)):
        top, left = (cell * part for part in divmod(index, 14))
        pixels[top : top + cell, left : left + cell] = color
    return pixels


def cell_means(pixels: NDArray[np.generic], cell: int = 16) -> NDArray[np.float64]:
    """Return the mean colour of the middle of each palette cell, where chroma of neighbours does not reach."""
    inner = slice(cell // 4, cell * 3 // 4)
    cells = pixels[: 9 * cell, : 14 * cell].astype(np.float64).reshape(9, cell, 14, cell, -1)
    return cells[:, inner][:, :, :, inner].mean(axis=(1, 3))


def decoded(video: Path) -> NDArray[np.uint8]:
    """Return all frames of a BT.709 video as RGB (count, height, width, 3), by FFmpeg's most exact conversion."""
    filters = "scale=in_color_matrix=bt709:in_range=tv:out_range=pc:flags=accurate_rnd+full_chroma_int+bicubic"
    argv = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-v",
        "error",
        "-i",
        str(video),
        "-vf",
        filters,
        "-fps_mode",
        "passthrough",
    ]
    raw = subprocess.run([*argv, "-pix_fmt", "rgb24", "-f", "rawvideo", "-"], capture_output=True, check=True).stdout
    capture = cv2.VideoCapture(str(video))
    width, height = (int(capture.get(key)) for key in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
    capture.release()
    return np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)


def cut_image_data(png: Path) -> None:
    """Take away half of a PNG's compressed image data and make every checksum right again."""
    data, position, chunks = png.read_bytes(), 8, []
    while position < len(data):
        (length,) = struct.unpack_from(">I", data, position)
        chunks.append((data[position + 4 : position + 8], data[position + 8 : position + 8 + length]))
        position += 12 + length
    image = b"".join(body for kind, body in chunks if kind == b"IDAT")
    whole = [chunks[0], (b"IDAT", image[: len(image) // 2]), (b"IEND", b"")]
    png.write_bytes(
        data[:8]
        + b"".join(
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
            for kind, body in whole
        )
    )


def convert_endlessly(folders: Many[str]) -> None:
    """Start a conversion that never ends, of pictures made in the first folder, into the second one."""

    def frames() -> Iterator[NDArray[np.uint8]]:
        while True:
            yield bars(0)
            time.sleep(0.01)

    sequence = sequence_of(write_bars(Path(folders[0], "endless")))
    source = ComputedFrames(label="endless", frames=frames, count=6, size=SIZE)
    convert_sequences(
        [sequence],
        Path(folders[1]),
        name="shot",
        fps=24,
        computed=lambda _selections, _folder: {Pass.COLOR: source},
        ffmpeg=FFMPEG,
    )
