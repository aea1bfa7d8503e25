"""Stands in for cosmos-framework where there is no GPU: checks what it is given, prints its lines, writes its files.

It is ``cosmos_framework/scripts/inference.py`` in the stand-in for the checkout; the standard library is enough. It
refuses what the real parser refuses, and also what the real one takes in silence and fails on once the model is loaded
(a negative weight, depth without a control, frames of a video that is not named), so that no such request passes.

Environment: STANDIN_FFMPEG names the FFmpeg that writes the videos; STANDIN_MODE is one of ok (the default), slow, oom,
disk_full, gated, missing_checkpoint, blocked, crash, hang, truncated, no_output, no_record, told_error; STANDIN_SAMPLE
is the number of the one sample at which that happens, and STANDIN_SEED its seed; else it happens at all samples.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

HINTS = ("edge", "blur", "depth", "seg", "wsm")
BUCKETS = {
    "720": {16 / 9: (1280, 720), 4 / 3: (1104, 832), 1.0: (960, 960), 3 / 4: (832, 1104), 9 / 16: (720, 1280)},
    "480": {16 / 9: (832, 480), 4 / 3: (736, 544), 1.0: (640, 640), 3 / 4: (544, 736), 9 / 16: (480, 832)},
    "256": {16 / 9: (320, 192), 4 / 3: (320, 256), 1.0: (256, 256), 3 / 4: (256, 320), 9 / 16: (192, 320)},
}
KINDS = {
    **dict.fromkeys(
        ("name", "model_mode", "prompt", "negative_prompt", "resolution", "aspect_ratio", "vision_path"), str
    ),
    **dict.fromkeys(("fps", "num_frames", "max_frames", "num_steps", "seed", "video_save_quality"), int),
    **dict.fromkeys(
        ("num_video_frames_per_chunk", "num_conditional_frames", "num_first_chunk_conditional_frames"), int
    ),
    **dict.fromkeys(("guidance", "control_guidance", "shift"), float),
    **dict.fromkeys(("emphasize_control_in_prompt", "normalize_cfg", "share_vision_temporal_positions"), bool),
    **dict.fromkeys(("show_control_condition", "show_input"), bool),
}
FLAGS = {
    *("--no-diffusion-cache", "--diffusion-cache", "--guardrails", "--no-guardrails", "--offload-guardrail-models"),
    "--no-keep-going",
}
VALUES = {"--sampler", "--parallelism-preset", "--dp-shard-size", "--dp-replicate-size", "--cp-size", "--cfgp-size"}
VALUES |= {"--diffusion-cache-thresh"}


def mode(number: int = 0) -> str:
    """Return what is to happen at a sample, or while loading."""
    at = os.environ.get("STANDIN_SAMPLE")
    return os.environ.get("STANDIN_MODE", "ok") if at is None or int(at) == number else "ok"


def log(message: str, level: str = "INFO", *, ranked: bool = False) -> None:
    """Print a record; those of all ranks name theirs."""
    stamp = datetime.now().strftime("%m-%d %H:%M:%S")  # noqa: DTZ005 - the real program prints local time
    rank = "[RANK 0] " if ranked else ""
    print(f"[{stamp}|job=standin|{level}|cosmos_framework/inference/x.py:1:f] {rank}{message}", flush=True)  # noqa: T201


def refuse(words: str) -> None:
    print(words, file=sys.stderr)  # noqa: T201
    sys.exit(1)


def arguments(argv: list[str]) -> dict[str, str]:
    """Return the values of the options."""
    found: dict[str, str] = {}
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if word in ("-i", "-o", "--checkpoint-path"):
            found[word] = rest.pop(0)
        elif word.partition("=")[0] in VALUES:
            found[word.partition("=")[0]] = word.partition("=")[2]
        elif word in FLAGS:
            found[word] = ""
        else:
            refuse(f"Unrecognized options: {word}")
    world = int(os.environ.get("WORLD_SIZE", "1"))
    shards, replicas, cp, cfgp = (int(found[f"--{name}-size"]) for name in ("dp-shard", "dp-replicate", "cp", "cfgp"))
    if shards * replicas != world or cp * cfgp != world:
        refuse(f"Invalid parallel dims for WORLD_SIZE {world}: {found}")
    if found["--checkpoint-path"] not in ("Cosmos3-Nano", "Cosmos3-Super"):
        refuse(f"no checkpoint {found['--checkpoint-path']}")
    if not {"--no-diffusion-cache", "--diffusion-cache"} & set(found):
        refuse("whether steps are cached depends on the version")
    return found


def samples_of(path: Path) -> list[dict]:
    text = path.read_text(encoding="ascii")
    lines = [text] if path.suffix == ".json" else [line for line in text.splitlines() if line]
    found = [json.loads(line) for line in lines]
    for number, sample in enumerate(found):
        if troubles := list(troubles_of(sample)):
            refuse(f"Error validating parameters from '{path}' at sample {number}\n{troubles}")
    return found


def troubles_of(sample: dict) -> Iterator[str]:
    """Yield why a sample is refused."""
    if unknown := set(sample) - set(KINDS) - set(HINTS):
        yield f"{sorted(unknown)}: Extra inputs are not permitted"
    for key, kind in KINDS.items():
        if key in sample and type(sample[key]) is not kind:
            yield f"{key}: Input should be a valid {kind.__name__}, not {sample[key]!r}"
        elif key not in sample and key not in ("negative_prompt", "vision_path"):
            yield f"{key}: its value would be a default of the version"
    if not in_range(sample.get("guidance"), 7) or not in_range(sample.get("control_guidance"), 10):
        yield "guidance or control_guidance is out of range"
    hints = {key: sample[key] for key in HINTS if key in sample}
    if not hints or sum(hint.get("weight", 0) for hint in hints.values()) <= 0:
        yield "transfer inference requires at least one control hint, and weights with a positive sum"
    for key, hint in hints.items():
        if set(hint) != {"control_path", "weight"} or hint["weight"] < 0 or not is_file(hint["control_path"]):
            yield f"{key}: {hint}"
    if sample.get("num_first_chunk_conditional_frames") and not is_file(sample.get("vision_path")):
        yield "num_first_chunk_conditional_frames > 0 requires 'vision_path'"


def in_range(value: object, high: float) -> bool:
    return isinstance(value, float) and 0 <= value <= high


def is_file(path: object) -> bool:
    return isinstance(path, str) and os.path.isabs(path) and os.path.isfile(path)  # noqa: PTH113, PTH117 - text


def ffmpeg(*argv: str) -> str:
    program = os.environ.get("STANDIN_FFMPEG", "ffmpeg")
    return subprocess.run([program, "-nostdin", *argv], capture_output=True, text=True, check=True).stderr


def facts(video: str) -> tuple[tuple[int, int], int]:
    """Return size and number of frames as FFmpeg decodes them."""
    told = ffmpeg("-i", video, "-map", "0:v:0", "-f", "null", "-")
    width, height = re.search(r"Video: .*?, (\d+)x(\d+)", told).groups()
    return (int(width), int(height)), int(re.findall(r"frame=\s*(\d+)", told)[-1])


def load(found: dict[str, str]) -> None:
    if mode() == "gated":
        raise OSError("You are trying to access a gated repo.\nMake sure to have access to it at https://h/nvidia/x.")
    if mode() == "missing_checkpoint":
        raise FileNotFoundError(2, "No such file or directory", "/models/Cosmos3-Nano/model.safetensors")
    log(f"Loading {found['--checkpoint-path']}")


def sample_chunks(sample: dict, number: int, frames: int) -> None:
    size = -(-(sample["num_video_frames_per_chunk"] - 1) // 4) * 4 + 1
    step = size - sample["num_conditional_frames"]
    chunks = 1 if frames <= size else 1 - (frames - size) // -step
    for _ in range(chunks):
        for done in range(sample["num_steps"] + 1):
            percent = 100 * done // sample["num_steps"]
            bar = f"{percent:3d}%|{'#' * (percent // 10):10}| {done}/{sample['num_steps']} [00:01<00:01,  1.00it/s]"
            print(f"\rSampling: {bar}", end="", file=sys.stderr, flush=True)  # noqa: T201
            if done:
                fail_while_sampling(number)
        print(file=sys.stderr, flush=True)  # noqa: T201


def fail_while_sampling(number: int) -> None:
    if mode(number) == "oom":
        raise RuntimeError("CUDA out of memory. Tried to allocate 9.28 GiB. GPU 0 has a total capacity of 47.41 GiB")
    if mode(number) == "crash":
        os.abort()
    if mode(number) in ("hang", "slow"):
        time.sleep(3600 if mode(number) == "hang" else 0.1)


def serve(sample: dict, number: int, output: Path) -> None:
    folder = output / sample["name"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sample_args.json").write_text(json.dumps(sample), encoding="ascii")
    log(f"Saved sample args to '{folder / 'sample_args.json'}'", ranked=True)
    if mode(number) == "blocked":
        raise ValueError(f"Guardrail blocked prompt '{sample['name']}': '{sample['prompt']}'")
    hints = [key for key in HINTS if key in sample]
    found = {}
    for key in hints:
        found[key] = facts(sample[key]["control_path"])
        log(f"Loaded pre-computed {key} control from {sample[key]['control_path']}")
    (width, height), frames = found[hints[0]]
    log(f"[transfer] final user prompt: {sample['prompt']}")
    sample_chunks(sample, number, frames)
    if mode(number) == "disk_full":
        raise OSError(28, "No space left on device")
    sizes = BUCKETS[sample["resolution"]]
    wide, high = sizes[min(sizes, key=lambda ratio: (ratio - width / height) ** 2)]
    kept = frames // 2 if mode(number) == "truncated" else frames
    crop = f"scale={wide}:{high}:force_original_aspect_ratio=increase,crop={wide}:{high}"
    if mode(number) != "no_output":
        source = ("-i", sample[hints[0]]["control_path"], "-vf", f"{crop},lutyuv=y=val/2+{sample['seed'] % 90}")
        target = ("-pix_fmt", "yuv420p", "-preset", "ultrafast", str(folder / "vision.mp4"))
        ffmpeg("-v", "error", "-y", *source, "-frames:v", str(kept), *target)
    log(f"Saved control video to '{folder / 'control_x.mp4'}'", ranked=True)
    write_record(sample, number, folder)
    log(f"Saved transfer outputs to '{folder / 'sample_outputs.json'}'", "SUCCESS", ranked=True)


def write_record(sample: dict, number: int, folder: Path) -> None:
    status = {"status": "success", "message": None, "stack_trace": None}
    if mode(number) == "told_error":
        status = {"status": "error", "message": "CUDA out of memory. Tried to allocate 1 GiB", "stack_trace": "x"}
    record = {**status, "args": sample, "outputs": [{"content": {}, "files": [str(folder / "vision.mp4")]}]}
    if mode(number) != "no_record":
        (folder / "sample_outputs.json").write_text(json.dumps(record), encoding="ascii")


def main(argv: list[str]) -> None:
    found = arguments(argv)
    given = samples_of(Path(found["-i"]))
    log(f"Loaded {len(given)} samples")
    load(found)
    wanted = os.environ.get("STANDIN_MODE", "ok")
    for number, sample in enumerate(given, start=1):
        spared = os.environ.get("STANDIN_SEED", str(sample["seed"])) != str(sample["seed"])
        os.environ["STANDIN_MODE"] = "ok" if spared else wanted
        serve(sample, number, Path(found["-o"]))


if __name__ == "__main__":
    main(sys.argv[1:])
