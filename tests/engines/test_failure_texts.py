"""Texts that programs print when they fail, and the class of failures that they belong to, for every engine alike."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cosmos_houdini.engines import find_engine
from cosmos_houdini.engines.base import EngineLog
from cosmos_houdini.engines.failures import GENERAL_SYMPTOMS, classify, explain_exit
from cosmos_houdini.jobs.verdict import run_failure
from cosmos_houdini.model.job import FailureClass, JobFailure

TRANSFER1, TRANSFER25, DIFFUSERS = ("transfer1",), ("transfer2.5",), ("diffusers",)
ALL = (*TRANSFER1, *TRANSFER25, *DIFFUSERS)
TRACEBACK = 'Traceback (most recent call last):\n  File "/data/main.py", line 12, in <module>\n    main()\n'
CASES = Path(__file__).resolve().parents[3] / "shared" / "cases" / "engine-logs"
SHORT_NAMES = {"t1": "transfer1", "t25": "transfer2.5", "df": "diffusers"}

TEXTS = [
    # GPU memory.
    ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 3.25 GiB. GPU 1 has ...", 1, ALL, "oom", True),
    ("RuntimeError: CUDA out of memory. Tried to allocate 512.00 MiB (GPU 0; 79.15 GiB total)", 1, ALL, "oom", True),
    ("RuntimeError: CUDA error: out of memory", 1, ALL, "oom", True),
    ("torch.AcceleratorError: CUDA error: out of memory", 1, ALL, "oom", True),
    ("RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`", 1, ALL, "oom", True),
    ("RuntimeError: cuDNN error: CUDNN_STATUS_ALLOC_FAILED", 1, ALL, "oom", True),
    (
        'RuntimeError: NVML_SUCCESS == r INTERNAL ASSERT FAILED at "/c10/cuda/CUDACachingAllocator.cpp":838',
        1,
        ALL,
        "oom",
        True,
    ),
    # Main memory.
    ("Killed", 137, ALL, "oom", False),
    ("exitcode  : -9 (pid: 812)", 1, (*TRANSFER1, *TRANSFER25), "oom", False),
    ("OSError: [Errno 12] Cannot allocate memory", 1, ALL, "oom", False),
    ("slurmstepd: error: Detected 3 oom_kill events in StepId=81.0. Some of the step tasks ...", 1, ALL, "oom", False),
    ("slurmstepd: error: Detected 1 oom-kill event(s) in StepId=7.batch cgroup.", 1, ALL, "oom", False),
    ("srun: error: node17: task 2: Out Of Memory", 1, ALL, "oom", False),
    # Disks.
    ("OSError: [Errno 28] No space left on device", 1, ALL, "disk_full", True),
    ("IO Error: No space left on device (os error 28)", 1, ALL, "disk_full", True),
    ("OSError: [Errno 122] Disk quota exceeded", 1, ALL, "disk_full", True),
    ("OSError: [Errno 28] No space left on device: '/models/checkpoints/a.pt'", 1, ALL, "disk_full", True),
    # Accounts.
    ("huggingface_hub.errors.GatedRepoError: 403 Client Error. (Request ID: Root=1)", 1, ALL, "auth", True),
    ("OSError: You are trying to access a gated repo.", 1, ALL, "auth", True),
    (
        "requests.exceptions.HTTPError: 401 Client Error: Unauthorized for url: https://huggingface.co/x",
        1,
        ALL,
        "auth",
        True,
    ),
    # Checkpoints.
    ("huggingface_hub.errors.LocalEntryNotFoundError: An error happened", 1, ALL, "missing_checkpoint", True),
    (
        "huggingface_hub.errors.OfflineModeIsEnabled: Cannot reach https://huggingface.co/x: offline mode is enabled.",
        1,
        ALL,
        "missing_checkpoint",
        True,
    ),
    (
        "safetensors_rust.SafetensorError: Error while deserializing header: header too large",
        1,
        ALL,
        "missing_checkpoint",
        True,
    ),
    ("_pickle.UnpicklingError: invalid load key, '<'.", 1, ALL, "missing_checkpoint", True),
    (
        "RuntimeError: PytorchStreamReader failed reading zip archive: failed finding central directory",
        1,
        ALL,
        "missing_checkpoint",
        True,
    ),
    # Time.
    ("[rank0]: Watchdog caught collective operation timeout: WorkNCCL(SeqNum=9)", 134, ALL, "stalled", True),
    ("torch.distributed.DistStoreError: Timed out after 901 seconds waiting for clients.", 1, ALL, "stalled", True),
    (
        "slurmstepd: error: *** JOB 9 ON n7 CANCELLED AT 2026-02-03T04:05:06 DUE TO TIME LIMIT ***",
        143,
        ALL,
        "timeout",
        True,
    ),
    # The program itself.
    ("Segmentation fault (core dumped)", 139, ALL, "engine_error", True),
    ("RuntimeError: CUDA error: an illegal memory access was encountered", 1, ALL, "engine_error", True),
]

OTHER_TEXTS = [
    (text.encode().decode("unicode_escape"), int(code), right)
    for right, code, text in (
        line.split("\t")
        for line in Path(__file__)
        .resolve()
        .parents[1]
        .joinpath("support", "engines", "failure_texts.tsv")
        .read_text("utf-8")
        .splitlines()
    )
]
"""Texts of the libraries under PyTorch, of containers, clusters and servers."""


def failure_of(engine: str, code: int, stderr: str, stdout: str = "") -> JobFailure:
    failure = run_failure(find_engine(engine), code, EngineLog(stdout=stdout, stderr=stderr), oom_killed=False)
    assert failure is not None
    return failure


@pytest.mark.parametrize(
    ("text", "code", "engine", "right", "retryable"),
    [(text, code, engine, right, again) for text, code, engines, right, again in TEXTS for engine in engines],
)
def test_a_text_has_its_class(text: str, code: int, engine: str, right: str, *, retryable: bool) -> None:
    failure = failure_of(engine, code, f"{TRACEBACK}{text}\n" if "Error" in text else f"{text}\n")
    assert (failure.failure, failure.retryable) == (FailureClass(right), retryable)


@pytest.mark.parametrize(("text", "code", "right"), OTHER_TEXTS)
def test_a_text_of_a_library_has_its_class_with_every_engine(text: str, code: int, right: str) -> None:
    assert {str(failure_of(engine, code, f"{text}\n").failure) for engine in (*ALL, "cosmos3")} == {right}


@pytest.mark.parametrize("case", sorted(CASES.glob("*.txt")), ids=lambda path: path.stem)
def test_a_recorded_failure_has_the_class_that_people_found(case: Path) -> None:
    text = case.read_text(encoding="utf-8")
    facts = dict(re.findall(r"^# ([a-z ]+): (.*)$", text, re.MULTILINE))
    stdout, _, stderr = text.partition("--- stdout\n")[2].partition("--- stderr\n")
    for engine in facts["engines"].split():
        failure = failure_of(SHORT_NAMES[engine], int(facts["exit code"]), stderr, stdout)
        assert str(failure.failure) == facts["right class"], engine
        assert not re.match(r"(exit code \d+: )?[\W_]*$", failure.message)


def test_the_recorded_failures_are_there() -> None:
    if not CASES.is_dir():
        pytest.skip("the recorded failures are not beside the checkout")
    assert len(list(CASES.glob("*.txt"))) > 50


@pytest.mark.parametrize(
    ("stderr", "code", "words"),
    [
        ("NCCL error: unhandled cuda error\nLast error:\nCuda failure 2 'out of memory'\n", 1, "Cuda failure 2"),
        (
            "torch.AcceleratorError: CUDA error: out of memory\nSearch for `cudaErrorMemoryAllocation' in x\n",
            1,
            "torch.",
        ),
        ("Segmentation fault (core dumped)\n", 139, "SIGSEGV"),
        ("failed\n======\ntraceback : Signal 11 (SIGSEGV) received by PID 6\n======\n", 1, "SIGSEGV"),
        ("KeyError: 'x'\n=========\n---------\n", 1, "KeyError: 'x'"),
        (f"{TRACEBACK}    assert total > 0\nAssertionError\n", 1, "AssertionError in: main()"),
        (
            "huggingface_hub.errors.RepositoryNotFoundError: 404\nRepository Not Found for url: https://h/a/b.\n",
            1,
            "a/b",
        ),
        ("Killed\n", -9, "SIGKILL"),
    ],
)
def test_the_message_names_the_cause(stderr: str, code: int, words: str) -> None:
    lines = stderr.splitlines()
    failure = classify(lines, GENERAL_SYMPTOMS) or explain_exit(code, lines)
    assert words in failure.message


def test_lines_of_code_and_warnings_are_no_symptoms() -> None:
    stderr = (
        "/x/y.py:3: UserWarning: flash_attn: No module named 'flash_attn'\n"
        "[06-05 10:11:12|WARNING|x.py:1:f] CUDA out of memory was handled\n"
        'Traceback (most recent call last):\n  File "/x/checkpoint.pt.py", line 3, in f\n'
        '    raise ImportError("no space left on device")\nZeroDivisionError: division by zero\n'
    )
    failure = failure_of("diffusers", 1, stderr)
    assert (failure.failure, "division by zero" in failure.message) == (FailureClass.ENGINE_ERROR, True)


def test_a_failure_that_names_its_cause_does_not_repeat_the_log() -> None:
    assert "the log ends" not in failure_of("diffusers", 1, "RuntimeError: CUDA error: out of memory\n").message
    assert "the log ends: " in failure_of("diffusers", 137, "loading\nstep 7\n").message


def test_a_traceback_on_standard_output_is_read_too() -> None:
    stdout = f"{TRACEBACK}torch.OutOfMemoryError: CUDA out of memory.\n"
    assert failure_of("transfer1", 1, "", stdout).failure is FailureClass.OOM
