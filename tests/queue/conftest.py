from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import fake_engine
import imageio_ffmpeg
import pytest
from job_shop import Shop

from cosmos_houdini import engines
from cosmos_houdini.cli.commands import COMMANDS


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "color.mp4"
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=24"]
    subprocess.run([*argv, "-frames:v", "6", "-pix_fmt", "yuv420p", str(path)], check=True)
    return path


@pytest.fixture
def _fake_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "_ENGINES", dict(engines._ENGINES))
    for name in ("run", "status", "logs", "attach", "cancel", "retry", "fetch"):
        monkeypatch.setitem(COMMANDS, name, COMMANDS.get(name, ("", "", "")))
    fake_engine.register()


@pytest.fixture
def shop(tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch, _fake_engine: None) -> Iterator[Shop]:
    folder = tmp_path / "it's a project"
    folder.mkdir()
    (folder / "cosmos-houdini.yaml").write_text("defaults: {engine: fake}\n")
    monkeypatch.chdir(folder)
    yield Shop(folder=folder, clip=clip)
    for pid in folder.glob(".cosmos/host/jobs/*/started/pid"):
        with suppress(ProcessLookupError, ValueError):
            os.killpg(int(pid.read_text()), signal.SIGKILL)
