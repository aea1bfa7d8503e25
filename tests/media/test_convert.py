from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from cosmos_houdini.errors import BadInput, CheckFailed, DiskFull
from cosmos_houdini.media.convert import convert_sequences
from cosmos_houdini.media.videos.metadata import read_metadata, verified_clips
from cosmos_houdini.media.videos.source import ComputedFrames
from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.sequence import CorruptFrame, Sequence
from support.media import FFMPEG, pictures
from support.media.clips import SIZE, bars, cut_image_data, decoded, sequence_of, write_bars, write_picture


@pytest.fixture
def passes(tmp_path: Path) -> list[Sequence]:
    depth = [write_picture(tmp_path / f"z.{i}.png", bars(i)[..., 0].astype(np.uint16) * 257) for i in range(6)]
    return [sequence_of(write_bars(tmp_path / "color")), sequence_of(depth, pass_=Pass.DEPTH)]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_makes_a_verified_video_of_each_pass_and_describes_them(passes: list[Sequence], weird_path: Path):
    counts: list[int] = []
    out = weird_path / "videos"
    conversion = convert_sequences(
        passes, out, name="shot", fps=24, scene_document={"fps": 24.0}, on_frames=counts.append, ffmpeg=FFMPEG
    )
    assert names(out) == ["color.mp4", "depth.mp4", "metadata.json"]
    document = json.loads((out / "metadata.json").read_text(encoding="utf-8"))
    assert document == json.loads(json.dumps(conversion.document()))
    assert list(document) == ["schema", "name", "fps", "frames", "size", "videos", "scene", "caption", "sources"]
    assert (document["fps"], document["frames"], document["size"]) == (24, 6, list(SIZE))
    assert document["scene"] == {"fps": 24.0}
    for video in document["videos"].values():
        assert video["sha256"] == hashlib.sha256(Path(video["path"]).read_bytes()).hexdigest()
        assert video["color"] == {"matrix": "bt709", "primaries": "bt709", "transfer": "bt709", "range": "tv"}
    assert (document["videos"]["color"]["crf"], document["videos"]["color"]["preset"]) == (18, "medium")
    depth = document["sources"]["depth"]
    assert (depth["first"], depth["last"], depth["step"], depth["held"]) == (1, 6, 1, [])
    assert (depth["picture"]["bit_depth"], depth["applied"]) == (16, ["16 bits rounded to 8"])
    assert sum(counts) == 12


def test_the_same_pictures_give_the_same_bytes(passes: list[Sequence], tmp_path: Path):
    one, two = (
        convert_sequences(passes, tmp_path / name, name="shot", fps=24, ffmpeg=FFMPEG) for name in ("one", "two")
    )
    assert [video.clip.sha256 for video in one.videos] == [video.clip.sha256 for video in two.videos]


def test_held_frames_show_the_frame_before_and_are_listed(tmp_path: Path):
    whole = sequence_of(write_bars(tmp_path / "color"))
    gap = sequence_of(
        [frame.file for frame in whole.frames],
        frames=tuple(frame for frame in whole.frames if frame.number != 3),
        missing=(3,),
    )
    conversion = convert_sequences([gap], tmp_path / "out", name="shot", fps=24, on_gap="hold", ffmpeg=FFMPEG)
    frames = decoded(conversion.videos[0].clip.path).astype(int)
    assert len(frames) == 6
    assert np.abs(frames[2] - bars(1)).mean() < 3 < np.abs(frames[2] - bars(2)).mean()
    assert conversion.document()["sources"]["color"]["held"] == [3]


def test_negative_frames_and_steps_become_consecutive_frames(tmp_path: Path):
    sequence = sequence_of(write_bars(tmp_path / "color"), first=-4, step=2)
    conversion = convert_sequences(
        [sequence], tmp_path / "out", name="shot", fps=24, frame_range=(-3, 4), ffmpeg=FFMPEG
    )
    frames = decoded(conversion.videos[0].clip.path).astype(int)
    assert len(frames) == 4
    assert np.abs(frames[0] - bars(1)).mean() < 3
    source = conversion.document()["sources"]["color"]
    assert (source["first"], source["last"], source["step"]) == (-2, 4, 2)


@pytest.mark.parametrize(
    "change",
    [
        {"missing": (3,)},
        {"corrupt": (CorruptFrame(frame=3, file=Path("c.3.png"), reason="cut short"),)},
        {"mismatched": (3,)},
    ],
)
def test_what_is_wrong_with_a_sequence_stops_before_anything_is_written(
    tmp_path: Path, passes: list[Sequence], change: dict[str, object]
):
    files = [frame.file for frame in passes[0].frames]
    frames = tuple(f for f in passes[0].frames if f.number != 3) if "missing" in change else passes[0].frames
    with pytest.raises(CheckFailed, match="nothing was written"):
        convert_sequences(
            [sequence_of(files, frames=frames, **change), passes[1]],  # type: ignore[arg-type]
            tmp_path / "out",
            name="shot",
            fps=24,
            ffmpeg=FFMPEG,
        )
    assert not (tmp_path / "out").exists()


def test_a_picture_that_breaks_while_encoding_leaves_no_file_of_any_pass(tmp_path: Path, passes: list[Sequence]):
    cut_image_data(passes[0].frames[4].file)
    with pytest.raises(CheckFailed, match=r"shot\.0005\.png cannot be decoded"):
        convert_sequences(passes, tmp_path / "out", name="shot", fps=24, ffmpeg=FFMPEG)
    assert not (tmp_path / "out").exists()


def test_wrong_checksums_that_show_while_encoding_are_named_all_and_leave_nothing(
    tmp_path: Path, passes: list[Sequence]
):
    for index in (1, 4):
        pictures.flip(passes[0].frames[index].file, -20)
    with pytest.raises(CheckFailed, match=r"frame 2 is corrupt .*wrong checksum.*; .*frame 5 is corrupt"):
        convert_sequences(passes, tmp_path / "out", name="shot", fps=24, ffmpeg=FFMPEG)
    assert not (tmp_path / "out").exists()


def test_a_failure_leaves_the_earlier_conversion_as_it_was(tmp_path: Path, passes: list[Sequence]):
    out = tmp_path / "out"
    convert_sequences(passes, out, name="shot", fps=24, ffmpeg=FFMPEG)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    cut_image_data(passes[1].frames[2].file)
    with pytest.raises(CheckFailed):
        convert_sequences(passes, out, name="shot", fps=24, ffmpeg=FFMPEG)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_success_replaces_an_earlier_conversion(tmp_path: Path, passes: list[Sequence]):
    convert_sequences(passes, tmp_path / "out", name="shot", fps=24, ffmpeg=FFMPEG)
    conversion = convert_sequences(passes, tmp_path / "out", name="shot", fps=30, frame_range=(1, 3), ffmpeg=FFMPEG)
    assert read_metadata(tmp_path / "out") == json.loads(json.dumps(conversion.document()))


def test_an_interrupt_leaves_nothing(tmp_path: Path, passes: list[Sequence]):
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert_sequences(passes, tmp_path / "out", name="shot", fps=24, on_frames=interrupt, ffmpeg=FFMPEG)
    assert not (tmp_path / "out").exists()


def test_a_killed_conversion_leaves_no_final_name_and_hinders_no_other(tmp_path: Path, passes: list[Sequence]):
    out = tmp_path / "out"
    argv = [
        sys.executable,
        "-c",
        "import sys; from support.media import clips; clips.convert_endlessly(sys.argv[1:3])",
        str(tmp_path),
        str(out),
    ]
    with subprocess.Popen(argv, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}) as process:
        unfinished = out / ".converting" / "color" / "video.mp4"
        deadline = time.monotonic() + 180
        while not unfinished.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        process.kill()
    assert unfinished.exists()
    assert [name for name in names(out) if not name.startswith(".")] == []
    convert_sequences(passes, out, name="shot", fps=24, ffmpeg=FFMPEG)
    assert names(out) == ["color.mp4", "depth.mp4", "metadata.json"]


def test_a_folder_into_which_another_conversion_writes_is_refused(tmp_path: Path, passes: list[Sequence]):
    (tmp_path / "out").mkdir()
    with FileLock(tmp_path / "out" / ".converting.lock"), pytest.raises(BadInput, match="another conversion"):
        convert_sequences(passes, tmp_path / "out", name="shot", fps=24, ffmpeg=FFMPEG)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(disk)]
    if os.name == "nt" or os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small file system needs root")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_is_named_and_leaves_nothing(tmp_path: Path, small_disk: Path):
    rng = np.random.default_rng(1)
    grain = [rng.integers(0, 255, (256, 256, 3), dtype=np.uint8) for _ in range(6)]
    files = [write_picture(tmp_path / f"g.{index}.png", pixels) for index, pixels in enumerate(grain)]
    with pytest.raises(DiskFull, match="disk is full"):
        convert_sequences([sequence_of(files)], small_disk / "out", name="shot", fps=24, ffmpeg=FFMPEG)
    assert list(small_disk.iterdir()) == []


def test_a_computed_pass_takes_the_place_of_its_files_and_others_join(tmp_path: Path, passes: list[Sequence]):
    depth = ComputedFrames(
        label="disparity",
        frames=lambda: iter([bars(index)[..., 0] for index in range(6)]),
        count=6,
        size=SIZE,
        grey=True,
        applied=("disparity, near bright",),
        details={"range": [0.1, 2.5]},
    )
    edge = ComputedFrames(label="edges", frames=lambda: iter([bars(i) for i in range(6)]), count=6, size=SIZE)
    conversion = convert_sequences(
        passes,
        tmp_path / "out",
        name="shot",
        fps=24,
        computed=lambda _selections, _folder: {Pass.DEPTH: depth, Pass.EDGE: edge},
        ffmpeg=FFMPEG,
    )
    sources = conversion.document()["sources"]
    assert list(sources) == ["color", "depth", "edge"]
    assert (sources["depth"]["applied"], sources["depth"]["range"]) == (["disparity, near bright"], [0.1, 2.5])
    assert sources["edge"]["pattern"] == sources["color"]["pattern"]


def test_a_computed_pass_of_another_length_is_refused(tmp_path: Path, passes: list[Sequence]):
    edge = ComputedFrames(label="edges", frames=lambda: iter([bars(0)] * 5), count=5, size=SIZE)
    with pytest.raises(CheckFailed, match="edge 5 frames of 96x64"):
        convert_sequences(
            passes,
            tmp_path / "out",
            name="shot",
            fps=24,
            computed=lambda _selections, _folder: {Pass.EDGE: edge},
            ffmpeg=FFMPEG,
        )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("fps", [0, -24, 241])
def test_an_fps_that_videos_cannot_have_is_refused(tmp_path: Path, passes: list[Sequence], fps: int):
    with pytest.raises(BadInput, match="allowed: 1 to 240"):
        convert_sequences(passes, tmp_path / "out", name="shot", fps=fps, ffmpeg=FFMPEG)


def test_a_moved_folder_is_read_where_it_lies(tmp_path: Path, passes: list[Sequence]):
    convert_sequences(passes, tmp_path / "out", name="shot", fps=24, ffmpeg=FFMPEG)
    (tmp_path / "out").rename(tmp_path / "moved")
    document = read_metadata(tmp_path / "moved")
    assert document["videos"]["color"]["path"] == str(tmp_path / "moved" / "color.mp4")


def test_only_videos_that_are_as_they_were_count_as_verified(tmp_path: Path, passes: list[Sequence]):
    conversion = convert_sequences(passes, tmp_path, name="shot", fps=24, ffmpeg=FFMPEG)
    clips = {video.clip.path: video.clip for video in conversion.videos}
    assert verified_clips(read_metadata(tmp_path)) == clips
    changed = tmp_path / "color.mp4"
    changed.write_bytes(changed.read_bytes() + b"x")
    assert verified_clips(read_metadata(tmp_path)) == {path: clip for path, clip in clips.items() if path != changed}
    changed.unlink()
    assert changed not in verified_clips(read_metadata(tmp_path))


def test_a_folder_without_metadata_is_refused(tmp_path: Path):
    with pytest.raises(BadInput, match=r"no metadata\.json"):
        read_metadata(tmp_path)
    (tmp_path / "metadata.json").write_text('{"schema": "other/1"}')
    with pytest.raises(BadInput, match="another kind"):
        read_metadata(tmp_path)
