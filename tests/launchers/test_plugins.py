"""A launcher and a connection of installed packages: they run jobs, and their keys are checked as the built-in ones."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import imageio_ffmpeg
import pytest

from cosmos_houdini.errors import BadInput
from cosmos_houdini.hosts import HostConfig, HostType, open_host, register_host
from cosmos_houdini.hosts.registry import HOST_TYPES
from cosmos_houdini.launchers import LauncherType, Traits, launcher_for, register_launcher
from cosmos_houdini.launchers.process import PROCESS
from cosmos_houdini.launchers.registry import LAUNCHER_TYPES
from support.plugins import install_plugin

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
Cosmos = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    names = ("example_launcher", "example_host")
    return [install_plugin(name, tmp_path_factory.mktemp(name)) for name in names]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    video = folder / "color.mp4"
    source = ["-f", "lavfi", "-i", "color=black:size=64x48:rate=24", "-frames:v", "4", "-pix_fmt", "yuv420p"]
    subprocess.run([FFMPEG, "-v", "error", *source, str(video)], check=True)
    return folder


@pytest.fixture
def cosmos(project: Path, sites: list[Path]) -> Cosmos:
    path = os.pathsep.join([*map(str, sites), *filter(None, sys.path)])

    def run(*arguments: str, folder: Path = project) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "cosmos_houdini", *arguments]
        environment = {**os.environ, "PYTHONPATH": path}
        return subprocess.run(
            argv, cwd=folder, env=environment, capture_output=True, text=True, timeout=240, check=False
        )

    return run


def configure(project: Path, host: str) -> None:
    text = f"defaults: {{engine: preview, host: studio}}\nhosts:\n  studio: {host}\n"
    (project / "cosmos-houdini.yaml").write_text(text, encoding="utf-8")


def test_a_launcher_and_a_connection_of_installed_packages_run_a_job(project: Path, cosmos: Cosmos, tmp_path: Path):
    calls = tmp_path / "calls"
    wrapper = tmp_path / "wrapper"
    wrapper.write_text(f'#!/bin/sh\necho call >>{shlex.quote(str(calls))}\nexec "$@"\n', encoding="utf-8")
    wrapper.chmod(0o755)
    nicenesses, ffmpeg = tmp_path / "nicenesses", tmp_path / "ffmpeg"
    ffmpeg.write_text(f'#!/bin/sh\nnice >>{shlex.quote(str(nicenesses))}\nexec {FFMPEG} "$@"\n', encoding="utf-8")
    ffmpeg.chmod(0o755)
    root = tmp_path / "root"
    configure(
        project,
        f"{{connection: wrapped, wrapper: ['{wrapper}'], root: '{root}', launcher: nice-process, niceness: 17, "
        f"ffmpeg: '{ffmpeg}'}}",
    )
    assert (
        cosmos(
            "create-spec",
            "shot",
            "Rain",
            "--input-video",
            "color.mp4",
            "--control",
            "depth=color.mp4",
            "-o",
            "shot.json",
        ).returncode
        == 0
    )
    assert cosmos("create-run", "shot.json", "-o", "run.json").returncode == 0
    done = cosmos("run", "run.json")
    assert done.returncode == 0, done.stderr
    (job,) = json.loads(cosmos("status", "--json").stdout)["jobs"]
    assert (job["host"], job["state"]) == ("studio", "succeeded")
    (script,) = root.glob("jobs/*/run.sh")
    assert '\n    exec nice -n 17 sh "$0" "$@"\n' in script.read_text(encoding="utf-8")
    assert str(min(19, os.nice(0) + 17)) in nicenesses.read_text(encoding="utf-8").split()
    assert json.loads(script.with_name("request.json").read_text(encoding="utf-8"))["launcher"] == "nice-process"
    assert len(calls.read_text(encoding="utf-8").splitlines()) > 3
    other = tmp_path / "other"
    other.mkdir()
    (other / "cosmos-houdini.yaml").write_bytes((project / "cosmos-houdini.yaml").read_bytes())
    adopted = cosmos("attach", job["id"], "--host", "studio", folder=other)
    assert adopted.returncode == 0, adopted.stderr


def test_the_doctor_asks_the_launcher_of_a_package_and_config_show_prints_its_keys(project: Path, cosmos: Cosmos):
    configure(project, "{launcher: nice-process, niceness: 3}")
    found = {one["check"]: one for one in json.loads(cosmos("doctor", "--host", "studio", "--json").stdout)["checks"]}
    assert found["nice"]["seen"] == "programs run with niceness 3"
    settings = json.loads(cosmos("config", "show", "--json").stdout)["settings"]
    assert (settings["hosts"]["studio"]["niceness"], "extra" in settings["hosts"]["studio"]) == (3, False)


@pytest.mark.parametrize(
    ("host", "problem"),
    [
        ("{launcher: nice-process, niceness: 40}", "cosmos-houdini.yaml: hosts.studio.niceness = 40: expected"),
        ("{launcher: nice-process, nicenes: 4}", "hosts.studio.nicenes = 4: unknown key; allowed: "),
        ("{niceness: 4}", "hosts.studio.niceness = 4: unknown key"),
        (
            "{launcher: nice-proces, niceness: 4}",
            "hosts.studio.launcher = 'nice-proces': no such launcher; allowed: process",
        ),
        ("{connection: wraped, wrapper: [sudo]}", "hosts.studio.connection = 'wraped': no such connection"),
        ("{connection: wrapped, root: /data}", "host 'studio' names no wrapper; set hosts.studio.wrapper"),
    ],
)
def test_a_wrong_key_is_refused_as_one_built_in(project: Path, cosmos: Cosmos, host: str, problem: str):
    configure(project, host)
    done = cosmos("doctor", "--host", "studio")
    text = " ".join((done.stdout + done.stderr).split())
    assert problem in text
    assert "Traceback" not in text


@pytest.fixture
def registered() -> Iterator[None]:
    yield
    LAUNCHER_TYPES.unregister("mine")
    HOST_TYPES.unregister("mine")


@pytest.mark.usefixtures("registered")
def test_a_program_registers_a_launcher_and_a_connection(tmp_path: Path):
    register_launcher("mine", LauncherType(make=PROCESS.make, traits=Traits(schedules_itself=True)))
    assert launcher_for("a", HostConfig(launcher="mine")).name == "process"
    register_host("mine", HostType(open=lambda name, _config, project: open_host(name, HostConfig(), project=project)))
    assert open_host("a", HostConfig(connection="mine"), project=tmp_path).run("echo hi").stdout == "hi\n"


def test_what_is_no_launcher_and_what_takes_a_common_key_is_refused():
    with pytest.raises(TypeError, match=r"no cosmos_houdini\.launchers\.base\.LauncherType"):
        register_launcher("mine", object())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="cannot have a key 'connection'"):
        register_launcher("mine", LauncherType(make=PROCESS.make, settings=HostConfig))
    with pytest.raises(BadInput, match="the launcher name 'slurm' is taken"):
        register_launcher("slurm", LauncherType(make=PROCESS.make))
