"""The log of cosmos-framework: progress by counting bars, failures, and the values that it ran with."""

from __future__ import annotations

import json
import random
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosmos_houdini.engines import EngineLog, find_engine
from cosmos_houdini.model.request import FramePlan

ENGINE = find_engine("cosmos3")
PLAN = FramePlan(
    frames=277, size=(1280, 720), chunks=3, frames_per_chunk=93, overlap=0, seams=(), padding=2, estimate_s=None
)
HEAD = "[11-30 14:00:00|job=x|INFO|cosmos_framework/scripts/inference.py:1:inference] "
ARGS = "[RANK 0] Saved sample args to '/d/out/result/sample_args.json'"
SAVED = (
    "[11-30 14:09:00|job=x|SUCCESS|a/b.py:1:f] [RANK 0] Saved transfer outputs to '/d/out/result/sample_outputs.json'"
)
BLOCK = "ValueError: Error generating sample 'result': Guardrail blocked prompt 'result': 'CUDA out of memory'"


def bar(done: int, total: int = 35) -> str:
    percent = 100 * done // total
    return f"\rSampling: {percent:3d}%|{'#' * (percent // 10):10}| {done}/{total} [00:01<00:09,  1.0it/s]"


def chunk(total: int = 35) -> str:
    return "".join(bar(done, total) for done in range(total + 1)) + "\n"


def outputs(**changes: object) -> str:
    args = {"seed": 7, "guidance": 3.0, "fps": 24, "name": "x", "edge": {"weight": 0.25}, "blur": None}
    return json.dumps({"args": args, "status": "success", "message": None, "outputs": [], **changes})


def fraction(stdout: str = "", stderr: str = "") -> float:
    found = ENGINE.progress(EngineLog(stdout=stdout, stderr=stderr), PLAN)
    return found.fraction if found else 0.0


def test_bars_are_counted_because_nothing_counts_the_chunks() -> None:
    begun = f"{HEAD}Loaded 1 samples\n{HEAD}{ARGS}\n"
    found = ENGINE.progress(EngineLog(stdout=begun, stderr=chunk() + bar(0) + bar(7)), PLAN)
    assert found is not None
    assert found.stage == "chunk 2 of 3, step 7 of 35"
    assert found.fraction == pytest.approx(0.05 + 0.9 * (1 + 0.9 * 0.2) / 3)


def test_the_short_bars_that_we_ask_for_are_read() -> None:
    assert fraction(f"{HEAD}{ARGS}\n", "\rSampling:  20%|| 7/35 [00:12]") == fraction(f"{HEAD}{ARGS}\n", bar(7))


def test_bars_of_other_things_are_not_counted() -> None:
    assert fraction(f"{HEAD}Loaded 1 samples\n", "\rLoading shards: 100%|##| 7/7 [00:01<00:00]\n" + chunk(1)[:0]) < 0.05


def test_progress_goes_from_nothing_to_one() -> None:
    lines = [f"{HEAD}Loaded 1 samples\n", f"{HEAD}{ARGS}\n", f"{HEAD}[transfer] final user prompt: x\n"]
    steps = [fraction("".join(lines[:count])) for count in range(4)]
    steps += [fraction("".join(lines), chunk() * count) for count in (1, 2, 3)]
    steps += [fraction("".join(lines) + SAVED + "\n", chunk() * 3)]
    assert steps == sorted(steps)
    assert (steps[0], steps[-1]) == (0.0, 1.0)


@given(st.lists(st.integers(0, 2), min_size=1, max_size=60), st.randoms(use_true_random=False))
def test_progress_never_goes_back_while_a_log_grows(order: list[int], chance: random.Random) -> None:
    stdout_lines = [
        f"{HEAD}Loaded 3 samples\n",
        f"{HEAD}{ARGS}\n",
        f"{HEAD}[transfer] final user prompt: |9/9 [\n",
        "x\n",
    ]
    stderr_all = chunk(5) + "W: Sampling: nothing\n" + chunk(5) + chunk(5)
    stdout, stderr, last = "", "", 0.0
    for kind in order:
        if kind == 0 and stdout_lines:
            stdout += stdout_lines.pop(0)
        else:
            cut = chance.randrange(1, 90)
            stderr, stderr_all = stderr + stderr_all[:cut], stderr_all[cut:]
        now = fraction(stdout, stderr)
        assert last <= now <= 1
        last = now


@given(st.text(alphabet=st.sampled_from("Sampling: 0123456789%|#/[]\r\n RANKSaved"), max_size=400))
def test_any_text_is_read_or_passed_over(text: str) -> None:
    log = EngineLog(stdout=text, stderr=text, record=text)
    found = ENGINE.progress(log, PLAN)
    assert found is None or 0 <= found.fraction <= 1
    ENGINE.failure(1, log)
    ENGINE.record(log)


def test_a_long_log_takes_no_more_memory_and_little_time() -> None:
    stderr = chunk() * 400
    log = EngineLog(stdout=f"{HEAD}{ARGS}\n" * 20000, stderr=stderr)
    began = time.perf_counter()
    tracemalloc.start()
    ENGINE.progress(log, PLAN)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * (len(log.stdout) + len(stderr))
    assert time.perf_counter() - began < 5


def test_success_needs_the_line_and_the_record_of_the_result() -> None:
    done = f"{HEAD}{ARGS}\n{SAVED}\n"
    assert ENGINE.failure(0, EngineLog(stdout=done, stderr="", record=outputs())) is None
    assert ENGINE.failure(0, EngineLog(stdout=f"{HEAD}{ARGS}\n", stderr="", record=outputs())) is not None
    assert ENGINE.failure(1, EngineLog(stdout=done, stderr="", record=outputs())) is not None
    told = outputs(status="error", message="CUDA out of memory. Tried to allocate 1 GiB")
    failed = ENGINE.failure(0, EngineLog(stdout=done, stderr="", record=told))
    assert failed is not None
    assert str(failed.failure) == "oom"
    skipped = ENGINE.failure(0, EngineLog(stdout=done, stderr="", record=outputs(status="skip", message="no sound")))
    assert skipped is not None
    assert "no sound" in skipped.message


@pytest.mark.parametrize(
    ("stderr", "right"),
    [
        (BLOCK, "guardrail_blocked"),
        ("ValueError: Error generating sample 'result': CUDA out of memory. Tried to allocate 2 GiB", "oom"),
        ("RuntimeError: A different GPU rank failed.\ntorch.OutOfMemoryError: CUDA out of memory", "oom"),
        ("Error validating parameters from '/d/in/spec.json' at sample 0\nbanana: Extra inputs", "bad_input"),
        ("ValueError: Duplicate name: 'x'", "bad_input"),
        ("AssertionError: control_weights must have a positive sum, got [0.0]", "bad_input"),
        ("FileNotFoundError: Missing pre-computed control input for 'depth'. Provide a control_path", "bad_input"),
        ("huggingface_hub.errors.GatedRepoError: 403 Client Error.", "auth"),
        ("ImportError: cannot import name 'override' from 'typing'", "host_setup"),
        ("Unrecognized options: --no-diffusion-cache", "bad_input"),
        ("KeyError: 'x'", "engine_error"),
    ],
)
def test_each_failure_is_named(stderr: str, right: str) -> None:
    found = ENGINE.failure(1, EngineLog(stdout=f"{HEAD}{ARGS}\n", stderr=stderr + "\n"))
    assert found is not None
    assert str(found.failure) == right


def test_the_values_are_read_back_from_the_record() -> None:
    found = ENGINE.record(EngineLog(stdout="", stderr="", record=outputs()))
    assert found is not None
    assert found.parameters == {"seed": 7, "guidance": 3.0, "fps": 24}
    assert found.weights == {"edge": 0.25}
    for broken in ("", "[]", "{", '{"args": 3}', '{"args": {"edge": 3}}', '{"args": {"edge": {}}}'):
        assert ENGINE.record(EngineLog(stdout="", stderr="", record=broken)) is None
