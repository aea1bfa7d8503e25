from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import cosmos_houdini as cosmos
from cosmos_houdini.config import plain
from support.faults.fault_project import kill_jobs
from support.media.shot_files import ShotOnDisk, make_shot
from support.servers.sshd import Sshd, running_sshd


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with running_sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture
def shot_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ShotOnDisk]:
    """Return a shot on disk, and another working folder: the API must not depend on where the process works."""
    shot = make_shot(tmp_path / "shots" / "a", monkeypatch)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    yield shot
    kill_jobs(shot.folder / ".cosmos" / "host")


@pytest.fixture
def project(shot_files: ShotOnDisk) -> cosmos.Project:
    return cosmos.Project.open(shot_files.folder)


@pytest.fixture(params=["local", pytest.param("gpu01", marks=pytest.mark.sshd)])
def host(request: pytest.FixtureRequest, shot_files: ShotOnDisk, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the name of a configured host: this machine, then this machine behind SSH."""
    if request.param == "gpu01":
        server: Sshd = request.getfixturevalue("server")
        shot_files.configure(hosts={"gpu01": plain(server.config(tmp_path_factory.mktemp("remote")))})
    return str(request.param)
