"""The fixtures of tests that run jobs: a project on this machine, behind SSH, and on a cluster."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg
import pytest
import yaml

from cosmos_houdini.config import plain
from support.engines import fake_engine
from support.faults.fault_project import kill_jobs
from support.jobs.job_project import Shop
from support.servers.slurmd import Slurm, slurm
from support.servers.sshd import Sshd, running_sshd

__all__ = ["slurm"]


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "color.mp4"
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=24"]
    subprocess.run([*argv, "-frames:v", "6", "-pix_fmt", "yuv420p", str(path)], check=True)
    return path


@pytest.fixture
def _fake_engine() -> Iterator[None]:
    fake_engine.register()
    yield
    fake_engine.unregister()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with running_sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture
def shop(tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch, _fake_engine: None) -> Iterator[Shop]:
    """Return a project whose jobs run on this machine."""
    folder = _project(tmp_path, "defaults: {engine: fake}\n", monkeypatch)
    shop = Shop(folder=folder, clip=clip, root=folder / ".cosmos" / "host")
    yield shop
    shop.close()
    _kill_jobs(shop.root)


@pytest.fixture
def remote_shop(
    tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch, server: Sshd, _fake_engine: None
) -> Iterator[Shop]:
    """Return a project whose jobs run behind SSH."""
    root = tmp_path / "host's root"
    settings = plain(server.config(root))
    text = yaml.safe_dump({"defaults": {"engine": "fake", "host": "gpu"}, "hosts": {"gpu": settings}})
    shop = Shop(folder=_project(tmp_path, text, monkeypatch), clip=clip, root=root)
    yield shop
    shop.close()
    _kill_jobs(root)


@pytest.fixture
def one_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be tried again without an order."""
    monkeypatch.setenv("COSMOS_HOUDINI_DEFAULTS_ATTEMPTS", "1")


@pytest.fixture(params=["shop", pytest.param("remote_shop", marks=pytest.mark.sshd)])
def any_shop(request: pytest.FixtureRequest) -> Shop:
    """Return a project whose jobs run on this machine, then one whose jobs run behind SSH."""
    shop: Shop = request.getfixturevalue(request.param)
    return shop


@pytest.fixture(params=["login node here", pytest.param("login node behind SSH", marks=pytest.mark.sshd)])
def slurm_shop(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    clip: Path,
    monkeypatch: pytest.MonkeyPatch,
    slurm: Slurm,
    _fake_engine: None,
) -> Iterator[Shop]:
    """Return a project whose jobs run on a cluster."""
    root = tmp_path / "host's root"
    settings: dict[str, object] = {"root": str(root)}
    if request.param != "login node here":
        settings = plain(request.getfixturevalue("server").config(root))
    settings |= {"launcher": "slurm", "env": slurm.env, "gres": "gpu:1"}
    text = yaml.safe_dump({"defaults": {"engine": "fake", "host": "hpc"}, "hosts": {"hpc": settings}})
    yield Shop(folder=_project(tmp_path, text, monkeypatch), clip=clip, root=root)
    slurm.cancel_all()


def _project(tmp_path: Path, settings: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "it's a project"
    folder.mkdir()
    (folder / "cosmos-houdini.yaml").write_text(settings, encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


def _kill_jobs(root: Path) -> None:
    """Kill what still runs of the jobs below a root.

    Never by the number that a job has noted: 0 stands for one that was cancelled before it began, and is the group of
    the tests themselves; the number of one that has ended may be another's by now.
    """
    if not all((job / "exit_code").exists() for job in root.glob("jobs/*")):
        kill_jobs(root)
