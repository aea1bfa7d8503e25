from __future__ import annotations

import hashlib
import json
import shutil
import time
from dataclasses import replace as replace_task
from pathlib import Path, PurePosixPath
from uuid import uuid4

import pytest
from msgspec.structs import replace

from cosmos_houdini.errors import BadInput, HostError, JobError
from cosmos_houdini.hosts import Host, open_host
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.jobs.store.provenance import parse_provenance, provenance_script
from cosmos_houdini.launchers import launcher_for, shared_process
from cosmos_houdini.launchers.docker import DockerSettings
from cosmos_houdini.launchers.job_folder import HostJobState
from cosmos_houdini.launchers.staging import stage
from cosmos_houdini.launchers.storage import find_stored_items, remove
from support.jobs.containers import IMAGE, container_of, containers, kill_script, running, until_true
from support.jobs.launched_tasks import (
    LIVELY,
    STALLS_SOON_MIN,
    begin,
    ended,
    observe,
    path,
    take_away,
    task,
    until,
)
from support.servers.dockerd import DockerEngine

pytestmark = pytest.mark.docker

NASTY = "a 'quoted' \"prompt\"\nwith $(touch stolen) `id`; touch stolen\t\\ \\n %s größe 映画 \r end\n"
PRINT = ("sh", "-c", 'printf "%s\\0" "$MINE" "$@"', "x")


@pytest.mark.parametrize("folder", ["plain", 'it\'s, "quoted" größe'])
def test_arguments_and_environment_arrive_byte_for_byte(tmp_path: Path, config: HostConfig, folder: str) -> None:
    (tmp_path / folder).mkdir()
    host = open_host("box", config, project=tmp_path / folder)
    new = begin(host, config, task(host, (*PRINT, NASTY, "", "-n"), env={"MINE": NASTY}, config=config))
    seen = ended(host, new.site)
    assert (seen.exit_code, seen.stderr_tail) == (0, "")
    assert seen.stdout_tail.split("\0")[:-1] == [NASTY, NASTY, "", "-n"]


def test_inputs_are_read_and_outputs_written_under_the_hosts_own_paths(
    host: Host, config: HostConfig, tmp_path: Path, image: DockerEngine
) -> None:
    engine_path = tmp_path / "engine"
    engine_path.mkdir()
    (engine_path / "model").write_text("model ")
    (tmp_path / "clip").write_text("clip ")
    config = replace(config, engine_path=str(engine_path))
    argv = (
        "sh",
        "-c",
        'cat model "$1/in/clip" "$1/in/spec.json" > "$1/out/result" && ! cp /dev/null "$1/in/clip"',
        "x",
    )
    folder = str(host.root / "jobs/job")
    new = task(
        host,
        (*argv, folder),
        config=config,
        inputs={"in/clip": tmp_path / "clip"},
        files={"in/spec.json": "{}"},
        cwd=PurePosixPath(engine_path),
    )
    seen = ended(host, begin(host, config, new).site)
    assert seen.exit_code == 0, seen
    assert (path(new.site) / "out/result").read_text() == "model clip {}"
    until_true(lambda: not containers(image, "--all"))


def test_the_image_that_ran_is_told_by_the_hash_of_its_content(
    host: Host, config: HostConfig, image: DockerEngine
) -> None:
    new = begin(host, config, task(host, ("true",), config=config))
    ended(host, new.site)
    told = parse_provenance(host.run(provenance_script(new.site.folder)).stdout)
    assert told.image == IMAGE
    assert told.image_id == image.docker("image", "inspect", "--format", "{{.Id}}", told.image).strip()
    assert told.image_id.startswith("sha256:")


@pytest.mark.parametrize("code", [0, 1, 42, 127])
def test_the_exit_code_is_the_programs_own_and_the_container_is_removed(
    host: Host, config: HostConfig, image: DockerEngine, code: int
) -> None:
    new = begin(host, config, task(host, ("sh", "-c", f"echo out; echo err >&2; exit {code}"), config=config))
    seen = ended(host, new.site)
    assert (seen.exit_code, seen.stdout_tail, seen.oom_killed) == (code, "out\n", False)
    assert seen.stderr_tail == "err\n"
    until_true(lambda: not containers(image, "--all"))


def test_a_progress_bar_is_seen_while_it_moves(host: Host, config: HostConfig) -> None:
    new = begin(host, config, task(host, ("sh", "-c", "printf '10%%\\r20%%\\r'; sleep 300"), config=config))
    assert until(host, new.site, lambda seen: seen.stdout_bytes == 8).stdout_tail == "10%\r20%\r"


def test_a_memory_limit_shows_as_oom(host: Host, config: HostConfig, image: DockerEngine) -> None:
    greedy = "until [ -e out/go ]; do sleep 0.1; done; exec tail -c 200m /dev/zero"
    new = begin(host, config, task(host, ("sh", "-c", greedy), config=config))
    until_true(lambda: containers(image))
    image.docker("update", "--memory", "32m", "--memory-swap", "32m", container_of(image, new))
    (path(new.site) / "out/go").touch()
    seen = ended(host, new.site)
    assert (seen.state, seen.exit_code, seen.oom_killed) == (HostJobState.ENDED, 137, True)


def test_secrets_reach_the_container_and_no_file_or_script(host: Host, config: HostConfig) -> None:
    mark = uuid4().hex  # no other test that runs at the same time has it among the arguments of a process
    value = f"{mark} '\"$(x)` \\ größe="
    argv = ("sh", "-c", 'printf "%s" "$TOKEN" | sha256sum; until [ -e out/go ]; do sleep 0.1; done')
    new = begin(host, config, task(host, argv, config=config, secrets={"TOKEN": value}))
    until(host, new.site, lambda seen: seen.stdout_bytes > 0)
    assert not (path(new.site) / "secrets").exists()
    arguments = Path("/proc").glob("[0-9]*/cmdline")
    assert not [p for p in arguments if mark.encode() in _bytes(p)]
    (path(new.site) / "out/go").touch()
    assert ended(host, new.site).stdout_tail.split()[0] == hashlib.sha256(value.encode()).hexdigest()
    assert not [p for p in path(new.site).rglob("*") if p.is_file() and mark.encode() in p.read_bytes()]


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


def test_the_docker_clients_own_variables_do_not_reach_the_job(host: Host, config: HostConfig) -> None:
    config = replace(config, env={**config.env, "MINE": "yes"})
    new = begin(host, config, task(host, ("env",), config=config))
    told = ended(host, new.site).stdout_tail
    assert "MINE=yes" in told
    assert "DOCKER_HOST" not in told


def test_cancel_stops_its_own_container_only(host: Host, config: HostConfig, image: DockerEngine) -> None:
    one, other = running(host, config, "one"), running(host, config, "other")
    image.docker("run", "--detach", "--name", "stranger", IMAGE, "sleep", "300")
    until_true(lambda: len(containers(image)) == 3)
    launcher_for("box", config).cancel(host, one.site, "one")
    seen = observe(host, one.site, other.site)
    assert (seen["one"].state, seen["one"].exit_code, seen["one"].cancelled) == (HostJobState.ENDED, 143, True)
    assert seen["other"].state is HostJobState.RUNNING
    assert sorted(containers(image, "--all")) == sorted([container_of(image, other), "stranger"])


def test_a_container_outlives_its_killed_script_and_is_taken_up(
    host: Host, config: HostConfig, image: DockerEngine
) -> None:
    new = running(host, config, "job", "sh", "-c", "echo up; until [ -e out/go ]; do sleep 0.1; done; exit 7")
    kill_script(new)
    assert observe(host, new.site)["job"].state is HostJobState.RUNNING
    (path(new.site) / "out/go").touch()
    seen = ended(host, new.site)
    assert (seen.state, seen.exit_code) == (HostJobState.ENDED, 7)
    assert seen.run_s is not None
    until_true(lambda: not containers(image, "--all"))


def test_a_container_whose_script_was_killed_can_be_cancelled(
    host: Host, config: HostConfig, image: DockerEngine
) -> None:
    new = running(host, config, "job")
    until_true(lambda: containers(image))
    kill_script(new)
    launcher_for("box", config).cancel(host, new.site, "job")
    seen = observe(host, new.site)["job"]
    assert (seen.state, seen.cancelled) == (HostJobState.ENDED, True)
    assert not containers(image, "--all")


def test_a_cancel_that_cannot_reach_the_docker_engine_says_so(
    host: Host, config: HostConfig, image: DockerEngine
) -> None:
    new = running(host, config, "job")
    until_true(lambda: containers(image))
    kill_script(new)
    deaf = replace(config, env={"DOCKER_HOST": "unix:///nowhere.sock"})
    with pytest.raises(JobError, match=r"cannot be stopped: .*nowhere"):
        launcher_for("box", deaf).cancel(host, new.site, "job")
    assert observe(host, new.site)["job"].state is HostJobState.RUNNING


def test_a_container_removed_by_someone_else_is_a_named_failure(
    host: Host, config: HostConfig, image: DockerEngine
) -> None:
    new = running(host, config, "job")
    until_true(lambda: containers(image))
    image.docker("rm", "--force", container_of(image, new))
    seen = ended(host, new.site)
    assert (seen.state, seen.exit_code, seen.stopped) == (HostJobState.ENDED, 137, "lost")
    assert "removed" in seen.stderr_tail


def test_a_container_whose_jobs_folder_was_removed_is_removed_too(
    host: Host, config: HostConfig, image: DockerEngine
) -> None:
    config = replace(config, stalled_after_min=STALLS_SOON_MIN)
    new = begin(host, config, task(host, LIVELY, config=config))
    until(host, new.site, lambda seen: seen.stdout_tail.startswith("up"))
    take_away(new.site)
    until_true(lambda: not containers(image, "--all"))


def test_script_and_container_both_gone_is_vanished(host: Host, config: HostConfig, image: DockerEngine) -> None:
    new = running(host, config, "job")
    until_true(lambda: containers(image))
    kill_script(new)
    image.docker("rm", "--force", container_of(image, new))
    assert ended(host, new.site).state is HostJobState.VANISHED


def test_the_chosen_gpus_are_asked_for(host: Host, config: HostConfig, image: DockerEngine) -> None:
    config = replace(config, gpus=(2, 5))
    new = begin(host, config, task(host, ("true",), config=config, num_gpu=2))
    seen = ended(host, new.site)
    # This Docker Engine has no NVIDIA runtime, and says so only when it understood the option.
    assert seen.exit_code == 125
    assert "capabilities: [[gpu]]" in seen.stderr_tail
    until_true(lambda: not containers(image, "--all"))


def test_a_gpu_stays_taken_while_the_container_of_a_killed_script_runs(
    host: Host, config: HostConfig, image: DockerEngine
) -> None:
    config = replace(config, gpus=(2,))
    image.docker("run", "--detach", "--label", "cosmos-houdini.gpu2", "--name", "orphan", IMAGE, "sleep", "300")
    new = begin(host, config, task(host, ("true",), config=config, num_gpu=1))
    time.sleep(1.5)
    assert observe(host, new.site)["job"].state is HostJobState.PENDING
    image.docker("rm", "--force", "orphan")
    assert ended(host, new.site).exit_code == 125


def test_a_missing_image_and_a_missing_engine_are_told_before_anything_starts(host: Host, config: HostConfig) -> None:
    for update, message in (
        ({"extra": (DockerSettings(image="nowhere:1"),)}, "no image nowhere:1"),
        ({"env": {"DOCKER_HOST": "unix:///nowhere.sock"}}, "Cannot connect"),
    ):
        wrong = replace(config, **update)
        new = task(host, ("true",), config=wrong)
        stage(host, new, {})
        with pytest.raises(JobError, match=message):
            launcher_for("box", wrong).start(host, new)
        assert observe(host, new.site)["job"].state is HostJobState.STAGED


def test_a_second_start_does_nothing(host: Host, config: HostConfig) -> None:
    new = begin(host, config, task(host, ("sh", "-c", "echo ran >> out/runs"), config=config))
    ended(host, new.site)
    launcher_for("box", config).start(host, new)
    assert json.loads((path(new.site) / "request.json").read_text()) == {"name": "job"}
    assert (path(new.site) / "out/runs").read_text() == "ran\n"


def test_a_host_without_image_or_with_an_unknown_launcher_is_refused() -> None:
    with pytest.raises(BadInput, match=r"hosts\.gpu01\.image|'gpu01'"):
        launcher_for("gpu01", HostConfig(launcher="docker"))
    with pytest.raises(BadInput, match=r"did you mean 'docker'\?"):
        launcher_for("gpu01", HostConfig(launcher="dokcer"))


def test_a_container_whose_job_is_gone_is_found_and_removed_and_no_other(
    host: Host, config: HostConfig, image: DockerEngine
) -> None:
    orphan, living = running(host, config, "orphan-0123456789"), running(host, config, "living-0123456789")
    until_true(lambda: len(containers(image)) == 2)
    kill_script(orphan)
    shutil.rmtree(path(orphan.site))
    label = "cosmos-houdini.folder=/elsewhere/jobs/theirs-0123456789"
    image.docker("run", "--name", "stranger", IMAGE, "true")
    image.docker("run", "--name", "theirs", "--label", label, IMAGE, "true")
    assert find_stored_items(host, config).containers == {}
    image.docker("stop", "-t", "0", container_of(image, orphan))
    found = find_stored_items(host, config).containers
    assert list(found.values()) == [orphan.site.folder.name]
    assert remove(host, config, found) == frozenset(found)
    assert sorted(containers(image, "--all")) == sorted(["stranger", "theirs", container_of(image, living)])


def test_a_docker_engine_that_is_out_of_reach_is_said_to_be(host: Host, config: HostConfig) -> None:
    deaf = replace(config, env={"DOCKER_HOST": "unix:///nowhere.sock"})
    host.run("echo 1 >id")  # as a root has it that ever had a container
    with pytest.raises(HostError, match=r"cannot tell what lies in .*nowhere"):
        find_stored_items(host, deaf)


def test_a_container_that_serves_several_jobs_writes_into_the_folder_of_each(
    host: Host, config: HostConfig, image: DockerEngine
) -> None:
    jobs = [task(host, ("false",), job_id=name, config=config) for name in ("a-0000000001", "b-0000000002")]
    for job in jobs:
        assert stage(host, job, {"name": job.job_id})
    site = shared_process.process_site(jobs[0].site)
    serve = (
        'for job in "$@"; do echo "at ${job##*/}"; until [ -e "$job/out/go" ]; do sleep 0.1; done;'
        ' id -u >"$job/out/made"; done'
    )
    process = replace_task(
        task(host, ("sh", "-c", serve, "x", *(str(job.site.folder) for job in jobs)), config=config),
        job_id=site.folder.name,
        site=site,
        members=tuple(job.site.folder for job in jobs),
    )
    begins = [f"at {job.job_id}" for job in jobs]
    shared_process.start(launcher_for(host.name, config), host, config, process, begins=begins, links={})
    until(host, jobs[0].site, lambda seen: seen.stdout_tail == "at a-0000000001\n")
    assert observe(host, jobs[1].site)["b-0000000002"].state is HostJobState.PENDING
    (path(jobs[0].site) / "out/go").touch()
    until(host, jobs[1].site, lambda seen: seen.stdout_tail == "at b-0000000002\n")
    assert ended(host, jobs[0].site).exit_code == 0
    kill_script(process)
    seen = ended(host, jobs[1].site)
    assert (seen.stopped, seen.exit_code != 0) == ("lost", True)
    until_true(lambda: not containers(image, "--all"))
    told = parse_provenance(host.run(provenance_script(jobs[1].site.folder)).stdout)
    assert told.image == IMAGE
