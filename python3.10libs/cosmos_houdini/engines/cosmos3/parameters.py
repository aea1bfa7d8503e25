"""The parameters that every engine of Cosmos 3 has, with the ranges in which they have an effect.

Names and ranges are those of cosmos_framework/inference/args.py, at commit 5eee9ed of
github.com/NVIDIA/cosmos-framework.
"""

from __future__ import annotations

from cosmos_houdini.engines.cosmos3.buckets import DEFAULT_RESOLUTION, RESOLUTIONS
from cosmos_houdini.engines.cosmos3.hints import TUNED
from cosmos_houdini.model.parameter import Parameter

DEFAULT_CHUNK_FRAMES = 93
TEMPORAL_COMPRESSION = 4
"""A chunk has a multiple of this number of frames, and one more (Wan's video tokenizer)."""
MIN_FRAMES = 2
MAX_FRAMES = 5000
"""The largest number of frames that upstream reads (``max_frames``)."""
MAX_SEED = 2**31 - 1
USUAL_FPS = range(10, 31)
"""Upstream warns outside of these frame rates: the model was trained with them."""

# Upstream's defaults for guidance depend on the number of controls: 3 for one, 6 for two. A request always holds the
# values, so that a weight of 0 in a sweep changes nothing else.
_TABLE = (
    Parameter(name="seed", default=1, help="Start of the random numbers; chunk i uses seed + i.", low=0, high=MAX_SEED),
    Parameter(name="num_steps", default=35, help="Diffusion steps; upstream's examples use 35 or 50.", low=1, high=200),
    Parameter(name="guidance", default=TUNED.guidance, help="How strongly the prompt pulls.", low=0, high=7),
    Parameter(
        name="control_guidance",
        default=TUNED.control_guidance,
        help="How strongly the controls pull; at 1 they have no extra pull, and a step costs half.",
        low=0,
        high=10,
    ),
    Parameter(name="shift", default=10.0, help="Shift of the noise schedule towards coarse forms.", low=0.1, high=100),
    Parameter(
        name="resolution",
        default=DEFAULT_RESOLUTION,
        help="Of what is generated, as the short side of a 16:9 picture.",
        choices=RESOLUTIONS,
    ),
    Parameter(
        name="num_video_frames_per_chunk",
        default=DEFAULT_CHUNK_FRAMES,
        help="Frames that are generated at once, rounded up to 4k + 1.",
        low=5,
        high=401,
    ),
    Parameter(
        name="num_conditional_frames",
        default=1,
        help="Frames that a chunk takes over from the one before; with 0 the look may jump between them.",
        low=0,
        high=40,
    ),
    Parameter(
        name="num_first_chunk_conditional_frames",
        default=0,
        help="Frames of the colour video with which the result begins; 0 for none.",
        low=0,
        high=40,
    ),
    Parameter(
        name="emphasize_control_in_prompt",
        default=True,
        help="Add upstream's sentence that asks the model to follow the controls.",
    ),
    Parameter(
        name="fps", default=24, help="Frames a second of the result; the input's where nothing is said.", low=1, high=60
    ),
)

SHARED_PARAMETERS = {parameter.name: parameter for parameter in _TABLE}


def round_chunk(frames: int) -> int:
    """Return the length of a chunk as the model makes it: 4k + 1 frames, at least as many as are asked for.

    >>> round_chunk(90), round_chunk(93), round_chunk(121)
    (93, 93, 121)
    """
    return -(-(frames - 1) // TEMPORAL_COMPRESSION) * TEMPORAL_COMPRESSION + 1
