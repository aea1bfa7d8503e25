"""A container is a fence: its program reaches no script, no capability, no stored token and no container of others.

Sweeping: whatever a killed script leaves is gone after the next poll, also one for other jobs.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace as replace_task
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from cosmos_houdini.hosts import Host, open_host
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.launchers import Task, launcher_for, shared_process
from cosmos_houdini.launchers.job_folder import HostJobState
from cosmos_houdini.launchers.staging import stage
from cosmos_houdini.launchers.storage import find_stored_items
from support.jobs.containers import IMAGE, container_of, containers, kill_script, running, until_true
from support.jobs.launched_tasks import begin, ended, observe, path, task, until
from support.programs import need_program
from support.servers.dockerd import DockerEngine
from support.servers.host_programs import write_shell

pytestmark = pytest.mark.docker

WAIT = "echo up; until [ -e out/go ]; do sleep 0.1; done"


def inspected(engine: DockerEngine, new: Task) -> dict[str, Any]:
    (found,) = json.loads(engine.docker("container", "inspect", container_of(engine, new)))
    return dict(found)


def labels_of(new: Task) -> list[str]:
    """Return options of docker for a container that carries the labels of a task's own one."""
    root_id = path(new.site).parent.parent.joinpath("id").read_text().strip()
    labels = {"root": root_id, "folder": new.site.folder, "job": new.job_id}
    return [part for name, value in labels.items() for part in ("--label", f"cosmos-houdini.{name}={value}")]


def test_a_container_has_no_rights_and_writes_to_outputs_logs_and_home_alone(
    host: Host, config: HostConfig, image: DockerEngine, tmp_path: Path
) -> None:
    (tmp_path / "engine/checkpoints").mkdir(parents=True)
    (tmp_path / "clip").write_text("clip")
    config = replace(config, engine_path=str(tmp_path / "engine"))
    new = task(host, ("sh", "-c", f"{WAIT}"), config=config, inputs={"in/clip": tmp_path / "clip"})
    begin(host, config, new)
    until(host, new.site, lambda seen: seen.stdout_tail == "up\n")
    seen = inspected(image, new)
    folder = path(new.site)
    writable = {folder / "out", folder / "stdout.log", folder / "stderr.log", folder / "home"}
    assert {Path(each["Source"]) for each in seen["Mounts"] if each["RW"]} == writable | {
        tmp_path / "engine/checkpoints"
    }
    assert {Path(each["Source"]) for each in seen["Mounts"] if not each["RW"]} == {
        *(folder / "in", folder.parent.parent / "objects", tmp_path / "engine")
    }
    limits = seen["HostConfig"]
    assert limits["CapDrop"] == ["ALL"]
    assert not limits["CapAdd"]
    assert not limits["Privileged"]
    assert limits["SecurityOpt"] == ["no-new-privileges"]
    assert 0 < limits["PidsLimit"] <= 8192
    assert limits["IpcMode"] != "host"
    assert seen["Config"]["User"] == f"{os.getuid()}:{os.getgid()}"
    (folder / "out/go").touch()
    assert ended(host, new.site).exit_code == 0


TRIES = """
for file in run.sh request.json in/clip in/new ../../objects/new ../other stdout.log/x "$1/code.py" "$1/new"; do
    { echo 'touch escaped' >"$file"; } 2>/dev/null && echo "wrote $file"
done
ln -s /etc in/link 2>/dev/null && echo linked
rm -f run.sh 2>/dev/null; mv in moved 2>/dev/null && echo moved
: >"$1/checkpoints/weights" && : >out/result && : >"$HOME/.cache" && echo fine
grep CapBnd /proc/self/status
"""


def test_a_program_in_a_container_changes_nothing_that_runs_on_the_host(
    host: Host, config: HostConfig, tmp_path: Path
) -> None:
    engine = tmp_path / "engine"
    (engine / "checkpoints").mkdir(parents=True)
    (engine / "code.py").write_text("code")
    (tmp_path / "clip").write_text("clip")
    config = replace(config, engine_path=str(engine))
    argv = ("sh", "-c", f"{TRIES}{WAIT}", "x", str(engine))
    new = begin(host, config, task(host, argv, config=config, inputs={"in/clip": tmp_path / "clip"}))
    until(host, new.site, lambda seen: seen.stdout_tail.endswith("up\n"))
    text = (path(new.site) / "run.sh").read_text()
    kill_script(new)
    assert observe(host, new.site)["job"].state is HostJobState.RUNNING
    (path(new.site) / "out/go").touch()
    seen = ended(host, new.site)
    # A file of that name in the container's own layer is no file of the host; it goes with the container.
    harmless = {"wrote run.sh", "wrote request.json", "wrote ../other"}
    said = {*seen.stdout_tail.splitlines()}
    assert said - harmless == {"fine", "CapBnd:\t0000000000000000", "up"}
    assert (path(new.site) / "run.sh").read_text() == text
    assert (path(new.site) / "in/clip").read_text() == "clip"
    assert (engine / "code.py").read_text() == "code"
    assert not [each for each in tmp_path.rglob("*") if each.name in {"escaped", "new", "other", "link", "moved"}]


def test_a_secret_stands_in_no_place_of_the_docker_engine(host: Host, config: HostConfig, image: DockerEngine) -> None:
    value = "hf_only-in-the-memory"
    new = begin(
        host, config, task(host, ("sh", "-c", f'[ "$TOKEN" ] && {WAIT}'), config=config, secrets={"TOKEN": value})
    )
    with pytest.raises(FileNotFoundError):
        (path(new.site) / "secrets").stat()
    until(host, new.site, lambda seen: seen.stdout_tail.endswith("up\n"))
    assert value not in image.docker("container", "inspect", container_of(image, new))
    engine_files = Path(image.address.removeprefix("unix://")).parent / "data/containers"
    assert any(engine_files.rglob("config.v2.json"))
    for place in (engine_files, path(new.site)):
        assert not [file for file in place.rglob("*") if file.is_file() and value.encode() in file.read_bytes()]
    assert not (path(new.site) / "home/secrets").exists()
    (path(new.site) / "out/go").touch()
    assert ended(host, new.site).exit_code == 0


def test_containers_of_others_with_the_jobs_labels_or_name_are_left_alone(
    host: Host, config: HostConfig, image: DockerEngine
) -> None:
    """Another machine has a root of the same path and the same Docker Engine; its job has the same folder."""
    first = begin(host, config, task(host, ("true",), job_id="first", config=config))
    ended(host, first.site)
    theirs = {}
    for name in ("job", "cancelled"):
        labels = {"root": "0" * 32, "folder": first.site.folder.with_name(name), "job": name}
        options = [part for key, value in labels.items() for part in ("--label", f"cosmos-houdini.{key}={value}")]
        theirs[name] = image.docker("run", "--detach", *options, IMAGE, "sleep", "300").strip()
    mine = path(first.site).parent.parent.joinpath("id").read_text()[:8]
    theirs["named"] = image.docker("run", "--detach", "--name", f"cosmos-named-{mine}", IMAGE, "sleep", "300").strip()
    assert ended(host, running(host, config, "job", "sh", "-c", "echo up; sleep 1").site).exit_code == 0
    named = begin(host, config, task(host, ("true",), job_id="named", config=config))
    seen = ended(host, named.site)
    assert seen.exit_code == 125
    assert "already in use" in seen.stderr_tail
    cancelled = running(host, config, "cancelled", "sh", "-c", "echo up; sleep 300")
    kill_script(cancelled)
    launcher_for("box", config).cancel(host, cancelled.site, "cancelled")
    assert set(image.docker("ps", "--quiet", "--no-trunc").split()) == set(theirs.values())
    image.docker("stop", "-t", "0", *theirs.values())
    assert find_stored_items(host, config).containers == {}
    assert set(image.docker("ps", "--all", "--quiet", "--no-trunc").split()) == set(theirs.values())


@pytest.fixture
def other(host: Host, config: HostConfig) -> Task:
    """Return a job of somebody else, for which the next poll asks."""
    new = task(host, ("true",), job_id="other", config=config)
    stage(host, new, {"name": "other"})
    return new


def test_a_container_that_ended_without_its_script_is_swept_by_a_poll_for_another_job(
    host: Host, config: HostConfig, image: DockerEngine, other: Task
) -> None:
    new = running(host, config, "job", "sh", "-c", f"{WAIT}; exit 7")
    kill_script(new)
    observe(host, other.site)
    assert len(containers(image)) == 1
    (path(new.site) / "out/go").touch()
    until_true(lambda: not containers(image))
    observe(host, other.site)
    assert not containers(image, "--all")
    assert (path(new.site) / "exit_code").read_text() == "7\n"
    assert not (path(new.site) / "home").exists()


def test_a_job_of_another_machine_with_the_same_root_is_left_alone_while_its_heart_beats(
    host: Host, config: HostConfig, image: DockerEngine, other: Task
) -> None:
    """Its processes are not among those of this machine, and its container is not on this machine's Docker Engine."""
    new = running(host, config, "job", "sh", "-c", WAIT)
    kill_script(new)
    image.docker("rm", "--force", container_of(image, new))
    folder = path(new.site)
    (folder / "secrets").write_text("TOKEN=hf_x\n")
    (folder / "started/machine").write_text("another\n")
    (folder / "heartbeat").touch()
    observe(host, other.site)
    assert observe(host, new.site)["job"].state is HostJobState.RUNNING
    assert (folder / "home").exists()
    assert (folder / "secrets").exists()
    os.utime(folder / "heartbeat", (0, 0))
    observe(host, other.site)
    assert not (folder / "home").exists()
    assert not (folder / "secrets").exists()


def test_a_container_that_was_made_and_never_started_is_swept_and_its_job_vanished(
    host: Host, config: HostConfig, image: DockerEngine, other: Task
) -> None:
    new = running(host, config, "job")
    until_true(lambda: containers(image))
    kill_script(new)
    image.docker("rm", "--force", container_of(image, new))
    image.docker("create", *labels_of(new), IMAGE, "true")
    (path(new.site) / "home/secrets").write_text("TOKEN=hf_left\n")
    observe(host, other.site)
    assert not containers(image, "--all")
    assert not (path(new.site) / "home").exists()
    assert observe(host, new.site)["job"].state is HostJobState.VANISHED


def test_a_container_whose_script_died_after_its_last_word_is_swept(
    host: Host, config: HostConfig, image: DockerEngine, other: Task
) -> None:
    new = begin(host, config, task(host, ("true",), config=config))
    ended(host, new.site)
    until_true(lambda: not (path(new.site) / "container").exists())
    image.docker("run", *labels_of(new), IMAGE, "false", check=False)
    (path(new.site) / "container").touch()
    observe(host, other.site)
    assert not containers(image, "--all")
    assert (path(new.site) / "exit_code").read_text() == "0\n"


def test_secrets_that_a_dead_script_has_not_read_are_swept(host: Host, config: HostConfig, other: Task) -> None:
    new = begin(host, config, task(host, ("true",), config=config))
    ended(host, new.site)
    left = path(new.site) / "secrets"
    left.write_text("TOKEN=hf_left\n")
    waiting = path(other.site) / "secrets"
    waiting.write_text("TOKEN=hf_to-come\n")
    until_true(lambda: observe(host, other.site) and not left.exists())
    assert waiting.exists()
    os.utime(waiting, (0, 0))
    observe(host, other.site)
    assert not waiting.exists()


def test_a_shared_container_without_any_script_is_ended(
    host: Host, config: HostConfig, image: DockerEngine, other: Task
) -> None:
    job = task(host, ("false",), job_id="a-0000000001", config=config)
    stage(host, job, {"name": job.job_id})
    site = shared_process.process_site(job.site)
    program = task(host, ("sh", "-c", "echo at a-0000000001; sleep 300"), config=config)
    process = replace_task(program, job_id=site.folder.name, site=site, members=(job.site.folder,))
    shared_process.start(launcher_for("box", config), host, config, process, begins=["at a-0000000001"], links={})
    until(host, job.site, lambda seen: bool(seen.stdout_tail))
    kill_script(process)
    kill_script(job)
    observe(host, other.site)
    assert not containers(image, "--all")
    assert (path(site) / "exit_code").exists()


@pytest.fixture
def users_root() -> Iterator[Path]:
    """Return a folder that every user may enter, which those of pytest are not."""
    folder = Path(tempfile.mkdtemp(prefix="root", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


NOBODY = 65534


def test_the_program_has_the_hosts_user_and_a_home_that_works(
    config: HostConfig, image: DockerEngine, users_root: Path
) -> None:
    host = open_host("box", replace(config, root=str(users_root)), project=users_root)
    program = 'id -u; id -G; cd && pwd && mkdir .cache && echo "$USER $TOKEN" >"$1"'
    result = f"{host.root}/jobs/job/out/made"
    new = task(host, ("sh", "-c", program, "x", result), config=config, secrets={"TOKEN": "hf_x"})
    stage(host, new, {"name": "job"})
    script = launcher_for("box", config).script(new)
    (path(new.site) / "run.sh").write_text(script)
    (path(new.site) / "secrets").write_text("TOKEN=hf_x\n")
    for place in (users_root, *users_root.rglob("*")):
        os.chown(place, NOBODY, NOBODY)
    Path(image.address.removeprefix("unix://")).chmod(0o666)
    Path(image.address.removeprefix("unix://")).parent.chmod(0o755)
    subprocess.run(["sh", str(path(new.site) / "run.sh")], user=NOBODY, group=NOBODY, extra_groups=[4242], check=True)
    assert (path(new.site) / "stdout.log").read_text().splitlines() == [
        *(str(NOBODY), f"{NOBODY} 4242", f"{new.site.folder}/home")
    ]
    made = path(new.site) / "out/made"
    assert made.read_text() == "cosmos hf_x\n"
    assert made.stat().st_uid == NOBODY
    assert not (path(new.site) / "home").exists()
    assert not containers(image, "--all")


def test_without_root_the_user_of_the_docker_engine_is_root_of_the_container(
    host: Host, config: HostConfig, image: DockerEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in answers as a Docker Engine without root does, for its numbers of users mean others on the host."""
    answer = f'[ "$1" != info ] || {{ echo "[name=seccomp name=rootless]"; exit; }}\nexec {need_program("docker")} "$@"'
    monkeypatch.setenv("PATH", str(write_shell(tmp_path / "bin", "docker", answer).parent), prepend=os.pathsep)
    new = running(host, config, "job", "sh", "-c", WAIT)
    seen = inspected(image, new)
    assert (seen["Config"]["User"], seen["HostConfig"]["GroupAdd"]) == ("0:0", None)
    assert seen["HostConfig"]["CapDrop"] == ["ALL"]
    (path(new.site) / "out/go").touch()
    assert ended(host, new.site).exit_code == 0
