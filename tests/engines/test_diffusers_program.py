"""The program of the engine diffusers, run for real by torch and diffusers, with tiny random weights."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import imageio_ffmpeg
import numpy as np
import pytest

from cosmos_houdini.engines import EngineLog, find_engine
from cosmos_houdini.media.videos.probe import probe_video
from cosmos_houdini.model.job import JobFailure
from cosmos_houdini.model.parameter import resolve
from cosmos_houdini.model.request import InferenceRequest, Site
from support.engines.tiny_transfer import ENV, SIZE, engine_python, tiny_plan, tiny_plans, write_weights
from support.media import FFMPEG
from support.media.transfer_clips import request_of, write_clips

pytestmark = pytest.mark.diffusers

DIFFUSERS = find_engine("diffusers")
FRAMES = 8
LATER = " later"
COMMON: dict[str, dict[str, object]] = {
    "plain": {},
    "seed": {"seed": 8},
    "guidance": {"guidance": 6.0},
    "steps": {"num_steps": 3},
    "prompt": {"prompt": "a harbour at noon"},
    "blocked prompt": {"prompt": "something forbidden"},
    "blocked video": {"prompt": "something unfit"},
    "long": {"clip": "long"},
    "cancelled": {},
    "purple": {"prompt": "all of it purple"},
}
OF_COSMOS3: dict[str, dict[str, object]] = {
    "two controls": {"kinds": ("edge", "depth")},
    "control guidance": {"control_guidance": 3.0},
    "shift": {"shift": 3.0},
    "emphasis": {"emphasize_control_in_prompt": False},
    "first frames": {"num_first_chunk_conditional_frames": 1},
}
CASES = {
    "transfer2.5": {**COMMON, "weight": {"weight": 0.9}, "again": {}},
    "cosmos3-nano": {**COMMON, **OF_COSMOS3, "again": {}},
}
UNMADE = {"blocked prompt", "blocked video", "long", "cancelled"}


@dataclass(frozen=True)
class Served:
    """Outcome of one process: its model, its exit code, and for each request its share of the log and its result."""

    model: str
    exit_code: int
    shares: Mapping[str, EngineLog]
    results: Mapping[str, bytes]

    def failure(self, name: str) -> JobFailure | None:
        return DIFFUSERS.failure(0, self.shares[name])


def asked(clips: Mapping[str, Path], changes: Mapping[str, object], model: str = "transfer2.5") -> InferenceRequest:
    values = {"seed": 7, "num_steps": 2, "fps": 24, "model": model, "emphasize_control_in_prompt": True}
    values |= dict(changes)
    clip, weight, prompt, kinds = (values.pop(name, None) for name in ("clip", "weight", "prompt", "kinds"))
    paths = {"color": clips["color"], "edge": clips["edge"], "depth": clips[str(clip or "depth")]}
    weights = dict.fromkeys(kinds or ("depth",), 0.5)  # type: ignore[call-overload]
    request = request_of({role: paths[role] for role in ("color", *weights)}, weights=weights, frames=FRAMES)
    return replace(
        request,
        engine="diffusers",
        prompt=str(prompt or "a street at night"),
        parameters=resolve(DIFFUSERS.parameters, values, engine="diffusers"),
        controls=tuple(replace(control, weight=weight or control.weight) for control in request.controls),
    )


def started(invocation_argv: tuple[str, ...], env: Mapping[str, str], cwd: Path) -> tuple[int, str, str]:
    done = subprocess.run(
        invocation_argv, env=os.environ | dict(env), cwd=cwd, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


def served(
    root: Path, weights: Path, clips: Mapping[str, Path], names: list[str], model: str = "transfer2.5"
) -> Served:
    """Let one process serve requests in this order, each in a folder of its own."""
    sites, members = {}, []
    cases = CASES[model]
    for name in names:
        request = asked(clips, cases[name.removesuffix(LATER)], model)
        site = Site(folder=PurePosixPath(root / name.replace(" ", "-")), python=str(engine_python()))
        site = replace(site, engine_path=PurePosixPath(weights), ffmpeg=imageio_ffmpeg.get_ffmpeg_exe())
        for part in (site.inputs, site.outputs):
            Path(part).mkdir(parents=True)
        for relative, local in DIFFUSERS.invocation(request, site).inputs.items():
            Path(site.folder / relative).symlink_to(local)
        if name.startswith("cancelled"):
            Path(site.inputs / "ended").touch()
        sites[name] = site
        members.append((request, site))
    process = replace(site, folder=PurePosixPath(root / "process"))
    Path(process.inputs).mkdir(parents=True)
    with tiny_plans():
        shared = DIFFUSERS.share(members, process)
    for relative, text in shared.invocation.files.items():
        Path(process.folder / relative).write_text(text, "utf-8")
    code, stdout, stderr = started(shared.invocation.argv, {**shared.invocation.env, **ENV}, Path(process.folder))
    begins = [stdout.find(f"{begin}\n") for begin in shared.begins] + [len(stdout)]
    assert begins[0] > 0, stderr
    ends = [next(end for end in begins[index + 1 :] if end >= 0) for index in range(len(names))]
    shares = {
        name: EngineLog(stdout=stdout[begin:end] if begin >= 0 else "", stderr="")
        for name, begin, end in zip(names, begins[:-1], ends, strict=True)
    }
    results = {name: Path(site.outputs / "result.mp4") for name, site in sites.items()}
    return Served(model, code, shares, {name: path.read_bytes() for name, path in results.items() if path.exists()})


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_weights(tmp_path_factory)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("clips")
    paths = write_clips(folder, "color", "edge", "depth", frames=FRAMES)
    (folder / "long").mkdir()
    return paths | {"long": write_clips(folder / "long", "depth", frames=FRAMES + 3)["depth"]}


@pytest.fixture(scope="module", params=list(CASES))
def outcome(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, weights: Path, clips: dict[str, Path]
) -> Served:
    """Serve every case twice in one process, the second time in the opposite order."""
    model = request.param
    names = [*CASES[model], *(f"{name}{LATER}" for name in reversed(CASES[model]))]
    return served(tmp_path_factory.mktemp("served"), weights, clips, names, model)


def test_a_result_depends_on_its_request_alone(outcome: Served):
    made = [name for name in CASES[outcome.model] if name not in UNMADE]
    assert sorted(outcome.results) == sorted([*made, *(f"{name}{LATER}" for name in made)])
    for name in made:
        assert outcome.results[name] == outcome.results[f"{name}{LATER}"], name
    # "again" is the last of the first half, after all others; "plain" was the first of all.
    assert outcome.results["plain"] == outcome.results["again"]


def test_every_value_changes_the_result(outcome: Served):
    made = [name for name in CASES[outcome.model] if name not in UNMADE]
    assert len({outcome.results[name] for name in made}) == len(made) - 1


def test_a_result_is_as_long_and_large_as_was_planned(outcome: Served, tmp_path: Path):
    for name, data in outcome.results.items():
        (tmp_path / "result.mp4").write_bytes(data)
        clip = probe_video(tmp_path / "result.mp4", ffmpeg=FFMPEG)
        assert (name, clip.frames, clip.size, clip.fps) == (name, FRAMES, SIZE, 24)


def test_what_the_guardrail_gives_back_is_what_is_encoded(outcome: Served, tmp_path: Path):
    video = tmp_path / "purple.mp4"
    video.write_bytes(outcome.results["purple"])
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", video, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    pixels = np.frombuffer(subprocess.run(argv, check=True, capture_output=True).stdout, np.uint8).reshape(-1, 3)
    assert np.abs(pixels.astype(int) - (150, 40, 200)).max() <= 3


def test_each_request_tells_what_it_was_made_with(outcome: Served, clips: dict[str, Path]):
    for name, changes in CASES[outcome.model].items():
        if name in UNMADE:
            continue
        request = asked(clips, changes, outcome.model)
        found = DIFFUSERS.record(outcome.shares[name])
        assert found is not None, outcome.shares[name]
        assert found.parameters == request.parameters
        assert found.weights == {str(control.kind): control.weight for control in request.controls}
        assert outcome.failure(name) is None
        progress = DIFFUSERS.progress(outcome.shares[name], tiny_plan(request))
        assert progress is not None
        assert progress.fraction == 1.0


def test_each_step_of_each_chunk_is_told(outcome: Served):
    steps = [line for line in outcome.shares["plain"].stdout.splitlines() if line.startswith("chunk ")]
    assert steps == [f"chunk {chunk} of 2, step {step} of 2" for chunk in (1, 2) for step in (1, 2)]


@pytest.mark.parametrize(
    ("name", "failure", "words"),
    [
        ("blocked prompt", "guardrail_blocked", "it blocks the prompt"),
        ("blocked video", "guardrail_blocked", "it blocks the video that was made"),
        ("long", "bad_input", f"the depth video has {FRAMES + 1} frames instead of {FRAMES}"),
    ],
)
def test_a_request_that_is_refused_says_why_and_the_next_one_begins(
    outcome: Served, name: str, failure: str, words: str
):
    for served_name in (name, f"{name}{LATER}"):
        found = outcome.failure(served_name)
        assert found is not None
        assert (str(found.failure), found.message) == (failure, words)
        assert served_name not in outcome.results
    assert outcome.exit_code == 0


def test_a_cancelled_request_is_left_out(outcome: Served):
    assert outcome.shares["cancelled"].stdout == ""
    assert "cancelled" not in outcome.results


def alone(tmp_path: Path, clips: Mapping[str, Path], weights: Path | None, env: Mapping[str, str]) -> JobFailure | None:
    """Start one request by its own invocation, and return how it failed."""
    request = asked(clips, {})
    engine_path = PurePosixPath(weights) if weights else None
    site = Site(folder=PurePosixPath(tmp_path), engine_path=engine_path, python=str(engine_python()))
    invocation = DIFFUSERS.invocation(request, site)
    for folder in ("in", "out"):
        (tmp_path / folder).mkdir()
    for relative, text in invocation.files.items():
        (tmp_path / relative).write_text(text, "utf-8")
    code, stdout, stderr = started(invocation.argv, {**invocation.env, **env}, tmp_path)
    return DIFFUSERS.failure(code, EngineLog(stdout=stdout, stderr=stderr))


def test_weights_that_are_not_there_are_named(tmp_path: Path, clips: dict[str, Path]):
    found = alone(tmp_path, clips, tmp_path / "nothing", ENV)
    assert found is not None
    assert str(found.failure) == "missing_checkpoint"
    assert str(tmp_path / "nothing" / "diffusers" / "general") in found.message


def test_weights_that_are_neither_in_the_cache_nor_to_be_had_are_missing(tmp_path: Path, clips: dict[str, Path]):
    found = alone(tmp_path, clips, None, ENV)
    assert found is not None
    assert str(found.failure) == "missing_checkpoint"
    assert "a checkpoint is not on the host" in found.message


def test_nothing_is_made_on_a_cpu_unless_it_is_asked_for(tmp_path: Path, clips: dict[str, Path], weights: Path):
    found = alone(tmp_path, clips, weights, {name: ENV[name] for name in ENV if name != "COSMOS_DIFFUSERS_DEVICE"})
    assert found is not None
    assert str(found.failure) == "host_setup"
    assert "finds no CUDA GPU" in found.message


def test_nothing_is_made_without_the_guardrail(tmp_path: Path, clips: dict[str, Path], weights: Path):
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in ("torchvision", "torchvision-0.28.0.dist-info"):
        (bare / name).symlink_to(Path(ENV["PYTHONPATH"]) / name)
    (tmp_path / "job").mkdir()
    found = alone(tmp_path / "job", clips, weights, {**ENV, "PYTHONPATH": str(bare)})
    assert found is not None
    assert str(found.failure) == "host_setup"
    assert "cosmos_guardrail" in found.message
