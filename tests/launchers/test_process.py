from __future__ import annotations

import hashlib
import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cosmos_houdini import launchers
from cosmos_houdini.errors import BadInput, JobError
from cosmos_houdini.hosts import Completed, Host, open_host
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.launchers import Task, detached, job_script, launcher_for, poll
from cosmos_houdini.launchers.job_folder import HostJobState, Observation
from cosmos_houdini.launchers.shell import script_part
from cosmos_houdini.launchers.staging import stage
from cosmos_houdini.model.request import Site
from support.jobs.launched_tasks import (
    GIVE_UP_S,
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
from support.programs import need_program
from support.servers.host_programs import write_shell

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="jobs run on POSIX hosts")

CONFIG = HostConfig()
UP = ("sh", "-c", "echo up; exec sleep 300")
NASTY = "a 'quoted' \"prompt\"\nwith $(touch stolen) `id`; touch stolen\t\\ \\n %s * ~ größe 映画 \x01\x81\xff\r end\n"


@pytest.fixture
def host(weird_path: Path) -> Host:
    return open_host("here", CONFIG, project=weird_path)


def processes(site: Site) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            label = process.environ().get("COSMOS_HOUDINI_JOB")
        except psutil.Error:
            continue
        if label == str(site.folder) and process.status() != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def is_up(seen: Observation) -> bool:
    """Whether the program runs, and has said so."""
    return (seen.state, seen.stdout_tail) == (HostJobState.RUNNING, "up\n")


def gone(site: Site) -> bool:
    give_up = time.monotonic() + GIVE_UP_S
    while processes(site) and time.monotonic() < give_up:
        time.sleep(0.05)
    return not processes(site)


def test_arguments_environment_and_working_folder_arrive_byte_for_byte(host: Host, tmp_path: Path) -> None:
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    code = "import json, os, sys; print(json.dumps([sys.argv[1:], os.environ['MINE'], os.getcwd()]))"
    new = task(
        host, (sys.executable, "-c", code, NASTY, "", "-n"), env={"MINE": NASTY}, cwd=host.root.__class__(elsewhere)
    )
    begin(host, CONFIG, new)
    seen = ended(host, new.site)
    assert (seen.exit_code, seen.stderr_tail) == (0, "")
    assert json.loads(seen.stdout_tail) == [[NASTY, "", "-n"], NASTY, str(elsewhere)]
    assert not list(tmp_path.rglob("stolen"))


TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"))


@given(arguments=st.lists(TEXT, max_size=3), value=TEXT)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("shell", ["dash", "busybox sh", "bash"])
def test_any_text_survives_the_script(tmp_path: Path, shell: str, arguments: list[str], value: str) -> None:
    host = open_host("here", CONFIG, project=tmp_path)
    if not host.run(f"command -v {shell.split(maxsplit=1)[0]}").stdout:
        pytest.skip(f"no {shell}")
    site = tmp_path / f"{time.monotonic_ns()}" / "jobs" / "a"
    site.mkdir(parents=True)
    print_all = ("sh", "-c", 'printf "%s\\0" "$MINE" "$@"', "x", *arguments)
    new = task(host, print_all, env={"MINE": value})
    new = Task(
        job_id="a", site=Site(folder=host.root.__class__(site)), invocation=new.invocation, num_gpu=0, secrets={}
    )
    (site / "run.sh").write_bytes(launcher_for("here", CONFIG).script(new).encode())
    assert host.run(f"{shell} '{site}/run.sh' </dev/null").exit_code == 0
    assert (site / "stdout.log").read_bytes().split(b"\0")[:-1] == [t.encode() for t in (value, *arguments)]


@pytest.mark.parametrize("code", [0, 1, 42, 127, 255])
def test_the_exit_code_is_the_programs_own(plain: Host, code: int) -> None:
    new = begin(plain, CONFIG, task(plain, ("sh", "-c", f"echo out; echo err >&2; exit {code}")))
    seen = ended(plain, new.site)
    assert (seen.state, seen.exit_code, seen.stdout_tail, seen.stderr_tail) == (
        HostJobState.ENDED,
        code,
        "out\n",
        "err\n",
    )
    assert seen.stdout_bytes == 4
    assert not seen.oom_killed


def test_a_missing_program_says_so(plain: Host) -> None:
    new = begin(plain, CONFIG, task(plain, ("no-such-program",)))
    seen = ended(plain, new.site)
    assert seen.exit_code == 127
    assert "no-such-program" in seen.stderr_tail


def test_a_missing_working_folder_says_so_and_runs_nothing(plain: Host) -> None:
    new = begin(plain, CONFIG, task(plain, ("echo", "ran"), cwd=plain.root / "nowhere"))
    seen = ended(plain, new.site)
    assert (seen.exit_code, seen.stdout_tail) != (0, "ran\n")
    assert "nowhere" in seen.stderr_tail


def test_nothing_of_the_job_outlives_it(plain: Host) -> None:
    beaten = "until [ -e heartbeat ]; do sleep 0.05; done"
    new = begin(plain, CONFIG, task(plain, ("sh", "-c", f"sleep 300 & sleep 300 & {beaten}; echo ok")))
    assert ended(plain, new.site).exit_code == 0
    assert gone(new.site)
    assert sorted(p.name for p in path(new.site).iterdir()) == [
        *("exit_code", "heartbeat", "in", "out", "request.json", "run.sh"),
        *("started", "state", "stderr.log", "stdout.log"),
    ]


def test_a_job_whose_folder_was_removed_ends(plain: Host) -> None:
    config = HostConfig(stalled_after_min=STALLS_SOON_MIN)
    new = begin(plain, config, task(plain, LIVELY, config=config))
    until(plain, new.site, lambda seen: seen.stdout_tail.startswith("up"))
    take_away(new.site)
    assert gone(new.site)


def test_a_sign_of_life_that_is_cut_off_in_the_writing_leaves_nothing(
    plain: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f'case $* in *heartbeat.new*) touch cut; kill "$PPID"; exit 1 ;; esac; exec {need_program("mv")} "$@"'
    write_shell(tmp_path / "bin", "mv", text)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    new = begin(plain, CONFIG, task(plain, ("sh", "-c", "until [ -e cut ]; do sleep 0.05; done")))
    assert ended(plain, new.site).exit_code == 0
    assert gone(new.site)
    assert not list(path(new.site).glob("*.new"))


def test_folders_and_files_are_private(plain: Host) -> None:
    new = begin(plain, CONFIG, task(plain, ("sh", "-c", "echo x > out/x"), files={"in/spec.json": "{}"}))
    ended(plain, new.site)
    assert gone(new.site)
    for entry in [path(new.site), *path(new.site).rglob("*")]:
        assert stat.S_IMODE(entry.stat().st_mode) & 0o077 == 0, entry


def test_a_second_start_does_nothing(plain: Host) -> None:
    new = begin(plain, CONFIG, task(plain, ("sh", "-c", "echo ran >> out/runs")))
    ended(plain, new.site)
    begin(plain, CONFIG, new)
    launcher_for("here", CONFIG).start(plain, new)
    time.sleep(0.3)
    assert (path(new.site) / "out/runs").read_text() == "ran\n"


def test_many_starters_at_once_run_it_once(plain: Host) -> None:
    new = task(plain, ("sh", "-c", "echo ran >> out/runs; sleep 0.5"), secrets={"TOKEN": "t0ken"})
    stage(plain, new, {})
    launcher = launcher_for("here", CONFIG)
    barrier = threading.Barrier(6)
    problems = []

    def start() -> None:
        barrier.wait()
        try:
            launcher.start(plain, new)
        except Exception as error:  # noqa: BLE001 -- a thread's error would be lost
            problems.append(error)

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert ended(plain, new.site).exit_code == 0
    assert (path(new.site) / "out/runs").read_text() == "ran\n"
    assert not (path(new.site) / "secrets").exists()


class Cut(Exception):
    """The client is killed."""


class CutHost:
    """A host whose client is killed after a number of operations."""

    def __init__(self, host: Host, operations: int) -> None:
        self._host = host
        self._left = operations

    def __getattr__(self, name: str) -> object:
        found = getattr(self._host, name)
        if name in {"name", "root"}:
            return found

        def counted(*args: object, **kwargs: object) -> object:
            if self._left == 0:
                raise Cut
            self._left -= 1
            return found(*args, **kwargs)

        return counted


def test_a_client_killed_between_any_two_operations_leaves_a_job_that_runs_once(tmp_path: Path) -> None:
    source = tmp_path / "input"
    source.write_text("data")
    for cut in range(20):
        host = open_host("here", CONFIG, project=tmp_path / str(cut))
        new = task(
            host,
            ("sh", "-c", 'cat in/x in/spec >> out/runs; echo "$TOKEN" >> out/runs'),
            files={"in/spec": "spec\n"},
            inputs={"in/x": source},
            secrets={"TOKEN": "t0ken"},
        )
        try:
            begin(CutHost(host, cut), CONFIG, new)  # type: ignore[arg-type]
        except Cut:
            begin(host, CONFIG, new)
            assert ended(host, new.site).exit_code == 0
            assert (path(new.site) / "out/runs").read_text() == "dataspec\nt0ken\n"
            assert gone(new.site)
        else:
            assert cut > 6
            return
    pytest.fail("the start never came to its end")


def test_secrets_reach_the_program_and_no_file(plain: Host) -> None:
    value = "hush '\"$(x)` \\ größe="
    code = "import hashlib, os; print(hashlib.sha256(os.environ['TOKEN'].encode()).hexdigest())"
    new = begin(plain, CONFIG, task(plain, (sys.executable, "-c", code), secrets={"TOKEN": value}))
    assert ended(plain, new.site).stdout_tail.strip() == hashlib.sha256(value.encode()).hexdigest()
    assert not [p for p in path(new.site).rglob("*") if p.is_file() and b"hush" in p.read_bytes()]


def test_the_secrets_file_is_private_until_it_is_read(plain: Host) -> None:
    new = task(plain, ("true",), secrets={"TOKEN": "t0ken"})
    stage(plain, new, {})
    with pytest.raises(Cut):
        launcher_for("here", CONFIG).start(CutHost(plain, 3), new)  # type: ignore[arg-type]
    assert stat.S_IMODE((path(new.site) / "secrets").stat().st_mode) == 0o600
    launcher_for("here", CONFIG).start(plain, new)
    ended(plain, new.site)
    assert not (path(new.site) / "secrets").exists()


def test_the_secrets_file_is_gone_while_the_program_runs(plain: Host) -> None:
    new = begin(plain, CONFIG, task(plain, ("ls",), secrets={"TOKEN": "t0ken"}))
    told = ended(plain, new.site).stdout_tail.split()
    assert "run.sh" in told
    assert "secrets" not in told


def test_a_secret_of_two_lines_is_refused_without_being_told() -> None:
    with pytest.raises(BadInput, match=r"\$TOKEN") as caught:
        detached.secrets_file({"TOKEN": "hush\nhush"})
    assert "hush" not in str(caught.value)


def test_the_hosts_environment_wins_and_reaches_no_other_program(plain: Host) -> None:
    config = HostConfig(env={"WHERE": "host", "PATH": "/nowhere"})
    new = begin(plain, config, task(plain, ("/bin/sh", "-c", 'echo "$WHERE"'), env={"WHERE": "engine"}))
    # The script's own programs, date and mv, are still found.
    assert ended(plain, new.site).run_s is not None
    assert "/nowhere" in (path(new.site) / "run.sh").read_text()


def test_cancel_stops_all_that_the_job_started_and_nothing_else(plain: Host) -> None:
    many = "sleep 300 & setsid sleep 300 & echo up; wait"
    new = begin(plain, CONFIG, task(plain, ("sh", "-c", many), job_id="one"))
    other = begin(plain, CONFIG, task(plain, UP, job_id="other"))
    for job in (new, other):
        until(plain, job.site, is_up)
    launcher_for("here", CONFIG).cancel(plain, new.site, "one")
    seen = observe(plain, new.site, other.site)
    assert (seen["one"].state, seen["one"].exit_code, seen["one"].cancelled) == (HostJobState.ENDED, 143, True)
    assert seen["other"].state is HostJobState.RUNNING
    assert not processes(new.site)
    launcher_for("here", CONFIG).cancel(plain, other.site, "other")
    assert not processes(other.site)


def test_cancel_ends_a_program_that_ignores_the_signal(plain: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    hasty = script_part("common/cancel").replace("gone_within 15", "gone_within 1")
    monkeypatch.setattr(detached, "script_part", lambda name: hasty if name == "common/cancel" else script_part(name))
    new = begin(plain, CONFIG, task(plain, ("sh", "-c", "trap '' TERM; echo up; while :; do sleep 1; done")))
    until(plain, new.site, is_up)
    launcher_for("here", CONFIG).cancel(plain, new.site, "job")
    seen = observe(plain, new.site)["job"]
    assert (seen.state, seen.exit_code, seen.cancelled) == (HostJobState.ENDED, 137, True)
    assert not processes(new.site)


def test_a_job_cancelled_before_its_start_never_starts(plain: Host) -> None:
    new = task(plain, ("sh", "-c", "echo ran >> out/runs"))
    stage(plain, new, {})
    launcher_for("here", CONFIG).cancel(plain, new.site, "job")
    launcher_for("here", CONFIG).start(plain, new)
    seen = observe(plain, new.site)["job"]
    assert (seen.state, seen.exit_code, seen.cancelled) == (HostJobState.ENDED, None, True)
    assert not (path(new.site) / "out/runs").exists()


def test_cancel_leaves_a_finished_job_and_a_strangers_process_with_its_number_alone(plain: Host) -> None:
    new = begin(plain, CONFIG, task(plain, ("true",)))
    ended(plain, new.site)
    gone(new.site)
    launcher_for("here", CONFIG).cancel(plain, new.site, "job")
    assert not observe(plain, new.site)["job"].cancelled
    (path(new.site) / "exit_code").unlink()
    (path(new.site) / "started/pid").write_text(f"{os.getpid()}\n")
    launcher_for("here", CONFIG).cancel(plain, new.site, "job")
    assert observe(plain, new.site)["job"].state is HostJobState.ENDED


def test_a_job_whose_script_was_killed_has_vanished_and_its_rest_can_be_cancelled(plain: Host) -> None:
    new = begin(plain, CONFIG, task(plain, UP))
    until(plain, new.site, is_up)
    os.kill(int((path(new.site) / "started/pid").read_text()), signal.SIGKILL)
    assert ended(plain, new.site).state is HostJobState.VANISHED
    assert processes(new.site)
    launcher_for("here", CONFIG).cancel(plain, new.site, "job")
    assert gone(new.site)


def test_a_recycled_process_number_is_not_taken_for_the_job(plain: Host) -> None:
    new = begin(plain, CONFIG, task(plain, UP))
    until(plain, new.site, is_up)
    (path(new.site) / "started/pid").write_text(f"{os.getpid()}\n")
    assert observe(plain, new.site)["job"].state is HostJobState.VANISHED


def test_an_unstaged_job_is_not_started(plain: Host) -> None:
    with pytest.raises(JobError, match="not staged"):
        launcher_for("here", CONFIG).start(plain, task(plain, ("true",)))


def test_names_that_no_shell_can_set_are_refused(plain: Host) -> None:
    with pytest.raises(BadInput, match="no name of an environment variable"):
        launcher_for("here", CONFIG).script(task(plain, ("true",), env={"A;touch x": "1"}))


@pytest.mark.parametrize("shell", [["dash", "-n"], ["busybox", "sh", "-n"], ["bash", "--posix", "-n"]])
def test_every_shell_reads_the_scripts(plain: Host, shell: list[str]) -> None:
    if not plain.run(f"command -v {shell[0]}").stdout:
        pytest.skip(f"no {shell[0]}")
    scripts = sorted((Path(launchers.__file__).parent / "scripts").rglob("*.sh"))
    assert scripts
    for script in scripts:
        done: Completed = plain.run(f"{' '.join(shell)} '{script}'")
        assert (done.exit_code, done.stderr) == (0, ""), script


@pytest.fixture
def busybox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A host that has no other program than busybox."""
    found = need_program("busybox")
    programs = tmp_path / "bin"
    programs.mkdir()
    for applet in subprocess.check_output([found, "--list"], text=True).split():
        (programs / applet).symlink_to(found)
    monkeypatch.setenv("PATH", str(programs))
    return open_host("small", CONFIG, project=tmp_path)


def test_a_host_that_has_busybox_alone_is_enough(busybox: Host, tmp_path: Path) -> None:
    (tmp_path / "clip").write_text("clip")
    show = ("sh", "-c", 'cat in/clip; echo "$TOKEN"')
    inputs = {"in/clip": tmp_path / "clip"}
    one = task(busybox, show, job_id="one", inputs=inputs, secrets={"TOKEN": "t"})
    two = task(busybox, ("sh", "-c", "sleep 300 & echo up; wait"), job_id="two")
    begin(busybox, CONFIG, one)
    seen = ended(busybox, one.site)
    assert (seen.exit_code, seen.stdout_tail, seen.stderr_tail, seen.stdout_bytes) == (0, "clipt\n", "", 6)
    begin(busybox, CONFIG, two)
    until(busybox, two.site, is_up)
    launcher_for("small", CONFIG).cancel(busybox, two.site, "two")
    assert observe(busybox, two.site)["two"].exit_code == 143
    assert gone(one.site)
    assert gone(two.site)


def test_a_host_without_proc_is_asked_through_ps(plain: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (detached, job_script, poll):
        monkeypatch.setattr(module, "script_part", lambda name: script_part(name).replace("/proc/self/", "/nowhere/"))
    new = begin(plain, CONFIG, task(plain, ("sh", "-c", "sleep 300 & echo up; wait"), job_id="one"))
    other = begin(plain, CONFIG, task(plain, UP, job_id="other"))
    for job in (new, other):
        until(plain, job.site, is_up)
    launcher_for("here", CONFIG).cancel(plain, new.site, "one")
    seen = observe(plain, new.site, other.site)
    assert (seen["one"].state, seen["one"].exit_code) == (HostJobState.ENDED, 143)
    assert seen["other"].state is HostJobState.RUNNING
    assert gone(new.site)
