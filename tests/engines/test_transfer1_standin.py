"""The engine transfer1 against a program that checks and prints like upstream's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path, PurePosixPath

import imageio_ffmpeg
import pytest

from cosmos_houdini.engines import EngineLog, find_engine
from cosmos_houdini.media.videos.probe import probe_video
from cosmos_houdini.model.job import JobFailure
from cosmos_houdini.model.request import InferenceRequest, Site
from support.media import FFMPEG
from support.media.transfer_clips import request_of, write_clips

STANDIN = Path(__file__).resolve().parents[1] / "support" / "engines" / "transfer1_standin.py"
TRANSFER1 = find_engine("transfer1")


def start(folder: Path, request: InferenceRequest, mode: str) -> tuple[int, EngineLog]:
    """Run an invocation in a job folder, as a launcher would."""
    invocation = TRANSFER1.invocation(
        request, Site(folder=PurePosixPath(folder), engine_path=PurePosixPath(folder / "engine"))
    )
    for name in ("in", "out", "engine"):
        (folder / name).mkdir()
    for name, text in invocation.files.items():
        (folder / name).write_text(text, "utf-8")
    for name, local in invocation.inputs.items():
        (folder / name).symlink_to(local)
    env = os.environ | dict(invocation.env) | {"STANDIN_FFMPEG": imageio_ffmpeg.get_ffmpeg_exe(), "STANDIN_MODE": mode}
    argv = [sys.executable, str(STANDIN), *invocation.argv[1:]]
    done = subprocess.run(argv, cwd=invocation.cwd, env=env, capture_output=True, text=True, check=False)
    return done.returncode, EngineLog(stdout=done.stdout, stderr=done.stderr)


def request_in(folder: Path, **changes: object) -> InferenceRequest:
    (folder / "videos").mkdir()
    return request_of(write_clips(folder / "videos", "color", "depth", "seg"), **changes)


def test_a_run_ends_with_the_video_that_was_promised(weird_path: Path):
    request = request_in(weird_path, prompt='"; $(touch x)\n größe')
    (weird_path / "job").mkdir()
    exit_code, log = start(weird_path / "job", request, "ok")
    assert TRANSFER1.failure(exit_code, log) is None
    assert TRANSFER1.progress(log, TRANSFER1.plan(request)).fraction == 1.0
    (expected,) = TRANSFER1.invocation(
        request, Site(folder=PurePosixPath("/x"), engine_path=PurePosixPath("/y"))
    ).outputs
    clip = probe_video(weird_path / "job" / "out" / expected.path, ffmpeg=FFMPEG)
    assert (clip.frames, clip.size, clip.fps) == (expected.frames, expected.size, 24)
    assert (weird_path / "job" / "out" / "result.txt").read_bytes() == request.prompt.encode()


@pytest.mark.parametrize(
    ("mode", "failure"),
    [
        ("oom", "oom"),
        ("disk_full", "disk_full"),
        ("gated", "auth"),
        ("missing_checkpoint", "missing_checkpoint"),
        ("prompt_blocked", "guardrail_blocked"),
        ("blocked_exit_0", "guardrail_blocked"),
        ("video_blocked", "guardrail_blocked"),
        ("crash", "engine_error"),
    ],
)
def test_each_fault_is_named(tmp_path: Path, mode: str, failure: str):
    request = request_in(tmp_path)
    (tmp_path / "job").mkdir()
    found = TRANSFER1.failure(*start(tmp_path / "job", request, mode))
    assert isinstance(found, JobFailure)
    assert str(found.failure) == failure


def test_videos_of_two_lengths_would_be_bad_input(tmp_path: Path):
    request = request_in(tmp_path)
    write_clips(tmp_path / "videos", "seg", frames=4)
    (tmp_path / "job").mkdir()
    assert str(TRANSFER1.failure(*start(tmp_path / "job", request, "ok")).failure) == "bad_input"
