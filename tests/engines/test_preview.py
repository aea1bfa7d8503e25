"""The engine preview, run for real."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path, PurePosixPath

import imageio_ffmpeg
import numpy as np
import pytest

from cosmos_houdini.engines import EngineLog, find_engine
from cosmos_houdini.engines.preview import engine as preview
from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.videos.probe import inspect_video, sha256_of
from cosmos_houdini.model.job import FailureClass
from cosmos_houdini.model.parameter import ParameterValue
from cosmos_houdini.model.request import InferenceRequest, Site
from support.media import FFMPEG
from support.media.transfer_clips import request_of, write_clips

PREVIEW = find_engine("preview")
SQUARE = (96, 96)
FRAMES = 2


def one_core() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def run(folder: Path, request: InferenceRequest, *, before: Callable[[], None] | None = None) -> EngineLog:
    """Run an invocation in a job folder, as a launcher would, with the FFmpeg of this machine."""
    site = Site(folder=PurePosixPath(folder), ffmpeg=imageio_ffmpeg.get_ffmpeg_exe())
    invocation = PREVIEW.invocation(request, site)
    for name in ("in", "out"):
        (folder / name).mkdir(parents=True)
    for name, text in invocation.files.items():
        (folder / name).write_text(text, "ascii")
    for name, local in invocation.inputs.items():
        (folder / name).symlink_to(local)
    done = subprocess.run(
        invocation.argv,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=before,
    )
    log = EngineLog(stdout=done.stdout, stderr=done.stderr)
    assert PREVIEW.failure(done.returncode, log) is None, done.stderr
    assert PREVIEW.progress(log, PREVIEW.plan(request)).fraction == 1.0
    for expected in invocation.outputs:
        facts = inspect_video(folder / "out" / expected.path, ffmpeg=FFMPEG)
        assert (facts.clip.frames, facts.clip.size) == (expected.frames, expected.size)
        assert facts.clip.fps == request.parameters["fps"]
        assert (facts.codec, facts.pix_fmt) == ("h264", "yuv420p")
    return log


def frame(video: Path, number: int, size: tuple[int, int]) -> np.ndarray:
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(video), "-vf", f"select=eq(n\\,{number})"]
    argv += ["-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    raw = subprocess.run(argv, check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(size[1], size[0], 3).astype(int)


def square_request(folder: Path, weights: dict[str, float], **changes: ParameterValue) -> InferenceRequest:
    folder.mkdir(exist_ok=True)
    paths = write_clips(folder, "color", *weights, frames=FRAMES, size=SQUARE)
    return request_of(paths, weights=weights, frames=FRAMES, size=SQUARE, engine="preview", **changes)


def result(folder: Path, weights: dict[str, float], **changes: ParameterValue) -> np.ndarray:
    request = square_request(folder.parent / "videos", weights, **changes)
    run(folder, request)
    return frame(folder / "out" / "result.mp4", 1, (960, 960))[:880]


def test_a_job_runs_wherever_its_folder_lies(weird_path: Path):
    run(weird_path / "job", square_request(weird_path / "videos", {"depth": 0.5}))


@pytest.mark.parametrize(
    ("weights", "grid"),
    [
        ({"depth": 0.5}, (1440, 480)),
        ({"depth": 0.5, "seg": 0.5}, (960, 960)),
        ({"vis": 0.25, "edge": 0.5, "depth": 0.5, "seg": 0.3}, (1440, 960)),
    ],
)
def test_the_grid_has_a_cell_for_every_video(tmp_path: Path, weights: dict[str, float], grid: tuple[int, int]):
    request = square_request(tmp_path / "videos", weights, fps=12)
    invocation = PREVIEW.invocation(request, Site(folder=PurePosixPath("/x"), ffmpeg="ffmpeg"))
    assert [out.size for out in invocation.outputs] == [(960, 960), grid]
    run(tmp_path / "job", request)


def test_the_same_request_makes_the_same_bytes_on_however_many_cores(tmp_path: Path):
    request = square_request(tmp_path / "videos", {"depth": 0.5})
    run(tmp_path / "first", request)
    run(tmp_path / "second", request, before=one_core)
    for video in ("result.mp4", "controls.mp4"):
        assert sha256_of(tmp_path / "first" / "out" / video) == sha256_of(tmp_path / "second" / "out" / video)


def test_each_of_the_main_parameters_and_weights_shows(tmp_path: Path):
    looks = {
        "plain": result(tmp_path / "plain", {"depth": 0.5, "seg": 0.3}),
        "seed": result(tmp_path / "seed", {"depth": 0.5, "seg": 0.3}, seed=2),
        "depth": result(tmp_path / "depth", {"depth": 0.1, "seg": 0.3}),
        "seg": result(tmp_path / "seg", {"depth": 0.5, "seg": 0.5}),
        "guidance": result(tmp_path / "guidance", {"depth": 0.5, "seg": 0.3}, guidance=15.0),
        "sigma_max": result(tmp_path / "sigma", {"depth": 0.5, "seg": 0.3}, sigma_max=20.0),
        "num_steps": result(tmp_path / "steps", {"depth": 0.5, "seg": 0.3}, num_steps=1),
    }
    for name, look in looks.items():
        if name != "plain":
            assert np.abs(look - looks["plain"]).mean() > 1, name


def test_each_seed_has_its_own_grain(tmp_path: Path):
    one, other = (
        result(tmp_path / str(seed), {"depth": 0.5}, seed=seed, sigma_max=0.01, num_steps=1) for seed in (1, 2)
    )
    assert np.abs(one - other).mean() > 0.2


def test_without_noise_the_result_is_the_input(tmp_path: Path):
    request = square_request(tmp_path / "videos", {"edge": 1.0}, sigma_max=0.01, num_steps=100)
    run(tmp_path / "job", request)
    made = frame(tmp_path / "job" / "out" / "result.mp4", 1, (960, 960))[:880]
    color = frame(tmp_path / "videos" / "color.mp4", 1, SQUARE).repeat(10, axis=0).repeat(10, axis=1)[:880]
    assert np.median(np.abs(made - color)) < 6


def test_every_frame_is_marked(tmp_path: Path):
    run(tmp_path / "job", square_request(tmp_path / "videos", {"depth": 0.5}))
    for number in range(FRAMES):
        bar = frame(tmp_path / "job" / "out" / "result.mp4", number, (960, 960))[900:]
        orange = (bar[:, :140, 0] > 180) & (bar[:, :140, 2] < 110)
        assert orange.sum() > 300, number


def test_frames_stay_in_their_order(tmp_path: Path):
    request = square_request(tmp_path / "videos", {"vis": 0.5}, sigma_max=0.01, num_steps=100)
    run(tmp_path / "job", request)
    made = [frame(tmp_path / "job" / "out" / "result.mp4", number, (960, 960))[:880] for number in range(FRAMES)]
    color = [
        frame(tmp_path / "videos" / "color.mp4", number, SQUARE).repeat(10, axis=0).repeat(10, axis=1)[:880]
        for number in range(FRAMES)
    ]
    nearest = [int(np.argmin([np.abs(one - other).mean() for other in color])) for one in made]
    assert nearest == list(range(FRAMES))


def test_the_second_chunk_is_marked_and_looks_a_little_different(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(preview, "TRANSFER1", replace(preview.TRANSFER1, frames_per_chunk=3))
    still = write_clips(tmp_path, "seg", frames=5, size=SQUARE)["seg"]
    request = request_of({"color": still, "seg": still}, weights={"seg": 0.5}, frames=5, size=SQUARE, engine="preview")
    assert PREVIEW.plan(request).seams == (3,)
    run(tmp_path / "job", request)
    marks, looks = [], []
    for number in range(5):
        picture = frame(tmp_path / "job" / "out" / "result.mp4", number, (960, 960))
        marks.append(picture[910:945, 860:])
        looks.append(picture[:300, :300])
    marked = [int((np.abs(after - before) > 100).sum()) > 60 for before, after in pairwise(marks)]
    assert marked == [False, False, True, False]
    changes = [float(np.abs(after - before).mean()) for before, after in pairwise(looks)]
    assert changes[2] > 2 * max(changes[0], changes[1], changes[3])


def test_a_host_without_ffmpeg_gets_this_machines_own_as_a_program():
    invocation = PREVIEW.invocation(request_of(), Site(folder=PurePosixPath("/data/jobs/x")))
    assert invocation.argv[0] == "/data/jobs/x/in/ffmpeg"
    assert invocation.executables == ("in/ffmpeg",)
    assert invocation.inputs["in/ffmpeg"] == Path(imageio_ffmpeg.get_ffmpeg_exe())


def test_a_windows_program_is_not_sent_to_a_host(tmp_path: Path):
    (tmp_path / "ffmpeg.EXE").touch()
    site = Site(folder=PurePosixPath("/x"), own_ffmpeg=tmp_path / "ffmpeg.EXE")
    with pytest.raises(BadInput, match=r"ffmpeg\.EXE cannot be sent along.*hosts\.<name>\.ffmpeg"):
        PREVIEW.invocation(request_of(), site)


def test_an_ffmpeg_of_the_host_is_used_where_it_has_one():
    invocation = PREVIEW.invocation(request_of(), Site(folder=PurePosixPath("/x"), ffmpeg="/usr/bin/ffmpeg"))
    assert invocation.argv[0] == "/usr/bin/ffmpeg"
    assert invocation.executables == ()
    assert "in/ffmpeg" not in invocation.inputs


def test_nothing_of_a_prompt_reaches_the_command():
    invocation = PREVIEW.invocation(request_of(prompt="$(touch x)';["), Site(folder=PurePosixPath("/x"), ffmpeg="f"))
    assert not [text for text in (*invocation.argv, *invocation.files.values()) if "touch" in text]


def test_progress_counts_frames():
    plan = PREVIEW.plan(request_of(frames=50))
    log = EngineLog(stdout="frame=0\nprogress=continue\nframe=25\nprogress=continue\n", stderr="")
    assert PREVIEW.progress(log, plan).fraction == 0.5
    assert PREVIEW.progress(EngineLog(stdout="", stderr=""), plan) is None


@pytest.mark.parametrize(
    ("exit_code", "stdout", "stderr", "failure"),
    [
        (0, "frame=3\n", "", FailureClass.ENGINE_ERROR),
        (1, "progress=end\n", "Conversion failed!", FailureClass.ENGINE_ERROR),
        (1, "", "av_interleaved_write_frame(): No space left on device", FailureClass.DISK_FULL),
        (126, "", "sh: in/ffmpeg: cannot execute binary file: Exec format error", FailureClass.HOST_SETUP),
        (127, "", "sh: ffmpeg: not found", FailureClass.HOST_SETUP),
        (137, "", "", FailureClass.OOM),
    ],
)
def test_each_failure_is_named(exit_code: int, stdout: str, stderr: str, failure: str):
    assert PREVIEW.failure(exit_code, EngineLog(stdout=stdout, stderr=stderr)).failure is failure


def test_an_ffmpeg_that_makes_nothing_without_an_error_is_said_to():
    failure = PREVIEW.failure(0, EngineLog(stdout="ffmpeg version 7\n", stderr=""))
    assert failure.message == "it ended without the line 'progress=end': nothing was saved"


def test_a_broken_input_ends_in_a_failure(tmp_path: Path):
    request = square_request(tmp_path / "videos", {"depth": 0.5})
    data = (tmp_path / "videos" / "depth.mp4").read_bytes()
    (tmp_path / "videos" / "depth.mp4").write_bytes(data[: len(data) // 2])
    with pytest.raises(AssertionError, match="JobFailure"):
        run(tmp_path / "job", request)
