"""Stands in for cosmos-transfer1 where there is no GPU: checks what it is given, prints its lines, writes a video.

Called as torchrun would call it, or as ``transfer.py`` itself; the standard library is enough. It refuses what the real
program refuses, in the same words. It also refuses what the real program takes in silence and fails on later (a
relative path, a weight above 1, a number written as text), so that no such request passes a test.

Environment: STANDIN_FFMPEG names the FFmpeg that writes the video; STANDIN_MODE is one of ok (the default), slow, oom,
disk_full, gated, missing_checkpoint, prompt_blocked, video_blocked, blocked_exit_0, crash, hang, truncated, no_output.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

HINTS = {"vis", "seg", "edge", "depth", "keypoint", "upscale", "hdmap", "lidar"}
STRENGTHS = ["very_low", "low", "medium", "high", "very_high"]
SIZES = {16 / 9: (1280, 704), 4 / 3: (960, 704), 1.0: (960, 960), 3 / 4: (704, 960), 9 / 16: (704, 1280)}
KINDS = {"seed": int, "num_steps": int, "fps": int, "guidance": float, "sigma_max": float}
KNOWN = {"prompt", "negative_prompt", "input_video_path", "blur_strength", "canny_threshold", *KINDS}
FLAGS = (
    "offload_diffusion_transformer",
    "offload_text_encoder_model",
    "offload_guardrail_models",
    "offload_prompt_upsampler",
    "upsample_prompt",
    "use_distilled",
)
CHUNK = 120
MODE = os.environ.get("STANDIN_MODE", "ok")


def log(message: str, level: str = "INFO") -> None:
    stamp = datetime.now().strftime("%m-%d %H:%M:%S")  # noqa: DTZ005 - the real program prints local time
    print(f"[{stamp}|{level}|cosmos_transfer1/diffusion/inference/transfer.py:1:demo] {message}", flush=True)  # noqa: T201


def without_torchrun(argv: list[str]) -> tuple[list[str], int]:
    """Return the program's own arguments and the number of processes that torchrun was asked for."""
    script = next((index for index, word in enumerate(argv) if word.endswith("transfer.py")), None)
    if script is None:
        return argv, 1
    launcher = dict(word.split("=", 1) for word in argv[:script] if "=" in word)
    if launcher.get("--nnodes") != "1" or launcher.get("--node_rank") != "0":
        sys.exit(f"torchrun: error: one node was expected, not {argv[:script]}")
    return argv[script + 1 :], int(launcher["--nproc_per_node"])


def arguments(argv: list[str]) -> argparse.Namespace:
    for word in argv:
        if word.startswith("--") and "=" in word:
            sys.exit(f"transfer.py: error: {word}: the real program lets its spec file win over --key=value")
    parser = argparse.ArgumentParser(prog="transfer.py")
    parser.add_argument("--controlnet_specs", required=True)
    parser.add_argument("--checkpoint_dir", default="checkpoints")
    parser.add_argument("--video_save_folder", default="outputs/")
    parser.add_argument("--video_save_name", default="output")
    parser.add_argument("--num_gpus", type=int, default=1)
    parser.add_argument("--sigma_max", type=float, default=70.0)
    for flag in FLAGS:
        parser.add_argument(f"--{flag}", action="store_true")
    return parser.parse_args(argv)


def checked_spec(path: str, *, distilled: bool) -> tuple[dict, dict]:
    """Return arguments and controls of the spec file; a ValueError is what the real program would raise, or should."""
    with Path(path).open(encoding="ascii") as file:
        spec = json.load(file)
    controls = {key: value for key, value in spec.items() if isinstance(value, dict)}
    for key in controls:
        if key not in HINTS:
            raise ValueError(f"Invalid hint_key: {key}. Must be one of {HINTS}")
    values = {key: value for key, value in spec.items() if key not in controls}
    _check_values(values)
    if not controls:
        raise ValueError("no control at all: the real program fails on the GPU")
    total = [_checked_weight(key, control) for key, control in controls.items()]
    if distilled and set(controls) != {"edge"}:
        raise ValueError(
            f"No default distilled checkpoint for {set(controls)}. Users must specify ckpt_path in config."
        )
    if not all(weight > 0 for weight in total):
        raise ValueError("a control of weight 0 costs memory and does nothing")
    return values, controls


def _check_values(values: dict) -> None:
    unknown = set(values) - KNOWN
    if unknown:
        raise ValueError(f"unknown keys, which the real program takes in silence: {sorted(unknown)}")
    for key, kind in KINDS.items():
        value = values.get(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, kind))):
            raise ValueError(f"{key} = {value!r} is no {kind.__name__}")
    for key in ("blur_strength", "canny_threshold"):
        if values.get(key, "medium") not in STRENGTHS:
            raise ValueError(f"{key} = {values[key]!r}")
    _check_file("input_video_path", values.get("input_video_path", ""))


def _checked_weight(key: str, control: dict) -> float:
    if set(control) != {"control_weight", "input_control"}:
        raise ValueError(f"{key}: {sorted(control)}")
    _check_file(f"{key}.input_control", control["input_control"])
    weight = control["control_weight"]
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 <= weight <= 1:
        raise ValueError(f"Control weight for {key} must be a valid non-negative float or a path to a .pt file.")
    return float(weight)


def _check_file(key: str, path: str) -> None:
    if not os.path.isabs(path) or not os.path.isfile(path):  # noqa: PTH113, PTH117 - text, as the real program has it
        raise ValueError(f"{key} = {path!r} is no absolute path of a file")


def facts(video: str) -> tuple[tuple[int, int], int]:
    """Return size and number of frames as FFmpeg decodes them."""
    argv = [os.environ.get("STANDIN_FFMPEG", "ffmpeg"), "-nostdin", "-i", video, "-map", "0:v:0", "-f", "null", "-"]
    told = subprocess.run(argv, capture_output=True, text=True, check=True).stderr
    width, height = re.search(r"Video: .*?, (\d+)x(\d+)", told).groups()
    return (int(width), int(height)), int(re.findall(r"frame=\s*(\d+)", told)[-1])


def generated_size(size: tuple[int, int]) -> tuple[int, int]:
    return SIZES[min(SIZES, key=lambda ratio: (ratio - size[0] / size[1]) ** 2)]


def write_video(source: str, target: Path, *, size: tuple[int, int], frames: int, fps: int, seed: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    look = f"scale={size[0]}:{size[1]},hue=h={seed % 360}"
    argv = [os.environ.get("STANDIN_FFMPEG", "ffmpeg"), "-nostdin", "-v", "error", "-y", "-i", source, "-vf", look]
    argv += ["-frames:v", str(frames), "-r", str(fps), "-pix_fmt", "yuv420p", "-preset", "ultrafast", str(target)]
    subprocess.run(argv, check=True)


def generate(frames: int) -> None:
    chunks = max(1, -(-(frames - 1) // CHUNK))
    for chunk in range(chunks + 1):
        bar = f"{100 * chunk // chunks:3d}%|{'#' * chunk:10}| {chunk}/{chunks} [00:00<00:00,  1.00s/it]"
        print(f"\r{bar}", end="", file=sys.stderr, flush=True)  # noqa: T201
        if chunk == chunks:
            break
        for step in ("Starting latent encoding", "Completed latent encoding", "Starting diffusion sampling"):
            log(step)
        fail_while_sampling()
        for step in ("Completed diffusion sampling", "Starting VAE decode", "Completed VAE decode"):
            log(step)
    print(file=sys.stderr, flush=True)  # noqa: T201


def fail_while_sampling() -> None:
    if MODE == "oom":
        raise RuntimeError("CUDA out of memory. Tried to allocate 9.28 GiB. GPU 0 has a total capacity of 47.41 GiB")
    if MODE == "crash":
        os.abort()
    if MODE in ("hang", "slow"):
        time.sleep(3600 if MODE == "hang" else 2)


def fail_while_loading(checkpoint_dir: str) -> None:
    if MODE == "missing_checkpoint":
        raise FileNotFoundError(
            2, "No such file or directory", f"{checkpoint_dir}/nvidia/Cosmos-Transfer1-7B/base_model.pt"
        )
    if MODE == "gated":
        raise OSError("Cannot access gated repo for url https://huggingface.co/meta-llama/Llama-Guard-3-8B")


def fail_on_the_prompt() -> None:
    if MODE in ("prompt_blocked", "blocked_exit_0"):
        log("GUARDRAIL BLOCKED: Prompt blocked by Blocklist", "CRITICAL")
        log("Input text prompt 1 is not safe", "CRITICAL")
        log("All prompts failed safety checks", "CRITICAL")
        log("Guardrail blocked generation for entire batch.", "CRITICAL")
        if MODE == "blocked_exit_0":
            sys.exit(0)
        raise TypeError("cannot unpack non-iterable NoneType object")


def fail_on_the_video() -> None:
    if MODE == "video_blocked":
        log("Generated video 1 is not safe", "CRITICAL")
        log("All generated videos failed safety checks", "CRITICAL")
        raise TypeError("cannot unpack non-iterable NoneType object")
    if MODE == "disk_full":
        raise OSError(28, "No space left on device")


def save(values: dict, cfg: argparse.Namespace, size: tuple[int, int], frames: int) -> None:
    target = Path(cfg.video_save_folder) / f"{cfg.video_save_name}.mp4"
    if MODE != "no_output":
        kept = frames // 2 if MODE == "truncated" else frames
        write_video(values["input_video_path"], target, size=size, frames=kept, fps=values["fps"], seed=values["seed"])
        target.with_suffix(".txt").write_bytes(values["prompt"].encode())
    log(f"Saved video to {target}")
    log(f"Saved prompt to {target.with_suffix('.txt')}")


def main(argv: list[str]) -> None:
    own, processes = without_torchrun(argv)
    cfg = arguments(own)
    if cfg.num_gpus != processes:
        sys.exit(f"transfer.py: error: --num_gpus {cfg.num_gpus} and --nproc_per_node={processes}")
    values, controls = checked_spec(cfg.controlnet_specs, distilled=cfg.use_distilled)
    log(f"control_inputs: {json.dumps(controls, indent=4)}")
    log(f"final args: {json.dumps({**vars(cfg), **values}, indent=4)}")
    fail_while_loading(cfg.checkpoint_dir)
    log("running preprocessor")
    log("Running batch generation with batch_size=1")
    log("Running guardrail checks on all prompts")
    fail_on_the_prompt()
    log("Starting T5 compute")
    log("Run generation")
    log("Starting data augmentation")
    found = {
        path: facts(path) for path in (values["input_video_path"], *(c["input_control"] for c in controls.values()))
    }
    if len(set(found.values())) != 1:
        raise RuntimeError(f"Sizes of tensors must match except in dimension 1: {found}")
    size, frames = found[values["input_video_path"]]
    log(f"Making all control and input videos to be length of {frames} frames.")
    generate(frames)
    log("Finish generation")
    log("Run guardrail on generated videos")
    fail_on_the_video()
    save(values, cfg, generated_size(size), frames)


if __name__ == "__main__":
    main(sys.argv[1:])
