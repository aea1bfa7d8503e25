"""install-houdini and uninstall-houdini on the folders of all three systems."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from cosmos_houdini import installation
from cosmos_houdini.cli import main
from cosmos_houdini.errors import BadInput
from cosmos_houdini.houdini.environment import ROOT
from cosmos_houdini.installation import INSTALLED_NAME, install, installed_text, preferences, uninstall

PYTHON = Path(sys.executable).absolute()


def make(*folders: Path) -> None:
    for folder in folders:
        folder.mkdir(parents=True)


@pytest.mark.parametrize(
    ("platform", "parent", "names"),
    [
        ("linux", "", ["houdini20.0", "houdini21.0"]),
        ("win32", "Documents", ["houdini20.5", "houdini21.0"]),
        ("darwin", "Library/Preferences/houdini", ["20.5", "21.0"]),
    ],
)
def test_every_preferences_folder_is_found(tmp_path: Path, platform: str, parent: str, names: list[str]) -> None:
    wanted = [tmp_path / parent / name for name in names]
    make(*wanted, tmp_path / parent / "houdini_backup.d", tmp_path / parent / "logs")
    assert preferences({}, home=tmp_path, platform=platform) == tuple(wanted)


def test_documents_that_lie_elsewhere_on_windows(tmp_path: Path) -> None:
    make(tmp_path / "OneDrive" / "Dokumente" / "houdini21.0")
    found = preferences({}, home=tmp_path, documents=tmp_path / "OneDrive" / "Dokumente", platform="win32")
    assert [folder.name for folder in found] == ["houdini21.0"]


def test_a_home_that_is_set_on_windows_counts_beside_the_documents(tmp_path: Path) -> None:
    make(tmp_path / "pipeline" / "houdini20.5", tmp_path / "Documents" / "houdini21.0")
    found = preferences({"HOME": str(tmp_path / "pipeline")}, home=tmp_path, platform="win32")
    assert [folder.name for folder in found] == ["houdini20.5", "houdini21.0"]


def test_the_variable_for_the_preferences_counts_too_once_for_each_version(tmp_path: Path) -> None:
    make(tmp_path / "prefs" / "h20.5", tmp_path / "prefs" / "h21.0", tmp_path / "own" / "houdini21.0")
    environ = {"HOUDINI_USER_PREF_DIR": str(tmp_path / "prefs" / "h__HVER__")}
    assert [folder.name for folder in preferences(environ, home=tmp_path, platform="linux")] == ["h20.5", "h21.0"]
    environ = {"HOUDINI_USER_PREF_DIR": str(tmp_path / "own" / "houdini21.0")}
    found = preferences(environ, home=tmp_path / "own", platform="linux")
    assert found == (tmp_path / "own" / "houdini21.0",)


def test_installing_twice_changes_nothing_and_uninstalling_leaves_what_was_there(weird_path: Path) -> None:
    other = weird_path / "packages" / "other.json"
    make(other.parent)
    other.write_text("{}", encoding="utf-8")
    assert install(weird_path, ROOT, PYTHON).action == "written"
    assert install(weird_path, ROOT, PYTHON).action == "unchanged"
    assert sorted(path.name for path in other.parent.iterdir()) == [INSTALLED_NAME, "other.json"]
    step = uninstall(weird_path)
    assert step
    assert step.action == "removed"
    assert uninstall(weird_path) is None
    assert list(other.parent.iterdir()) == [other]


def test_the_installed_package_names_the_checkout_and_the_worker(tmp_path: Path) -> None:
    step = install(tmp_path, ROOT, tmp_path / "env" / "bin" / "python")
    document = json.loads(step.file.read_text(encoding="utf-8"))
    shipped = json.loads((ROOT / "houdini_package.json").read_text(encoding="utf-8"))
    assert document["env"][0] == {"COSMOS_HOUDINI": ROOT.as_posix()}
    assert document["env"][1] == {"COSMOS_HOUDINI_PYTHON": (tmp_path / "env" / "bin" / "python").as_posix()}
    assert document["env"][2:] == shipped["env"][1:]
    assert {**document, "env": None} == {**shipped, "env": None}
    assert "HOUDINI_PACKAGE_PATH" not in step.file.read_text(encoding="utf-8")


def test_the_worker_of_the_checkout_itself_is_found_without_a_variable() -> None:
    text = installed_text(ROOT, ROOT / ".venv" / "bin" / "python")
    assert "COSMOS_HOUDINI_PYTHON" not in text


def test_a_checkout_that_moved_is_replaced(tmp_path: Path) -> None:
    install(tmp_path, ROOT, PYTHON)
    file = tmp_path / "packages" / INSTALLED_NAME
    file.write_text(file.read_text(encoding="utf-8").replace(ROOT.as_posix(), "/gone"), encoding="utf-8")
    assert install(tmp_path, ROOT, PYTHON).action == "replaced"
    assert "/gone" not in file.read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ["{}", "no json", '{"env": 3}', '{"env": [{"OTHER": "1"}]}', "[]"])
def test_a_file_of_somebody_else_is_neither_overwritten_nor_removed(tmp_path: Path, text: str) -> None:
    make(tmp_path / "packages")
    file = tmp_path / "packages" / INSTALLED_NAME
    file.write_text(text, encoding="utf-8")
    for act in (lambda: install(tmp_path, ROOT, PYTHON), lambda: uninstall(tmp_path)):
        with pytest.raises(BadInput, match="was not written by install-houdini"):
            act()
    assert file.read_text(encoding="utf-8") == text


def test_a_path_that_houdini_would_expand_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "$HIP"
    make(root)
    (root / "houdini_package.json").write_bytes((ROOT / "houdini_package.json").read_bytes())
    with pytest.raises(BadInput, match=r"holds a \$"):
        installed_text(root, PYTHON)


def test_an_installed_wheel_is_told_to_be_no_checkout(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="clone the repository"):
        install(tmp_path / "houdini21.0", tmp_path, PYTHON)
    assert not (tmp_path / "houdini21.0").exists()


def test_the_commands_serve_a_given_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prefs = str(tmp_path / "houdini21.0")
    assert main(["install-houdini", "--prefs", prefs, "--json"]) == 0
    printed = capsys.readouterr()
    file = tmp_path / "houdini21.0" / "packages" / INSTALLED_NAME
    assert json.loads(printed.out) == {
        "schema": "cosmos-houdini/install-houdini/1",
        "root": str(ROOT),
        "python": str(PYTHON),
        "packages": [{"file": str(file), "action": "written"}],
    }
    assert f"written {file}" in printed.err
    assert main(["uninstall-houdini", "--prefs", prefs, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "schema": "cosmos-houdini/uninstall-houdini/1",
        "packages": [{"file": str(file), "action": "removed"}],
    }
    assert not file.exists()


@pytest.fixture
def linux_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the empty home of a person whose Houdini is where it is on Linux."""
    if sys.platform != "linux":
        pytest.skip("the folders of this test are those of Linux")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("HOUDINI_USER_PREF_DIR")
    return tmp_path


def test_the_commands_serve_every_version_they_know(linux_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make(*(linux_home / f"houdini{version}" for version in ("19.5", "20.5", "21.0")))
    assert main(["install-houdini"]) == 0
    said = capsys.readouterr().err
    assert f"{linux_home / 'houdini19.5'} is skipped" in said
    installed = sorted(path.parts[-3] for path in linux_home.rglob(INSTALLED_NAME))
    assert installed == ["houdini20.5", "houdini21.0"]
    assert main(["uninstall-houdini"]) == 0
    assert not list(linux_home.rglob(INSTALLED_NAME))
    assert main(["uninstall-houdini"]) == 0
    assert "nothing was removed" in capsys.readouterr().err


def test_a_folder_that_resists_is_told_and_the_others_are_served(
    linux_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make(*(linux_home / f"houdini{version}" for version in ("20.0", "20.5", "21.0")))
    (linux_home / "houdini20.5" / "packages").touch()
    assert main(["install-houdini"]) == 1
    *done, error = capsys.readouterr().err.splitlines()
    assert [(line.split()[0], Path(line.split(maxsplit=1)[1]).parts[-3]) for line in done] == [
        ("written", "houdini20.0"),
        ("written", "houdini21.0"),
    ]
    assert "houdini20.5" in error
    assert main(["uninstall-houdini"]) == 0
    assert not list(linux_home.rglob(INSTALLED_NAME))


def test_without_any_houdini_the_commands_say_where_they_looked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(installation, "preferences", lambda **_: ())
    assert main(["install-houdini"]) == 2
    assert "--prefs" in capsys.readouterr().err


def test_a_houdini_newer_than_the_package_is_served_and_said_once(
    linux_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (linux_home / "houdini22.0").mkdir()
    (linux_home / "houdini23.0").mkdir()
    assert main(["install-houdini"]) == 0
    said = capsys.readouterr()
    for name in ("houdini22.0", "houdini23.0"):
        assert (linux_home / name / "packages" / INSTALLED_NAME).is_file()
    assert said.err.count("a Houdini newer than 22") == 1
