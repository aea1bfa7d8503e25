"""The environment of the worker: its own Python, and nothing of Houdini's environment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cosmos_houdini.errors import BadInput
from cosmos_houdini.houdini import environment

HFS = "/opt/hfs21.0"


def inside(*paths: str) -> str:
    return os.pathsep.join(paths)


def test_nothing_of_houdini_reaches_the_worker() -> None:
    clean = environment.clean_environment(
        {
            "HFS": HFS,
            "HH": f"{HFS}/houdini",
            "HOUDINI_PATH": "/a",
            "PYTHONHOME": f"{HFS}/python",
            "PYTHONPATH": f"{HFS}/houdini/python3.11libs",
            "QT_PLUGIN_PATH": "/plugins",
            "PYSIDE_DESIGNER_PLUGINS": "/designer",
            "LD_LIBRARY_PATH": f"{HFS}/dsolib",
            "DYLD_LIBRARY_PATH": inside(f"{HFS}/lib", "/opt/other/lib"),
            "PATH": inside(f"{HFS}/bin", "/usr/bin", f"{HFS}-tools/bin", HFS),
            "JOB": "/jobs/a",
            "COSMOS_HOUDINI_CONFIG": "/a.yaml",
            "HF_TOKEN": "secret",
        }
    )
    own = {name: clean.pop(name) for name in list(clean) if name.startswith("PYTHON")}
    assert clean == {
        "DYLD_LIBRARY_PATH": "/opt/other/lib",
        "PATH": inside("/usr/bin", f"{HFS}-tools/bin"),
        "JOB": "/jobs/a",
        "COSMOS_HOUDINI_CONFIG": "/a.yaml",
        "HF_TOKEN": "secret",
    }
    assert own["PYTHONPATH"] == str(environment.LIBRARIES)
    assert "PYTHONHOME" not in own


def test_outside_of_houdini_everything_else_stays() -> None:
    assert environment.clean_environment({"PATH": "/usr/bin", "EMPTY": ""})["EMPTY"] == ""


def test_the_variable_names_the_worker_before_the_checkout_does(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.touch()
    assert environment.worker_python({"COSMOS_HOUDINI_PYTHON": str(python)}) == python


def test_a_missing_worker_is_named_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        environment.worker_python({"COSMOS_HOUDINI_PYTHON": str(tmp_path / "gone")})
    assert str(tmp_path / "gone") in caught.value.problem
    command = caught.value.action
    assert str(environment.ROOT / "scripts" / "install") in command
    assert (environment.ROOT / "scripts" / "install").is_file()


def test_the_colours_of_houdini_reach_the_worker_though_their_file_is_its_own() -> None:
    config = f"{HFS}/packages/ocio/houdini-config-v2.0.0_aces-v1.3_ocio-v2.2.ocio"
    clean = environment.clean_environment({"HFS": HFS, "OCIO": config, "OTHER": f"{HFS}/packages"})
    assert clean["OCIO"] == config
    assert "OTHER" not in clean


def test_a_folder_of_houdini_is_known_by_both_of_its_names(tmp_path: Path) -> None:
    """On Windows, $HFS has the 8.3 form, and PATH may have the long one."""
    long, short = tmp_path / "Side Effects Software", tmp_path / "SIDEEF~1"
    long.mkdir()
    short.symlink_to(long)
    path = inside(str(long / "bin"), str(short / "bin"), "/usr/bin")
    assert environment.clean_environment({"HFS": str(short), "PATH": path})["PATH"] == "/usr/bin"
