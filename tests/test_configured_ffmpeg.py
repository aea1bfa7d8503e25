"""A project's own FFmpeg is used everywhere, whatever the working folder is."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest

from cosmos_houdini.config import Config, load
from cosmos_houdini.doctor.machine import check_machine
from cosmos_houdini.jobs.client import open_client
from cosmos_houdini.jobs.follow import run_job
from cosmos_houdini.media.convert import convert_sequences
from cosmos_houdini.media.videos import ffmpeg
from cosmos_houdini.media.videos.cut import cut
from cosmos_houdini.media.videos.standardize import extract_frame, standardize
from cosmos_houdini.reporter import Silent
from cosmos_houdini.shots.run import plan_run
from cosmos_houdini.specs.files import load_run_spec
from support.media import FFMPEG
from support.media.clips import sequence_of, write_bars
from support.media.transfer_clips import write_clips

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")


@pytest.fixture
def uses(tmp_path: Path) -> Path:
    """The file that gets a line for each start of the project's FFmpeg."""
    return tmp_path / "uses"


@pytest.fixture
def config(tmp_path: Path, uses: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """Return the configuration of a project that is not the working folder; no other FFmpeg can be had."""
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    project.mkdir()
    elsewhere.mkdir()
    program = project / "ffmpeg"
    program.write_text(f'#!/bin/sh\necho used >>{shlex.quote(str(uses))}\nexec {shlex.quote(FFMPEG.program)} "$@"\n')
    program.chmod(0o755)
    (project / "cosmos-houdini.yaml").write_text("programs: {ffmpeg: ffmpeg}\n")
    monkeypatch.chdir(elsewhere)

    def refuse() -> str:
        raise AssertionError("another FFmpeg than the configured one")

    monkeypatch.setattr(ffmpeg, "_bundled_program", refuse)
    monkeypatch.setattr(ffmpeg, "_found_program", refuse)
    return load(project)


def run_spec(folder: Path) -> Path:
    clips = write_clips(folder, "color", "edge", frames=3, size=(64, 48))
    path = folder / "run.json"
    spec = {
        "schema": "cosmos-houdini/prompt-spec/1",
        "name": "shot",
        "prompt": "rain",
        "input_video": str(clips["color"]),
        "controls": {"edge": str(clips["edge"])},
    }
    document = {"schema": "cosmos-houdini/run-spec/1", "name": "shot", "engine": "preview", "spec": spec}
    path.write_text(json.dumps(document))
    return path


def test_a_job_is_probed_made_and_verified_with_the_ffmpeg_of_its_project(
    config: Config, uses: Path, tmp_path: Path
) -> None:
    (tmp_path / "clips").mkdir()
    spec = load_run_spec(run_spec(tmp_path / "clips"))
    prepared = plan_run(spec, config=config, reporter=Silent(), host=None, num_gpu=None, results=None)
    probes = len(uses.read_text().splitlines())
    assert probes == 2
    assert prepared.invocation.argv[0] == str(config.project / "ffmpeg")
    with open_client(config) as client:
        record = run_job(client, prepared, Silent())
    assert record.job.failure is None
    # The job asks for its version, one run makes the preview, and each of its two outputs is decoded.
    assert len(uses.read_text().splitlines()) == probes + 4


def test_frames_become_videos_and_come_back_with_the_ffmpeg_of_the_project(
    config: Config, uses: Path, tmp_path: Path
) -> None:
    own = config.ffmpeg
    sequence = sequence_of(write_bars(tmp_path / "color"))
    conversion = convert_sequences([sequence], tmp_path / "videos", ffmpeg=own, name="shot", fps=24)
    video = conversion.videos[0].clip.path
    started = [len(uses.read_text().splitlines())]
    cut(video, 2, tmp_path / "cut.mp4", ffmpeg=own)
    started.append(len(uses.read_text().splitlines()))
    standardize(video, tmp_path / "standard.mp4", ffmpeg=own, fps=12)
    started.append(len(uses.read_text().splitlines()))
    extract_frame(video, 0, tmp_path / "frame.png", ffmpeg=own)
    started.append(len(uses.read_text().splitlines()))
    # Encoded and decoded; inspected, cut and decoded; the same, and searched for fields; inspected and decoded.
    assert started == [2, 5, 9, 11]


def test_the_doctor_tries_the_ffmpeg_of_the_project(config: Config, uses: Path) -> None:
    (finding,) = (found for found in check_machine(config) if found.check == "ffmpeg")
    assert str(config.project / "ffmpeg") in finding.seen
    assert len(uses.read_text().splitlines()) == 2
