"""The first command of a newcomer makes the environment with what the machine has, and prints one line."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import environment
import pytest
import pythons

from support import ROOT
from support.servers.host_programs import write_shell

BACKEND = """\
import zipfile
def build_editable(folder, settings=None, metadata=None):
    name = "shot-1.0-py3-none-any.whl"
    with zipfile.ZipFile(f"{folder}/{name}", "w") as wheel:
        wheel.writestr("shot-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: shot\\nVersion: 1.0\\n")
        wheel.writestr("shot-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("shot-1.0.dist-info/RECORD", "")
    return name
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package whose lock names one package, which lies beside it; nothing comes from a registry."""
    folder = tmp_path / "a project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n', encoding="utf-8"
    )
    (folder / "backend.py").write_text(BACKEND, encoding="utf-8")
    wheel = folder / "lens-2.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("lens.py", "")
        archive.writestr("lens-2.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: lens\nVersion: 2.0\n")
        archive.writestr("lens-2.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("lens-2.0.dist-info/RECORD", "")
    write_lock(folder, hashlib.sha256(wheel.read_bytes()).hexdigest())
    (folder / "uv.lock").write_text(f"uv==0.0.0 --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_FIND_LINKS", folder.as_uri())
    monkeypatch.setenv("PATH", str(folder / "programs"), prepend=os.pathsep)
    monkeypatch.setattr(environment, "ROOT", folder)
    monkeypatch.setattr(environment, "FOLDER", folder / ".venv")
    monkeypatch.setattr(environment, "UV_LOCK", folder / "uv.lock")
    return folder


def write_lock(folder: Path, sha256: str) -> None:
    (folder / "lens.lock").write_text(f"lens==2.0 --hash=sha256:{sha256}\n", encoding="utf-8")


def installed(python: Path) -> bool:
    """Whether the package of the lock and the project itself are there."""
    script = "import lens, importlib.metadata as m; m.version('shot')"
    return subprocess.run([str(python), "-c", script], check=False).returncode == 0


def without_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")


@pytest.mark.skipif(sys.platform == "win32", reason="the uv of this test is a shell script")
def test_uv_of_the_path_installs_and_a_second_start_installs_nothing(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_shell(project / "programs", "uv", f'printf "%s\\n" "$*" >>"{project}/asked"')
    python = environment.ensure("lens.lock")
    install = f"pip install --quiet --python {python}"
    assert (project / "asked").read_text().splitlines() == [
        f"{install} --require-hashes -r {project / 'lens.lock'}",
        f"{install} --no-deps --no-build-isolation --editable {project}",
    ]
    assert re.fullmatch(r"installing lens\.lock into .*/\.venv, once: uv took \d+ s\n", capsys.readouterr().out)
    assert environment.ensure("lens.lock") == python
    assert capsys.readouterr().out == ""
    assert len((project / "asked").read_text().splitlines()) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="the uv of this test is a shell script")
def test_pip_installs_where_uv_fails_and_the_words_of_uv_are_shown(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    without_registry(monkeypatch)
    write_shell(project / "programs", "uv", "echo 'error: the disk has a scratch' >&2; exit 2")
    assert installed(environment.ensure("lens.lock"))
    told = capsys.readouterr().out
    assert "uv failed, so pip is tried. uv says:\nerror: the disk has a scratch\n" in told
    assert re.search(r"pip took \d+ s\n$", told)


def test_pip_installs_where_its_settings_say_how_packages_are_reached(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    without_registry(monkeypatch)
    monkeypatch.setenv("PATH", str(project / "programs"))
    assert installed(environment.ensure("lens.lock"))
    assert capsys.readouterr().out.count("\n") == 1


def test_a_file_with_another_hash_is_not_installed(
    project: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    without_registry(monkeypatch)
    monkeypatch.setenv("PATH", str(project / "programs"))
    write_lock(project, "1" * 64)
    with pytest.raises(SystemExit, match=r"the installation failed \(exit code 1\)"):
        environment.ensure("lens.lock")
    assert "DO NOT MATCH THE HASHES" in capfd.readouterr().err
    assert not (project / ".venv" / "lens.lock.stamp").exists()


def test_every_promised_python_has_its_turn() -> None:
    versions = pythons.supported()
    assert versions[0] == "{}.{}".format(*environment.MINIMUM)
    assert {pythons.of_commit(f"{number:08x}{'f' * 32}") for number in range(len(versions))} == set(versions)


def test_a_python_is_found_by_its_version_and_one_that_lacks_a_library_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = "{}.{}".format(*sys.version_info)
    assert pythons.find(own) == sys.executable
    assert pythons.find("2.6") is None
    write_shell(tmp_path, "python3.99", "exit 1")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert pythons.find("3.99") is None


def test_the_lock_of_uv_has_the_hash_of_every_file() -> None:
    text = (ROOT / "requirements-uv.lock").read_text(encoding="utf-8")
    assert re.fullmatch(r"uv==[\d.]+( \\\n    --hash=sha256:[0-9a-f]{64})+\n", text)
