"""The sample files and the command of NVIDIA's cosmos-framework.

Keys, types and flags are those of cosmos_framework/inference/args.py and common/args.py at commit 5eee9ed (1.2.2) of
github.com/NVIDIA/cosmos-framework. The parser refuses unknown keys.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any, Final

from cosmos_houdini.engines.cosmos.checkout import torchrun
from cosmos_houdini.engines.cosmos3.buckets import find_aspect_ratio
from cosmos_houdini.engines.cosmos3.hints import HINTS
from cosmos_houdini.model.request import InferenceRequest, Site

MODULE: Final = "cosmos_framework.scripts.inference"
RESULT: Final = "result"
"""The folder of a sample, below the folder ``out`` of its job."""
SPEC_FILE: Final = "in/spec.json"
SPECS_FILE: Final = "in/specs.jsonl"
CACHE_THRESHOLD: Final = 0.35
CHECKPOINTS: Final = "checkpoints"
BAR_S: Final = 20
"""The least seconds between two updates of a progress bar; a short log still holds the bars of many chunks."""

_OF_A_SAMPLE: Final = (
    *("resolution", "fps", "num_steps", "guidance", "control_guidance", "shift", "seed"),
    *("num_video_frames_per_chunk", "num_conditional_frames", "num_first_chunk_conditional_frames"),
    "emphasize_control_in_prompt",
)


def write_sample(request: InferenceRequest, site: Site, name: str) -> dict[str, Any]:
    """Return one sample with every value that decides the result, so that no default of a version changes it.

    Paths are absolute, because upstream resolves relative ones from the file's folder. The colour video is named only
    where the result begins with its frames: with it, upstream would take its frame rate and its aspect ratio.
    """
    parameters = request.parameters
    sample: dict[str, Any] = {"name": name, "model_mode": "video2video", "prompt": request.prompt}
    if request.negative_prompt:
        # Upstream accepts ``negative_prompt_file`` and ignores it.
        sample["negative_prompt"] = request.negative_prompt
    sample |= {key: parameters[key] for key in _OF_A_SAMPLE}
    sample |= {
        "aspect_ratio": find_aspect_ratio(request.video.size),
        "num_frames": request.video.frames,
        "max_frames": request.video.frames,
        "normalize_cfg": False,
        "share_vision_temporal_positions": True,
        "show_control_condition": False,
        "show_input": False,
        "video_save_quality": 10,
    }
    if parameters["num_first_chunk_conditional_frames"]:
        sample["vision_path"] = str(site.inputs / "color.mp4")
    weights = {control.kind: control.weight for control in request.controls}
    for kind, hint in HINTS.items():
        if kind in weights:
            sample[hint] = {"control_path": str(site.inputs / f"{kind}.mp4"), "weight": weights[kind]}
    return sample


def write_samples(samples: Sequence[dict[str, Any]]) -> str:
    """Return samples as JSON lines in ASCII: upstream reads its files in the locale's encoding, line by line."""
    return "".join(json.dumps(sample, ensure_ascii=True, allow_nan=False) + "\n" for sample in samples)


def write_command(request: InferenceRequest, specs: PurePosixPath, site: Site) -> tuple[str, ...]:
    """Return the command that makes the samples of a file one after another, with one load of the model.

    All GPUs make one sample together: they share its frames and its guidance. The weights of Super are divided among
    them too.
    """
    parameters = request.parameters
    cache = bool(parameters["diffusion_cache"])
    return (
        *(torchrun(request, site) if request.num_gpu > 1 else ("python",)),
        *("-m", MODULE, "-i", str(specs), "-o", str(site.outputs)),
        *("--checkpoint-path", f"Cosmos3-{parameters['model']}", "--sampler=unipc"),
        *_parallelism(request),
        *(("--diffusion-cache", f"--diffusion-cache-thresh={CACHE_THRESHOLD}") if cache else ("--no-diffusion-cache",)),
        "--guardrails" if parameters["guardrails"] else "--no-guardrails",
        *(("--offload-guardrail-models",) if parameters["offload_guardrail_models"] else ()),
        # With it, upstream goes on after some errors of a sample and not after others.
        "--no-keep-going",
    )


def _parallelism(request: InferenceRequest) -> tuple[str, ...]:
    count = request.num_gpu
    shards = count if request.parameters["model"] == "Super" else 1
    both_ways = 2 if count > 1 else 1
    return (
        "--parallelism-preset=latency",
        f"--dp-shard-size={shards}",
        f"--dp-replicate-size={count // shards}",
        f"--cp-size={count // both_ways}",
        f"--cfgp-size={both_ways}",
    )


def write_environment(engine_path: PurePosixPath) -> dict[str, str]:
    """Return the environment of upstream's program; in a container, only its checkpoints outlive the job."""
    return {
        "PYTHONPATH": str(engine_path),
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
        "HF_HOME": str(engine_path / CHECKPOINTS),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "WANDB_MODE": "disabled",
        "TQDM_MININTERVAL": str(BAR_S),
        "TQDM_BAR_FORMAT": "{l_bar}| {n_fmt}/{total_fmt} [{elapsed}]",
    }


def begin_text(output: PurePosixPath, name: str) -> str:
    """Return the text that upstream prints when it begins a sample.

    >>> begin_text(PurePosixPath("/data/p/out"), "sea-1f/result")
    "Saved sample args to '/data/p/out/sea-1f/result/sample_args.json'"
    """
    return f"Saved sample args to '{output / name / 'sample_args.json'}'"
