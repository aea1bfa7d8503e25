from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from cosmos_houdini.errors import BadInput, HostError
from cosmos_houdini.hosts import open_host
from cosmos_houdini.hosts.script import enclosed
from cosmos_houdini.hosts.settings import HostConfig


def test_the_root_lies_in_the_project_unless_it_is_configured(tmp_path: Path) -> None:
    assert str(open_host("local", HostConfig(), project=tmp_path).root) == str(tmp_path / ".cosmos" / "host")
    assert not (tmp_path / ".cosmos").exists()


@pytest.mark.parametrize("config", [HostConfig(root="jobs"), HostConfig(address="gpu01", root="~/jobs")])
def test_a_relative_root_is_refused(config: HostConfig, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"hosts\.gpu\.root = '.*jobs' is no absolute path"):
        open_host("gpu", config, project=tmp_path)


@pytest.mark.parametrize("address", [None, "gpu01"])
def test_a_root_that_leads_back_is_refused(address: str | None, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"hosts\.gpu\.root = '/data/link/\.\./cosmos' holds '\.\.'.*as /data/cosmos"):
        open_host("gpu", HostConfig(address=address, root="/data/link/../cosmos"), project=tmp_path)


def test_a_remote_host_without_root_is_refused_with_an_example(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"'gpu' has no root.*hosts\.gpu\.root: /data/cosmos"):
        open_host("gpu", HostConfig(address="gpu01"), project=tmp_path)


def test_a_root_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    host = open_host("local", HostConfig(root=str(tmp_path / "file" / "root")), project=tmp_path)
    with pytest.raises(HostError, match=r"file/root cannot be written: Not a directory"):
        host.run(":")


def test_a_script_sees_a_clean_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "HF_TOKEN", "QT_PLUGIN_PATH"):
        monkeypatch.setenv(name, "leaked")
    host = open_host("local", HostConfig(), project=tmp_path)
    lines = host.run("env").stdout.splitlines()
    assert {line.partition("=")[0] for line in lines} <= {"HOME", "PATH", "USER", "LANG", "TMPDIR", "PWD", "_", "SHLVL"}
    assert host.run("echo $HOME").stdout.strip() == os.environ["HOME"]


def test_a_script_that_is_cut_anywhere_runs_nothing(tmp_path: Path) -> None:
    script = enclosed("mkdir made\nif :; then echo 'a\n}'; fi")
    for length in range(len(script) - len(b" </dev/null\n")):
        subprocess.run(["sh"], input=script[:length], cwd=tmp_path, capture_output=True, check=False)
        assert not list(tmp_path.iterdir()), script[:length]


def test_a_windows_without_a_shell_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HostError, match="install Git for Windows"):
        open_host("local", HostConfig(), project=tmp_path).run(":")


def test_the_shell_of_git_for_windows_is_found_beside_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for program, text in (("cmd/git", ""), ("bin/sh.exe", "#!/bin/sh\nexec /bin/sh\n")):
        (tmp_path / program).parent.mkdir()
        (tmp_path / program).write_text(text, encoding="utf-8")
        (tmp_path / program).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "cmd"))
    assert open_host("local", HostConfig(), project=tmp_path).run("echo found").stdout == "found\n"
