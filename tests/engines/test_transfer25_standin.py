"""The engine transfer2.5 against a program that checks, prints and writes like upstream's."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import imageio_ffmpeg
import pytest

from cosmos_houdini.engines import EngineLog, find_engine
from cosmos_houdini.engines.base import RECORD_FILE
from cosmos_houdini.media.videos.probe import probe_video
from cosmos_houdini.model.job import JobFailure
from cosmos_houdini.model.request import InferenceRequest, Invocation, Site
from support.engines.transfer25_checkout import make_checkout, write_programs
from support.media import FFMPEG
from support.media.transfer_clips import request_of, write_clips

ENGINE = find_engine("transfer2.5")

OF_A_PROCESS = {"use_distilled", "offload_guardrail_models", "checkpoint_path", "experiment", "seg_prompt"}
"""The parameters that upstream does not write down by their names: arguments of the process, and words of a control."""


@dataclass(frozen=True, slots=True)
class Bench:
    """A host of one folder: what an invocation needs is put there, and its program run, as a launcher would."""

    folder: Path

    def site(self, name: str) -> Site:
        return Site(folder=PurePosixPath(self.folder / name), engine_path=PurePosixPath(self.folder / "checkout"))

    def request(self, name: str = "videos", *, frames: int = 5, **changes: object) -> InferenceRequest:
        (self.folder / name).mkdir(exist_ok=True)
        paths = write_clips(self.folder / name, "color", "depth", "seg", frames=frames)
        return request_of(paths, **{"engine": "transfer2.5", "resolution": "256", "num_steps": 3, **changes})

    def stage(self, invocation: Invocation, site: Site) -> None:
        folder = Path(site.folder)
        for name in ("in", "out"):
            (folder / name).mkdir(parents=True)
        for name, text in invocation.files.items():
            (folder / name).write_text(text, "utf-8")
        for name, local in invocation.inputs.items():
            (folder / name).symlink_to(local)

    def start(self, invocation: Invocation, **standin: str) -> tuple[int, EngineLog]:
        env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        env |= dict(invocation.env) | {f"STANDIN_{name}": value for name, value in standin.items()}
        env |= {"STANDIN_FFMPEG": imageio_ffmpeg.get_ffmpeg_exe()}
        env["PATH"] = f"{write_programs(self.folder / 'bin')}:{env['PATH']}"
        done = subprocess.run(
            invocation.argv,
            cwd=invocation.cwd,
            env=env,
            executable=str(self.folder / "bin" / invocation.argv[0]),
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, EngineLog(stdout=done.stdout, stderr=done.stderr)

    def run(self, request: InferenceRequest, **standin: str) -> tuple[int, EngineLog]:
        site = self.site("job")
        invocation = ENGINE.invocation(request, site)
        self.stage(invocation, site)
        exit_code, log = self.start(invocation, **standin)
        record = Path(site.folder / RECORD_FILE)
        told = record.read_text("utf-8") if record.is_file() else ""
        return exit_code, EngineLog(stdout=log.stdout, stderr=log.stderr, record=told)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    make_checkout(tmp_path / "checkout")
    return Bench(tmp_path)


def test_a_run_ends_with_the_video_that_was_promised(weird_path: Path) -> None:
    make_checkout(weird_path / "checkout")
    bench = Bench(weird_path)
    request = bench.request(prompt='"; $(touch x)\n größe', weights={"depth": 1.0, "seg": 1.0})
    exit_code, log = bench.run(request, MODE="ok")
    assert ENGINE.failure(exit_code, log) is None, log
    assert ENGINE.progress(log, ENGINE.plan(request)).fraction == 1.0
    (expected,) = ENGINE.invocation(request, bench.site("job")).outputs
    clip = probe_video(bench.folder / "job" / "out" / expected.path, ffmpeg=FFMPEG)
    assert (clip.frames, clip.size, clip.fps) == (expected.frames, expected.size, 24)
    assert (clip.frames, clip.size) == (5, (192, 108))
    assert (bench.folder / "job" / "out" / "result.txt").read_bytes() == request.prompt.encode()
    recorded = ENGINE.record(log)
    assert recorded is not None
    assert recorded.parameters == {name: request.parameters[name] for name in recorded.parameters}
    assert set(recorded.parameters) == set(request.parameters) - OF_A_PROCESS
    assert recorded.weights == {"depth": 0.5, "seg": 0.5}


def test_two_gpus_run_by_torchrun(bench: Bench) -> None:
    exit_code, log = bench.run(bench.request(num_gpu=2))
    assert ENGINE.failure(exit_code, log) is None, log


def test_the_distilled_model_is_let_in(bench: Bench) -> None:
    paths = write_clips(bench.folder, "color", "edge")
    request = request_of(paths, weights={"edge": 1.0}, engine="transfer2.5", resolution="256", use_distilled=True)
    exit_code, log = bench.run(request)
    assert ENGINE.failure(exit_code, log) is None, log


@pytest.mark.parametrize(
    ("mode", "failure", "num_gpu"),
    [
        ("oom", "oom", 1),
        ("disk_full", "disk_full", 1),
        ("gated", "auth", 1),
        ("missing_checkpoint", "missing_checkpoint", 1),
        ("prompt_blocked", "guardrail_blocked", 1),
        ("video_blocked", "guardrail_blocked", 1),
        ("prompt_blocked", "guardrail_blocked", 2),
        ("video_blocked", "guardrail_blocked", 2),
        ("crash", "engine_error", 1),
    ],
)
def test_each_fault_is_named(bench: Bench, mode: str, failure: str, num_gpu: int) -> None:
    found = ENGINE.failure(*bench.run(bench.request(num_gpu=num_gpu), MODE=mode))
    assert isinstance(found, JobFailure)
    assert str(found.failure) == failure


def test_videos_of_two_lengths_would_be_bad_input(bench: Bench) -> None:
    request = bench.request()
    write_clips(bench.folder / "videos", "seg", frames=4)
    assert str(ENGINE.failure(*bench.run(request)).failure) == "bad_input"


SEEDS = (11, 12, 13)


def run_shared(bench: Bench, **standin: str) -> tuple[int, list[EngineLog], list[InferenceRequest]]:
    """Run three requests by one process, and share out its standard output as the host does."""
    requests = [bench.request(seed=seed, prompt=f"rain {seed}") for seed in SEEDS]
    sites = [bench.site(f"run-{seed}") for seed in SEEDS]
    for request, site in zip(requests, sites, strict=True):
        bench.stage(ENGINE.invocation(request, site), site)
    shared = ENGINE.share(list(zip(requests, sites, strict=True)), bench.site("process"))
    bench.stage(shared.invocation, bench.site("process"))
    for link, target in shared.links.items():
        (bench.folder / "process" / link).symlink_to(target)
    exit_code, log = bench.start(shared.invocation, **standin)
    stdouts, begun = [""], 0
    for line in log.stdout.splitlines(keepends=True):
        if begun < len(shared.begins) and shared.begins[begun] in line:
            begun += 1
            if begun > 1:
                stdouts.append("")
        stdouts[-1] += line
    assert sum(begins in line for begins in shared.begins for line in log.stdout.splitlines()) == begun
    return exit_code, [EngineLog(stdout=stdout, stderr=log.stderr) for stdout in stdouts], requests


def test_one_process_serves_three_requests_and_each_result_lies_in_its_own_folder(bench: Bench) -> None:
    exit_code, logs, requests = run_shared(bench)
    assert exit_code == 0
    assert [ENGINE.failure(0, log) for log in logs] == [None] * 3
    assert sum("Saved config to" in log.stdout for log in logs) == 1
    hashes = set()
    for request in requests:
        out = bench.folder / f"run-{request.parameters['seed']}" / "out"
        clip = probe_video(out / "result.mp4", ffmpeg=FFMPEG)
        assert (clip.frames, clip.size) == (5, (192, 108))
        hashes.add(clip.sha256)
        assert (out / "result.txt").read_text("utf-8") == request.prompt
        told = ENGINE.record(EngineLog(stdout="", stderr="", record=(out / "result.json").read_text("utf-8")))
        assert told is not None
        assert told.parameters["seed"] == request.parameters["seed"]
    assert len(hashes) == 3


@pytest.mark.parametrize("mode", ["prompt_blocked", "video_blocked"])
def test_a_blocked_request_harms_none_of_the_others(bench: Bench, mode: str) -> None:
    exit_code, logs, _ = run_shared(bench, MODE=mode, SAMPLE="2")
    first, second, third = (ENGINE.failure(exit_code, log) for log in logs)
    assert (exit_code, first, third) == (0, None, None)
    assert str(second.failure) == "guardrail_blocked"
    assert [(bench.folder / f"run-{seed}/out/result.mp4").exists() for seed in SEEDS] == [True, False, True]


def test_a_process_that_dies_at_one_request_has_finished_those_before(bench: Bench) -> None:
    exit_code, logs, _ = run_shared(bench, MODE="oom", SAMPLE="2")
    assert exit_code == 1
    assert len(logs) == 2
    assert ENGINE.failure(0, logs[0]) is None
    assert str(ENGINE.failure(exit_code, logs[1]).failure) == "oom"
    assert json.loads((bench.folder / "run-12/out/result.json").read_text("utf-8"))["seed"] == 12
