"""The time that Cosmos 3 takes for a chunk, estimated from published times.

The source is inference_benchmarks.md of github.com/NVIDIA/cosmos: 189 frames at 1280x720 with 35 steps from text, Nano
on one H100 and Super on four H200. No time of a transfer is published.
"""

from __future__ import annotations

from typing import Final

from cosmos_houdini.engines.cosmos3.buckets import bucket_size
from cosmos_houdini.model.request import InferenceRequest

_FRAMES: Final = 189
_STEPS: Final = 35
_PIXELS: Final = 1280 * 720
_SECONDS: Final = {"Nano": 208.0, "Super": 224.0}
_GPUS: Final = {"Nano": 1, "Super": 4}
_GPU_EXPONENT: Final = -0.8
"""The share of the time that more GPUs save, as for Transfer2.5; none is published for Cosmos 3."""
_SKIPPED: Final = 0.6
"""The share of the steps' time that is left with the cache, by the order of magnitude of its authors."""


def seconds_per_chunk(request: InferenceRequest, frames_per_chunk: int) -> float:
    """Return the estimated seconds of GPU time for a chunk; loading takes additional time.

    Each control adds as many tokens as the picture has, and a pull of the controls adds a third pass to the two of the
    guidance.
    """
    parameters = request.parameters
    model = str(parameters.get("model", "Nano"))
    width, height = bucket_size(request.video.size, str(parameters["resolution"]))
    tokens = 1 + len(request.controls)
    passes = (3 if parameters["control_guidance"] != 1 else 2) / 2
    work = frames_per_chunk / _FRAMES * width * height / _PIXELS * float(parameters["num_steps"]) / _STEPS
    cached = _SKIPPED if parameters.get("diffusion_cache") else 1.0
    gpus = (request.num_gpu / _GPUS[model]) ** _GPU_EXPONENT
    return float(_SECONDS[model] * work * tokens * passes * cached * gpus)
