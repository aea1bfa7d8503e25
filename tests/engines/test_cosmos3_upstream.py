"""Our commands and samples before the command line and the parser of cosmos-framework itself.

Set COSMOS_FRAMEWORK to a checkout, and COSMOS_FRAMEWORK_PYTHON to a Python 3.12 that has pydantic, tyro, loguru,
omegaconf, attrs, cattrs and nvidia-ml-py, if this one is not.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from cosmos_houdini.engines import find_engine
from cosmos_houdini.engines.cosmos3.hints import HINTS
from cosmos_houdini.model.request import InferenceRequest, Invocation, Site
from support.engines import cosmos3_upstream
from support.media.transfer_clips import request_of

ENGINE = find_engine("cosmos3")
CHECKOUT = Path(os.environ.get("COSMOS_FRAMEWORK", ""))
PYTHON = os.environ.get("COSMOS_FRAMEWORK_PYTHON", sys.executable)
VERDICTS = Path(__file__).resolve().parents[3] / "shared" / "reference" / "cosmos3-verdicts.json"


@cache
def missing() -> str:
    if not (CHECKOUT / "cosmos_framework" / "inference" / "args.py").is_file():
        return "COSMOS_FRAMEWORK names no checkout of cosmos-framework"
    needs = "import pydantic, tyro, loguru, omegaconf, attrs, cattrs, pynvml; from typing import override"
    asked = subprocess.run([PYTHON, "-c", needs], capture_output=True, check=False)
    return f"{PYTHON} is older than 3.12 or lacks a library" if asked.returncode else ""


pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


def asked(**changes: object) -> InferenceRequest:
    return request_of(**{"engine": "cosmos3", "frames": 121, "size": (1280, 720), **changes})


def put(folder: Path, invocation: Invocation) -> None:
    """Write the files of an invocation, and something in the place of its videos."""
    for name in ("in", "out"):
        (folder / name).mkdir(parents=True)
    for name, text in invocation.files.items():
        (folder / name).write_text(text, "utf-8")
    for name in invocation.inputs:
        (folder / name).touch()


def read(what: str, words: tuple[str, ...], gpus: int = 1) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COSMOS"))}
    argv = [PYTHON, "-W", "ignore", cosmos3_upstream.__file__, str(CHECKOUT), what, *words]
    return subprocess.run(argv, env={**env, "WORLD_SIZE": str(gpus)}, capture_output=True, text=True, check=False)


def understood(invocation: Invocation, gpus: int) -> dict[str, Any]:
    told = read("command", invocation.argv[invocation.argv.index("-m") + 2 :], gpus)
    assert told.returncode == 0, told.stderr
    found: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    return found


def check(sample: dict[str, Any], request: InferenceRequest, folder: Path) -> None:
    of_process = {"model", "diffusion_cache", "guardrails", "offload_guardrail_models"}
    wanted = {name: value for name, value in request.parameters.items() if name not in of_process}
    assert {name: sample[name] for name in wanted} == wanted
    assert sample["prompt"] == request.prompt
    hints = {hint: sample[hint] for hint in HINTS.values() if sample[hint] is not None}
    assert {hint: (found["control_path"], found["weight"]) for hint, found in hints.items()} == {
        HINTS[control.kind]: (str(folder / "in" / f"{control.kind}.mp4"), control.weight)
        for control in request.controls
    }


@pytest.mark.parametrize(
    "request_",
    [
        asked(prompt='"; $(touch x)\n größe', seed=9, guidance=7.0),
        asked(weights={"vis": 0.1, "edge": 0.2, "depth": 0.3, "seg": 0.4}, resolution="480", num_conditional_frames=0),
        asked(weights={"seg": 1.0}, num_gpu=4, model="Super", diffusion_cache=True, shift=5.0),
        asked(prompt=json.dumps({"temporal_caption": "x"}), num_first_chunk_conditional_frames=5, num_gpu=2),
    ],
    ids=["nasty prompt", "all controls", "super", "caption"],
)
def test_upstream_reads_what_was_asked_for(tmp_path: Path, request_: InferenceRequest) -> None:
    invocation = ENGINE.invocation(request_, Site(folder=PurePosixPath(tmp_path), engine_path=PurePosixPath(CHECKOUT)))
    put(tmp_path, invocation)
    told = understood(invocation, request_.num_gpu)
    (sample,) = told["samples"]
    check(sample, request_, tmp_path)
    setup = told["setup"]
    parameters = request_.parameters
    assert setup["output_dir"] == str(tmp_path / "out")
    assert setup["checkpoint_path"] == f"Cosmos3-{parameters['model']}"
    assert [setup[name] for name in ("diffusion_cache", "guardrails", "offload_guardrail_models", "keep_going")] == [
        *(parameters[name] for name in ("diffusion_cache", "guardrails", "offload_guardrail_models")),
        False,
    ]
    assert setup["dp_shard_size"] * setup["dp_replicate_size"] == request_.num_gpu


def test_upstream_reads_what_was_asked_for_of_each_request_of_a_process(tmp_path: Path) -> None:
    prompts = ["rain", 'a\nb\u2028"c"', "größe"]
    place = PurePosixPath(CHECKOUT)
    members = [
        (asked(seed=n, prompt=prompt), Site(folder=PurePosixPath(tmp_path / f"run-{n}"), engine_path=place))
        for n, prompt in enumerate(prompts)
    ]
    for request, site in members:
        put(Path(site.folder), ENGINE.invocation(request, site))
    shared = ENGINE.share(members, Site(folder=PurePosixPath(tmp_path / "process"), engine_path=place))
    put(tmp_path / "process", shared.invocation)
    for sample, (request, site) in zip(understood(shared.invocation, 1)["samples"], members, strict=True):
        check(sample, request, Path(site.folder))
        assert sample["name"] == f"{site.folder.name}/result"


@pytest.mark.skipif(not VERDICTS.is_file(), reason="the recorded verdicts are not beside the checkout")
def test_a_recorded_refusal_is_still_one(tmp_path: Path) -> None:
    for name in ("edge", "depth", "seg", "wsm", "blur", "input"):
        (tmp_path / f"{name}.mp4").touch()
    refused = [case for case in json.loads(VERDICTS.read_text("utf-8")) if not case["accepted"]]
    for case in refused[:4]:
        (tmp_path / "spec.json").write_text(json.dumps(case["spec"]), "utf-8")
        assert read("samples", (str(tmp_path / "spec.json"),)).returncode != 0, case["case"]
