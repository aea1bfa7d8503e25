from __future__ import annotations

import json
from itertools import pairwise

import pytest

from cosmos_houdini.engines import EngineLog, find_engine
from cosmos_houdini.model.job import FailureClass
from support.media.transfer_clips import request_of

ENGINE = find_engine("transfer2.5")
PLAN = ENGINE.plan(request_of(frames=185, engine="transfer2.5"))


def record(message: str, level: str = "INFO") -> str:
    return f"[11-23 12:00:00|{level}|cosmos_transfer2/inference.py:180:generate] {message}\n"


def log(*messages: str, stderr: str = "") -> EngineLog:
    return EngineLog(stdout="".join(map(record, messages)), stderr=stderr)


SAVED = "Generated video saved to /data/jobs/x/out/result.mp4"
BEFORE = [
    "Downloading checkpoint nvidia/Cosmos-Transfer2.5-2B/general/edge(61f5694b)",
    "Saved config to /data/jobs/x/out/config.yaml",
    "Generating 1 samples: ['result']",
    "[1/1] Processing sample result",
    "Saved arguments to /data/jobs/x/out/result.json",
    "Running guardrail check on prompt...",
    "Processing the following paths: {'edge': '/data/jobs/x/in/edge.mp4'}",
    "Computing prompt text embeddings...",
]
AFTER = ["Average time per chunk: 264.1", "Running guardrail check on video...", SAVED]


def bar(done: int, total: int = 35) -> str:
    ending = "\n" if done == total else ""
    return f"\rGenerating samples: {100 * done // total:3d}%|####      | {done}/{total} [01:53<02:31,  7.6s/it]{ending}"


def fraction(log_so_far: EngineLog) -> float:
    progress = ENGINE.progress(log_so_far, PLAN)
    return -1.0 if progress is None else progress.fraction


def test_progress_never_goes_back_and_ends_at_one() -> None:
    logs = [log(*BEFORE[:count]) for count in range(len(BEFORE) + 1)]
    drawn = ""
    for chunk in (1, 2):
        told = [*BEFORE, *(f"Generating chunk {number}/2" for number in range(1, chunk + 1))]
        logs.append(log(*told, stderr=drawn))
        for done in range(36):
            drawn += bar(done)
            logs.append(log(*told, stderr=drawn))
    logs += [log(*told, *AFTER[:count], stderr=drawn) for count in range(1, len(AFTER) + 1)]
    fractions = [fraction(seen) for seen in logs]
    assert all(before <= after for before, after in pairwise(fractions)), fractions
    assert (fractions[0], fractions[-1]) == (-1.0, 1.0)


def test_progress_says_which_chunk_and_step_is_made() -> None:
    stderr = "".join(map(bar, (0, 17, 35, 0, 7)))
    told = ENGINE.progress(log("Generating chunk 1/2", "Generating chunk 2/2", stderr=stderr), PLAN)
    assert told.stage == "chunk 2 of 2, step 7 of 35"
    assert told.fraction == pytest.approx(0.05 + 0.9 * (1 + 0.9 * 7 / 35) / 2)


def test_the_end_of_a_log_is_enough() -> None:
    told = ENGINE.progress(log("Generating chunk 2/2", stderr=bar(7)[5:] + bar(8)), PLAN)
    assert told.stage == "chunk 2 of 2, step 8 of 35"


def test_bars_of_downloads_do_not_count() -> None:
    download = "\rFetching 12 files:  50%|#####     | 6/12 [00:05<00:05,  1.2it/s]"
    assert fraction(log("Generating chunk 1/2", stderr=download)) == pytest.approx(0.05)


def test_what_it_ran_with_is_read_from_the_file_that_it_writes_first() -> None:
    controls = {"depth": {"control_path": "/d.mp4", "control_weight": 0.25, "mask_path": None}, "vis": None}
    arguments = {"name": "result", "seed": 9, "guidance": 3, "resolution": "480", "sigma_max": None, **controls}
    recorded = ENGINE.record(EngineLog(stdout="", stderr="", record=json.dumps(arguments)))
    assert recorded is not None
    assert recorded.parameters == {"seed": 9, "guidance": 3, "resolution": "480"}
    assert recorded.weights == {"depth": 0.25}


@pytest.mark.parametrize(
    "record_", ["", "{", "[]", "7", '{"depth": 1}', '{"depth": {}}', '{"depth": []}', "[" * 100_000]
)
def test_what_is_no_such_file_tells_nothing(record_: str) -> None:
    assert ENGINE.record(EngineLog(stdout="", stderr="", record=record_)) is None


def test_success_needs_the_exit_code_and_the_saved_line() -> None:
    assert ENGINE.failure(0, log(SAVED)) is None
    assert ENGINE.failure(1, log(SAVED)).failure is FailureClass.ENGINE_ERROR
    missing = ENGINE.failure(0, log("Running guardrail check on video..."))
    assert missing.failure is FailureClass.ENGINE_ERROR
    assert "nothing was saved" in missing.message


@pytest.mark.parametrize("exit_code", [0, 1])
@pytest.mark.parametrize(
    "message",
    ["GUARDRAIL BLOCKED: Prompt blocked by Blocklist", "Guardrail blocked generation. Prompt: a street at night"],
)
def test_a_guardrail_is_named_with_either_exit_code(exit_code: int, message: str) -> None:
    stderr = "Exception: Guardrail blocked generation.\nWatchdog caught collective operation timeout\n"
    failure = ENGINE.failure(exit_code, EngineLog(stdout=record(message, "CRITICAL"), stderr=stderr))
    assert (failure.failure, failure.message) == (FailureClass.GUARDRAIL_BLOCKED, message)


def test_it_is_told_which_of_the_prompts_was_blocked_and_by_what() -> None:
    lines = (
        "GUARDRAIL BLOCKED: Prompt blocked by Blocklist",
        "Guardrail blocked generation. Negative prompt: lifeless",
    )
    failure = ENGINE.failure(0, EngineLog(stdout="".join(record(line, "CRITICAL") for line in lines), stderr=""))
    assert failure.message == "; ".join(lines)


def test_a_prompt_that_looks_like_a_log_deceives_nobody() -> None:
    prompt = f"x\n{record(SAVED)}\n{record('GUARDRAIL BLOCKED', 'CRITICAL')}CUDA out of memory"
    echo = record(f"InferenceArguments(name='result' prompt={prompt!r})", "DEBUG")
    assert ENGINE.failure(0, EngineLog(stdout=echo, stderr="")).failure is FailureClass.ENGINE_ERROR
    assert ENGINE.failure(0, EngineLog(stdout=echo + record(SAVED), stderr="")) is None


HF = "subprocess.CalledProcessError: Command '['uvx', 'hf>=1.3.5', 'download', 'nvidia/Cosmos']' returned non-zero exit"


@pytest.mark.parametrize(
    ("lines", "failure"),
    [
        ("[rank0]: torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 9 GiB.", "oom"),
        ("OSError: [Errno 28] No space left on device: '/data/jobs/x/out/result.mp4'", "disk_full"),
        (f"Error: Access denied. This repository requires approval.\n{HF}", "auth"),
        (f"401 Client Error. Cannot access gated repo for url https://huggingface.co/x\n{HF}", "auth"),
        (f"Error: Not logged in\n{HF}", "auth"),
        (f"Error: Local entry not found. [Errno 101] Network is unreachable\n{HF}", "missing_checkpoint"),
        (HF, "missing_checkpoint"),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'uvx'", "host_setup"),
        ("Error validating parameters from '/x/in/spec.json' at line 0\n1 validation error for X", "bad_input"),
        ("Error: Inference samplename result is not unique", "bad_input"),
        ("ValueError: No input frames; cannot pad. Verify that video frame counts match.", "bad_input"),
        ("Watchdog caught collective operation timeout", "stalled"),
        ("ZeroDivisionError: division by zero", "engine_error"),
    ],
)
def test_each_failure_is_named_by_its_own_line(lines: str, failure: str) -> None:
    found = ENGINE.failure(1, EngineLog(stdout=record("Saved config to x"), stderr=f"{lines}\n"))
    assert str(found.failure) == failure
    assert found.message
