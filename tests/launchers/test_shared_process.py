"""Several jobs that one process serves, with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cosmos_houdini.errors import BadInput
from cosmos_houdini.hosts import Host
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.launchers import Task, job_script, launcher_for, shared_process
from cosmos_houdini.launchers.job_folder import NOT_STARTED, HostJobState, Observation
from cosmos_houdini.launchers.shell import script_part
from cosmos_houdini.launchers.staging import stage
from cosmos_houdini.model.request import Invocation
from support.jobs.launched_tasks import GIVE_UP_S, begin, observe, path, task, until
from support.jobs.launched_tasks import ended as at_end
from support.programs import need_program

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="jobs run on POSIX hosts")

CONFIG = HostConfig()
NAMES = ("a-0000000001", "b-0000000002", "c-0000000003", "d-0000000004", "e-0000000005")

# Serves the folders "$@": each waits for its file 'go', and the file 'how' in it tells what is done then.
PROGRAM = r"""
echo loading; echo "load errors" >&2
number=0
for folder in "$@"; do
    number=$((number + 1))
    printf 'INFO [%s/%s] Processing sample %s\n' "$number" "$#" "${folder##*/}"
    echo "working on ${folder##*/}"
    echo "errors of ${folder##*/}" >&2
    until [ -e "$folder/go" ]; do sleep 0.05; done
    read -r how <"$folder/go"
    [ "$how" != die ] || { echo "CUDA out of memory." >&2; exit 3; }
    echo "Saved ${folder##*/}"
    echo made >"$folder/out/made"
done
"""


@pytest.fixture(params=["all programs", "busybox alone"])
def any_host(
    request: pytest.FixtureRequest, plain: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Host]:
    """Return this machine as a host, then as one that has nothing but busybox."""
    if request.param == "busybox alone":
        busybox = need_program("busybox")
        programs = tmp_path / "bin"
        programs.mkdir()
        for applet in subprocess.check_output([busybox, "--list"], text=True).split():
            (programs / applet).symlink_to(busybox)
        monkeypatch.setenv("PATH", str(programs))
    yield plain
    monkeypatch.undo()


def members(host: Host, names: Sequence[str] = NAMES) -> list[Task]:
    found = [task(host, ("false",), job_id=name) for name in names]
    for member in found:
        assert stage(host, member, {"name": member.job_id})
    return found


def start(
    host: Host, tasks: Sequence[Task], config: HostConfig = CONFIG, program: str = PROGRAM, num_gpu: int = 0
) -> Task:
    site = shared_process.process_site(tasks[0].site)
    folders = [str(one.site.folder) for one in tasks]
    process = Task(
        job_id=site.folder.name,
        site=site,
        invocation=Invocation(argv=("sh", "-c", program, "x", *folders), env={}, files={}, inputs={}, outputs=()),
        num_gpu=num_gpu,
        secrets={"TOKEN": "hidden"},
        members=tuple(one.site.folder for one in tasks),
    )
    count = len(tasks)
    begins = [f"[{n}/{count}] Processing sample {one.site.folder.name}" for n, one in enumerate(tasks, 1)]
    links = {"out/first.txt": tasks[0].site.outputs / "made"}
    shared_process.start(launcher_for(host.name, config), host, config, process, begins=begins, links=links)
    return process


def go(*tasks: Task, how: str = "well") -> None:
    for one in tasks:
        file = path(one.site) / "go"
        file.with_suffix(".new").write_text(f"{how}\n")
        file.with_suffix(".new").replace(file)


def ends(host: Host, *tasks: Task) -> list[Observation]:
    return [at_end(host, one.site) for one in tasks]


def host_states(host: Host, tasks: Sequence[Task]) -> list[str]:
    seen = observe(host, *(one.site for one in tasks))
    return [str(seen[one.site.folder.name].state) for one in tasks]


def pid_of(one: Task) -> int:
    return int((path(one.site) / "started/pid").read_text())


def is_alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and ") Z " not in stat.read_text()


def until_gone(pid: int) -> None:
    give_up = time.monotonic() + GIVE_UP_S
    while is_alive(pid):
        assert time.monotonic() < give_up
        time.sleep(0.05)


def change_part(monkeypatch: pytest.MonkeyPatch, name: str, old: str, new: str) -> None:
    """Let job scripts have another text in one of their parts, such as a pause where a race can happen."""
    changed = script_part(name).replace(old, new)
    assert changed != script_part(name)
    monkeypatch.setattr(job_script, "script_part", lambda part: changed if part == name else script_part(part))


def until_there(file: Path) -> None:
    give_up = time.monotonic() + GIVE_UP_S
    while not file.exists():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def test_each_gets_its_share_of_the_log_and_its_end_while_the_process_goes_on(any_host: Host) -> None:
    one, two, three = members(any_host, NAMES[:3])
    process = start(any_host, [one, two, three])
    until(any_host, one.site, lambda seen: "working" in seen.stdout_tail)
    assert host_states(any_host, [one, two, three]) == ["running", "pending", "pending"]
    seen = until(any_host, three.site, lambda seen: "turn" in seen.waits_for)
    assert seen.waits_for == "its turn, 2 before it in the same process"
    go(one)
    first = at_end(any_host, one.site)
    assert (first.exit_code, first.stopped, first.cancelled) == (0, "", False)
    assert first.stdout_tail == (
        "loading\nINFO [1/3] Processing sample a-0000000001\nworking on a-0000000001\nSaved a-0000000001\n"
    )
    assert "load errors\n" in first.stderr_tail
    assert (path(one.site) / "out/made").read_text() == "made\n"
    assert (path(process.site) / "out/first.txt").read_text() == "made\n"
    until(any_host, two.site, lambda seen: "working" in seen.stdout_tail)
    assert host_states(any_host, [one, two, three]) == ["ended", "running", "pending"]
    go(two, three)
    second, third = ends(any_host, two, three)
    assert [second.exit_code, third.exit_code] == [0, 0]
    assert second.stdout_tail.splitlines()[0] == "INFO [2/3] Processing sample b-0000000002"
    assert third.stdout_tail.splitlines()[-1] == "Saved c-0000000003"
    assert "errors of c" in third.stderr_tail
    assert not any((path(task.site) / "secrets").exists() for task in (one, two, three, process))
    assert at_end(any_host, process.site).exit_code == 0


def test_many_turns_within_one_look_are_told_apart(plain: Host) -> None:
    tasks = members(plain)
    go(*tasks)
    start(plain, tasks)
    for one, seen in zip(tasks, ends(plain, *tasks), strict=True):
        assert seen.exit_code == 0
        lines = seen.stdout_tail.splitlines()[-3:]
        assert [line.split()[-1] for line in lines] == [one.site.folder.name] * 3
        assert seen.stdout_tail.count("Saved") == 1
        assert f"errors of {one.site.folder.name}" in seen.stderr_tail or one is not tasks[-1]
    assert "errors of e" not in ends(plain, tasks[0])[0].stderr_tail


def test_the_one_that_was_made_when_the_process_died_has_its_exit_code_and_no_other(
    any_host: Host,
) -> None:
    tasks = members(any_host)
    go(*tasks[:2])
    start(any_host, tasks)
    go(tasks[2], how="die")
    seen = ends(any_host, *tasks)
    assert [(one.exit_code, one.stopped) for one in seen] == [
        (0, ""),
        (0, ""),
        (3, ""),
        (143, NOT_STARTED),
        (143, NOT_STARTED),
    ]
    assert "CUDA out of memory." in seen[2].stderr_tail
    assert "CUDA" not in seen[3].stderr_tail


def test_a_process_that_cannot_start_is_the_failure_of_the_first_alone(plain: Host) -> None:
    tasks = members(plain, NAMES[:2])
    start(plain, tasks, program="echo no such module >&2; exit 5")
    first, second = ends(plain, *tasks)
    assert (first.exit_code, first.stopped, first.stderr_tail) == (5, "", "no such module\n")
    assert second.stopped == NOT_STARTED


def test_cancelling_the_one_that_is_made_ends_the_process(any_host: Host) -> None:
    tasks = members(any_host, NAMES[:3])
    process = start(any_host, tasks)
    until(any_host, tasks[0].site, lambda seen: "working" in seen.stdout_tail)
    launcher_for("here", CONFIG).cancel(any_host, tasks[0].site, tasks[0].job_id)
    assert (path(process.site) / "exit_code").exists()
    first, second, third = ends(any_host, *tasks)
    assert first.cancelled
    assert (second.stopped, third.stopped) == (NOT_STARTED, NOT_STARTED)
    assert not is_alive(pid_of(process))


def test_one_that_was_cancelled_before_its_turn_is_never_made(plain: Host) -> None:
    tasks = members(plain, NAMES[:3])
    process = start(plain, tasks)
    until(plain, tasks[0].site, lambda seen: "working" in seen.stdout_tail)
    launcher_for("here", CONFIG).cancel(plain, tasks[1].site, tasks[1].job_id)
    assert at_end(plain, tasks[1].site).cancelled
    assert host_states(plain, tasks) == ["running", "ended", "pending"]
    go(tasks[0])
    first, _, third = ends(plain, *tasks)
    assert first.exit_code == 0
    assert third.stopped == NOT_STARTED
    assert at_end(plain, process.site).exit_code != 0
    assert not (path(tasks[1].site) / "out/made").exists()


def test_a_program_that_looks_leaves_out_the_one_that_was_cancelled_and_loses_no_load(plain: Host) -> None:
    looking = PROGRAM.replace("    printf 'INFO", '    [ ! -e "$folder/exit_code" ] || continue\n    printf \'INFO')
    tasks = members(plain, NAMES[:3])
    start(plain, tasks, program=looking)
    until(plain, tasks[0].site, lambda seen: "working" in seen.stdout_tail)
    launcher_for("here", CONFIG).cancel(plain, tasks[1].site, tasks[1].job_id)
    go(tasks[0], tasks[2])
    first, second, third = ends(plain, *tasks)
    assert (first.exit_code, second.cancelled, third.exit_code) == (0, True, 0)
    assert "Processing sample b" not in first.stdout_tail + third.stdout_tail


def test_one_that_is_taken_back_before_its_turn_was_not_begun(plain: Host) -> None:
    tasks = members(plain, NAMES[:3])
    start(plain, tasks)
    until(plain, tasks[0].site, lambda seen: "working" in seen.stdout_tail)
    for one in tasks:
        (path(one.site) / "withdrawn").touch()
    assert [one.stopped for one in ends(plain, *tasks[1:])] == [NOT_STARTED, NOT_STARTED]
    go(tasks[0])
    assert at_end(plain, tasks[0].site).exit_code == 0


@pytest.mark.parametrize("also_the_members", [False, True])
def test_a_process_whose_script_was_killed_is_ended_and_given_up(plain: Host, *, also_the_members: bool) -> None:
    tasks = members(plain, NAMES[:3])
    process = start(plain, tasks, program=f"echo $$ >&2; exec sleep 300 # {PROGRAM}")
    seen = until(plain, tasks[0].site, lambda seen: seen.stderr_tail.endswith("\n"))
    program = int(seen.stderr_tail)
    killed = [process, *tasks] if also_the_members else [process]
    # All at once: none is to see that another one is gone.
    for each in (signal.SIGSTOP, signal.SIGKILL):
        for one in killed:
            os.kill(pid_of(one), each)
    if also_the_members:
        first, second, third = ends(plain, *tasks)
        assert (first.state, first.stopped) == (HostJobState.VANISHED, "")
        assert (second.state, second.stopped, third.stopped) == (HostJobState.VANISHED, NOT_STARTED, NOT_STARTED)
        launcher_for("here", CONFIG).cancel(plain, tasks[0].site, tasks[0].job_id)
    else:
        first, second, third = ends(plain, *tasks)
        assert (first.exit_code, first.stopped) == (137, "lost")
        assert (second.stopped, third.stopped) == (NOT_STARTED, NOT_STARTED)
    until_gone(program)


def test_a_member_whose_script_was_killed_is_not_made_on(plain: Host) -> None:
    tasks = members(plain, NAMES[:2])
    process = start(plain, tasks)
    until(plain, tasks[0].site, lambda seen: "working" in seen.stdout_tail)
    os.kill(pid_of(tasks[0]), signal.SIGKILL)
    first, second = ends(plain, *tasks)
    assert (first.state, second.stopped) == (HostJobState.VANISHED, NOT_STARTED)
    until_gone(pid_of(process))


def test_time_is_watched_for_each_job_alone(plain: Host) -> None:
    config = HostConfig(stalled_after_min=0.05)
    tasks = members(plain, NAMES[:2])
    go(tasks[0])
    start(plain, tasks, config)
    first, second = ends(plain, *tasks)
    assert (first.exit_code, first.stopped) == (0, "")
    assert (second.exit_code, second.stopped) == (143, "stalled")


def test_nothing_is_started_twice_and_a_job_of_another_process_is_not_made(plain: Host) -> None:
    tasks = members(plain, NAMES[:3])
    start(plain, tasks[1:])
    until(plain, tasks[1].site, lambda seen: "working" in seen.stdout_tail)
    start(plain, tasks[1:])
    assert not stage(plain, tasks[1], {"name": "again"})
    start(plain, tasks)
    first = at_end(plain, tasks[0].site)
    assert (first.exit_code, first.stopped) == (143, NOT_STARTED)
    assert host_states(plain, tasks[1:]) == ["running", "pending"]
    go(*tasks[1:])
    assert [seen.exit_code for seen in ends(plain, *tasks[1:])] == [0, 0]


def test_a_process_that_lacks_a_job_from_the_start_loads_nothing_however_late_it_looks_again(
    plain: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_part(monkeypatch, "shared/process", "keep look_along 1 >", "{ sleep 5; keep look_along 1; } >")
    first, second = tasks = members(plain, NAMES[:2])
    start(plain, [second])
    until(plain, second.site, lambda seen: "working" in seen.stdout_tail)
    start(plain, tasks)
    seen = at_end(plain, first.site)
    assert (seen.exit_code, seen.stopped, seen.stdout_tail) == (143, NOT_STARTED, "")
    go(second)
    assert at_end(plain, second.site).exit_code == 0


def test_a_job_that_begins_while_the_process_is_stopped_for_the_one_before_it_counts_as_not_started(
    plain: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_part(monkeypatch, "shared/process", "case $leaving in", ": >slow; sleep 2; case $leaving in")
    first, second, third = tasks = members(plain, NAMES[:3])
    process = start(plain, tasks)
    until(plain, first.site, lambda seen: "working" in seen.stdout_tail)
    launcher_for("here", CONFIG).cancel(plain, second.site, second.job_id)
    go(first)
    until_there(path(process.site) / "slow")
    go(second)
    seen = at_end(plain, third.site)
    assert (seen.exit_code, seen.stopped) == (143, NOT_STARTED)
    assert f"Processing sample {NAMES[2]}" in (path(process.site) / "stdout.log").read_text()


def test_a_job_that_begins_while_the_one_before_it_is_cancelled_counts_as_not_started(
    plain: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_part(monkeypatch, "shared/job", 'kill -TERM "$pid"', '{ : >slow; sleep 2; kill -TERM "$pid"; }')
    first, second = tasks = members(plain, NAMES[:2])
    start(plain, tasks)
    until(plain, first.site, lambda seen: "working" in seen.stdout_tail)
    launcher = launcher_for("here", CONFIG)
    with ThreadPoolExecutor() as threads:
        cancelling = threads.submit(launcher.cancel, plain, first.site, first.job_id)
        until_there(path(first.site) / "slow")
        go(first)
        seen = at_end(plain, second.site)
        cancelling.result()
    assert (seen.exit_code, seen.stopped) == (143, NOT_STARTED)
    assert "working on" in seen.stdout_tail


def test_the_process_holds_its_gpu_once_and_a_member_that_leaves_before_the_start_takes_nobody_with_it(
    plain: Host,
) -> None:
    config = HostConfig(gpus=(3,))
    other = begin(plain, config, task(plain, ("sleep", "300"), job_id="other", num_gpu=1))
    until(plain, other.site, lambda seen: seen.state is HostJobState.RUNNING)
    tasks = members(plain, NAMES[:3])
    start(plain, tasks, config, num_gpu=1)
    waits = "a GPU: GPU 3 runs other"
    assert [until(plain, one.site, lambda seen: seen.waits_for == waits).state for one in tasks] == [
        HostJobState.PENDING
    ] * 3
    launcher_for("here", config).cancel(plain, tasks[2].site, tasks[2].job_id)
    first, second, third = ends(plain, *tasks)
    assert (first.stopped, second.stopped, third.cancelled) == (NOT_STARTED, NOT_STARTED, True)
    again = members(plain, ("a-0000000001.2", "b-0000000002.2"))
    start(plain, again, config, num_gpu=1)
    launcher_for("here", config).cancel(plain, other.site, "other")
    until(plain, again[0].site, lambda seen: "working" in seen.stdout_tail)
    assert (path(again[0].site) / "gpus").read_text() == "3\n"
    go(*again)
    assert [seen.exit_code for seen in ends(plain, *again)] == [0, 0]
    last = begin(plain, config, task(plain, ("true",), job_id="last", num_gpu=1))
    assert at_end(plain, last.site).exit_code == 0


def test_nothing_is_started_of_a_process_that_the_host_cannot_run(plain: Host) -> None:
    tasks = members(plain, NAMES[:2])
    with pytest.raises(BadInput, match="wants 2 GPUs"):
        start(plain, tasks, HostConfig(gpus=(0,)), num_gpu=2)
    assert host_states(plain, tasks) == ["staged", "staged"]


def test_a_line_of_a_log_holds_something() -> None:
    with pytest.raises(ValueError, match="cannot hold"):
        shared_process._lines(["[1/2]", ""])
