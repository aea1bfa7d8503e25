"""Tiny captioners with random weights, and the real Python with torch and transformers that runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import filelock
import pytest

from support import ROOT
from support.engines.tiny_transfer import shared_folder

ENV = {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}
NEEDED = "import torch, torchvision, num2words, transformers"


@cache
def captioner_python() -> Path:
    """Return a Python with what requirements-caption.lock lists, or skip."""
    folder = "Scripts/python.exe" if sys.platform == "win32" else "bin/python"
    python = Path(os.environ.get("COSMOS_HOUDINI_TESTS_CAPTION_PYTHON", ROOT / ".venv-caption" / folder))
    if not python.exists():
        pytest.skip(
            f"{python} does not exist: a Python with what requirements-caption.lock lists, torch and torchvision can "
            "be named as COSMOS_HOUDINI_TESTS_CAPTION_PYTHON"
        )
    done = subprocess.run([python, "-c", NEEDED], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"{python} does not load: {done.stderr.strip().splitlines()[-1]}")
    return python


def tiny_models(factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the models ``blip`` and ``smolvlm``; all tests of a run share it."""
    folder = shared_folder(factory) / "tiny_captioners"
    program = Path(__file__).with_name("tiny_captioners.py")
    with filelock.FileLock(folder.with_suffix(".lock")):
        if not folder.exists():
            part = folder.with_suffix(".part")
            subprocess.run([captioner_python(), program, part], env=os.environ | ENV, check=True, capture_output=True)
            part.rename(folder)
    return folder
