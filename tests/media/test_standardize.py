from __future__ import annotations

import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.videos.make import BT709
from cosmos_houdini.media.videos.standardize import extract_frame, extract_frames, fit_size, standardize
from support.media import FFMPEG
from support.media.clips import bars, cell_means, decoded, palette, write_picture


def encode(folder: Path, pictures: list[np.ndarray], *arguments: str, rate: str = "24", name: str = "in.mp4") -> Path:
    """Encode RGB pictures the way other programs do, lossless but for the change to YUV."""
    frames = folder / f"{name}.frames"
    frames.mkdir()
    for index, pixels in enumerate(pictures):
        write_picture(frames / f"{index}.png", pixels)
    argv = [FFMPEG.program, "-v", "error", "-y", "-framerate", rate, "-i", f"{frames.as_posix()}/%d.png", *arguments]
    subprocess.run([*argv, "-c:v", "libx264", "-qp", "0", str(folder / name)], check=True)
    return folder / name


def test_another_rate_repeats_or_drops_frames_and_keeps_the_length(tmp_path: Path):
    video = encode(tmp_path, [bars(index) for index in range(12)], rate="24")
    clip = standardize(video, tmp_path / "out.mp4", fps=48, ffmpeg=FFMPEG).clip
    assert (clip.frames, clip.fps, clip.path) == (24, 48.0, tmp_path / "out.mp4")
    assert standardize(video, tmp_path / "out.mp4", fps=12, ffmpeg=FFMPEG).clip.frames == 6


def test_a_fractional_rate_becomes_whole(tmp_path: Path):
    video = encode(tmp_path, [bars(index) for index in range(12)], rate="24000/1001")
    facts = standardize(video, tmp_path / "out.mp4", ffmpeg=FFMPEG)
    assert (facts.clip.fps, facts.clip.frames, facts.constant_rate) == (24.0, 12, True)


def test_another_size_is_fitted_and_centred_on_black(tmp_path: Path):
    white = np.full((64, 96, 3), 255, np.uint8)
    standardize(encode(tmp_path, [white] * 3), tmp_path / "out.mp4", size=(96, 96), ffmpeg=FFMPEG)
    frame = decoded(tmp_path / "out.mp4")[1]
    assert frame.shape == (96, 96, 3)
    assert frame[:15].max() < 6 > frame[-15:].max()
    assert frame[18:-18].min() > 249


def test_wide_pixels_become_square(tmp_path: Path):
    video = encode(tmp_path, [bars(0)] * 3, "-vf", "setsar=2")
    facts = standardize(video, tmp_path / "out.mp4", ffmpeg=FFMPEG)
    assert (facts.clip.size, facts.pixel_aspect) == ((192, 64), 1)


def test_a_turned_video_is_stored_upright(tmp_path: Path):
    video = encode(tmp_path, [bars(0)] * 3)
    turned = tmp_path / "turned.mp4"
    argv = [FFMPEG.program, "-v", "error", "-display_rotation", "90", "-i", str(video), "-c", "copy", str(turned)]
    subprocess.run(argv, check=True)
    facts = standardize(turned, tmp_path / "out.mp4", ffmpeg=FFMPEG)
    assert (facts.clip.size, facts.rotation_deg) == ((64, 96), 0)


@pytest.mark.parametrize(
    ("matrix", "tags"),
    [
        ("bt601", ["-colorspace", "smpte170m", "-color_range", "tv"]),
        ("bt601", []),
        ("bt709", ["-colorspace", "bt709", "-color_range", "tv"]),
    ],
)
def test_colours_of_another_matrix_become_bt709(tmp_path: Path, matrix: str, tags: list[str]):
    filters = f"scale=out_color_matrix={matrix}:out_range=tv:flags=accurate_rnd,format=yuv420p"
    if not tags:
        filters += ",setparams=colorspace=unknown:range=unknown"
    video = encode(tmp_path, [palette()] * 3, "-vf", filters, *tags)
    facts = standardize(video, tmp_path / "out.mp4", ffmpeg=FFMPEG)
    error = cell_means(decoded(tmp_path / "out.mp4")[1]) - cell_means(palette())
    assert facts.color == BT709
    assert np.abs(error).mean() < 1.5
    assert np.abs(error).max() < 6


@pytest.mark.parametrize("size", [(95, 64), (0, 64), (8, 8)])
def test_a_size_that_videos_cannot_have_is_refused(tmp_path: Path, size: tuple[int, int]):
    video = encode(tmp_path, [bars(0)] * 2)
    with pytest.raises(BadInput, match="even numbers"):
        standardize(video, tmp_path / "out.mp4", size=size, ffmpeg=FFMPEG)


def test_high_dynamic_range_is_refused(tmp_path: Path):
    video = encode(tmp_path, [bars(0)] * 2, "-vf", "setparams=color_trc=smpte2084")
    with pytest.raises(BadInput, match="high dynamic range"):
        standardize(video, tmp_path / "out.mp4", ffmpeg=FFMPEG)


def test_a_broken_video_leaves_no_output(tmp_path: Path):
    video = encode(tmp_path, [bars(index) for index in range(12)], "-movflags", "+faststart")
    video.write_bytes(video.read_bytes()[: video.stat().st_size * 2 // 3])
    with pytest.raises(BadInput, match="no whole video"):
        standardize(video, tmp_path / "out" / "out.mp4", ffmpeg=FFMPEG)
    assert not (tmp_path / "out").exists()


def test_names_of_other_kinds_of_files_are_refused_and_nothing_is_replaced(tmp_path: Path):
    video = encode(tmp_path, [bars(index) for index in range(3)])
    before = video.read_bytes()
    with pytest.raises(BadInput, match=r"out\.png cannot be written; allowed: .*\.mp4"):
        standardize(video, tmp_path / "out.png", ffmpeg=FFMPEG)
    with pytest.raises(BadInput, match=r"allowed: .*\.png"):
        extract_frame(video, 0, video, ffmpeg=FFMPEG)
    with pytest.raises(BadInput, match=r"allowed: .*\.png"):
        extract_frames(video, tmp_path / "f.####.jpg", first=0, ffmpeg=FFMPEG)
    assert not [path for path in tmp_path.iterdir() if path.suffix in {".png", ".jpg"}]
    assert video.read_bytes() == before


def test_a_video_may_replace_itself(tmp_path: Path):
    video = encode(tmp_path, [bars(index) for index in range(6)])
    assert standardize(video, video, fps=12, ffmpeg=FFMPEG).clip.frames == 3
    assert sorted(path.name for path in tmp_path.glob("*.mp4")) == ["in.mp4"]


@pytest.mark.parametrize(
    ("size", "box", "inside"),
    [((1920, 1080), (1280, 704), (1252, 704)), ((64, 96), (96, 96), (64, 96)), ((1000, 2), (100, 100), (100, 2))],
)
def test_fitting_keeps_the_aspect(size: tuple[int, int], box: tuple[int, int], inside: tuple[int, int]):
    assert fit_size(size, box) == inside


@pytest.mark.parametrize("index", [0, 7, 11])
def test_the_exact_frame_comes_out(weird_path: Path, index: int):
    pictures = [bars(number) for number in range(12)]
    tags = ["-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p", "-colorspace", "bt709", "-bf", "3"]
    video = encode(weird_path, pictures, *tags)
    extract_frame(video, index, weird_path / "f%d.png", ffmpeg=FFMPEG)
    out = cv2.cvtColor(cv2.imdecode(np.fromfile(weird_path / "f%d.png", np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    assert np.abs(out.astype(int) - pictures[index]).mean() < 2.5


def test_all_frames_come_out_under_their_numbers(weird_path: Path):
    pictures = [bars(number) for number in range(12)]
    tags = ["-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p", "-colorspace", "bt709", "-bf", "3"]
    video = encode(weird_path, pictures, *tags)
    done: list[int] = []
    frames = weird_path / "frames"
    assert extract_frames(video, frames / "50% %d.####.png", first=995, on_frames=done.append, ffmpeg=FFMPEG) == 12
    assert sum(done) == 12
    assert sorted(path.name for path in frames.iterdir()) == [f"50% %d.{n:04d}.png" for n in range(995, 1007)]
    for index in (0, 11):
        data = np.fromfile(frames / f"50% %d.{995 + index:04d}.png", np.uint8)
        out = cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
        assert np.abs(out.astype(int) - pictures[index]).mean() < 2.5


@pytest.mark.parametrize(("name", "first"), [("frame.png", 0), ("a#b##.png", 0), ("f.#.png", -1)])
def test_a_pattern_without_one_place_for_a_number_is_refused(tmp_path: Path, name: str, first: int):
    video = encode(tmp_path, [bars(0)])
    with pytest.raises(BadInput, match="one run of #"):
        extract_frames(video, tmp_path / "frames" / name, first=first, ffmpeg=FFMPEG)
    assert not (tmp_path / "frames").exists()


@pytest.mark.parametrize("index", [-1, 12])
def test_a_frame_that_is_not_there_is_refused(tmp_path: Path, index: int):
    video = encode(tmp_path, [bars(number) for number in range(12)])
    with pytest.raises(BadInput, match="0 to 11"):
        extract_frame(video, index, tmp_path / "f.png", ffmpeg=FFMPEG)
    assert not (tmp_path / "f.png").exists()


def test_an_extracted_frame_has_the_colours_of_the_video(tmp_path: Path):
    tags = [
        "-vf",
        "scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd,format=yuv420p",
        "-colorspace",
        "bt709",
    ]
    extract_frame(encode(tmp_path, [palette()] * 2, *tags), 1, tmp_path / "f.png", ffmpeg=FFMPEG)
    out = cv2.cvtColor(cv2.imread(str(tmp_path / "f.png")), cv2.COLOR_BGR2RGB)
    assert np.abs(cell_means(out) - cell_means(palette())).max() < 3


def moving(tmp_path: Path, filters: str, *arguments: str) -> Path:
    """Encode FFmpeg's moving test picture, 50 pictures a second before the filters."""
    video = tmp_path / "in.mp4"
    source = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=50:duration=2", "-vf", f"{filters},format=yuv420p"]
    argv = [FFMPEG.program, "-v", "error", "-y", *source, "-c:v", "libx264", "-crf", "12", *arguments, str(video)]
    subprocess.run(argv, check=True)
    return video


def combing(video: Path) -> float:
    """Return how much each line differs from the mean of its neighbours, in levels."""
    frames = decoded(video).astype(int)
    return float(np.abs(2 * frames[:, 1:-1] - frames[:, :-2] - frames[:, 2:]).mean())


@pytest.mark.parametrize("order", ["top", "bottom"])
def test_fields_become_whole_pictures_and_are_named(tmp_path: Path, order: str):
    flag = f"{order[0]}ff"
    marks = ["-flags", "+ildct+ilme", "-x264opts", f"{flag}=1"]
    video = moving(tmp_path, f"tinterlace=interleave_{order},setfield={flag}", *marks)
    said: list[str] = []
    made = standardize(video, tmp_path / "out.mp4", ffmpeg=FFMPEG, say=said.append)
    assert said == [f"in.mp4 is interlaced ({order} first): both fields of a frame become one picture"]
    assert (made.field_order, made.clip.frames, made.clip.fps) == ("", 50, 25.0)
    assert combing(made.clip.path) < combing(video) * 0.8


def test_fields_that_are_not_marked_are_named(tmp_path: Path):
    said: list[str] = []
    video = moving(tmp_path, "tinterlace=interleave_top,setfield=prog")
    standardize(video, tmp_path / "out.mp4", ffmpeg=FFMPEG, say=said.append)
    assert len(said) == 1
    assert "looks interlaced in 50 of 50 frames" in said[0]


def test_whole_pictures_are_not_taken_for_fields(tmp_path: Path):
    said: list[str] = []
    video = moving(tmp_path, "fps=25")
    standardize(video, tmp_path / "out.mp4", ffmpeg=FFMPEG, say=said.append)
    assert said == []
