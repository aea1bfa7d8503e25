"""The engine cosmos3 against a program that checks, prints and writes like upstream's."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import imageio_ffmpeg
import pytest

from cosmos_houdini.engines import EngineLog, find_engine
from cosmos_houdini.media.videos.probe import probe_video
from cosmos_houdini.model.request import InferenceRequest, Invocation, Site
from support.engines.cosmos3_checkout import make_checkout, write_programs
from support.media import FFMPEG
from support.media.transfer_clips import request_of, write_clips

ENGINE = find_engine("cosmos3")
RECORD = "out/result/sample_outputs.json"
SEEDS = (11, 12, 13)


@dataclass(frozen=True, slots=True)
class Bench:
    """A host of one folder: what an invocation needs is put there, and its program run, as a launcher would."""

    folder: Path

    def site(self, name: str) -> Site:
        return Site(folder=PurePosixPath(self.folder / name), engine_path=PurePosixPath(self.folder / "checkout"))

    def request(self, *, frames: int = 5, **changes: object) -> InferenceRequest:
        (self.folder / "videos").mkdir(exist_ok=True)
        paths = write_clips(self.folder / "videos", "color", "depth", "seg", frames=frames)
        return request_of(
            paths, **{"engine": "cosmos3", "resolution": "256", "num_steps": 3, "frames": frames, **changes}
        )

    def stage(self, invocation: Invocation, site: Site) -> None:
        folder = Path(site.folder)
        for name in ("in", "out"):
            (folder / name).mkdir(parents=True)
        for name, text in invocation.files.items():
            (folder / name).write_text(text, "utf-8")
        for name, local in invocation.inputs.items():
            (folder / name).symlink_to(local)

    def start(self, invocation: Invocation, **standin: str) -> tuple[int, str, str]:
        env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        env |= dict(invocation.env) | {f"STANDIN_{name}": value for name, value in standin.items()}
        env |= {"STANDIN_FFMPEG": imageio_ffmpeg.get_ffmpeg_exe()}
        env["PATH"] = f"{write_programs(self.folder / 'bin')}:{env['PATH']}"
        program = str(self.folder / "bin" / invocation.argv[0])
        done = subprocess.run(
            invocation.argv,
            cwd=invocation.cwd,
            env=env,
            executable=program,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def log(self, site: Site, stdout: str, stderr: str) -> EngineLog:
        record = Path(site.folder / RECORD)
        told = record.read_text("utf-8") if record.is_file() else ""
        return EngineLog(stdout=stdout, stderr=stderr, record=told)

    def run(self, request: InferenceRequest, **standin: str) -> tuple[int, EngineLog]:
        site = self.site("job")
        invocation = ENGINE.invocation(request, site)
        self.stage(invocation, site)
        exit_code, stdout, stderr = self.start(invocation, **standin)
        return exit_code, self.log(site, stdout, stderr)

    def run_shared(self, **standin: str) -> tuple[int, list[EngineLog], list[InferenceRequest]]:
        """Run three requests by one process, and share out its standard output as the host does."""
        requests = [self.request(seed=seed, prompt=f"rain {seed}") for seed in SEEDS]
        sites = [self.site(f"run-{seed}") for seed in SEEDS]
        for request, site in zip(requests, sites, strict=True):
            self.stage(ENGINE.invocation(request, site), site)
        shared = ENGINE.share(list(zip(requests, sites, strict=True)), self.site("process"))
        self.stage(shared.invocation, self.site("process"))
        for link, target in shared.links.items():
            (self.folder / "process" / link).symlink_to(target)
        exit_code, told, stderr = self.start(shared.invocation, **standin)
        stdouts, begun = [""], 0
        for line in told.splitlines(keepends=True):
            if begun < len(shared.begins) and shared.begins[begun] in line:
                begun += 1
                if begun > 1:
                    stdouts.append("")
            stdouts[-1] += line
        assert sum(begins in line for begins in shared.begins for line in told.splitlines()) == begun
        logs = [self.log(site, stdout, stderr) for site, stdout in zip(sites, stdouts, strict=False)]
        return exit_code, logs, requests


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    make_checkout(tmp_path / "checkout")
    return Bench(tmp_path)


def test_a_run_ends_with_the_video_that_was_promised(weird_path: Path) -> None:
    make_checkout(weird_path / "checkout")
    bench = Bench(weird_path)
    request = bench.request(prompt='"; $(touch x)\n größe', weights={"depth": 1.0, "seg": 0.5})
    exit_code, log = bench.run(request, MODE="ok")
    assert ENGINE.failure(exit_code, log) is None, log
    progress = ENGINE.progress(log, ENGINE.plan(request))
    assert progress is not None
    assert progress.fraction == 1.0
    (expected,) = ENGINE.invocation(request, bench.site("job")).outputs
    clip = probe_video(bench.folder / "job" / "out" / expected.path, ffmpeg=FFMPEG)
    assert (clip.frames, clip.size, clip.fps) == (expected.frames, expected.size, 24)
    assert (clip.frames, clip.size) == (5, (320, 192))
    recorded = ENGINE.record(log)
    assert recorded is not None
    assert recorded.parameters == {name: request.parameters[name] for name in recorded.parameters}
    assert len(recorded.parameters) == 11
    assert recorded.weights == {"depth": 1.0, "seg": 0.5}


@pytest.mark.parametrize(("model", "count"), [("Nano", 2), ("Super", 4)])
def test_many_gpus_run_by_torchrun(bench: Bench, model: str, count: int) -> None:
    exit_code, log = bench.run(bench.request(num_gpu=count, model=model, diffusion_cache=True))
    assert ENGINE.failure(exit_code, log) is None, log


def test_frames_of_the_colour_video_may_begin_the_result(bench: Bench) -> None:
    exit_code, log = bench.run(bench.request(num_first_chunk_conditional_frames=1))
    assert ENGINE.failure(exit_code, log) is None, log


@pytest.mark.parametrize(
    ("mode", "failure"),
    [
        ("oom", "oom"),
        ("disk_full", "disk_full"),
        ("gated", "auth"),
        ("missing_checkpoint", "missing_checkpoint"),
        ("blocked", "guardrail_blocked"),
        ("crash", "engine_error"),
        ("told_error", "oom"),
    ],
)
def test_each_fault_is_named(bench: Bench, mode: str, failure: str) -> None:
    found = ENGINE.failure(*bench.run(bench.request(), MODE=mode))
    assert found is not None
    assert str(found.failure) == failure


@pytest.mark.parametrize(
    "spoil",
    [
        {"weights": {"depth": -1.0, "seg": 1.0}},
        {"weights": {"depth": 0.0}},
        {"guidance": 7.5},
        {"control_guidance": 11.0},
    ],
)
def test_the_stand_in_refuses_what_a_model_would_fail_on(bench: Bench, spoil: dict[str, object]) -> None:
    found = ENGINE.failure(*bench.run(bench.request(**spoil)))
    assert found is not None
    assert str(found.failure) == "bad_input"


def test_one_process_serves_three_requests_and_each_result_lies_in_its_own_folder(bench: Bench) -> None:
    exit_code, logs, requests = bench.run_shared()
    assert exit_code == 0
    assert [ENGINE.failure(0, log) for log in logs] == [None] * 3
    assert sum("Loading Cosmos3-Nano" in log.stdout for log in logs) == 1
    hashes = set()
    for request, log in zip(requests, logs, strict=True):
        seed = request.parameters["seed"]
        clip = probe_video(bench.folder / f"run-{seed}/out/result/vision.mp4", ffmpeg=FFMPEG)
        assert (clip.frames, clip.size) == (5, (320, 192))
        hashes.add(clip.sha256)
        told = ENGINE.record(log)
        assert told is not None
        assert told.parameters["seed"] == seed
    assert len(hashes) == 3


@pytest.mark.parametrize("mode", ["oom", "blocked", "crash"])
def test_a_bad_request_ends_the_process_and_leaves_the_next_one_unbegun(bench: Bench, mode: str) -> None:
    exit_code, logs, _ = bench.run_shared(MODE=mode, SAMPLE="2")
    assert exit_code != 0
    assert len(logs) == 2
    assert ENGINE.failure(0, logs[0]) is None
    assert ENGINE.failure(exit_code, logs[1]) is not None
    assert not (bench.folder / "run-13/out/result").exists()


def test_a_request_that_the_parser_refuses_is_named_before_the_model_is_loaded(bench: Bench) -> None:
    broken = replace(bench.request(), parameters={**bench.request().parameters, "guidance": "3"})
    _, log = bench.run(broken)
    assert "Loading" not in log.stdout
    assert "Error validating parameters" in log.stderr
