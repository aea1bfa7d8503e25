"""Stands in for cosmos-transfer2.5 where there is no GPU: checks what it is given, prints its lines, writes its files.

It is ``examples/inference.py`` in the stand-in for the checkout; the standard library is enough. It refuses what the
real program refuses, in the same words. It also refuses what the real program takes in silence and fails on later (a
relative path, a key of a control that it does not know, weights that add up to more than 1, controls of another
length), so that no such request passes a test.

Environment: STANDIN_FFMPEG names the FFmpeg that writes the videos; STANDIN_MODE is one of ok (the default), slow, oom,
disk_full, gated, missing_checkpoint, prompt_blocked, video_blocked, crash, hang, truncated, no_output; STANDIN_SAMPLE
is the number of the one sample at which that happens, where it does not happen at all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

CONTROLS = ("edge", "vis", "depth", "seg")
CHUNK = 93
SIZES = {
    "720": {16 / 9: (1280, 704), 4 / 3: (960, 704), 1.0: (960, 960), 3 / 4: (704, 960), 9 / 16: (704, 1280)},
    "256": {16 / 9: (320, 192), 4 / 3: (320, 256), 1.0: (256, 256), 3 / 4: (256, 320), 9 / 16: (192, 320)},
}
DEFAULTS = {
    "name": None,
    "prompt_path": None,
    "prompt": None,
    "negative_prompt": "a game",
    "seed": 2025,
    "guidance": 3,
    "video_path": None,
    "max_frames": None,
    "context_frame_index": None,
    "image_context_path": None,
    "num_conditional_frames": 1,
    "resolution": "720",
    "sigma_max": None,
    "num_video_frames_per_chunk": CHUNK,
    "num_steps": 35,
    "show_control_condition": False,
    "show_input": False,
    "keep_input_resolution": True,
    **dict.fromkeys(("edge", "depth", "vis", "seg")),
    "guided_generation_mask": None,
    "guided_generation_step_threshold": 25,
    "guided_generation_foreground_labels": None,
}
KINDS = {"name": str, "prompt": str, "negative_prompt": str, "seed": int, "guidance": int, "num_steps": int}
KINDS |= {"resolution": str, "num_conditional_frames": int, "keep_input_resolution": bool}
VERBOSE = os.environ.get("COSMOS_VERBOSE") == "1"
SOURCE = {
    True: "cosmos_transfer2/_src/transfer2/inference/inference_pipeline.py",
    False: "cosmos_transfer2/inference.py",
}


def mode(number: int = 0) -> str:
    """Return what is to happen at a sample, or while loading."""
    at = os.environ.get("STANDIN_SAMPLE")
    return os.environ.get("STANDIN_MODE", "ok") if at is None or int(at) == number else "ok"


def log(message: str, level: str = "INFO", *, inner: bool = False) -> None:
    """Print a record; those of the inner packages, and of level DEBUG, appear only where verbose output is on."""
    if VERBOSE or (not inner and level != "DEBUG"):
        stamp = datetime.now().strftime("%m-%d %H:%M:%S")  # noqa: DTZ005 - the real program prints local time
        print(f"[{stamp}|{level}|{SOURCE[inner]}:1:demo] {message}", flush=True)  # noqa: T201


def refuse(words: str) -> None:
    print(words, file=sys.stderr)  # noqa: T201
    sys.exit(1)


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="inference.py", allow_abbrev=False)
    parser.add_argument("-i", "--input-files", nargs="+", required=True, type=Path)
    parser.add_argument("-o", "--output-dir", required=True, type=Path)
    models = ["depth", "edge", "seg", "vis"]
    distilled = os.environ.get("COSMOS_EXPERIMENTAL_CHECKPOINTS") == "1"
    parser.add_argument("--model", choices=[*models, *(["edge/distilled"] if distilled else [])], default="edge")
    parser.add_argument("--offload-guardrail-models", action="store_true")
    parser.add_argument("--no-keep-going", action="store_true")
    return parser.parse_args(argv)


def samples_of(paths: list[Path]) -> list[dict]:
    samples = []
    for path in paths:
        text = path.read_text(encoding="ascii")
        found = [json.loads(text)] if path.suffix == ".json" else [json.loads(line) for line in text.splitlines()]
        for line, sample in enumerate(found):
            if troubles := list(troubles_of(sample)):
                refuse(
                    f"Error validating parameters from '{path}' at line {line}\n{len(troubles)} validation errors for "
                    f"InferenceArguments\n  {troubles}"
                )
        samples += found
    names = [sample["name"] for sample in samples]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated:
        refuse(f"Error: Inference samplename {repeated} is not unique")
    return samples


def troubles_of(sample: dict) -> Iterator[str]:
    """Yield why a sample is refused."""
    if unknown := set(sample) - set(DEFAULTS):
        yield f"{sorted(unknown)}: Extra inputs are not permitted"
    for key, kind in KINDS.items():
        if key in sample and type(sample[key]) is not kind:
            yield f"{key}: Input should be a valid {kind.__name__}, not {sample[key]!r}"
    if sample.get("guidance", 3) not in range(8):
        yield "guidance: Input should be less than or equal to 7"
    if sample.get("num_conditional_frames", 1) not in range(3) or sample.get("resolution", "720") not in SIZES:
        yield f"num_conditional_frames or resolution of {sample}"
    if not sample.get("prompt") or not is_file(sample.get("video_path")):
        yield "video_path: Path does not point to a file, or is relative, or there is no prompt"
    yield from troubles_of_controls({key: sample[key] for key in CONTROLS if sample.get(key) is not None})


def troubles_of_controls(controls: dict[str, dict]) -> Iterator[str]:
    if not controls:
        yield "Value error, No controls provided, please provide at least one control key (edge, blur, depth, seg)"
    for key, control in controls.items():
        if set(control) != {"control_path", "control_weight"} or not is_file(control.get("control_path")):
            yield f"{key}: {control}: what is not known is left out in silence, and the control made anew"
        elif not 0 < control["control_weight"] <= 1:
            yield f"{key}.control_weight: Input should be less than or equal to 1"
    if sum(control.get("control_weight", 1) for control in controls.values()) > 1 + 1e-9:
        yield "the weights are used as they are, whatever they add up to"


def is_file(path: object) -> bool:
    return isinstance(path, str) and os.path.isabs(path) and os.path.isfile(path)  # noqa: PTH113, PTH117 - text


def facts(video: str) -> tuple[tuple[int, int], int]:
    """Return size and number of frames as FFmpeg decodes them."""
    argv = [os.environ.get("STANDIN_FFMPEG", "ffmpeg"), "-nostdin", "-i", video, "-map", "0:v:0", "-f", "null", "-"]
    told = subprocess.run(argv, capture_output=True, text=True, check=True).stderr
    width, height = re.search(r"Video: .*?, (\d+)x(\d+)", told).groups()
    return (int(width), int(height)), int(re.findall(r"frame=\s*(\d+)", told)[-1])


def write_video(source: str, target: str, *, size: tuple[int, int], frames: int, look: str) -> None:
    argv = [os.environ.get("STANDIN_FFMPEG", "ffmpeg"), "-nostdin", "-v", "error", "-y", "-i", source]
    argv += ["-vf", f"{look},scale={size[0]}:{size[1]}:flags=lanczos", "-frames:v", str(frames)]
    subprocess.run([*argv, "-pix_fmt", "yuv420p", "-preset", "ultrafast", target], check=True)


def load(keys: list[str], output_dir: Path) -> None:
    log("Downloading checkpoint nvidia/Cosmos-Transfer2.5-2B")
    if mode() == "gated":
        print("Error: Access denied. This repository requires approval.", file=sys.stderr)  # noqa: T201
    if mode() in ("gated", "missing_checkpoint"):
        raise subprocess.CalledProcessError(1, ["uvx", "hf>=1.3.5", "download", "nvidia/Cosmos-Transfer2.5-2B"])
    log(f"Found {len(keys)} hint keys across all samples")
    if len(keys) > 1:
        log("Loading the multicontrol model. Multicontrol inference is not strictly equal to single control", "WARNING")
    (output_dir / "config.yaml").write_text("model: stand-in\n", encoding="ascii")
    log(f"Saved config to {output_dir / 'config.yaml'}")


def generate(sample: dict, number: int, frames: int) -> None:
    step = CHUNK - sample["num_conditional_frames"]
    chunks = 1 if frames <= CHUNK else 1 - (frames - CHUNK) // -step
    for chunk in range(1, chunks + 1):
        log(f"Generating chunk {chunk}/{chunks}", inner=True)
        log("Seed: 12345", inner=True)
        for done in range(sample["num_steps"] + 1):
            percent = 100 * done // sample["num_steps"]
            bar = f"{percent:3d}%|{'#' * (percent // 10):10}| {done}/{sample['num_steps']} [00:01<00:01,  1.00it/s]"
            print(f"\rGenerating samples: {bar}", end="", file=sys.stderr, flush=True)  # noqa: T201
            if done:
                fail_while_sampling(number)
        print(file=sys.stderr, flush=True)  # noqa: T201
    log("Average time per chunk: 0.1", inner=True)


def fail_while_sampling(number: int) -> None:
    if mode(number) == "oom":
        raise RuntimeError("CUDA out of memory. Tried to allocate 9.28 GiB. GPU 0 has a total capacity of 47.41 GiB")
    if mode(number) == "crash":
        os.abort()
    if mode(number) in ("hang", "slow"):
        time.sleep(3600 if mode(number) == "hang" else 0.1)


def blocked(message: str, *, keep_going: bool) -> None:
    """Go on with the next sample, or end as the real program does."""
    if message:
        log(message, "CRITICAL")
    if not keep_going:
        raise Exception(message or "Guardrail blocked video2world generation.")  # noqa: TRY002 - as upstream does


def serve(sample: dict, number: int, cfg: argparse.Namespace) -> None:
    target = str(cfg.output_dir / sample["name"])
    Path(f"{target}.json").write_text(json.dumps(sample, ensure_ascii=False), encoding="utf-8")
    log(f"Saved arguments to {target}.json")
    log("Running guardrail check on prompt...")
    if mode(number) == "prompt_blocked":
        log("GUARDRAIL BLOCKED: Prompt blocked by Blocklist", "CRITICAL", inner=True)
        return blocked(f"Guardrail blocked generation. Prompt: {sample['prompt']}", keep_going=not cfg.no_keep_going)
    log("Passed guardrail on prompt", "SUCCESS")
    controls = {key: sample[key]["control_path"] for key in CONTROLS if sample[key]}
    log(f"Processing the following paths: {controls}")
    log("Computing prompt text embeddings...", inner=True)
    found = {path: facts(path) for path in (sample["video_path"], *controls.values())}
    if len(set(found.values())) != 1:
        raise ValueError(f"No input frames; cannot pad. Verify that video frame counts match. {found}")
    (width, height), frames = found[sample["video_path"]]
    generate(sample, number, frames)
    size = (width - width % 2, height - height % 2)
    for key, path in controls.items():
        write_video(path, f"{target}_control_{key}.mp4", size=size, frames=frames, look="null")
        log(f"{key} control video saved to {target}_control_{key}.mp4")
    log("Running guardrail check on video...")
    if mode(number) == "video_blocked":
        log("GUARDRAIL BLOCKED: Unsafe frame", "CRITICAL", inner=True)
        return blocked("", keep_going=not cfg.no_keep_going)
    if mode(number) == "disk_full":
        raise OSError(28, "No space left on device")
    save(sample, number, target, size, frames)
    return None


def save(sample: dict, number: int, target: str, size: tuple[int, int], frames: int) -> None:
    if mode(number) != "no_output":
        kept = frames // 2 if mode(number) == "truncated" else frames
        sizes = SIZES[sample["resolution"]]
        inner = sizes[min(sizes, key=lambda ratio: (ratio - size[0] / size[1]) ** 2)]
        look = f"scale={inner[0]}:{inner[1]},hue=h={sample['seed'] % 360}"
        write_video(sample["video_path"], f"{target}.mp4", size=size, frames=kept, look=look)
        Path(f"{target}.txt").write_text(sample["prompt"], encoding="utf-8", newline="")
    log(f"Generated video saved to {target}.mp4", "SUCCESS")


def main(argv: list[str]) -> None:
    cfg = arguments(argv)
    given = samples_of(cfg.input_files)
    missing = [part for part in ("", "packages/cosmos-oss", "packages/cosmos-cuda") if not on_path(part)]
    if missing:
        raise ModuleNotFoundError(f"No module named 'cosmos_oss': PYTHONPATH lacks {missing} of the checkout")
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not cfg.no_keep_going:
        refuse("of several processes only the first one would leave a blocked sample out")
    keys = sorted({key for sample in given for key in CONTROLS if sample.get(key)}, key=CONTROLS.index)
    if any([key for key in CONTROLS if sample.get(key)] != keys for sample in given):
        refuse("samples of other controls change the model for all of them")
    if cfg.model == "edge/distilled" and keys != ["edge"]:
        raise KeyError("ModelKey(variant='seg', distilled=True)")
    cfg.output_dir.mkdir(parents=True, exist_ok=True)
    load(keys, cfg.output_dir)
    given = [{**DEFAULTS, **sample} for sample in given]
    log(f"Generating {len(given)} samples: {[sample['name'] for sample in given]}")
    for number, sample in enumerate(given, start=1):
        log(f"[{number}/{len(given)}] Processing sample {sample['name']}")
        serve(sample, number, cfg)


def on_path(part: str) -> bool:
    return str(Path.cwd() / part) in os.environ.get("PYTHONPATH", "").split(":")


if __name__ == "__main__":
    main(sys.argv[1:])
