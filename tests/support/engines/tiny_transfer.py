"""The engine ``diffusers`` with tiny random weights: the Python that runs it, and a frame plan for a CPU."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

import filelock
import pytest

from cosmos_houdini.engines.cosmos.chunks import Chunking
from cosmos_houdini.engines.diffusers import engine as diffusers
from cosmos_houdini.model.request import FramePlan, InferenceRequest
from support import ROOT

HERE = Path(__file__).resolve().parent
STAND_INS = HERE / "engine_stand_ins"
ENV = {
    "PYTHONPATH": str(STAND_INS),
    "COSMOS_DIFFUSERS_DEVICE": "cpu",
    "HF_HUB_OFFLINE": "1",
    # Threads of tiny sums wait for each other longer than they work.
    "OMP_NUM_THREADS": "1",
}
SIZE = (32, 32)
FRAMES_PER_CHUNK = 5


@cache
def engine_python() -> Path:
    """Return the Python that has torch and diffusers, or skip."""
    folder = "Scripts/python.exe" if sys.platform == "win32" else "bin/python"
    python = Path(os.environ.get("COSMOS_HOUDINI_TESTS_ENGINE_PYTHON", ROOT / ".venv-engines" / folder))
    if not python.exists():
        pytest.skip(
            f"{python} does not exist: a Python with what requirements-engines.lock lists can be named as "
            "COSMOS_HOUDINI_TESTS_ENGINE_PYTHON"
        )
    return python


def write_weights(factory: pytest.TempPathFactory) -> Path:
    """Return a folder with tiny weights, as an ``engine_path`` has them; all tests of a run share it."""
    folder = shared_folder(factory) / "tiny_weights"
    with filelock.FileLock(folder.with_suffix(".lock")):
        if not folder.exists():
            part = folder.with_suffix(".part")
            program = HERE / "tiny_transfer_weights.py"
            subprocess.run([engine_python(), program, part], env=os.environ | ENV, check=True, capture_output=True)
            part.rename(folder)
    return folder


def shared_folder(factory: pytest.TempPathFactory) -> Path:
    """Return the folder that all processes of this test run share."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@contextmanager
def tiny_plans(size: tuple[int, int] = SIZE) -> Iterator[None]:
    """Plan tiny frames for both models for a while."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("frame_plan", "plan_frames"):
            patch.setattr(diffusers, name, partial(tiny_plan, size=size))
        yield


def tiny_plan(request: InferenceRequest, *_: object, size: tuple[int, int] = SIZE) -> FramePlan:
    """Return chunks and size that take the tiny model a moment; the real ones would take it a minute."""
    cut = Chunking(frames=request.video.frames, frames_per_chunk=FRAMES_PER_CHUNK, overlap=1)
    return FramePlan(
        frames=cut.frames,
        size=size,
        chunks=cut.chunks,
        frames_per_chunk=FRAMES_PER_CHUNK,
        overlap=1,
        seams=cut.seams,
        padding=cut.padding,
        estimate_s=None,
    )
