"""Texts that programs print when they fail, and the class of failures that they belong to, for every engine alike."""

from __future__ import annotations

import pytest

from cosmos_houdini.engines import find_engine
from cosmos_houdini.engines.base import EngineLog
from cosmos_houdini.jobs.verdict import run_failure
from cosmos_houdini.model.job import FailureClass

TRANSFER1, TRANSFER25, DIFFUSERS = ("transfer1",), ("transfer2.5",), ("diffusers",)
ALL = (*TRANSFER1, *TRANSFER25, *DIFFUSERS)
TRACEBACK = 'Traceback (most recent call last):\n  File "/data/main.py", line 12, in <module>\n    main()\n'

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


@pytest.mark.parametrize(
    ("text", "code", "engine", "right", "retryable"),
    [(text, code, engine, right, again) for text, code, engines, right, again in TEXTS for engine in engines],
)
def test_a_text_has_its_class(text: str, code: int, engine: str, right: str, *, retryable: bool) -> None:
    log = EngineLog(stdout="", stderr=f"{TRACEBACK}{text}\n" if "Error" in text else f"{text}\n")
    failure = run_failure(find_engine(engine), code, log, oom_killed=False)
    assert failure is not None
    assert (failure.failure, failure.retryable) == (FailureClass(right), retryable)
