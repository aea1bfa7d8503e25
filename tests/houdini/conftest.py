"""Every test here starts the worker with the Python that runs the tests, and finds a stand-in for ``hou``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cosmos_houdini.houdini.worker_error import log_file
from support.houdini import houdini_session


@pytest.fixture(autouse=True)
def _worker(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("COSMOS_HOUDINI_PYTHON", sys.executable)
    monkeypatch.setenv("HOUDINI_USER_PREF_DIR", str(tmp_path_factory.mktemp("houdini21.0")))


@pytest.fixture(autouse=True)
def _windows() -> Iterator[None]:
    """Let no window, timer or thread of a worker outlive its test."""
    yield
    if "support.houdini.offscreen" in sys.modules:
        sys.modules["support.houdini.offscreen"].close_windows()


@pytest.fixture
def log(_worker: None) -> Path:
    """Return the log of this test's workers."""
    return log_file()


@pytest.fixture
def houdini() -> houdini_session.Session:
    """Start a Houdini session."""
    return houdini_session.fresh()
