"""Set Up on the shelf, and the zip for artists: a worker environment made from nothing, repeated and undone."""

from __future__ import annotations

import hashlib
import json
import os
import runpy
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cosmos_houdini.errors import BadInput
from cosmos_houdini.houdini import set_up, shelf
from cosmos_houdini.houdini.environment import ROOT
from cosmos_houdini.houdini.windows.set_up import SetUpWindow
from support import ROOT as CHECKOUT
from support.houdini import offscreen
from support.houdini.houdini_session import Session
from support.servers.host_programs import write_shell

NAMED = ["houdini_package.json", "otls/", "toolbar/", "python3.10libs/cosmos_houdini/__init__.py", "scripts/set_up"]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the zip as `scripts/package` does."""
    return runpy.run_path(str(CHECKOUT / "scripts" / "package"))["build"](tmp_path_factory.mktemp("dist"))


@pytest.fixture
def unpacked(package: Path, tmp_path: Path) -> Path:
    """Return a `packages` folder into which an artist has unzipped it."""
    folder = tmp_path / "an artist" / "größe" / "packages"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder)
    return folder


def test_the_zip_has_all_that_runs_and_nothing_of_the_tests(package: Path, unpacked: Path) -> None:
    files = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    tops = {path.partition("/")[0] for path in files}
    assert tops == {"cosmos_houdini.json", "INSTALL.txt", "cosmos_houdini"}
    for name in NAMED:
        assert any(path.startswith(f"cosmos_houdini/{name}") for path in files), name
    words = ("tests/", "benchmarks/", "__pycache__", ".git", ".venv", "scripts/asset/", "scripts/test")
    assert [path for path in files if any(word in path for word in words)] == []
    assert package.name.startswith("cosmos-houdini-")


def test_every_file_has_a_checksum_and_the_zip_too(package: Path, unpacked: Path) -> None:
    lines = (unpacked / "cosmos_houdini" / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    sums = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    files = {path.relative_to(unpacked).as_posix(): path for path in unpacked.rglob("*") if path.is_file()}
    assert set(sums) == set(files) - {"cosmos_houdini/SHA256SUMS"}
    assert all(hashlib.sha256(files[name].read_bytes()).hexdigest() == digest for name, digest in sums.items())
    digest, name = package.with_name(f"{package.name}.sha256").read_text(encoding="ascii").split()
    assert (digest, name) == (hashlib.sha256(package.read_bytes()).hexdigest(), package.name)


def test_the_same_files_give_the_same_zip(package: Path, tmp_path: Path) -> None:
    again = runpy.run_path(str(CHECKOUT / "scripts" / "package"))["build"](tmp_path)
    assert again.read_bytes() == package.read_bytes()


def test_the_package_file_finds_the_folder_beside_it(unpacked: Path) -> None:
    document = json.loads((unpacked / "cosmos_houdini.json").read_text(encoding="utf-8"))
    assert document["env"][0] == {"COSMOS_HOUDINI": "$HOUDINI_PACKAGE_PATH/cosmos_houdini"}
    shipped = json.loads((ROOT / "houdini_package.json").read_text(encoding="utf-8"))
    assert {**document, "env": document["env"][1:]} == {**shipped, "env": shipped["env"][1:]}


def test_the_script_of_the_zip_needs_no_git_and_undoes_what_it_did(unpacked: Path) -> None:
    script = unpacked / "cosmos_houdini" / "scripts" / "set_up"
    environment = unpacked / "cosmos_houdini" / ".venv"

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        return subprocess.run(
            [sys.executable, str(script), *words], capture_output=True, text=True, check=False, env=clean
        )

    assert run("--remove").stdout == f"there is no {environment}\n"
    environment.mkdir()
    (environment / "mine.txt").touch()
    assert run("--remove").returncode == 1
    assert (environment / "mine.txt").is_file()
    (environment / "pyvenv.cfg").touch()
    assert run("--remove").stdout == f"removed {environment}\n"
    assert not environment.exists()


@pytest.mark.parametrize(
    ("platform", "prefix", "expected"),
    [
        ("linux", "/opt/hfs21.0/python", "/opt/hfs21.0/python/bin/python3.11"),
        ("darwin", "/Applications/Houdini/Python/3.11", "/Applications/Houdini/Python/3.11/bin/python3.11"),
        ("win32", "C:\\Houdini 21\\python311", "C:\\Houdini 21\\python311\\python.exe"),
    ],
)
def test_houdinis_own_python_is_asked_first(platform: str, prefix: str, expected: str) -> None:
    candidates = set_up.python_candidates(prefix, {"HFS": "/opt/hfs21.0"}, platform)
    assert set_up.find_python(candidates, lambda each: each in {expected, "python3", "python"}) == expected
    assert candidates[-1] in {"python", "python3"}


def test_without_any_python_it_says_which_it_needs() -> None:
    with pytest.raises(BadInput) as refusal:
        set_up.find_python(["python3.9"], lambda _: False)
    assert "3.10, 3.11, 3.12, 3.13" in refusal.value.allowed
    assert "python.org" in refusal.value.action


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands in for a Python")
def test_a_python_that_lacks_a_module_or_is_too_old_is_none(tmp_path: Path) -> None:
    assert set_up.is_working_python(sys.executable)
    for name, body in {"old": "echo 3 9", "broken": "exit 1", "words": "echo hello"}.items():
        write_shell(tmp_path, name, body)
        assert not set_up.is_working_python(str(tmp_path / name))
    assert not set_up.is_working_python(str(tmp_path / "nothing"))


@pytest.fixture
def window(houdini: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], SetUpWindow]]:
    """Return a function that opens the window over a script with the given body."""
    offscreen.application()
    houdini.has_interface = True
    python = tmp_path / ".venv" / "bin" / "python"
    monkeypatch.setattr("cosmos_houdini.houdini.windows.set_up.default_python", lambda _: python)
    opened: list[SetUpWindow] = []

    def open_window(body: str) -> SetUpWindow:
        script = tmp_path / "set_up.py"
        script.write_text(body, encoding="utf-8")
        monkeypatch.setattr(set_up, "SCRIPT", script)
        monkeypatch.setattr(set_up, "_find_here", lambda: sys.executable)
        shelf.set_up()
        opened.append(shelf._set_ups[0])
        return opened[0]

    yield open_window
    for each in opened:
        each._timer.stop()
        each.close()
    shelf._set_ups.clear()
    offscreen.settle()


def make_environment(folder: Path) -> str:
    return (
        f"import sys, pathlib\npython = pathlib.Path({str(folder / '.venv' / 'bin' / 'python')!r})\n"
        "if '--remove' in sys.argv:\n    python.unlink()\nelse:\n    print('Collecting numpy==2.2.6')\n"
        "    python.parent.mkdir(parents=True, exist_ok=True)\n    python.touch()\n"
    )


def test_the_window_makes_the_environment_shows_its_lines_and_takes_it_away(
    window: Callable[[str], SetUpWindow], tmp_path: Path, houdini: Session
) -> None:
    (tmp_path / "beside.py").write_text("", encoding="utf-8")
    shown = window(f"import beside\n{make_environment(tmp_path)}")
    assert shown._state.text().startswith("Not set up yet")
    assert not shown._remove.isEnabled()
    shown._make.click()
    assert not shown._make.isEnabled()
    offscreen.until(lambda: shown._run is None, "it is made")
    assert shown._state.text().startswith("Ready: ")
    assert shown._log.toPlainText().splitlines() == [f"with {sys.executable}", "Collecting numpy==2.2.6"]
    assert shown._make.text() == "Set Up Again"
    shown._remove.click()
    offscreen.until(lambda: shown._run is None, "it is gone")
    assert shown._state.text().startswith("Not set up yet")
    assert houdini.shown == []


def test_a_failure_shows_its_lines_and_can_be_repeated(window: Callable[[str], SetUpWindow]) -> None:
    shown = window("print('no network'); raise SystemExit(1)")
    shown._make.click()
    offscreen.until(lambda: shown._run is None, "it has failed")
    assert "exit code 1" in shown._state.text()
    assert "no network" in shown._log.toPlainText()
    assert shown._make.isEnabled()


def test_it_can_be_stopped(window: Callable[[str], SetUpWindow]) -> None:
    shown = window("import time; print('waiting', flush=True); time.sleep(600)")
    shown._make.click()
    offscreen.until(lambda: "waiting" in shown._log.toPlainText(), "it runs")
    shown._stop.click()
    offscreen.until(lambda: shown._run is None, "it has ended")
    assert shown._make.isEnabled()
