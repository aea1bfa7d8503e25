"""``doctor --host``: what launchers need there: a real Docker Engine, and Slurm by what its programs print."""

from __future__ import annotations

import pytest

from support.jobs.doctor_project import Clinic
from support.servers.dockerd import DockerEngine
from support.servers.host_programs import write_shell

IMAGE = "cosmos-transfer1:doctor"

SINFO = """\
case "$*" in
*"--partition gpu") echo "gpu up 4 idle gpu:h100:8" ;;
*"--partition old") echo "old down 2 down* (null)" ;;
esac"""

sshd = pytest.mark.sshd


@sshd
@pytest.mark.docker
def test_the_image_is_found_in_a_real_engine_or_named_with_what_to_do(
    clinic: Clinic, docker_engine: DockerEngine
) -> None:
    docker_engine.import_image({}, IMAGE)
    docker = {"launcher": "docker", "env": {"DOCKER_HOST": docker_engine.address}}
    clinic.configure("preview", image=IMAGE, **docker)
    code, checks = clinic.host_checks()
    assert code == 0
    assert checks["docker"]["seen"].startswith("Docker Engine ")
    assert checks["image"]["seen"].startswith(f"{IMAGE} for linux/")
    clinic.configure("preview", image="cosmos-transfer1:absent", **docker)
    code, checks = clinic.host_checks()
    assert (code, checks["image"]["verdict"]) == (1, "fail")
    assert "No such image: cosmos-transfer1:absent" in checks["image"]["seen"]
    assert "docker pull" in checks["image"]["action"]


@sshd
@pytest.mark.docker
def test_an_engine_without_nvidia_runtime_is_told_where_jobs_need_gpus(
    clinic: Clinic, docker_engine: DockerEngine
) -> None:
    docker_engine.import_image({}, IMAGE)
    clinic.with_gpu()
    docker = {"launcher": "docker", "image": IMAGE, "env": {"DOCKER_HOST": docker_engine.address}, "gpus": [0]}
    clinic.configure(engine_path=str(clinic.engine_path), **docker)
    code, checks = clinic.host_checks()
    assert (code, checks["docker"]["verdict"]) == (0, "warn")
    assert "Container Toolkit" in checks["docker"]["action"]
    write_shell(clinic.programs, "nvidia-container-runtime-hook", "exit 0")
    assert clinic.host_checks()[1]["docker"]["verdict"] == "pass"


@sshd
def test_an_engine_that_does_not_run_is_told_in_its_own_words(clinic: Clinic) -> None:
    said = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
    write_shell(clinic.programs, "docker", f'echo "{said}" >&2; exit 1')
    clinic.configure("preview", launcher="docker", image=IMAGE)
    code, checks = clinic.host_checks()
    assert (code, checks["docker"]["verdict"], checks["docker"]["seen"]) == (1, "fail", said)
    assert "image" not in checks


@sshd
def test_a_login_node_of_slurm_tells_its_partition(clinic: Clinic) -> None:
    write_shell(clinic.programs, "sbatch", "echo slurm-wlm 23.11.4")
    write_shell(clinic.programs, "sinfo", SINFO)
    clinic.configure("preview", launcher="slurm", partition="gpu")
    checks = clinic.host_checks()[1]
    assert checks["slurm"]["seen"] == "slurm-wlm 23.11.4"
    assert (checks["partition"]["verdict"], checks["partition"]["seen"]) == ("pass", "gpu up 4 idle gpu:h100:8")
    assert checks["gpus"]["verdict"] == "pass"
    clinic.configure("preview", launcher="slurm", partition="gpus")
    checks = clinic.host_checks()[1]
    assert (checks["partition"]["verdict"], checks["partition"]["seen"]) == ("fail", "there is no partition 'gpus'")
    clinic.configure("preview", launcher="slurm", partition="old")
    assert clinic.host_checks()[1]["partition"]["seen"] == "not up: old down 2 down* (null)"


@sshd
def test_a_host_without_slurm_is_told_to_be_none_of_its_login_nodes(clinic: Clinic) -> None:
    clinic.configure("preview", launcher="slurm")
    write_shell(clinic.programs, "sbatch", 'echo "sbatch: error: resolve_ctls_from_dns_srv failed" >&2; exit 1')
    checks = clinic.host_checks()[1]
    assert (checks["slurm"]["verdict"], "partition" in checks) == ("fail", False)
    assert "resolve_ctls" in checks["slurm"]["seen"]
