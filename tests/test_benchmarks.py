"""The benchmarks start in what ./scripts/bench sets up, and docs/performance.md says what they measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pages import performance

from support import ROOT, TESTS

BENCHMARKS = ROOT / "benchmarks"
NAMES = sorted(path.stem for path in BENCHMARKS.glob("*.py") if path.stem != "figures")
PATHS = os.pathsep.join([str(BENCHMARKS), str(TESTS)])


def python(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a script as ./scripts/bench does, from another folder."""
    argv = [sys.executable, "-c", script]
    environ = {**os.environ, "PYTHONPATH": PATHS}
    return subprocess.run(argv, capture_output=True, text=True, check=False, env=environ, cwd=folder)


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_finds_all_that_it_imports(name: str, tmp_path: Path) -> None:
    done = python(f"import {name}; assert callable({name}.measure)", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_figures_are_data_and_say_whether_their_targets_are_reached(tmp_path: Path) -> None:
    script = """
import json
from figures import Figure
found = [
    Figure(name="slower", ours=3.0, unit="s", other=2.0, beside="FFmpeg", ratio_limit=1.25),
    Figure(name="fast", ours=3.0, unit="s", limit=3.0),
    Figure(name="few", ours=499.0, unit="1/s", at_least=500.0),
    Figure(name="told", ours=1 / 3, unit="s"),
    Figure(name="beside nothing", ours=1.0, unit="s", ratio_limit=2.0),
]
print(json.dumps([figure.to_dict() for figure in found]))
"""
    told = json.loads(python(script, tmp_path).stdout)
    assert [(figure["ratio"], figure["ok"]) for figure in told] == [
        (1.5, False),
        (None, True),
        (None, False),
        (None, True),
        (None, False),
    ]
    assert told[3]["ours"] == 0.3333


def test_what_a_machine_lacks_is_told_and_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "lens.py").write_text(
        "from figures import NotMeasured\n\n\ndef measure():\n    raise NotMeasured('there is no lens')\n"
    )
    script = "import figures, sys; sys.path.append('.'); sys.exit(figures.run('lens'))"
    done = python(script, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (3, "", "there is no lens\n")


def test_the_page_is_made_of_the_measured_data() -> None:
    report = json.loads(performance.DATA.read_text(encoding="utf-8"))
    assert report["schema"] == performance.SCHEMA
    written = performance.PAGE.read_text(encoding="utf-8")
    assert written == performance.page(report), "`./scripts/bench --page` writes docs/performance.md anew"
    assert {figure["benchmark"] for figure in report["figures"]} | set(report["not_measured"]) == set(NAMES)
