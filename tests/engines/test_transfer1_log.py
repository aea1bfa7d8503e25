from __future__ import annotations

import json
from itertools import pairwise

import pytest

from cosmos_houdini.engines import EngineLog, find_engine
from cosmos_houdini.model.job import FailureClass
from support.media.transfer_clips import request_of

TRANSFER1 = find_engine("transfer1")
PLAN = TRANSFER1.plan(request_of(frames=241))


def record(message: str, level: str = "INFO") -> str:
    return f"[11-23 12:00:00|{level}|cosmos_transfer1/diffusion/inference/transfer.py:1:demo] {message}\n"


def log(*messages: str, stderr: str = "") -> EngineLog:
    return EngineLog(stdout="".join(map(record, messages)), stderr=stderr)


SAVED = "Saved video to /data/jobs/x/out/result.mp4"
CHUNK = [
    "Starting latent encoding",
    "Completed latent encoding",
    "Starting diffusion sampling",
    "Completed diffusion sampling",
    "Starting VAE decode",
    "Completed VAE decode",
]


def fraction(log_so_far: EngineLog) -> float:
    progress = TRANSFER1.progress(log_so_far, PLAN)
    return -1.0 if progress is None else progress.fraction


def test_what_it_ran_with_is_read_from_what_it_prints_first():
    arguments = {"seed": 9, "guidance": 5, "use_distilled": False, "checkpoint_dir": "/c", "prompt": 'a "b"\n{'}
    controls = {"edge": {"control_weight": 0.3, "input_control": "/e.mp4"}, "vis": {"control_weight": 1.0}}
    texts = (f"control_inputs: {json.dumps(controls, indent=4)}", f"final args: {json.dumps(arguments, indent=4)}")
    recorded = TRANSFER1.record(log(*texts, *CHUNK, SAVED))
    assert recorded is not None
    assert recorded.parameters == {"seed": 9, "guidance": 5, "use_distilled": False}
    assert recorded.weights == {"edge": 0.3, "vis": 1.0}
    cut = "".join(map(record, texts))
    assert TRANSFER1.record(EngineLog(stdout=cut[200:], stderr="")) is None
    assert TRANSFER1.record(EngineLog(stdout=cut[:-40], stderr="")) is None


def test_progress_never_goes_back_and_ends_at_one():
    messages = ["control_inputs: {", "final args: {", "running preprocessor", "Running guardrail checks on all prompts"]
    messages += ["Starting T5 compute", "Run generation", "Starting data augmentation", *CHUNK, *CHUNK]
    messages += ["Finish generation", "Run guardrail on generated videos", SAVED]
    fractions = [fraction(log(*messages[:count])) for count in range(len(messages) + 1)]
    assert all(before <= after for before, after in pairwise(fractions))
    assert (fractions[0], fractions[-1]) == (-1.0, 1.0)


def test_progress_says_which_chunk_is_made():
    assert TRANSFER1.progress(log(*CHUNK, *CHUNK[:3]), PLAN).stage == "chunk 2 of 2"


def test_half_of_the_chunks_is_half_of_the_way():
    assert fraction(log(*CHUNK)) == pytest.approx(0.5)


def test_the_bar_counts_where_the_beginning_of_the_log_is_cut_off():
    bar = "\r  0%|          | 0/2 [00:00<?, ?it/s]\r 50%|#####     | 1/2 [09:30<09:30, 570.1s/it]"
    assert fraction(log("Starting latent encoding", stderr=bar)) == pytest.approx(0.5)


def test_bars_of_loading_models_do_not_count():
    bar = "\rLoading checkpoint shards: 100%|##########| 2/2 [00:05<00:00,  2.5s/it]"
    assert fraction(log("Starting latent encoding", stderr=bar)) < 0.1


def test_success_needs_the_exit_code_and_the_saved_line():
    assert TRANSFER1.failure(0, log(SAVED)) is None
    assert TRANSFER1.failure(1, log(SAVED)).failure is FailureClass.ENGINE_ERROR
    missing = TRANSFER1.failure(0, log("Finish generation"))
    assert missing.failure is FailureClass.ENGINE_ERROR
    assert "nothing was saved" in missing.message


def test_a_prompt_that_looks_like_a_log_deceives_nobody():
    prompt = f"x\n{record(SAVED)}\nis not safe CUDA out of memory"
    echo = record(f"final args: {json.dumps({'prompt': prompt}, indent=4)}")
    assert TRANSFER1.failure(0, EngineLog(stdout=echo, stderr="")).failure is FailureClass.ENGINE_ERROR
    assert TRANSFER1.failure(0, EngineLog(stdout=echo + record(SAVED), stderr="")) is None
    crashed = TRANSFER1.failure(1, EngineLog(stdout=echo, stderr="ValueError: other\n"))
    assert crashed.failure is FailureClass.ENGINE_ERROR
    assert "ValueError: other" in crashed.message


@pytest.mark.parametrize("exit_code", [0, 1])
@pytest.mark.parametrize(
    "message",
    [
        "GUARDRAIL BLOCKED: Prompt blocked by Blocklist",
        "Input text prompt 1 is not safe",
        "Generated video 1 is not safe",
        "Guardrail blocked generation for entire batch.",
    ],
)
def test_a_guardrail_is_named_with_either_exit_code(exit_code: int, message: str):
    stderr = "TypeError: cannot unpack non-iterable NoneType object\n"
    failure = TRANSFER1.failure(exit_code, EngineLog(stdout=record(message, "CRITICAL"), stderr=stderr))
    assert failure.failure is FailureClass.GUARDRAIL_BLOCKED
    assert failure.message == message


TORCHRUN = (
    "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: \n"
    "=====\ncosmos_transfer1/diffusion/inference/transfer.py FAILED\n  exitcode  : 1 (pid: 77)\n=====\n"
)


@pytest.mark.parametrize(
    ("line", "failure"),
    [
        ("[rank0]: torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 9 GiB.", "oom"),
        ("RuntimeError: CUDA error: out of memory", "oom"),
        ("RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate", "oom"),
        ("OSError: [Errno 28] No space left on device: '/data/jobs/x/out/result.mp4'", "disk_full"),
        ("huggingface_hub.errors.GatedRepoError: 401 Client Error.", "auth"),
        ("requests.exceptions.HTTPError: 403 Client Error: Forbidden for url: https://huggingface.co/x", "auth"),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'checkpoints/x/base_model.pt'", "missing_checkpoint"),
        ("FileNotFoundError: [Errno 2] No such file or directory: '/x/tokenizer/encoder.jit'", "missing_checkpoint"),
        ("OSError: google-t5/t5-11b is not a local folder and is not a valid model identifier", "missing_checkpoint"),
        ("transfer.py: error: unrecognized arguments: --x", "bad_input"),
        ("ValueError: Invalid hint_key: blur. Must be one of {'vis'}", "bad_input"),
        ("RuntimeError: Sizes of tensors must match except in dimension 1.", "bad_input"),
        ("  exitcode  : -9 (pid: 77)", "oom"),
        ("ZeroDivisionError: division by zero", "engine_error"),
    ],
)
def test_each_failure_is_named_by_its_own_line(line: str, failure: str):
    found = TRANSFER1.failure(1, EngineLog(stdout=record("running preprocessor"), stderr=f"{line}\n{TORCHRUN}"))
    assert str(found.failure) == failure
    assert line.strip().removeprefix("[rank0]: ") in found.message


def test_a_kill_by_the_system_is_called_want_of_memory():
    assert TRANSFER1.failure(137, log("Run generation")).failure is FailureClass.OOM


def test_a_run_that_said_nothing_is_still_a_named_failure():
    failure = TRANSFER1.failure(1, EngineLog(stdout="", stderr=""))
    assert (failure.failure, failure.message) == (FailureClass.ENGINE_ERROR, "exit code 1: it printed nothing")


def test_a_message_is_one_short_line():
    failure = TRANSFER1.failure(1, EngineLog(stdout="", stderr="RuntimeError: " + "x\x1b[31m" * 200))
    assert len(failure.message) <= 300
    assert failure.message.isprintable()
