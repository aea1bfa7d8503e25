"""Our commands and samples before the command line and the parser of cosmos-transfer2.5 itself.

Set COSMOS_TRANSFER25 to a checkout, and COSMOS_TRANSFER25_PYTHON to a Python that has pydantic, tyro, typing_extensions
and loguru, if this one has not.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from cosmos_houdini.engines import EngineLog, find_engine
from cosmos_houdini.model.request import InferenceRequest, Invocation, Site
from support.engines import transfer25_standin, transfer25_upstream
from support.media.transfer_clips import request_of

ENGINE = find_engine("transfer2.5")
CHECKOUT = Path(os.environ.get("COSMOS_TRANSFER25", ""))
PYTHON = os.environ.get("COSMOS_TRANSFER25_PYTHON", sys.executable)


@cache
def missing() -> str:
    if not (CHECKOUT / "examples" / "inference.py").is_file():
        return "COSMOS_TRANSFER25 names no checkout of cosmos-transfer2.5"
    asked = subprocess.run([PYTHON, "-c", "import pydantic, tyro, loguru"], capture_output=True, check=False)
    return f"{PYTHON} lacks pydantic, tyro or loguru" if asked.returncode else ""


pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


def asked(**changes: object) -> InferenceRequest:
    return request_of(**{"engine": "transfer2.5", **changes})


def site(folder: Path) -> Site:
    return Site(folder=PurePosixPath(folder), engine_path=PurePosixPath(CHECKOUT))


def put(folder: Path, invocation: Invocation) -> None:
    """Write the files of an invocation, and something in the place of its videos."""
    for name in ("in", "out"):
        (folder / name).mkdir(parents=True)
    for name, text in invocation.files.items():
        (folder / name).write_text(text, "utf-8")
    for name in invocation.inputs:
        (folder / name).touch()


def read(invocation: Invocation) -> subprocess.CompletedProcess[str]:
    program = invocation.argv.index("examples/inference.py")
    argv = [PYTHON, transfer25_upstream.__file__, str(CHECKOUT), *invocation.argv[program:]]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COSMOS"))}
    return subprocess.run(argv, env=env | dict(invocation.env), capture_output=True, text=True, check=False)


def understood(invocation: Invocation) -> dict[str, Any]:
    told = read(invocation)
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout.splitlines()[-1])


def check(sample: dict[str, Any], request: InferenceRequest, folder: Path) -> None:
    of_a_process = {"use_distilled", "offload_guardrail_models", "checkpoint_path", "experiment", "seg_prompt"}
    assert {name: sample[name] for name in request.parameters if name not in of_a_process} == {
        name: value for name, value in request.parameters.items() if name not in of_a_process
    }
    assert sample["prompt"] == request.prompt
    assert sample["negative_prompt"].startswith("The video captures a game playing")
    assert sample["video_path"] == str(folder / "in" / "color.mp4")
    controls = {kind: sample[kind] for kind in ("vis", "edge", "depth", "seg") if sample[kind] is not None}
    assert {kind: control["control_path"] for kind, control in controls.items()} == {
        str(control.kind): str(folder / "in" / f"{control.kind}.mp4") for control in request.controls
    }
    total = max(1.0, sum(control.weight for control in request.controls))
    assert {kind: control["control_weight"] for kind, control in controls.items()} == pytest.approx(
        {str(control.kind): control.weight / total for control in request.controls}
    )


@pytest.mark.parametrize(
    "request_",
    [
        asked(prompt='"; $(touch x)\n größe', seed=9, guidance=7, num_gpu=2, offload_guardrail_models=False),
        asked(weights={"vis": 0.1, "edge": 0.2, "depth": 0.3, "seg": 0.4}, resolution="480", num_conditional_frames=0),
        asked(weights={"depth": 1.0, "seg": 0.7}),
        asked(weights={"edge": 1.0}, use_distilled=True, num_steps=4),
    ],
    ids=["nasty prompt", "all controls", "shares", "distilled"],
)
def test_upstream_reads_what_was_asked_for(tmp_path: Path, request_: InferenceRequest) -> None:
    invocation = ENGINE.invocation(request_, site(tmp_path))
    put(tmp_path, invocation)
    told = understood(invocation)
    (sample,) = told["samples"]
    check(sample, request_, tmp_path)
    assert sample["name"] == "result"
    assert set(told["keys"]) == {str(control.kind) for control in request_.controls}
    setup = told["setup"]
    assert setup["output_dir"] == str(tmp_path / "out")
    assert setup["model"] == ("edge/distilled" if request_.parameters["use_distilled"] else "edge")
    assert setup["offload_guardrail_models"] is request_.parameters["offload_guardrail_models"]
    assert setup["keep_going"] is (request_.num_gpu == 1)
    assert setup["disable_guardrails"] is False


def test_upstream_reads_what_was_asked_for_of_each_request_of_a_process(tmp_path: Path) -> None:
    prompts = ["rain", 'a\nb\u2028"c"', "größe"]
    members = [(asked(seed=n, prompt=prompt), site(tmp_path / f"run-{n}")) for n, prompt in enumerate(prompts)]
    for request, place in members:
        put(Path(place.folder), ENGINE.invocation(request, place))
    shared = ENGINE.share(members, site(tmp_path / "process"))
    put(tmp_path / "process", shared.invocation)
    told = understood(shared.invocation)
    assert told["keys"] == ["depth", "seg"]
    for sample, (request, place) in zip(told["samples"], members, strict=True):
        check(sample, request, Path(place.folder))
        assert sample["name"] == f"{place.folder.name}/result"


@pytest.mark.parametrize(
    "spoilt",
    [
        {"fps": 24},
        {"guidance": 8},
        {"guidance": 3.5},
        {"resolution": 720},
        {"seed": "x"},
        {"num_conditional_frames": 3},
        {"depth": None, "seg": None},
        {"depth": {"control_path": "/nowhere.mp4", "control_weight": 0.5}},
        {"video_path": "/nowhere.mp4"},
    ],
    ids=repr,
)
def test_what_upstream_refuses_is_refused_by_what_stands_in_for_it(tmp_path: Path, spoilt: dict[str, Any]) -> None:
    invocation = ENGINE.invocation(asked(), site(tmp_path))
    put(tmp_path, invocation)
    sample = json.loads(invocation.files["in/spec.json"]) | spoilt
    assert list(transfer25_standin.troubles_of(sample))
    put(tmp_path / "spoilt", replace(invocation, files={"in/spec.json": json.dumps(sample)}, inputs={}))
    spec = str(tmp_path / "spoilt" / "in" / "spec.json")
    argv = tuple(spec if word.endswith("spec.json") else word for word in invocation.argv)
    told = read(replace(invocation, argv=argv))
    assert told.returncode == 1, told
    failure = ENGINE.failure(1, EngineLog(stdout="", stderr=told.stderr))
    assert str(failure.failure) == "bad_input"
