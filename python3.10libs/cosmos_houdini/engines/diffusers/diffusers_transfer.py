"""Load the weights once and serve requests, one after another, with the diffusers pipeline of Cosmos Transfer2.5.

It runs on the host as ``diffusers_transfer.py REQUESTS.json``. It needs Python 3.10 or newer with torch, torchvision,
diffusers, transformers, accelerate and cosmos_guardrail. ``engines.diffusers`` writes that file and reads the output of
this program. Each request uses its own seed and its own scheduler, so its result does not depend on earlier requests of
the process.

If a request is refused (its control cannot be read, or the guardrail blocks it), the program prints the reason and
begins the next request. Any other error ends the process. The exit code is that of the last request.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

DEVICE_VARIABLE = "COSMOS_DIFFUSERS_DEVICE"
"""The variable that names a device other than ``cuda``, such as ``cpu`` for a trial.

The program never chooses the CPU by itself, because a run there takes days.
"""


class Refused(Exception):
    """A request cannot be served, but later requests can."""


def main(arguments: list[str]) -> int:
    """Serve the requests of a file and return the exit code."""
    with Path(arguments[0]).open(encoding="utf-8") as file:
        order = json.load(file)
    pipeline = load(order["model"])
    exit_code = 0
    for number, request in enumerate(order["requests"], start=1):
        if Path(request["folder"], "in", "ended").exists():
            continue  # The request was cancelled before its turn.
        say(f"[{number}/{len(order['requests'])}] begin {request['name']}")
        try:
            serve(pipeline, request, order["model"])
            exit_code = 0
        except Refused as refusal:
            say(f"refused: {refusal}")
            pipeline.maybe_free_model_hooks()
            exit_code = 1
    return exit_code


def load(model: dict[str, Any]) -> Any:  # noqa: ANN401 - this Python need not have the type
    """Return the pipeline on its device."""
    began = time.monotonic()
    say(f"loading {model['pipeline']['path']}")
    for part in model["pipeline"], model["controlnet"]:
        if part["revision"] is None and not Path(part["path"]).is_dir():
            sys.exit(f"no checkpoint: there is no folder {part['path']}")
    import torch  # noqa: PLC0415 - a missing module is reported after the line above
    from diffusers import Cosmos2_5_TransferPipeline, CosmosControlNetModel  # noqa: PLC0415

    device = os.environ.get(DEVICE_VARIABLE, "cuda")
    if device == "cuda" and not torch.cuda.is_available():
        sys.exit(f"torch {torch.__version__} finds no CUDA GPU")
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    controlnet = CosmosControlNetModel.from_pretrained(
        model["controlnet"]["path"], revision=model["controlnet"]["revision"], torch_dtype=dtype
    )
    pipeline = Cosmos2_5_TransferPipeline.from_pretrained(
        model["pipeline"]["path"],
        revision=model["pipeline"]["revision"],
        controlnet=controlnet,
        torch_dtype=dtype,
    )
    if model["offload"] and device != "cpu":
        pipeline.enable_model_cpu_offload(device=device)
    else:
        pipeline.to(device)
    pipeline.set_progress_bar_config(disable=True)
    heed_guardrail(pipeline.safety_checker)
    say(f"loaded on {device} in {time.monotonic() - began:.0f} s")
    return pipeline


def heed_guardrail(checker: Any) -> None:  # noqa: ANN401 - cosmos_guardrail's, or one with its methods
    """Make both guardrail checks refuse a blocked request; the pipeline itself would return a black video."""
    text_is_safe, safe_video = checker.check_text_safety, checker.check_video_safety

    def check_text(prompt: str) -> bool:
        if not text_is_safe(prompt):
            raise Refused("guardrail: it blocks the prompt")
        return True

    def check_video(frames: Any) -> Any:  # noqa: ANN401 - an array of numpy
        made = safe_video(frames)
        if made is None:
            raise Refused("guardrail: it blocks the video that was made")
        return made

    checker.check_text_safety, checker.check_video_safety = check_text, check_video


def serve(pipeline: Any, request: dict[str, Any], model: dict[str, Any]) -> None:  # noqa: ANN401
    """Make the video of one request and print the values that were used.

    Raises:
        Refused: the control cannot be read or has the wrong number of frames, or the guardrail blocks the prompt or the
            video.
    """
    import torch  # noqa: PLC0415

    controls = read_control(request)
    # Noise from the CPU's generator is the same with every kind of GPU.
    generator = torch.Generator("cpu").manual_seed(request["seed"])
    torch.manual_seed(request["seed"])
    pipeline.scheduler = type(pipeline.scheduler).from_config(pipeline.scheduler.config)
    call = {
        "controls_conditioning_scale": request["weight"],
        "guidance_scale": request["guidance"],
        "num_inference_steps": request["num_steps"],
        "width": request["size"][0],
        "height": request["size"][1],
        "num_frames": request["frames"],
        "num_frames_per_chunk": request["frames_per_chunk"],
        "num_ar_conditional_frames": request["overlap"],
    }
    if request["negative_prompt"]:
        call["negative_prompt"] = request["negative_prompt"]
    made = pipeline(
        prompt=request["prompt"],
        controls=controls,
        generator=generator,
        output_type="np",
        callback_on_step_end=step_teller(request["chunks"]),
        **call,
    )
    say("encoding")
    write_video(request, made.frames[0])
    effective = {
        "seed": generator.initial_seed(),
        "num_steps": pipeline.num_timesteps,
        "guidance": pipeline.guidance_scale,
        "fps": request["fps"],
        "offload_models": model["offload"],
    }
    weights = {request["kind"]: call["controls_conditioning_scale"]}
    say("made with " + json.dumps({"parameters": effective, "weights": weights}))
    say(f"saved {request['result']}")


def step_teller(chunks: int) -> Any:  # noqa: ANN401 - a function as the pipeline calls it
    """Return a callback that prints each finished step; a chunk begins with step 0."""
    chunk = 0

    def told(pipeline: Any, step: int, _timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
        nonlocal chunk
        chunk += step == 0
        say(f"chunk {chunk} of {chunks}, step {step + 1} of {pipeline.num_timesteps}")
        return tensors

    return told


def read_control(request: dict[str, Any]) -> list[Any]:
    """Return the frames of the control video as pictures of the generated size.

    Raises:
        Refused: the control cannot be read, or has a different number of frames.
    """
    from PIL import Image  # noqa: PLC0415

    width, height = request["size"]
    argv = [ffmpeg_of(request), *request["reader"]]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    frames, rest = divmod(len(done.stdout), width * height * 3)
    if done.returncode or rest:
        raise Refused(f"bad input: the control cannot be read: {last_line(done.stderr)}")
    if frames != request["frames"]:
        raise Refused(f"bad input: the control has {frames} frames instead of {request['frames']}")
    length = width * height * 3
    return [
        Image.frombuffer("RGB", (width, height), done.stdout[start : start + length])
        for start in range(0, len(done.stdout), length)
    ]


def write_video(request: dict[str, Any], frames: Any) -> None:  # noqa: ANN401 - an array of numpy
    """Encode frames (frame, row, column, RGB; 0 to 1) as the request's result."""
    result = Path(request["result"])
    part = result.with_name(f"part-{result.name}")
    argv = [ffmpeg_of(request), *request["writer"], str(part)]
    pixels = (frames * 255).round().astype("uint8").tobytes()
    done = subprocess.run(argv, input=pixels, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"FFmpeg cannot write {part}: {last_line(done.stderr)}")
    part.replace(result)


def last_line(said: bytes) -> str:
    """Return the last line of a program's output."""
    return said.decode(errors="replace").strip().rpartition("\n")[2]


def ffmpeg_of(request: dict[str, Any]) -> str:
    """Return the path of the host's FFmpeg, or of imageio-ffmpeg's if the request names none.

    cosmos_guardrail installs imageio-ffmpeg.
    """
    if request["ffmpeg"]:
        return str(request["ffmpeg"])
    import imageio_ffmpeg  # noqa: PLC0415

    return str(imageio_ffmpeg.get_ffmpeg_exe())


def say(line: str) -> None:
    """Print a line and flush it immediately."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
