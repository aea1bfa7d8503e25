"""Runs a captioning model in a process and an environment of its own, with torch and transformers.

It imports nothing of cosmos_houdini. Its only argument is a JSON file; it answers on standard output, one JSON object a
line: ``progress`` with the words of a step, ``result``, or ``error`` with a kind of ERRORS.

The file has ``action``: ``describe`` (model, frames, question, max_new_tokens, device) or ``fetch`` (model, revision).
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ERRORS = ("no_model", "broken_model", "memory", "frames", "network")
PATTERNS = ("*.json", "*.txt", "*.model", "*.safetensors", "*.jinja")
"""The files of a model that are fetched: weights that hold no programs, and what its processor needs."""
_MEMORY_WORDS = ("out of memory", "can't allocate", "not enough memory", "defaultcpuallocator")


class Failed(Exception):
    """The request failed for a reason that a person can do something about.

    Args:
        kind: one of ERRORS.
        message: the reason.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def main(argv: list[str]) -> int:
    """Answer the request in the file ``argv[1]``."""
    request = json.loads(Path(argv[1]).read_text(encoding="utf-8"))
    # Libraries print as they like; only answers may go to standard output.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def answer(event: str, **values: Any) -> None:  # noqa: ANN401 - JSON values
        answers.write(json.dumps({"event": event, **values}) + "\n")
        answers.flush()

    try:
        done = fetch(request) if request["action"] == "fetch" else describe(request, answer)
    except Failed as error:
        answer("error", kind=error.kind, message=str(error))
        return 1
    answer("result", **done)
    return 0


def fetch(request: dict[str, Any]) -> dict[str, Any]:
    """Download a model into the cache of Hugging Face and return its folder."""
    from huggingface_hub import snapshot_download

    try:
        folder = snapshot_download(request["model"], revision=request.get("revision"), allow_patterns=list(PATTERNS))
    except Exception as error:
        raise Failed("network", _first_line(error)) from error
    return {"folder": str(folder)}


def describe(request: dict[str, Any], answer: Any) -> dict[str, Any]:  # noqa: ANN401 - a function
    """Return what a model says of frames: one answer about all of them, or one about each."""
    started = time.perf_counter()
    answer("progress", text="loading the model")
    with _memory_errors():
        pipe = load(request["model"], request["device"])
    loaded = time.perf_counter()
    frames = [read_picture(path) for path in request["frames"]]
    answers = []
    groups = [list(range(len(frames)))] if takes_many(pipe) else [[index] for index in range(len(frames))]
    forward_s = 0.0
    for done, group in enumerate(groups, start=1):
        with _memory_errors():
            text, confidence, seconds = say(pipe, [frames[index] for index in group], request)
        forward_s += seconds
        answers.append({"frames": group, "text": text, "confidence": confidence})
        answer("progress", text=f"described {done} of {len(groups)}")
    return {
        "answers": answers,
        "device": str(pipe.model.device),
        "architecture": type(pipe.model).__name__,
        "transformers": _version("transformers"),
        "torch": _version("torch"),
        "load_s": loaded - started,
        "forward_s": forward_s,
        "all_s": time.perf_counter() - started,
    }


def load(folder: str, device: str) -> Any:  # noqa: ANN401 - a pipeline of transformers
    """Return the pipeline image-text-to-text of a model folder; nothing is downloaded, and no code of it is run."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    if not (Path(folder) / "config.json").is_file():
        raise Failed("no_model", f"{folder} holds no config.json")
    import torch
    from transformers import pipeline
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        return pipeline(
            "image-text-to-text",
            model=folder,
            device=device,
            dtype=torch.float32 if device == "cpu" else "auto",
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
        )
    except MemoryError:
        raise
    except Exception as error:
        if any(words in str(error).lower() for words in _MEMORY_WORDS):
            raise
        raise Failed("broken_model", _first_line(error)) from error


def takes_many(pipe: Any) -> bool:  # noqa: ANN401 - a pipeline of transformers
    """Whether a model follows a conversation, and so can look at many frames at once."""
    return bool(getattr(pipe.processor, "chat_template", None) or getattr(pipe.tokenizer, "chat_template", None))


def say(pipe: Any, frames: list[Any], request: dict[str, Any]) -> tuple[str, float | None, float]:  # noqa: ANN401
    """Return a model's text about frames, the mean probability of its tokens, and the seconds of its forward passes."""
    import torch

    processor, model = pipe.processor, pipe.model
    if takes_many(pipe):
        # Pictures in tiles cost many times the tokens, and a caption needs no small print.
        if hasattr(processor.image_processor, "do_image_splitting"):
            processor.image_processor.do_image_splitting = False
        content = [{"type": "image", "image": frame} for frame in frames]
        content.append({"type": "text", "text": request["question"]})
        inputs = processor.apply_chat_template(
            [{"role": "user", "content": content}],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
        )
    else:
        inputs = processor(images=frames[0], return_tensors="pt")
    inputs = inputs.to(model.device)
    started = time.perf_counter()
    with torch.inference_mode():
        made = model.generate(
            **inputs,
            max_new_tokens=request["max_new_tokens"],
            do_sample=False,
            return_dict_in_generate=True,
            output_scores=True,
        )
    seconds = time.perf_counter() - started
    new = made.sequences[0][-len(made.scores) :] if made.scores else made.sequences[0]
    text = processor.decode(new, skip_special_tokens=True)
    return text.strip(), confidence_of(made), seconds


def confidence_of(made: Any) -> float | None:  # noqa: ANN401 - an output of transformers
    """Return the geometric mean of the probabilities of the tokens that a model chose, 0 to 1; None without scores."""
    if not made.scores:
        return None
    import torch

    new = made.sequences[0][-len(made.scores) :]
    chosen = [torch.log_softmax(score[0].float(), -1)[token] for score, token in zip(made.scores, new, strict=True)]
    return float(torch.stack(chosen).mean().exp())


def read_picture(path: str) -> Any:  # noqa: ANN401 - a picture of Pillow
    """Return a picture in RGB."""
    from PIL import Image

    try:
        with Image.open(path) as picture:
            return picture.convert("RGB")
    except (OSError, ValueError) as error:
        raise Failed("frames", f"{path}: {_first_line(error)}") from error


@contextlib.contextmanager
def _memory_errors() -> Iterator[None]:
    try:
        yield
    except MemoryError as error:
        raise Failed("memory", "there is too little memory") from error
    except RuntimeError as error:
        if any(words in str(error).lower() for words in _MEMORY_WORDS):
            raise Failed("memory", _first_line(error)) from error
        raise Failed("broken_model", _first_line(error)) from error
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise Failed("broken_model", f"{type(error).__name__}: {_first_line(error)}") from error


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)[:400]


def _version(package: str) -> str:
    import importlib.metadata

    return importlib.metadata.version(package)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
