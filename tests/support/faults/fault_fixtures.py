"""Fixtures: a project whose jobs run on this machine, behind SSH, or in containers of a Docker Engine.

A folder of tests that wants them imports them in its ``conftest.py``.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import imageio_ffmpeg
import pytest
import tenacity
import yaml

from cosmos_houdini.engines import unregister_engine
from support.faults import fault_project
from support.faults.fault_project import TOKEN, Scene, kill_jobs
from support.jobs.job_project import Shop
from support.servers.dockerd import DockerEngine
from support.servers.slurmd import Slurm
from support.servers.sshd import HOST, Sshd, running_sshd
from support.servers.tcp_proxy import running_proxy

IMAGE = "faults:1"
LONGEST_SLEEP_S = 0.05


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "color.mp4"
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=24"]
    subprocess.run([*argv, "-frames:v", "6", "-pix_fmt", "yuv420p", str(path)], check=True)
    return path


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with running_sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture(scope="session")
def image(docker_engine: DockerEngine) -> DockerEngine:
    docker_engine.import_image({}, IMAGE)
    return docker_engine


@pytest.fixture
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Register the engine, hand out a secret, give temporary files a folder of their own, and hurry all patience."""
    fault_project.register()
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    hurried = SimpleNamespace(sleep=lambda seconds: time.sleep(min(seconds, LONGEST_SLEEP_S)))
    monkeypatch.setattr(tenacity.nap, "time", hurried)
    yield monkeypatch
    unregister_engine("fake")


@pytest.fixture
def here(tmp_path: Path, clip: Path, surroundings: pytest.MonkeyPatch) -> Iterator[Scene]:
    """A project whose jobs run on this machine."""
    yield from _scene(tmp_path, clip, surroundings, {})


@pytest.fixture
def ssh(server: Sshd, tmp_path: Path, clip: Path, surroundings: pytest.MonkeyPatch) -> Iterator[Scene]:
    """A project whose jobs run behind SSH, on a road that can be cut."""
    yield from _far_scene(server, tmp_path, clip, surroundings, {})


@pytest.fixture
def cluster(slurm: Slurm, tmp_path: Path, clip: Path, surroundings: pytest.MonkeyPatch) -> Iterator[Scene]:
    """A project whose jobs are handed to Slurm on this machine."""
    for scene in _scene(tmp_path, clip, surroundings, {"launcher": "slurm", "env": slurm.env}):
        scene.slurm = slurm
        yield scene
        slurm.cancel_all()


@pytest.fixture
def far_cluster(
    slurm: Slurm, server: Sshd, tmp_path: Path, clip: Path, surroundings: pytest.MonkeyPatch
) -> Iterator[Scene]:
    """A project whose jobs are handed to Slurm on a login node behind SSH."""
    for scene in _far_scene(server, tmp_path, clip, surroundings, {"launcher": "slurm", "env": slurm.env}):
        scene.slurm = slurm
        yield scene
        slurm.cancel_all()


@pytest.fixture
def docker(image: DockerEngine, tmp_path: Path, clip: Path, surroundings: pytest.MonkeyPatch) -> Iterator[Scene]:
    """A project whose jobs run in containers of this machine."""
    host = {"launcher": "docker", "image": IMAGE, "env": {"DOCKER_HOST": image.address}}
    for scene in _scene(tmp_path, clip, surroundings, host):
        scene.docker = image
        yield scene
        image.remove_containers()


def _far_scene(
    server: Sshd, tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch, host: dict[str, object]
) -> Iterator[Scene]:
    with running_proxy(server.port) as proxy:
        known = tmp_path / "known_hosts"
        known.write_text(f"[{HOST}]:{proxy.port} {server.public_host_key()}\n")
        road = {"address": f"{server.user}@{HOST}", "port": proxy.port, "known_hosts": str(known)}
        for scene in _scene(tmp_path, clip, monkeypatch, {**road, "identity": str(server.user_key), **host}):
            scene.server, scene.proxy = server, proxy
            yield scene


def _scene(tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch, host: dict[str, object]) -> Iterator[Scene]:
    folder, root = tmp_path / "it's a project", tmp_path / "host's root"
    folder.mkdir()
    settings = {
        "defaults": {"engine": "fake", "host": "gpu", "attempts": 1},
        "hosts": {"gpu": {"root": str(root), **host}},
    }
    (folder / "cosmos-houdini.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    monkeypatch.chdir(folder)
    yield Scene(shop=Shop(folder=folder, clip=clip, root=root), tmp=tmp_path, monkeypatch=monkeypatch)
    kill_jobs(root)
