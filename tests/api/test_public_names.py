"""The public names are a promise: they are recorded here, load lazily, and have pages of their own."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from pages.api import page

import cosmos_houdini as cosmos
from support import ROOT

PROMISED = {
    "__version__",
    *("Project", "Shot", "EncodeOptions", "Job", "as_completed", "JobState", "Result", "Batch", "Delivery"),
    *("Uniform", "uniform", "Reporter", "register_engine", "register_launcher", "register_host"),
    *("CosmosError", "BadInput", "CheckFailed", "JobError", "JobFailed", "DiskFull", "ToolError"),
    *("HostError", "HostUnreachable", "HostKeyError", "AuthRefused", "Cancelled"),
}
METHODS = {
    "Project": {
        *(
            "open",
            "folder",
            "client",
            "shot",
            "prepare",
            "submit",
            "plan",
            "run",
            "batch",
            "open_batch",
            "job",
            "jobs",
            "attach",
        ),
        *(
            "cancel",
            "retry",
            "report",
            "restore",
            "deliver",
            "watch",
            "scene",
            "check",
            "convert",
            "facts",
            "write_prompt",
            "caption",
        ),
    },
    "Job": {
        *("state", "name", "status", "done", "wait", "result", "exception", "cancel", "retry", "fetch", "log"),
        "to_dict",
    },
    "Batch": {
        *("name", "plan", "run", "start", "results", "jobs", "status", "pause", "resume", "cancel", "report"),
        "to_dict",
    },
}
LONGEST_IMPORT_S = 0.010


def test_all_names_what_is_promised() -> None:
    assert set(cosmos.__all__) == PROMISED
    assert len(cosmos.__all__) == len(PROMISED)


def test_every_name_is_there_and_documented() -> None:
    for name in cosmos.__all__:
        assert getattr(cosmos, name) is not None
        assert name in dir(cosmos)
        assert name.startswith("__") or getattr(cosmos, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'Projects'"):
        _ = cosmos.Projects  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", METHODS)
def test_the_methods_are_those_that_are_promised(name: str) -> None:
    ours = [each for each in getattr(cosmos, name).__mro__ if each.__module__.startswith(cosmos.__name__)]
    assert {method for each in ours for method in vars(each) if not method.startswith("_")} == METHODS[name]


def test_the_types_that_a_checker_sees_are_those_that_load() -> None:
    source = Path(cosmos.__file__).read_text(encoding="utf-8")
    for name, module in cosmos._HOMES.items():
        assert f"    from {module} import {name} as {name}\n" in source
    assert (Path(cosmos.__file__).parent / "py.typed").is_file()


def test_the_import_loads_nothing_and_takes_a_few_milliseconds() -> None:
    script = (
        "import sys, time; before = set(sys.modules); began = time.process_time(); import cosmos_houdini; "
        "print(time.process_time() - began); print(*(m for m in sys.modules if m.partition('.')[0] not in "
        "sys.stdlib_module_names and m not in before))"
    )
    shortest = 1.0
    for _ in range(5):
        run = [sys.executable, "-c", script]
        took, loaded = subprocess.run(run, capture_output=True, text=True, check=True).stdout.splitlines()
        assert loaded == "cosmos_houdini"
        shortest = min(shortest, float(took))
        time.sleep(0.05)
    assert shortest < LONGEST_IMPORT_S


def test_the_page_is_what_the_docstrings_say() -> None:
    assert (ROOT / "docs" / "api.md").read_text(encoding="utf-8") == page(), "run scripts/build_api_page.py"
