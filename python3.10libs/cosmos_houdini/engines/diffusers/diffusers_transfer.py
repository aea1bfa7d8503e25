"""Load the weights once and serve requests, one after another, with a pipeline of the diffusers library.

It runs on the host as ``diffusers_transfer.py REQUESTS.json``. It needs Python 3.10 or newer with torch, torchvision,
diffusers, transformers, accelerate and cosmos_guardrail. ``engines.diffusers`` writes that file and reads the output of
this program. Each request uses its own seed and its own scheduler, so its result does not depend on earlier requests of
the process.

If a request is refused (its control cannot be read, the guardrail blocks it, or the GPU's memory does not suffice), the
program prints the reason and begins the next request. Any other error ends the process. The exit code is that of the
last request.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from importlib.util import find_spec
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
            serve(pipeline, request)
            exit_code = 0
        except Refused as refusal:
            say(f"refused: {refusal}")
            exit_code = 1
        except RuntimeError as error:
            # The type is torch's own, which this Python may lack. Other requests may need less memory.
            if type(error).__name__ != "OutOfMemoryError":
                raise
            say(f"refused: out of memory: {' '.join(str(error).split())}")
            exit_code = 1
        if exit_code:
            pipeline.free()
    return exit_code


def load(model: dict[str, Any]) -> Transfer25 | Cosmos3:
    """Return the pipeline on its device, with a guardrail that refuses."""
    began = time.monotonic()
    say(f"loading {model['pipeline']['path']}")
    for part in model["pipeline"], model.get("controlnet"):
        if part and part["revision"] is None and not Path(part["path"]).is_dir():
            sys.exit(f"no checkpoint: there is no folder {part['path']}")
    # The pipelines would notice it only after minutes, when the weights are loaded.
    if find_spec("cosmos_guardrail") is None:
        sys.exit("No module named 'cosmos_guardrail'")
    import torch  # noqa: PLC0415 - a missing module is reported after the line above

    device = os.environ.get(DEVICE_VARIABLE, "cuda")
    if device == "cuda" and not torch.cuda.is_available():
        sys.exit(f"torch {torch.__version__} finds no CUDA GPU")
    kind = Cosmos3 if model["family"] == "cosmos3" else Transfer25
    pipeline = kind(model, device)
    say(f"loaded on {device} in {time.monotonic() - began:.0f} s")
    return pipeline


class Transfer25:
    """Cosmos Transfer2.5: one control, with a weight."""

    def __init__(self, model: dict[str, Any], device: str) -> None:
        from diffusers import Cosmos2_5_TransferPipeline, CosmosControlNetModel  # noqa: PLC0415

        dtype = dtype_on(device)
        controlnet = CosmosControlNetModel.from_pretrained(
            model["controlnet"]["path"], revision=model["controlnet"]["revision"], torch_dtype=dtype
        )
        self.pipeline = Cosmos2_5_TransferPipeline.from_pretrained(
            model["pipeline"]["path"],
            revision=model["pipeline"]["revision"],
            controlnet=controlnet,
            torch_dtype=dtype,
        )
        if model["offload"] and device != "cpu":
            self.pipeline.enable_model_cpu_offload(device=device)
        else:
            self.pipeline.to(device)
        self.pipeline.set_progress_bar_config(disable=True)
        heed_guardrail(self.pipeline.safety_checker)

    def free(self) -> None:
        """Move offloaded models back after a request that was refused half-way."""
        self.pipeline.maybe_free_model_hooks()
        empty_cache()

    def make(self, request: dict[str, Any], videos: dict[str, list[Any]], generator: Any) -> tuple[Any, dict[str, Any]]:  # noqa: ANN401
        """Return the frames (frame, row, column, RGB; 0 to 1), and the parameters that were used."""
        pipeline = self.pipeline
        pipeline.scheduler = type(pipeline.scheduler).from_config(pipeline.scheduler.config)
        ((kind, frames),) = videos.items()
        negative = {"negative_prompt": request["negative_prompt"]} if request["negative_prompt"] else {}
        made = pipeline(
            prompt=request["prompt"],
            controls=frames,
            controls_conditioning_scale=request["weights"][kind],
            guidance_scale=request["parameters"]["guidance"],
            num_inference_steps=request["parameters"]["num_steps"],
            width=request["size"][0],
            height=request["size"][1],
            num_frames=request["frames"],
            num_frames_per_chunk=request["frames_per_chunk"],
            num_ar_conditional_frames=request["overlap"],
            generator=generator,
            output_type="np",
            callback_on_step_end=step_teller(request["chunks"]),
            **negative,
        )
        return made.frames[0], {"num_steps": pipeline.num_timesteps, "guidance": pipeline.guidance_scale}


class Cosmos3:
    """Cosmos 3: one or more controls, which all count alike."""

    PARTS = ("text_tokenizer", "vae", "transformer", "scheduler")

    def __init__(self, model: dict[str, Any], device: str) -> None:
        from diffusers.modular_pipelines import ComponentsManager, Cosmos3OmniModularPipeline  # noqa: PLC0415

        offloads = model["offload"] and device != "cpu"
        manager = ComponentsManager() if offloads else None
        if manager:
            manager.enable_auto_cpu_offload(device=device)
        pipeline = Cosmos3OmniModularPipeline.from_pretrained(
            model["pipeline"]["path"], revision=model["pipeline"]["revision"], components_manager=manager
        )
        pipeline.load_components(names=list(self.PARTS), dtype=dtype_on(device))
        for part in self.PARTS:
            # The library only warns, and goes on without the part.
            if getattr(pipeline, part, None) is None:
                sys.exit(f"no checkpoint: {part} of {model['pipeline']['path']} cannot be loaded")
        if not offloads:
            pipeline.to(device)
        pipeline.set_progress_bar_config(disable=True)
        pipeline.enable_safety_checker()
        heed_guardrail(pipeline.safety_checker)
        self.pipeline, self.schedule = pipeline, pipeline.scheduler

    def free(self) -> None:
        """Give memory back after a request that was refused half-way; models move when another needs their room."""
        empty_cache()

    def make(self, request: dict[str, Any], videos: dict[str, list[Any]], generator: Any) -> tuple[Any, dict[str, Any]]:  # noqa: ANN401
        """Return the frames (frame, row, column, RGB; 0 to 1), and the parameters that were used."""
        parameters = request["parameters"]
        scheduler = type(self.schedule).from_config(self.schedule.config, flow_shift=parameters["shift"])
        tell_steps(scheduler, request["chunks"])
        self.pipeline.update_components(scheduler=scheduler)
        first = {"video": videos.pop("color")} if "color" in videos else {}
        made = self.pipeline(
            prompt=request["prompt"],
            negative_prompt=request["negative_prompt"],
            control_videos={request["hints"][kind]: frames for kind, frames in videos.items()},
            control_guidance=parameters["control_guidance"],
            guidance_scale=parameters["guidance"],
            num_inference_steps=parameters["num_steps"],
            width=request["size"][0],
            height=request["size"][1],
            num_frames=request["frames"],
            num_video_frames_per_chunk=request["frames_per_chunk"],
            num_conditional_frames=request["overlap"],
            num_first_chunk_conditional_frames=parameters["num_first_chunk_conditional_frames"],
            fps=float(request["fps"]),
            generator=generator,
            output_type="np",
            output=["videos", "num_inference_steps", "guidance_scale", "control_guidance"],
            **first,
        )
        used = {
            **parameters,
            "num_steps": made["num_inference_steps"],
            "guidance": made["guidance_scale"],
            "control_guidance": made["control_guidance"],
            "shift": scheduler.config.flow_shift,
        }
        return made["videos"], used


def dtype_on(device: str) -> Any:  # noqa: ANN401 - a type of torch
    """Return the type of numbers: the models' own on a GPU, and one that every CPU computes with."""
    import torch  # noqa: PLC0415

    return torch.float32 if device == "cpu" else torch.bfloat16


def empty_cache() -> None:
    """Give the memory that torch keeps in reserve back to the GPU."""
    import torch  # noqa: PLC0415

    if torch.cuda.is_available():
        torch.cuda.empty_cache()


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


def serve(pipeline: Transfer25 | Cosmos3, request: dict[str, Any]) -> None:
    """Make the video of one request and print the values that were used.

    Raises:
        Refused: a video cannot be read or has the wrong number of frames, or the guardrail blocks the prompt or the
            result.
    """
    import torch  # noqa: PLC0415

    videos = {role: read_video(request, role) for role in request["readers"]}
    # Noise from the CPU's generator is the same with every kind of GPU.
    generator = torch.Generator("cpu").manual_seed(request["seed"])
    torch.manual_seed(request["seed"])
    frames, used = pipeline.make(request, videos, generator)
    say("encoding")
    write_video(request, frames)
    parameters = {**request["parameters"], **used, "seed": generator.initial_seed(), "fps": request["fps"]}
    say("made with " + json.dumps({"parameters": parameters, "weights": request["weights"]}))
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


def tell_steps(scheduler: Any, chunks: int) -> None:  # noqa: ANN401 - one of diffusers
    """Make a scheduler print each finished step, because the pipeline of Cosmos 3 calls nothing back."""
    take_step, done = scheduler.step, 0

    def told(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - handed on
        nonlocal done
        result = take_step(*arguments, **options)
        steps = len(scheduler.timesteps)
        say(f"chunk {done // steps + 1} of {chunks}, step {done % steps + 1} of {steps}")
        done += 1
        return result

    scheduler.step = told


def read_video(request: dict[str, Any], role: str) -> list[Any]:
    """Return the frames of a video as pictures of the generated size.

    Raises:
        Refused: the video cannot be read, or has a different number of frames.
    """
    from PIL import Image  # noqa: PLC0415

    width, height = request["size"]
    argv = [ffmpeg_of(request), *request["readers"][role]]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    frames, rest = divmod(len(done.stdout), width * height * 3)
    if done.returncode or rest:
        raise Refused(f"bad input: the {role} video cannot be read: {last_line(done.stderr)}")
    if frames != request["frames"]:
        raise Refused(f"bad input: the {role} video has {frames} frames instead of {request['frames']}")
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
