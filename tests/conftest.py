"""Fixtures that every test file may use: folders with hostile names, and a user whose own settings are never read."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from cosmos_houdini.cli import console
from support.documents import check_document
from support.houdini import houdini_session

# How long an example takes says something about the machine's load, not about the code.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

# A run that a script starts in the background is born with Ctrl-C ignored, and would hand that on to what it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Hundreds of tests start the program: without its bytecode, each start takes twice as long.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Before any module of the Houdini ring is imported, for its doctests too.
houdini_session.fresh()

# They stand in for libraries in another Python, and would do so here.
collect_ignore = [
    "support/engines/engine_stand_ins",
    "support/houdini/job_api",
    "support/caption/tiny_captioners.py",
    "support/caption/torchvision_operators.py",
]

HIPS = Path(__file__).resolve().parents[2] / "shared" / "hips"


@pytest.fixture(autouse=True)
def _no_user_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the user's configuration, SSH files and secrets out of every test."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    for name in ("COSMOS_HOUDINI_CONFIG", "HF_TOKEN", "SSH_AUTH_SOCK"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _every_document_fits_its_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare each document that a command prints in this process with its JSON Schema, whatever the test is about."""
    printed = console.print_document

    def check(text: str) -> None:
        check_document(json.loads(text))
        printed(text)

    monkeypatch.setattr(console, "print_document", check)


@pytest.fixture(params=["plain", "with space", 'it\'s "quoted"', "größe 映画", "$(touch x);`id`"])
def weird_path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return an empty folder whose name is hard on shells."""
    folder = tmp_path / str(request.param)
    folder.mkdir()
    return folder


@pytest.fixture
def hips() -> Path:
    """Return the folder of published scenes, or skip."""
    if not HIPS.is_dir():
        pytest.skip("the folder shared/hips with published scenes does not stand beside the checkout")
    return HIPS


REQUIRED = frozenset(os.environ.get("COSMOS_HOUDINI_TESTS_REQUIRE", "").split(",")) - {""}


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Turn the skip of a test into a failure where its marker is required on this machine."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]  # pluggy hands the result in, which yield cannot say
    required = REQUIRED & {marker.name for marker in item.iter_markers()}
    if report.skipped and required and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped although {', '.join(sorted(required))} is required here: {report.longrepr}"


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Fail where a module of the tests cannot be imported: the collector of doctests would only skip it."""
    ours = report.nodeid.startswith("tests/")
    if ours and report.skipped and "unable to import module" in str(report.longrepr):
        report.outcome = "failed"
