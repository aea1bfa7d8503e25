from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path
from threading import Event

import psutil
import pytest

from cosmos_houdini.errors import BadInput, Cancelled, DiskFull, ToolError
from cosmos_houdini.media.videos.ffmpeg import FFmpeg, Run
from support.media import FFMPEG

NOISE = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=24"]


def children() -> list[str]:
    """Return the FFmpeg programs that still run; other tests may have left servers running on purpose."""
    alive = (child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE)
    return [child.name() for child in alive if child.name().startswith("ffmpeg")]


def test_reports_every_frame_and_returns_what_was_printed(tmp_path: Path):
    counts: list[int] = []
    how = Run(task="testing", cwd=tmp_path, on_frames=counts.append)
    lines = FFMPEG.run([*NOISE, "-frames:v", "40", "-f", "null", "-"], how)
    assert sum(counts) == 40
    assert any("Video:" in line for line in lines)


def test_an_error_that_leaves_exit_code_0_is_a_failure(tmp_path: Path):
    video = tmp_path / "cut.ts"
    FFMPEG.run([*NOISE, "-frames:v", "30", "-c:v", "mpeg2video", str(video)], Run(task="making"))
    data = bytearray(video.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 4000] = bytes(4000)
    video.write_bytes(data)
    argv = [FFMPEG.program, "-v", "quiet", "-i", str(video), "-f", "null", "-"]
    assert subprocess.run(argv, check=False).returncode == 0
    with pytest.raises(ToolError, match="exit code 0"):
        FFMPEG.run(["-i", str(video), "-f", "null", "-"], Run(task="reading cut.ts"))


def test_the_error_holds_the_telling_line_and_no_echo_of_it():
    with pytest.raises(ToolError) as caught:
        FFMPEG.run(["-i", "nothing-here.mp4", "-f", "null", "-"], Run(task="reading nothing-here.mp4"))
    assert "nothing-here.mp4" in str(caught.value)
    assert "No such file" in caught.value.detail
    assert "\n" not in str(caught.value)


def test_an_exception_of_the_progress_callback_kills_the_program():
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    endless = ["-re", *NOISE, "-f", "null", "-"]
    with pytest.raises(KeyboardInterrupt):
        FFMPEG.run(endless, Run(task="running on", on_frames=interrupt))
    assert children() == []


def test_the_stop_event_kills_the_program():
    stop = Event()
    endless = ["-re", *NOISE, "-f", "null", "-"]
    with pytest.raises(Cancelled, match="running on"):
        FFMPEG.run(endless, Run(task="running on", on_frames=lambda _: stop.set(), stop=stop))
    assert children() == []


def test_a_run_ends_at_its_time_limit():
    with pytest.raises(ToolError, match=r"longer than 0\.3 s"):
        FFMPEG.run(["-re", *NOISE, "-f", "null", "-"], Run(task="running on", timeout_s=0.3))
    assert children() == []


def test_an_error_while_frames_are_made_is_the_error_that_arrives():
    def broken():
        yield memoryview(bytes(320 * 240 * 3))
        raise BadInput("the third layer is missing")

    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", "320x240", "-i", "pipe:0", "-f", "null", "-"]
    with pytest.raises(BadInput, match="third layer"):
        FFMPEG.run(raw, Run(task="encoding"), frames=broken())
    assert children() == []


def test_a_program_that_leaves_while_it_is_fed_tells_why():
    endless = itertools.repeat(memoryview(bytes(320 * 240 * 3)))
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", "320x240", "-i", "pipe:0"]
    with pytest.raises(ToolError, match="nosuchcodec"):
        FFMPEG.run([*raw, "-c:v", "nosuchcodec", "-f", "null", "-"], Run(task="encoding"), frames=endless)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_a_full_disk_is_named():
    with pytest.raises(DiskFull, match="the disk is full: writing"):
        FFMPEG.run([*NOISE, "-frames:v", "50", "-f", "rawvideo", "/dev/full"], Run(task="writing"))


def test_the_named_program_is_the_one_that_runs(tmp_path: Path):
    assert FFmpeg(path=Path(sys.executable)).program == sys.executable
    with pytest.raises(BadInput, match=r"programs\.ffmpeg"):
        FFmpeg(path=tmp_path / "gone").run([], Run(task="nothing"))
