from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from cosmos_houdini.errors import BadInput, CheckFailed
from cosmos_houdini.media.videos.cut import cut
from cosmos_houdini.media.videos.probe import inspect_video
from support.media import FFMPEG
from support.media.clips import decoded


def video(path: Path, pix_fmt: str) -> Path:
    """Write a video whose frames refer to later ones."""
    source = ["-f", "lavfi", "-i", "testsrc2=s=96x64:r=24"]
    tags = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"]
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *source, "-frames:v", "12", "-pix_fmt", pix_fmt, "-bf", "3"]
    subprocess.run([*argv, *tags, str(path)], check=True)
    return path


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv444p"])
@pytest.mark.parametrize("frames", [1, 5, 12])
def test_the_first_frames_stay_as_they_are_to_the_last_bit(weird_path: Path, pix_fmt: str, frames: int):
    source, out = video(weird_path / "color.mp4", pix_fmt), weird_path / "cuts" / "cut.mp4"
    cut(source, frames, out, ffmpeg=FFMPEG)
    assert np.array_equal(decoded(out), decoded(source)[:frames])
    before, after = inspect_video(source, ffmpeg=FFMPEG), inspect_video(out, ffmpeg=FFMPEG)
    assert (after.clip.frames, after.clip.fps, after.color) == (frames, 24, before.color)
    assert [path.name for path in out.parent.iterdir()] == ["cut.mp4"]


def test_a_cut_that_is_there_is_not_made_again(tmp_path: Path):
    out = tmp_path / "cut.mp4"
    out.write_bytes(b"there")
    cut(tmp_path / "missing.mp4", 1, out, ffmpeg=FFMPEG)
    assert out.read_bytes() == b"there"


def test_more_frames_than_there_are_and_what_is_no_video_leave_nothing(tmp_path: Path):
    source, out = video(tmp_path / "color.mp4", "yuv420p"), tmp_path / "cuts" / "cut.mp4"
    with pytest.raises(CheckFailed, match="the first 13 frames"):
        cut(source, 13, out, ffmpeg=FFMPEG)
    source.write_bytes(b"no video")
    with pytest.raises(BadInput):
        cut(source, 1, out, ffmpeg=FFMPEG)
    assert list(out.parent.iterdir()) == []
