"""The text of ``run.sh`` for each launcher, to the letter, and what shellcheck says of every script that a host gets.

``COSMOS_HOUDINI_TESTS_GOLDEN=write pytest tests/launchers/test_job_script.py`` writes tests/launchers/golden anew; then
``git diff`` shows what a host will run otherwise.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path, PurePosixPath

import pytest
from msgspec import Struct

from cosmos_houdini import launchers
from cosmos_houdini.doctor.survey import survey_script
from cosmos_houdini.engines import engine_names, find_engine
from cosmos_houdini.hosts import HostConfig
from cosmos_houdini.hosts.health import health_script
from cosmos_houdini.hosts.local import LocalHost
from cosmos_houdini.launchers import Task, detached, launcher_for, shared_process
from cosmos_houdini.launchers.docker import DockerLauncher, DockerSettings
from cosmos_houdini.launchers.job_script import PARTS
from cosmos_houdini.launchers.poll import poll_script
from cosmos_houdini.launchers.registry import poll_parts
from cosmos_houdini.launchers.shell import script_part
from cosmos_houdini.launchers.slurm.launcher import SlurmLauncher, SlurmSettings
from cosmos_houdini.launchers.staging import stage_script
from cosmos_houdini.launchers.storage import listing_script, removal_script
from cosmos_houdini.model.request import Invocation, Site
from support.shellcheck import complaints

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


def host_config(name: str) -> HostConfig:
    extra = (EXTRA[name],) if name in EXTRA else ()
    return HostConfig(launcher=name, engine_path="/opt/engine", time="02:00:00", extra=extra)


def script(name: str) -> str:
    if name == "shared_job":
        return shared_process.member_script(FOLDER, HostConfig(time="02:00:00"))
    launcher, _, shared = name.partition("-")
    return launcher_for("gpu01", host_config(launcher)).script(task(MEMBERS if shared else ()))


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


def host_scripts() -> Iterator[tuple[str, str]]:
    """Yield every whole script that a host gets, after what it does."""
    needs = [find_engine(name).needs for name in engine_names()]
    host = LocalHost("gpu01", Path(FOLDER.parent.parent))
    configs = {name: host_config(name) for name in PLAIN}
    yield from ((f"run.sh of {name}", script(name)) for name in NAMES)
    for name, config in configs.items():
        yield f"survey for {name}", survey_script(config, needs)
        yield f"storage for {name}", listing_script(host, config)
        yield f"remove for {name}", removal_script(host, config, [f"job {FOLDER.name}"])
    yield "stage", stage_script(task(), {f"1f/{'1f' * 32}": 7})
    docker, slurm = DockerLauncher(configs["docker"], "cosmos:1"), SlurmLauncher(configs["slurm"])
    for name, ready in (("process", ""), ("docker", docker.ready_part())):
        yield f"ready for {name}", detached.ready_script(task(), script_part("common/ready") + ready)
    yield "ready for slurm", detached.ready_script(task(), script_part("slurm/ready"))
    yield "start", detached.start_script(task())
    yield "submit", slurm.submit_script(task())
    yield "submit an array", slurm.submit_array_script([task(), task()])
    yield "array", slurm.array_script([task(), task()])
    yield "cancel for process", detached.cancel_script(task().site)
    yield "cancel for docker", detached.cancel_script(task().site, docker.sweep_part(FOLDER.name))
    yield "cancel for slurm", slurm.cancel_script(task().site)
    yield "poll", poll_script(FOLDER.parent.parent, [FOLDER.name], parts=poll_parts(["slurm"]))
    yield "health", health_script(FOLDER.parent.parent)


def test_every_part_is_in_a_script_that_is_checked():
    checked = "".join(text for _, text in host_scripts())
    folder = resources.files(launchers) / "scripts"
    names = [
        f"{kind.name}/{each.name.removesuffix('.sh')}"
        for kind in folder.iterdir()
        if kind.is_dir()
        for each in kind.iterdir()
    ]
    assert len(names) > 25
    # The entry of a container is one word of the script that starts it.
    assert [name for name in names if script_part(name) not in checked] == ["docker/container_entry"]


@pytest.mark.shellcheck
@pytest.mark.parametrize(
    "text",
    [
        *(pytest.param(text, id=purpose) for purpose, text in host_scripts()),
        pytest.param(script_part("docker/container_entry"), id="entry of a container"),
    ],
)
def test_shellcheck_finds_nothing(text: str):
    assert complaints(text) == ""
