from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from cosmos_houdini.errors import JobError
from cosmos_houdini.hosts import open_host
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.launchers.job_folder import HostJobState
from cosmos_houdini.launchers.slurm.launcher import job_name
from cosmos_houdini.launchers.staging import stage
from cosmos_houdini.model.job import FailureClass
from support.jobs.launched_tasks import LIVELY, STALLS_SOON_MIN, begin, ended, path, take_away, task
from support.jobs.slurm_tasks import UP, Bench, age, changed, until_true
from support.servers.slurmd import Slurm

pytestmark = pytest.mark.slurm

NASTY = "a 'quoted' \"prompt\"\nwith $(touch stolen) `id`; touch stolen\t\\ \\n %s %j größe 映画 \r end\n"


@pytest.mark.parametrize("folder", ["plain", 'it\'s, "quoted" 100%j größe \\ $(x)'])
def test_arguments_and_environment_arrive_byte_for_byte_from_any_folder(slurm: Slurm, tmp_path: Path, folder: str):
    (tmp_path / folder).mkdir()
    config = HostConfig(launcher="slurm", env={**slurm.env, "MINE": NASTY})
    host = open_host("hpc", config, project=tmp_path / folder)
    argv = ("sh", "-c", 'printf "%s\\0" "$MINE" "$TOKEN" "$@"', "x", NASTY, "", "-n")
    new = begin(host, config, task(host, argv, config=config, secrets={"TOKEN": "hush"}))
    seen = ended(host, new.site, config=config)
    assert (seen.state, seen.exit_code, seen.stderr_tail) == (HostJobState.ENDED, 0, "")
    assert seen.stdout_tail.split("\0")[:-1] == [NASTY, "hush", NASTY, "", "-n"]
    assert not (path(new.site) / "secrets").exists()
    assert not list(tmp_path.rglob("stolen"))


def test_a_failing_program_ends_with_its_own_exit_code_in_slurms_books_too(bench: Bench):
    new = bench.begin("sh", "-c", "echo out; echo err >&2; exit 3")
    seen = bench.ended(new)
    assert (seen.state, seen.exit_code, seen.scheduler_failure) == (HostJobState.ENDED, 3, None)
    assert (seen.stdout_tail, seen.stderr_tail) == ("out\n", "err\n")
    assert seen.scheduler == f"Slurm job {bench.id(new)} FAILED (NonZeroExitCode)"


def test_slurm_chooses_the_gpus_and_no_lock_is_taken(bench: Bench):
    config = changed(bench.config, gpus=(5,), gres="gpu:1")
    argv = ("sh", "-c", 'echo "$CUDA_VISIBLE_DEVICES"; exec sleep 300')
    tasks = [
        begin(bench.host, config, task(bench.host, argv, job_id=f"gpu{i}", config=config, num_gpu=2)) for i in range(2)
    ]
    shown = [bench.until(new, lambda seen: bool(seen.stdout_tail)).stdout_tail for new in tasks]
    assert sorted(gpu for line in shown for gpu in line.strip().split(",")) == ["0", "1", "2", "3"]
    assert not list(Path(bench.host.root).glob("locks/gpu*"))


def test_the_memory_of_the_gpus_that_slurm_chose_is_measured(bench: Bench, program: Callable[..., Path]):
    program("nvidia-smi", 'echo "5120, NVIDIA H100 80GB HBM3, 550.54 (asked for $4)"')
    argv = ("sh", "-c", 'until [ -e gpu_memory ]; do sleep 0.1; done; echo "$CUDA_VISIBLE_DEVICES"')
    new = begin(bench.host, bench.config, task(bench.host, argv, config=bench.config, num_gpu=2))
    gpus = bench.ended(new).stdout_tail.strip()
    told = (path(new.site) / "gpu_memory").read_text()
    assert told == f"5120\n5120, NVIDIA H100 80GB HBM3, 550.54 (asked for {gpus})\n"


def test_a_job_waits_in_the_queue_with_slurms_reason_and_then_runs(bench: Bench):
    bench = bench.configured(gres="gpu:4")
    first = bench.up("first")
    second = bench.begin("sh", "-c", "echo ran", job_id="second")
    seen = bench.until(second, lambda seen: "(Resources)" in seen.scheduler)
    assert (seen.state, seen.run_s) == (HostJobState.PENDING, None)
    assert seen.scheduler == f"Slurm job {bench.id(second)} PENDING (Resources)"
    bench.cancel(first)
    assert bench.ended(second).stdout_tail == "ran\n"


def test_cancel_ends_its_own_job_only(bench: Bench):
    one, other = bench.up("one"), bench.up("other")
    stranger = ("sbatch", "--parsable", "--uid=nobody", "--chdir=/tmp", f"--job-name={job_name(one.site)}")
    bench.cluster.run(*stranger, "--output=/dev/null", "--wrap=exec sleep 300")
    bench.cancel(one)
    seen = bench.observe(one)
    assert (seen.state, seen.cancelled, seen.scheduler_failure) == (HostJobState.ENDED, True, None)
    assert bench.observe(other).state is HostJobState.RUNNING
    until_true(lambda: sorted(bench.states(one)) == ["CANCELLED", "RUNNING"])
    bench.cluster.run("scancel", "--user=nobody")


def test_a_job_whose_folder_was_removed_ends(bench: Bench):
    bench = bench.configured(stalled_after_min=STALLS_SOON_MIN)
    new = bench.begin(*LIVELY)
    bench.until(new, lambda seen: seen.stdout_tail.startswith("up"))
    take_away(new.site)
    until_true(lambda: bench.states(new) == ["FAILED"])


def test_a_job_in_the_queue_is_cancelled(bench: Bench):
    bench = bench.configured(gres="gpu:4")
    bench.up("first")
    new = bench.begin("sh", "-c", "echo ran", job_id="second", secrets={"TOKEN": "hush"})
    bench.cancel(new)
    seen = bench.observe(new)
    assert (seen.state, seen.exit_code, seen.cancelled, seen.stdout_tail) == (HostJobState.ENDED, None, True, "")
    assert bench.states(new) == ["CANCELLED"]
    assert not (path(new.site) / "secrets").exists()


def test_a_job_that_was_cancelled_before_it_was_submitted_never_runs(bench: Bench):
    new = bench.task("sh", "-c", "echo ran")
    stage(bench.host, new, {})
    bench.cancel(new)
    begin(bench.host, bench.config, new)
    seen = bench.observe(new)
    assert (seen.state, seen.cancelled) == (HostJobState.ENDED, True)
    assert bench.states(new) == []


def test_a_job_that_another_hand_cancels_is_told_as_that(bench: Bench):
    new = bench.up()
    bench.cluster.run("scancel", bench.id(new))
    seen = bench.ended(new)
    assert seen.scheduler_failure is not None
    assert seen.scheduler_failure.failure is FailureClass.CANCELLED
    assert seen.scheduler_failure.message.startswith(f"Slurm job {bench.id(new)} CANCELLED: ")
    assert not (path(new.site) / "exit_code").exists()


def test_a_time_limit_is_told_as_a_timeout(bench: Bench):
    new = bench.up()
    bench.cluster.run("scontrol", "update", f"jobid={bench.id(new)}", "timelimit=0")
    # Slurm looks at its limits every half minute.
    until_true(lambda: bench.states(new) == ["TIMEOUT"], seconds=180)
    seen = bench.observe(new)
    assert seen.state is HostJobState.ENDED
    assert seen.scheduler_failure is not None
    assert seen.scheduler_failure.failure is FailureClass.TIMEOUT
    assert seen.scheduler_failure.message.startswith(f"Slurm job {bench.id(new)} TIMEOUT")


def test_a_program_without_a_sign_of_life_is_stopped_on_its_machine(bench: Bench):
    new = bench.configured(stalled_after_min=0.05).begin(*UP)
    seen = bench.ended(new)
    assert (seen.state, seen.exit_code, seen.scheduler_failure) == (HostJobState.ENDED, 143, None)
    assert seen.stopped == FailureClass.STALLED
    assert "no new line in the log" in seen.stderr_tail


def test_a_job_that_slurm_puts_back_runs_again_from_the_start(bench: Bench):
    first = "touch out/part; exec sleep 300"
    again = f'echo "$SLURM_RESTART_COUNT $TOKEN"; [ -n "$SLURM_RESTART_COUNT" ] || {{ {first}; }}; ls out'
    new = bench.begin("sh", "-c", again, secrets={"TOKEN": "hush"})
    bench.until(new, lambda seen: bool(seen.stdout_tail))
    bench.cluster.run("scontrol", "requeue", bench.id(new))
    seen = bench.until(new, lambda seen: "PENDING" in seen.scheduler)
    assert (seen.state, seen.run_s) == (HostJobState.PENDING, None)
    seen = bench.ended(new)
    assert (seen.state, seen.exit_code, seen.stdout_tail) == (HostJobState.ENDED, 0, "1 hush\n")
    assert (path(new.site) / "stdout.0.log").read_text() == " hush\n"
    assert not (path(new.site) / "secrets").exists()


@pytest.mark.parametrize("partition", ["low", "scavenge"])
def test_a_job_that_is_preempted_is_put_back_or_told_as_lost(bench: Bench, partition: str):
    bench = bench.configured(gres="gpu:4", partition=partition)
    new = bench.up()
    bench.cluster.run("sbatch", "--partition=gpu", "--gres=gpu:4", "--output=/dev/null", "--wrap=sleep 3")
    seen = bench.until(new, lambda seen: seen.state is not HostJobState.RUNNING)
    if partition == "low":
        assert bench.until(new, lambda seen: "PENDING" in seen.scheduler).state is HostJobState.PENDING
        until_true(lambda: (path(new.site) / "started/pid").read_text().split() == [bench.id(new), "1"])
        assert bench.until(new, lambda seen: seen.stdout_tail == "up\n").state is HostJobState.RUNNING
    else:
        assert seen.scheduler_failure is not None
        assert seen.scheduler_failure.failure is FailureClass.LOST
        assert "PREEMPTED: a job of higher priority" in seen.scheduler_failure.message


def test_a_machine_that_fails_is_told(bench: Bench):
    bench = bench.configured(sbatch=("--no-requeue",))
    new = bench.up()
    node = bench.cluster.node
    bench.cluster.stop_node()
    try:
        bench.cluster.run("scontrol", "update", f"nodename={node}", "state=DOWN", "reason=test")
        seen = bench.ended(new)
        assert seen.scheduler_failure is not None
        assert seen.scheduler_failure.failure is FailureClass.LOST
        assert f"Slurm job {bench.id(new)} NODE_FAIL" in seen.scheduler_failure.message
    finally:
        bench.cluster.start_node()


def test_a_job_that_slurm_does_not_show_for_seconds_is_not_lost(bench: Bench, program: Callable[..., Path]):
    new = bench.up()
    squeue = program("squeue", "")
    for _ in range(2):
        seen = bench.observe(new)
        assert (seen.state, seen.scheduler) == (HostJobState.RUNNING, f"Slurm does not know job {bench.id(new)}")
    squeue.unlink()
    age(new, "submitted/over")
    assert bench.observe(new).state is HostJobState.RUNNING
    program("squeue", "")
    assert bench.observe(new).state is HostJobState.RUNNING
    age(new, "submitted/over")
    seen = bench.observe(new)
    assert seen.state is HostJobState.VANISHED


def test_while_slurm_does_not_answer_nothing_is_lost_and_what_has_ended_well_has_ended(bench: Bench, tmp_path: Path):
    good = bench.begin("sh", "-c", f"echo up; until [ -e '{tmp_path}/go' ]; do sleep 0.1; done", job_id="good")
    bad = bench.begin("sh", "-c", f"echo up; until [ -e '{tmp_path}/go' ]; do sleep 0.1; done; exit 9", job_id="bad")
    for new in (good, bad):
        bench.until(new, lambda seen: seen.stdout_tail == "up\n")
    bench.cluster.stop_controller()
    try:
        seen = bench.observe(bad)
        assert seen.state is HostJobState.RUNNING
        assert "Slurm does not answer (" in seen.scheduler
        with pytest.raises(JobError, match="cannot be stopped"):
            bench.cancel(bench.task("true", job_id="bad"))
        (tmp_path / "go").touch()
        assert bench.ended(good).exit_code == 0
        until_true((path(bad.site) / "exit_code").exists)
        assert bench.observe(bad).state is HostJobState.RUNNING
    finally:
        bench.cluster.start_controller()
    seen = bench.ended(bad)
    assert (seen.state, seen.exit_code) == (HostJobState.ENDED, 9)


@pytest.mark.parametrize(
    ("recorded", "failure", "words"),
    [
        ("TIMEOUT", FailureClass.TIMEOUT, "TIMEOUT: it reached its time limit"),
        ("OUT_OF_MEMORY", FailureClass.OOM, "OUT_OF_MEMORY: the memory that it was given"),
        ("NODE_FAIL", FailureClass.LOST, "NODE_FAIL: its machine failed"),
        ("CANCELLED by 1007", FailureClass.CANCELLED, "CANCELLED (by 1007): it was cancelled"),
    ],
)
def test_accounting_tells_what_became_of_a_job_that_slurm_has_forgotten(
    bench: Bench, program: Callable[..., Path], recorded: str, failure: FailureClass, words: str
):
    """The cluster of the tests has no accounting: what sacct prints was written down from its documentation."""
    new = bench.up()
    program("squeue", "")
    program("sacct", f"printf '{bench.id(new)}|{job_name(new.site)}|{recorded}\\n'")
    seen = bench.observe(new)
    assert seen.state is HostJobState.ENDED
    assert seen.scheduler_failure is not None
    assert seen.scheduler_failure.failure is failure
    assert words in seen.scheduler_failure.message


def test_a_job_that_cannot_begin_is_told_in_slurms_words_after_a_minute(bench: Bench):
    new = bench.up()
    bench.cancel(new)
    for name in ("cancelled", "exit_code"):
        (path(new.site) / name).unlink(missing_ok=True)
    bench.cluster.run("sbatch", f"--job-name={job_name(new.site)}", "--output=/dev/null", "--wrap=exit 1")
    (path(new.site) / "submitted/id").write_text(f"{bench.cluster.jobs()[-1][0]}\n")
    seen = bench.until(new, lambda seen: "FAILED" in seen.scheduler)
    assert seen.state is HostJobState.RUNNING
    age(new, "submitted/over")
    assert bench.observe(new).state is HostJobState.VANISHED


def test_a_program_in_apptainer_gets_its_arguments_and_folders(bench: Bench, program: Callable[..., Path]):
    """A stand-in runs the program on the host itself: the test is about what apptainer is given."""
    program("apptainer", 'printf "%s\\n" "$@" >"$PWD/given"; until [ "$1" = my.sif ]; do shift; done; shift; exec "$@"')
    bench = bench.configured(container="apptainer", image="my.sif")
    config = replace(bench.config, env={**bench.config.env, "MINE": NASTY})
    argv = ("sh", "-c", 'printf "%s\\0" "$APPTAINERENV_MINE" "$@"', "x", NASTY)
    new = begin(bench.host, config, task(bench.host, argv, config=config, num_gpu=1))
    seen = bench.ended(new)
    assert seen.stdout_tail.split("\0")[:-1] == [NASTY, NASTY]
    given = (path(new.site) / "given").read_text()
    assert given.startswith(f"exec\n--nv\n--mount\ntype=bind,source={new.site.folder},target={new.site.folder}\n")


def test_a_program_of_a_step_with_pyxis_gets_its_arguments_and_is_cancelled(bench: Bench, program: Callable[..., Path]):
    """A stand-in takes pyxis' options away from the real srun, which knows them from its plug-in alone."""
    keep = 'for a; do shift; case $a in --container-*) echo "$a" >>given ;; *) set -- "$@" "$a" ;; esac; done'
    program("srun", f'{keep}; exec "$REAL" "$@"')
    bench = bench.configured(container="pyxis", image="nvcr.io#nvidia/cosmos:1")
    config = replace(bench.config, env={**bench.config.env, "MINE": NASTY})
    argv = ("sh", "-c", 'printf "%s\\0" "$MINE" "$@"; exec sleep 300', "x", NASTY)
    new = begin(bench.host, config, task(bench.host, argv, config=config))
    seen = bench.until(new, lambda seen: seen.stdout_tail.count("\0") == 2)
    assert seen.stdout_tail.split("\0")[:-1] == [NASTY, NASTY]
    bench.cancel(new)
    assert bench.observe(new).state is HostJobState.ENDED
    given = (path(new.site) / "given").read_text().splitlines()
    assert given[0] == "--container-image=nvcr.io#nvidia/cosmos:1"
    assert given[-1] == "--container-env=MINE"
