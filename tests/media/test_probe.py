from __future__ import annotations

import subprocess
import time
from fractions import Fraction
from pathlib import Path

import pytest

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.videos import probe
from support.media import FFMPEG


def make(path: Path, *arguments: str, frames: int = 12, source: str = "testsrc2=size=160x120:rate=24") -> Path:
    argv = [FFMPEG.program, "-v", "error", "-y", "-f", "lavfi", "-i", source, "-frames:v", str(frames)]
    subprocess.run([*argv, *arguments, f"file:{path}"], check=True)
    return path


def test_counts_the_frames_that_are_there(weird_path: Path):
    clip = probe.probe_video(make(weird_path / "a:b %d.mp4", "-c:v", "libx264"), ffmpeg=FFMPEG)
    assert (clip.frames, clip.size, clip.fps) == (12, (160, 120), 24.0)
    assert clip.sha256 == probe.sha256_of(clip.path)


@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".avi", ".mov", ".ts"])
def test_reads_the_containers_that_people_have(tmp_path: Path, ending: str):
    clip = probe.probe_video(make(tmp_path / f"a{ending}", "-c:v", "libx264", "-bf", "0"), ffmpeg=FFMPEG)
    assert clip.frames == 12
    assert clip.fps == pytest.approx(24, rel=1e-3)


def test_a_fractional_rate_is_not_rounded(tmp_path: Path):
    source = "testsrc2=size=160x120:rate=24000/1001"
    facts = probe.inspect_video(make(tmp_path / "a.mp4", "-c:v", "libx264", source=source), ffmpeg=FFMPEG)
    assert facts.clip.fps == pytest.approx(23.976, abs=1e-3)
    assert facts.constant_rate


def test_frames_of_different_length_are_told(tmp_path: Path):
    filters = ["-vf", "setpts='if(gt(N,5),N+5,N)/24/TB'", "-fps_mode", "passthrough"]
    facts = probe.inspect_video(make(tmp_path / "a.mp4", *filters, "-c:v", "libx264"), ffmpeg=FFMPEG)
    assert facts.clip.frames == 12
    assert not facts.constant_rate


def test_one_frame_is_a_video(tmp_path: Path):
    clip = probe.probe_video(make(tmp_path / "a.mp4", "-c:v", "libx264", frames=1), ffmpeg=FFMPEG)
    assert (clip.frames, clip.fps) == (1, 24.0)


def test_tells_the_tags_of_the_stream(tmp_path: Path):
    tags = ["-vf", "setparams=colorspace=smpte170m:color_primaries=smpte170m:color_trc=bt709:range=tv,setsar=4/3"]
    facts = probe.inspect_video(
        make(tmp_path / "a.mp4", *tags, "-c:v", "libx264", "-pix_fmt", "yuv444p"), ffmpeg=FFMPEG
    )
    assert (facts.color.matrix, facts.color.primaries, facts.color.transfer) == ("smpte170m", "smpte170m", "bt709")
    assert (facts.color.range, facts.pix_fmt, facts.codec) == ("tv", "yuv444p", "h264")
    assert facts.pixel_aspect == Fraction(4, 3)


def test_a_stream_without_tags_is_unknown(tmp_path: Path):
    facts = probe.inspect_video(make(tmp_path / "a.avi", "-c:v", "mpeg4"), ffmpeg=FFMPEG)
    assert facts.color.matrix == "unknown"


def test_a_video_cut_in_the_middle_is_refused(tmp_path: Path):
    video = make(tmp_path / "a.mp4", "-c:v", "libx264", "-movflags", "+faststart", frames=40)
    video.write_bytes(video.read_bytes()[: video.stat().st_size * 2 // 3])
    with pytest.raises(BadInput, match=r"a\.mp4 is no whole video"):
        probe.probe_video(video, ffmpeg=FFMPEG)


def test_a_missing_file_is_refused(tmp_path: Path):
    with pytest.raises(BadInput, match=r"gone\.mp4 is no file"):
        probe.probe_video(tmp_path / "gone.mp4", ffmpeg=FFMPEG)


@pytest.mark.parametrize("content", [b"", b"no video at all", b"\x00\x00\x00\x18ftypisom"])
def test_a_file_that_is_no_video_is_refused(tmp_path: Path, content: bytes):
    (tmp_path / "a.mp4").write_bytes(content)
    with pytest.raises(BadInput, match=r"a\.mp4 is no whole video"):
        probe.probe_video(tmp_path / "a.mp4", ffmpeg=FFMPEG)


def test_a_sound_file_holds_no_video(tmp_path: Path):
    argv = [FFMPEG.program, "-v", "error", "-f", "lavfi", "-i", "sine=duration=1", str(tmp_path / "a.m4a")]
    subprocess.run(argv, check=True)
    with pytest.raises(BadInput, match=r"a\.m4a"):
        probe.probe_video(tmp_path / "a.m4a", ffmpeg=FFMPEG)


def test_a_playlist_cannot_make_it_open_other_files(tmp_path: Path):
    make(tmp_path / "secret.ts", "-c:v", "libx264")
    (tmp_path / "result.mp4").write_text("ffconcat version 1.0\nfile secret.ts\n")
    argv = [FFMPEG.program, "-v", "error", "-i", str(tmp_path / "result.mp4"), "-f", "null", "-"]
    assert subprocess.run(argv, check=False).returncode == 0, "FFmpeg by itself follows the list"
    with pytest.raises(BadInput, match="whitelist"):
        probe.probe_video(tmp_path / "result.mp4", ffmpeg=FFMPEG)


def test_decoding_is_bounded_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(probe, "_MOST_PIXELS", 100 * 100)
    with pytest.raises(BadInput, match="no whole video"):
        probe.probe_video(make(tmp_path / "a.mp4", "-c:v", "libx264"), ffmpeg=FFMPEG)


def test_decoding_is_bounded_in_time(tmp_path: Path):
    video = make(tmp_path / "a.mp4", "-c:v", "libx264", "-preset", "ultrafast", frames=2500)
    start = time.monotonic()
    with pytest.raises(BadInput, match=r"longer than 0\.05 s"):
        probe.probe_video(video, timeout_s=0.05, ffmpeg=FFMPEG)
    assert time.monotonic() - start < 30
