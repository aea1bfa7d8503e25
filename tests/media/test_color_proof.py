"""A video whose frames are not those of its files is refused, though it shows exactly what was encoded."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cosmos_houdini.errors import CheckFailed
from cosmos_houdini.media.convert import convert_sequences
from cosmos_houdini.media.videos import color_proof, encode, make
from cosmos_houdini.media.videos.encode import Encoding
from cosmos_houdini.media.videos.source import ComputedFrames, PictureFiles
from support.media import FFMPEG
from support.media.clips import bars, palette, sequence_of, write_bars, write_picture
from support.media.tiff_files import write_tiff

RNG = np.random.default_rng(7)
SIZE = (256, 160)


def made(source: PictureFiles | ComputedFrames, folder: Path, crf: int = 18) -> None:
    make.make_video(source, folder / "work", fps=24, encoding=Encoding(crf=crf), ffmpeg=FFMPEG)


def test_a_decoder_that_makes_tiles_black_is_found(tmp_path: Path):
    files = [write_tiff(tmp_path / f"shot.{n:04d}.tif", bars(n), tile=32) for n in range(3)]
    found = sequence_of(files)
    assert found.picture
    # FFmpeg gets the files as it did before anybody knew that it reads no tiles: all it sees is consistent.
    source = PictureFiles(label="shot", files=tuple(files), picture=replace(found.picture, layout=""))
    with pytest.raises(CheckFailed, match=r"frame 0 differs from shot\.0000\.tif, as another reader sees it, by up to"):
        made(source, tmp_path)


FAULTS: dict[str, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    "black": np.zeros_like,
    "swapped channels": lambda frame: frame[..., ::-1],
    "upside down": lambda frame: frame[::-1],
    "mirrored": lambda frame: frame[:, ::-1],
    "gamma": lambda frame: (255 * (frame / 255) ** (1 / 1.2)).astype(np.uint8),
    "two levels darker": lambda frame: np.maximum(frame, 2) - np.uint8(2),
    "a corner missing": lambda frame: np.where(np.indices(frame.shape[:2]).sum(0)[..., None] < 40, 0, frame),
    "moved by 16 pixels": lambda frame: np.roll(frame, 16, 1),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("where", [0, 5], ids=["first", "last"])
def test_faults_of_a_frame_are_found(tmp_path: Path, fault: str, where: int):
    right = [scene(index) for index in range(6)]
    wrong = [FAULTS[fault](frame).astype(np.uint8) if index == where else frame for index, frame in enumerate(right)]
    source = ComputedFrames(
        label="shot", frames=lambda: iter(wrong), count=6, size=SIZE, expected=lambda index: right[index]
    )
    with pytest.raises(CheckFailed, match=f"frame {where} differs from frame {where}"):
        made(source, tmp_path)


def scene(index: int) -> NDArray[np.uint8]:
    """Return a picture as pictures are: soft areas, an edge, a moving disc, grain."""
    width, height = SIZE
    soft = cv2.resize(np.random.default_rng(2).integers(20, 235, (6, 8, 3), dtype=np.uint8), SIZE)
    cv2.circle(soft, (60 + 20 * index, height // 2), 30, (200, 30, 40), -1)
    grain = np.random.default_rng(index).normal(0, 3, (height, width, 1))
    return np.clip(soft + grain, 0, 255).astype(np.uint8)


def noise(_: int) -> NDArray[np.uint8]:
    return RNG.integers(0, 256, (SIZE[1], SIZE[0], 3), dtype=np.uint8)


def checks(index: int) -> NDArray[np.uint8]:
    odd = (np.indices((SIZE[1], SIZE[0])).sum(0) + index) % 2 == 0
    return np.where(odd[..., None], np.uint8([255, 0, 0]), np.uint8([0, 0, 255]))


def stripes(index: int) -> NDArray[np.uint8]:
    odd = (np.arange(SIZE[0]) + index) // 3 % 2 == 0
    return np.where(odd[None, :, None], np.uint8([255, 0, 0]), np.uint8([0, 255, 0])).repeat(SIZE[1], 0)


def writing(index: int) -> NDArray[np.uint8]:
    frame = np.full((SIZE[1], SIZE[0], 3), 20, np.uint8)
    for line in range(6):
        cv2.putText(frame, f"frame {index * line}", (10 + index, 20 + line * 24), 0, 0.6, (255, 255 - line * 30, 30), 1)
    return frame


def flat(_: int) -> NDArray[np.uint8]:
    return palette()


@pytest.mark.parametrize("crf", [18, 10])
@pytest.mark.parametrize("make_frame", [scene, noise, checks, stripes, writing, flat])
@pytest.mark.parametrize("kind", [".png", "16 bits", ".jpg", "computed"])
def test_pictures_that_are_hard_to_encode_pass(
    tmp_path: Path, make_frame: Callable[[int], NDArray[np.uint8]], kind: str, crf: int
):
    frames = [make_frame(index) for index in range(8)]
    if kind == "computed":
        height, width = frames[0].shape[:2]
        size = (width, height)
        made(
            ComputedFrames(
                label="x", frames=lambda: iter(frames), count=8, size=size, expected=lambda index: frames[index]
            ),
            tmp_path,
            crf,
        )
        return
    deep = kind == "16 bits"
    suffix = ".png" if deep else kind
    pixels = [frame.astype(np.uint16) * 257 if deep else frame for frame in frames]
    files = [write_picture(tmp_path / f"a.{index}{suffix}", frame) for index, frame in enumerate(pixels)]
    found = sequence_of(files)
    assert found.picture
    made(PictureFiles(label="x", files=tuple(files), picture=found.picture), tmp_path, crf)


def test_the_busiest_frame_is_picked_beside_the_first_and_the_last():
    cells = 64 * 36
    signatures = b"".join([bytes(cells)] * 4 + [bytes([0, 200] * (cells // 2))] + [bytes([9] * cells)] * 3)
    assert color_proof.pick_frames(signatures) == (0, 4, 7)
    assert color_proof.pick_frames(bytes(cells)) == (0,)


def test_the_frame_with_the_smallest_file_is_picked_as_check_does(tmp_path: Path):
    files = [write_picture(tmp_path / f"a.{index}.png", np.zeros((8, 8, 3), np.uint8)) for index in range(4)]
    for index in (0, 1, 3):
        files[index].write_bytes(files[index].read_bytes() + bytes(9))
    signatures = bytes(4 * 64 * 36)
    assert color_proof.pick_frames(signatures, files) == (0, 2, 3)
    files[1].unlink()
    assert color_proof.pick_frames(signatures, files) == (0, 1, 3)


def test_a_conversion_that_fails_the_proof_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    sequence = sequence_of(write_bars(tmp_path / "in"))
    monkeypatch.setattr(
        encode, "TO_BT709", encode.TO_BT709.replace("out_color_matrix=bt709", "out_color_matrix=smpte170m")
    )
    colors = [write_picture(frame.file, palette()) for frame in sequence.frames]
    with pytest.raises(CheckFailed, match=r"levels of (luma|blue chroma|red chroma) at pixel"):
        convert_sequences([sequence_of(colors)], tmp_path / "out", name="shot", fps=24, ffmpeg=FFMPEG)
    assert not (tmp_path / "out").exists()
    monkeypatch.undo()
    conversion = convert_sequences([sequence_of(colors)], tmp_path / "out", name="shot", fps=24, ffmpeg=FFMPEG)
    assert json.dumps(conversion.document())
