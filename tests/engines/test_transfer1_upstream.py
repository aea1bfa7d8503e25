"""Our command and spec file before the argument parser and the checks of cosmos-transfer1 itself.

Set COSMOS_TRANSFER1 to a checkout. Its functions are taken out of their files as they are, because importing the files
needs torch and a GPU.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import sys
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import Any

import pytest

from cosmos_houdini.engines import find_engine
from cosmos_houdini.model.request import InferenceRequest, Site
from support.media.transfer_clips import request_of

CHECKOUT = Path(os.environ.get("COSMOS_TRANSFER1", ""))
INFERENCE = CHECKOUT / "cosmos_transfer1" / "diffusion" / "inference"

pytestmark = pytest.mark.skipif(
    not (INFERENCE / "transfer.py").is_file(), reason="COSMOS_TRANSFER1 names no checkout of cosmos-transfer1"
)


@pytest.fixture(scope="module")
def upstream() -> dict[str, Any]:
    quiet = SimpleNamespace(info=lambda _: None, warning=lambda _: None)
    space: dict[str, Any] = {"argparse": argparse, "json": json, "os": os, "sys": sys, "log": quiet}
    exec("from typing import *", space)  # noqa: S102 - the annotations of the functions need it
    exec((CHECKOUT / "cosmos_transfer1" / "checkpoints.py").read_text("utf-8"), space)  # noqa: S102 - upstream's own
    wanted = {"default_model_names", "default_distilled_model_names", "valid_hint_keys", "load_controlnet_specs"}
    wanted |= {"validate_controlnet_specs", "parse_arguments"}
    for file in ("inference_utils.py", "transfer.py"):
        tree = ast.parse((INFERENCE / file).read_text("utf-8"))
        body = [node for node in tree.body if _name(node) in wanted]
        exec(compile(ast.Module(body=body, type_ignores=[]), file, "exec"), space)  # noqa: S102 - upstream's own
    assert wanted <= set(space)
    return space


def _name(node: ast.stmt) -> str | None:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return node.name if isinstance(node, ast.FunctionDef) else None


@pytest.mark.parametrize(
    "request_",
    [
        request_of(prompt='"; $(touch x)\n größe', seed=9, guidance=6.5, fps=30, upsample_prompt=True, num_gpu=2),
        request_of(weights={"vis": 0.1, "edge": 0.2, "depth": 0.3, "seg": 0.4}, sigma_max=80.0),
        request_of(weights={"edge": 1.0}, use_distilled=True, num_steps=1, offload_diffusion_transformer=True),
    ],
    ids=["nasty prompt", "all controls", "distilled"],
)
def test_upstream_reads_what_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, upstream: dict[str, Any], request_: InferenceRequest
):
    config, controls = _read_by(upstream, request_, tmp_path, monkeypatch)
    for name, value in request_.parameters.items():
        assert getattr(config, name) == value, name
        assert type(getattr(config, name)) is type(value), name
    assert config.prompt == request_.prompt
    assert config.negative_prompt.startswith("The video captures a game playing")
    assert config.num_gpus == request_.num_gpu
    assert {key: value["control_weight"] for key, value in controls.items()} == {
        str(control.kind): control.weight for control in request_.controls
    }
    known = {
        *request_.parameters,
        "prompt",
        "negative_prompt",
        "input_video_path",
        "checkpoint_dir",
        "controlnet_specs",
    }
    known |= {"video_save_folder", "video_save_name", "num_gpus", "num_input_frames", "is_av_sample", "tokenizer_dir"}
    known |= {"batch_input_path", "batch_size", "save_input_noise", "benchmark"}
    assert set(vars(config)) == known


def _read_by(
    upstream: dict[str, Any], request: InferenceRequest, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[argparse.Namespace, dict[str, Any]]:
    site = Site(folder=PurePosixPath(folder), engine_path=PurePosixPath("/opt/ct1"))
    invocation = find_engine("transfer1").invocation(request, site)
    (folder / "in").mkdir()
    (folder / "in" / "spec.json").write_text(invocation.files["in/spec.json"], "ascii")
    own = invocation.argv[invocation.argv.index("cosmos_transfer1/diffusion/inference/transfer.py") :]
    monkeypatch.setattr(sys, "argv", list(own))
    config, controls = upstream["parse_arguments"]()
    return config, upstream["validate_controlnet_specs"](config, controls)
