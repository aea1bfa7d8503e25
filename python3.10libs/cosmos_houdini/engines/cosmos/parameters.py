"""The parameters of Cosmos Transfer that this project offers, with the ranges in which they have an effect."""

from __future__ import annotations

from typing import Final

from cosmos_houdini.engines.cosmos.frame_size import RESOLUTION, RESOLUTIONS
from cosmos_houdini.model.parameter import Parameter
from cosmos_houdini.model.presets import DEFAULT_STRENGTH, STRENGTHS

# cosmos-transfer1 itself checks little: it accepts a spec with "num_steps": "35" or "fps": 23.976, and fails or gives a
# misleading result later. The defaults are those of its transfer.py. Numpy accepts seeds below 2**32, and chunk i uses
# seed + i: there are fewer than 2**12 chunks.
MAX_SEED = 2**32 - 2**12
TASK: Final = "task"
TRANSFER: Final = "transfer"
UPSCALE: Final = "upscale"
ENHANCE: Final = "enhance-prompt"
UPSCALE_WEIGHT: Final = "upscale_weight"

_SEG_PROMPT = Parameter(
    name="seg_prompt", default="", help="Objects of a seg that the engine estimates, as in: car . building . tree"
)
_TABLE = (
    Parameter(name="seed", default=1, help="Start of the random numbers; chunk i uses seed + i.", low=0, high=MAX_SEED),
    Parameter(name="num_steps", default=35, help="Diffusion steps; 1 for the distilled model.", low=1, high=100),
    Parameter(name="guidance", default=5.0, help="How strongly the prompt pulls.", low=0, high=20),
    Parameter(
        name="sigma_max",
        default=70.0,
        help="Noise put over the colour video at the start; at 80 nothing of it is left.",
        # Upstream's sampler ends at 0.002, and fails, after all models are loaded, if it does not begin above that.
        low=0.01,
        high=80,
    ),
    Parameter(
        name="fps", default=24, help="Frames a second of the result; the input's where nothing is said.", low=1, high=60
    ),
    Parameter(
        name="blur_strength",
        default=DEFAULT_STRENGTH,
        help="Blur of a vis control that the engine makes; no effect on a vis video.",
        choices=STRENGTHS,
    ),
    Parameter(
        name="canny_threshold",
        default=DEFAULT_STRENGTH,
        help="Threshold of an edge control that the engine makes; no effect on an edge video.",
        choices=STRENGTHS,
    ),
    _SEG_PROMPT,
    Parameter(
        name="ckpt_path", default="", help="Weights of your own on the host for the only control, such as a .pt."
    ),
    Parameter(name="use_distilled", default=False, help="The distilled model: edge alone, 1 step."),
    Parameter(name="upsample_prompt", default=False, help="Let the engine's own language model write the prompt out."),
    Parameter(name="offload_diffusion_transformer", default=False, help="Less GPU memory, more time."),
    Parameter(name="offload_text_encoder_model", default=False, help="Less GPU memory, a little more time."),
    Parameter(name="offload_guardrail_models", default=True, help="Less GPU memory, a little more time."),
    Parameter(name="offload_prompt_upsampler", default=False, help="Less GPU memory while prompts are written out."),
    Parameter(
        name=TASK,
        default=TRANSFER,
        help="The commands upscale and enhance-prompt set it.",
        choices=(TRANSFER, UPSCALE, ENHANCE),
    ),
    Parameter(name=UPSCALE_WEIGHT, default=0.5, help="How strongly the upscaler follows the video.", low=0.01, high=1),
)

TRANSFER1_PARAMETERS = {parameter.name: parameter for parameter in _TABLE}

# Types, ranges and defaults are those of cosmos-transfer2.5 (cosmos_transfer2/config.py). It also accepts sigma_max but
# does not use it: the sampler with rectified flow (generate_samples_from_batch) never reads it.
_TABLE25 = (
    Parameter(name="seed", default=2025, help="Start of the random numbers.", low=0, high=2**32 - 1),
    Parameter(name="num_steps", default=35, help="Diffusion steps; 4 for the distilled model.", low=1, high=100),
    Parameter(name="guidance", default=3, help="How strongly the prompt pulls.", low=0, high=7),
    Parameter(
        name="resolution",
        default=RESOLUTION,
        help="Of what is generated; the result is brought back to the input's size.",
        choices=RESOLUTIONS,
    ),
    Parameter(
        name="num_conditional_frames",
        default=1,
        help="Frames that a chunk takes over from the one before; with 0 the look may jump between them.",
        low=0,
        high=2,
    ),
    Parameter(
        name="num_video_frames_per_chunk",
        default=93,
        help="Frames that are generated at once, 4k + 1; the models were trained with 93.",
        low=1,
        high=93,
    ),
    Parameter(
        name="guided_generation_step_threshold",
        default=25,
        help="Steps during which the plate is kept where its mask is white.",
        low=0,
        high=100,
    ),
    Parameter(name="checkpoint_path", default="", help="A checkpoint of your own on the host; empty for upstream's."),
    Parameter(name="experiment", default="", help="Upstream's name for the configuration of that checkpoint."),
    _SEG_PROMPT,
    Parameter(name="use_distilled", default=False, help="The distilled model: edge alone, 4 steps, one chunk."),
    Parameter(name="offload_guardrail_models", default=True, help="Less GPU memory, a little more time."),
)

TRANSFER25_PARAMETERS = {parameter.name: parameter for parameter in _TABLE25}
