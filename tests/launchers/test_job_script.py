"""The text of ``run.sh`` for each launcher, to the letter, and what shellcheck says of every script that a host gets.

``COSMOS_HOUDINI_TESTS_GOLDEN=write pytest tests/launchers/test_job_script.py`` writes tests/launchers/golden anew; then
``git diff`` shows what a host will run otherwise.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import pytest
from msgspec import Struct

from cosmos_houdini.doctor.survey import survey_script
from cosmos_houdini.engines import engine_names, find_engine
from cosmos_houdini.hosts import HostConfig
from cosmos_houdini.hosts.health import health_script
from cosmos_houdini.launchers import Task, launcher_for, shared_process
from cosmos_houdini.launchers.docker import DockerSettings
from cosmos_houdini.launchers.job_script import PARTS
from cosmos_houdini.launchers.poll import poll_script
from cosmos_houdini.launchers.registry import poll_parts
from cosmos_houdini.launchers.slurm.launcher import SlurmSettings
from cosmos_houdini.model.request import Invocation, Site
from support.programs import need_program

GOLDEN = Path(__file__).parent / "golden"
FOLDER = PurePosixPath("/data/cosmos/jobs/sea-1f2e3d4c5b")
MEMBERS = (FOLDER.with_name("sea-0000000001"), FOLDER.with_name("sea-0000000002"))
EXTRA: Mapping[str, Struct] = {
    "docker": DockerSettings(image="cosmos:1"),
    "slurm": SlurmSettings(partition="gpu", gres="gpu:1"),
}


def task(members: tuple[PurePosixPath, ...] = ()) -> Task:
    invocation = Invocation(
        argv=("python3", "run.py", "--prompt", "it's rain"),
        env={"HF_HOME": "/data/hf"},
        files={},
        inputs={},
        executables=(),
        cwd=PurePosixPath("/opt/engine"),
        outputs=(),
    )
    return Task(
        job_id=FOLDER.name,
        site=Site(folder=FOLDER, engine_path=PurePosixPath("/opt/engine")),
        invocation=invocation,
        num_gpu=1,
        secrets={"HF_TOKEN": "never written"},
        gpu_memory_gb=40.0,
        members=members,
    )


def script(name: str) -> str:
    if name == "shared_job":
        return shared_process.member_script(FOLDER, HostConfig(time="02:00:00"))
    launcher, _, shared = name.partition("-")
    config = HostConfig(launcher=launcher, time="02:00:00", extra=(EXTRA[launcher],) if launcher in EXTRA else ())
    return launcher_for("gpu01", config).script(task(MEMBERS if shared else ()))


PLAIN = ("process", "docker", "slurm")
NAMES = ("process", "process-shared", "docker", "docker-shared", "slurm", "shared_job")


def test_every_launcher_has_a_golden_script():
    assert {name.partition("-")[0] for name in NAMES} == set(PARTS)
    assert {path.stem for path in GOLDEN.glob("*.sh")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_script_is_as_it_was_reviewed(name: str):
    text, path = script(name), GOLDEN / f"{name}.sh"
    if os.environ.get("COSMOS_HOUDINI_TESTS_GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
    assert "never written" not in text


def host_scripts() -> dict[str, str]:
    """Return every whole script that a host gets, by what it does."""
    needs = [find_engine(name).needs for name in engine_names()]
    surveys = {
        f"survey for {name}": survey_script(
            HostConfig(launcher=name, engine_path="/opt/engine", extra=(EXTRA[name],) if name in EXTRA else ()), needs
        )
        for name in PLAIN
    }
    return {
        **{f"run.sh of {name}": script(name) for name in NAMES},
        **surveys,
        "poll": poll_script(FOLDER.parent.parent, [FOLDER.name], parts=poll_parts(["slurm"])),
        "health": health_script(FOLDER.parent.parent),
    }


@pytest.mark.shellcheck
@pytest.mark.parametrize(
    "purpose", [*(f"run.sh of {name}" for name in NAMES), *(f"survey for {name}" for name in PLAIN), "poll", "health"]
)
def test_shellcheck_finds_nothing(purpose: str):
    done = subprocess.run(
        [need_program("shellcheck"), "--shell=sh", "--severity=warning", "--format=gcc", "-"],
        input=host_scripts()[purpose],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("", 0)
