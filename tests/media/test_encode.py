from __future__ import annotations

import itertools
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from cosmos_houdini.errors import BadInput, CheckFailed
from cosmos_houdini.media.videos import encode, frame_order, make, probe
from cosmos_houdini.media.videos.encode import Encoding
from cosmos_houdini.media.videos.source import ComputedFrames, PictureFiles, from_files
from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.sequence import Picture
from support.media import FFMPEG
from support.media.clips import (
    SIZE,
    bars,
    cell_means,
    cut_image_data,
    decoded,
    palette,
    sequence_of,
    write_bars,
    write_picture,
)
from support.media.pictures import write as write_with_oiio


def source_of(files: list[Path], **change: object) -> PictureFiles:
    sequence = sequence_of(files, **change)
    assert sequence.picture
    return from_files(sequence.pattern, files, sequence.picture)


def repeated(tmp_path: Path, suffix: str, pixels: NDArray[np.generic]) -> PictureFiles:
    return source_of([write_picture(tmp_path / f"a{suffix}", pixels)] * 3)


def middle_frame(tmp_path: Path, source: PictureFiles | ComputedFrames, crf: int = 10) -> NDArray[np.uint8]:
    tmp_path.mkdir(exist_ok=True)
    facts = make.make_video(source, tmp_path / "work", fps=24, encoding=Encoding(crf=crf), ffmpeg=FFMPEG)
    return decoded(facts.clip.path)[1]


@pytest.mark.parametrize(
    ("suffix", "dtype", "bound"),
    [(".png", np.uint8, 2.5), (".tif", np.uint8, 2.5), (".png", np.uint16, 2.5), (".tif", np.uint16, 2.5)],
)
def test_every_colour_comes_back_in_every_channel(
    tmp_path: Path, suffix: str, dtype: type[np.unsignedinteger], bound: float
):
    colours = palette()
    pixels = colours if dtype is np.uint8 else colours.astype(np.uint16) * 257
    error = cell_means(middle_frame(tmp_path, repeated(tmp_path, suffix, pixels))) - cell_means(colours)
    assert np.abs(error).max() <= bound
    assert np.abs(error.mean(axis=(0, 1))).max() <= 0.35


def test_jpeg_is_read_with_its_own_matrix_and_range(tmp_path: Path):
    colours = palette()
    source = repeated(tmp_path, ".jpg", colours)
    as_read = cv2.cvtColor(cv2.imread(str(source.files[0])), cv2.COLOR_BGR2RGB)
    error = cell_means(middle_frame(tmp_path, source)) - cell_means(as_read)
    assert np.abs(error).max() <= 3


@pytest.mark.parametrize("depth", [8, 10, 16])
def test_dpx_is_read_at_each_depth(tmp_path: Path, depth: int):
    colours = palette()
    pixels = colours if depth == 8 else colours.astype(np.uint16) * 257
    file = write_with_oiio(tmp_path / "a.dpx", pixels, **({"oiio_BitsPerSample": depth} if depth == 10 else {}))
    picture = Picture(format="dpx", size=(224, 144), bit_depth=depth, channels=3)
    error = cell_means(middle_frame(tmp_path, from_files("a.dpx", [file] * 3, picture))) - cell_means(colours)
    assert np.abs(error).max() <= 2.5


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_stays_grey_and_within_a_level_of_each_value(tmp_path: Path, dtype: type[np.unsignedinteger]):
    ramp = np.repeat(np.arange(256, dtype=np.uint8), 4)[None].repeat(64, axis=0)
    pixels = ramp if dtype is np.uint8 else ramp.astype(np.uint16) * 257
    out = middle_frame(tmp_path, repeated(tmp_path, ".png", pixels), crf=1).astype(int)
    assert np.abs(out - ramp[..., None]).max() <= 2
    assert np.abs((out - ramp[..., None]).mean(axis=(0, 1))).max() <= 0.3


def test_computed_frames_have_the_same_colours_as_files(tmp_path: Path):
    colours = palette()
    source = ComputedFrames(
        label="palette", frames=lambda: itertools.repeat(colours, 3), count=3, size=(colours.shape[1], colours.shape[0])
    )
    error = cell_means(middle_frame(tmp_path, source)) - cell_means(colours)
    assert np.abs(error).max() <= 2.5


def test_computed_grey_frames_may_be_of_odd_size_and_any_memory_order(tmp_path: Path):
    pixels = np.asfortranarray(bars(3, (97, 63))[..., 0])
    source = ComputedFrames(label="depth", frames=lambda: iter([pixels] * 3), count=3, size=(97, 63), grey=True)
    out = middle_frame(tmp_path, source)
    assert out.shape == (64, 98, 3)
    assert np.abs(out[:63, :97].astype(int) - pixels[..., None]).mean() < 2


def test_a_computed_frame_of_another_shape_is_refused(tmp_path: Path):
    wrong = ComputedFrames(label="depth", frames=lambda: iter([bars(0), bars(1, (32, 32))]), count=2, size=SIZE)
    with pytest.raises(BadInput, match="frame 1 of depth"):
        make.make_video(wrong, tmp_path / "work", fps=24, encoding=Encoding(), ffmpeg=FFMPEG)


def test_a_computed_pass_that_ends_early_is_found(tmp_path: Path):
    short = ComputedFrames(label="depth", frames=lambda: iter([bars(0), bars(1)]), count=3, size=SIZE)
    with pytest.raises(CheckFailed, match="2 of 3 frames of depth"):
        make.make_video(short, tmp_path / "work", fps=24, encoding=Encoding(), ffmpeg=FFMPEG)


def test_transparent_pictures_are_composed_over_black(tmp_path: Path):
    unit = 255
    pixels = np.zeros((64, 96, 4), np.uint8)
    pixels[..., :3] = np.array([unit, unit // 2, 0])
    pixels[:, :32, 3], pixels[:, 32:64, 3], pixels[:, 64:, 3] = 0, unit // 2, unit
    source = repeated(tmp_path, ".png", pixels)
    out = middle_frame(tmp_path, source)[32].astype(int)
    assert np.abs(out[16] - [0, 0, 0]).max() <= 2
    assert np.abs(out[48] - [128, 64, 0]).max() <= 3
    assert np.abs(out[80] - [255, 128, 0]).max() <= 3
    assert "straight alpha: composed over black" in encode.applied(source)


def test_a_tiff_whose_colours_are_multiplied_already_is_not_multiplied_again(tmp_path: Path):
    # OpenImageIO multiplies colours by alpha when it writes TIFF, and says so in the file; Pillow does neither.
    file = write_with_oiio(tmp_path / "multiplied.tif", np.full((64, 96, 4), 128, np.uint8))
    plain = tmp_path / "plain.tif"
    Image.fromarray(np.full((64, 96, 4), 128, np.uint8)).save(plain)
    multiplied = middle_frame(tmp_path, source_of([file] * 3))
    composed = middle_frame(tmp_path / "plain", source_of([plain] * 3))
    assert np.abs(multiplied[32, 48].astype(int) - 128).max() <= 2
    assert np.abs(composed[32, 48].astype(int) - 64).max() <= 2


def test_an_odd_size_repeats_the_last_row_and_column(tmp_path: Path):
    pixels = bars(0, (97, 63))
    pixels[-1], pixels[:, -1] = (255, 255, 255), (255, 255, 255)
    source = repeated(tmp_path, ".png", pixels)
    out = middle_frame(tmp_path, source)
    assert out.shape == (64, 98, 3)
    assert out[-2:, 20].min() > 225
    assert out[20, -2:].min() > 225
    assert "98x64" in encode.applied(source)[-1]


def test_the_stream_says_what_it_is(tmp_path: Path):
    facts = make.make_video(
        source_of(write_bars(tmp_path)), tmp_path / "work", fps=25, encoding=Encoding(), ffmpeg=FFMPEG
    )
    assert (facts.codec, facts.pix_fmt, facts.color, facts.constant_rate) == ("h264", "yuv420p", make.BT709, True)
    assert (facts.clip.frames, facts.clip.size, facts.clip.fps) == (6, SIZE, 25.0)
    data = facts.clip.path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat"), "players start before the download ends"


def test_frames_come_in_the_order_of_the_files_whatever_their_names(tmp_path: Path, weird_path: Path):
    names = ["z", "100%d", "it's 50% %04d", "-i", "b:c", "a*?[x]"]
    files = [write_picture(weird_path / f"{name}.png", bars(index)) for index, name in enumerate(names)]
    frames = decoded(
        make.make_video(source_of(files), tmp_path / "work", fps=24, encoding=Encoding(), ffmpeg=FFMPEG).clip.path
    ).astype(int)
    for index in range(len(files)):
        nearest = min(range(6), key=lambda other: int(np.abs(frames[index] - bars(other)).sum()))
        assert nearest == index


def test_where_no_links_can_be_made_the_files_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise OSError("a required privilege is not held by the client")

    monkeypatch.setattr(os, "symlink", refuse)
    monkeypatch.setattr(os, "link", refuse)
    facts = make.make_video(
        source_of(write_bars(tmp_path)), tmp_path / "work", fps=24, encoding=Encoding(), ffmpeg=FFMPEG
    )
    assert facts.clip.frames == 6


def test_a_png_with_right_checksums_and_half_its_image_is_named(tmp_path: Path):
    files = write_bars(tmp_path, 7)
    cut_image_data(files[4])
    with pytest.raises(CheckFailed, match=r"shot\.0005\.png cannot be decoded to its end"):
        make.make_video(source_of(files), tmp_path / "work", fps=24, encoding=Encoding(), ffmpeg=FFMPEG)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
def test_a_file_cut_in_the_middle_is_named(tmp_path: Path, suffix: str):
    files = write_bars(tmp_path, 5, suffix=suffix)
    files[3].write_bytes(files[3].read_bytes()[: files[3].stat().st_size // 2])
    with pytest.raises(CheckFailed, match=f"shot.0004{suffix}"):
        make.make_video(source_of(files), tmp_path / "work", fps=24, encoding=Encoding(), ffmpeg=FFMPEG)


def test_an_empty_file_is_named_though_ffmpeg_takes_it_for_the_end(tmp_path: Path):
    files = write_bars(tmp_path, 5)
    files[2].write_bytes(b"")
    with pytest.raises(CheckFailed, match=r"2 of 5 frames .*shot.0003.png is the first"):
        make.make_video(source_of(files), tmp_path / "work", fps=24, encoding=Encoding(), ffmpeg=FFMPEG)


def test_a_video_whose_frames_were_swapped_is_refused(tmp_path: Path):
    right = make.make_video(
        source_of(write_bars(tmp_path)), tmp_path / "right", fps=24, encoding=Encoding(), ffmpeg=FFMPEG
    )
    swapped = [bars(index) for index in (0, 1, 3, 2, 4, 5)]
    source = ComputedFrames(label="swapped", frames=lambda: iter(swapped), count=6, size=SIZE)
    wrong = make.make_video(source, tmp_path / "wrong", fps=24, encoding=Encoding(), ffmpeg=FFMPEG)
    found = frame_order.problems(right.signatures, wrong.signatures)
    assert found == ["frame 2 shows frame 3", "frame 3 shows frame 2"]


def test_a_decoder_that_gives_frames_in_another_order_fails_the_encoding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    honest = make.inspect_video

    def swapping(path: Path, **options: object) -> probe.VideoFacts:
        facts = honest(path, **options)  # type: ignore[arg-type]
        cells = 64 * 36
        frames = [facts.signatures[start : start + cells] for start in range(0, len(facts.signatures), cells)]
        frames[1], frames[4] = frames[4], frames[1]
        object.__setattr__(facts, "signatures", b"".join(frames))
        return facts

    monkeypatch.setattr(make, "inspect_video", swapping)
    with pytest.raises(CheckFailed, match="frame 1 shows frame 4; frame 4 shows frame 1"):
        make.make_video(source_of(write_bars(tmp_path)), tmp_path / "work", fps=24, encoding=Encoding(), ffmpeg=FFMPEG)


@pytest.mark.parametrize(
    "picture",
    [
        Picture(format="exr", size=SIZE, bit_depth=16, channels=4, channel_type="half"),
        Picture(format="tiff", size=SIZE, bit_depth=32, channels=3, channel_type="float"),
    ],
)
def test_pictures_that_need_a_conversion_first_are_refused(tmp_path: Path, picture: Picture):
    with pytest.raises(BadInput, match="turned into 8 bit"):
        from_files("beauty.####.exr", [tmp_path / "a.exr"], picture)


def test_data_is_encoded_closer_to_the_original_than_pictures():
    assert encode.choose_encoding(Pass.DEPTH).crf < encode.choose_encoding(Pass.COLOR).crf == 18
