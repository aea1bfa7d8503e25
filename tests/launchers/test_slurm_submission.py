from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cosmos_houdini.errors import HostUnreachable, JobError
from cosmos_houdini.launchers import Task, launcher_for
from cosmos_houdini.launchers.job_folder import HostJobState
from cosmos_houdini.launchers.staging import stage
from support.jobs.launched_tasks import begin, path, task
from support.jobs.slurm_tasks import UP, Bench, age, changed, until_true
from support.programs import need_program

pytestmark = pytest.mark.slurm

PROGRAMS = (
    *(
        "awk",
        "base64",
        "cat",
        "chmod",
        "cp",
        "cut",
        "date",
        "df",
        "find",
        "grep",
        "id",
        "ln",
        "mkdir",
        "mv",
        "rm",
        "sed",
    ),
    *("sh", "stat", "tail", "tr", "wc"),
)


def test_a_client_that_dies_between_sbatch_and_its_note_leaves_one_job(bench: Bench, program: Callable[..., Path]):
    program("sbatch", '"$REAL" "$@" && kill -9 $PPID')
    new = bench.task(*UP)
    stage(bench.host, new, {})
    with pytest.raises(Exception, match="job"):
        launcher_for("hpc", bench.config).start(bench.host, new)
    assert not (path(new.site) / "submitted/id").exists()
    begin(bench.host, bench.config, new)
    until_true(lambda: bench.states(new) == ["RUNNING"])
    assert bench.id(new) == bench.cluster.jobs()[-1][0]


def test_a_submission_that_nothing_came_of_is_made_again_after_a_minute(bench: Bench, program: Callable[..., Path]):
    sbatch = program("sbatch", "kill -9 $PPID")
    new = bench.task("true")
    stage(bench.host, new, {})
    launcher = launcher_for("hpc", bench.config)
    for _ in range(2):
        with pytest.raises(Exception, match="job"):
            launcher.start(bench.host, new)
    sbatch.unlink()
    with pytest.raises(HostUnreachable, match="another client hands it to Slurm"):
        launcher.start(bench.host, new)
    age(new, "submitted")
    launcher.start(bench.host, new)
    assert bench.ended(new).exit_code == 0
    assert len(bench.states(new)) == 1


def test_two_jobs_of_slurm_for_one_task_run_it_once(bench: Bench):
    new = bench.begin("sh", "-c", "echo ran >>out/runs; sleep 1")
    bench.cluster.run("sbatch", f"--chdir={path(new.site)}", str(path(new.site) / "run.sh"))
    seen = bench.ended(new)
    until_true(lambda: set(bench.states(new)) == {"COMPLETED"})
    assert seen.exit_code == 0
    assert (path(new.site) / "out/runs").read_text() == "ran\n"


@pytest.mark.parametrize(
    "text",
    [
        'echo "Welcome to the cluster, 4 nodes are down"; "$REAL" "$@"',
        'echo "sbatch: warning: 12 is a lot" >&2; "$REAL" "$@"; echo "Thank you"',
        'printf "%s;north\\n" "$("$REAL" "$@")"',
        '"$REAL" "$@" >/dev/null',
    ],
)
def test_the_number_is_found_among_whatever_else_sbatch_prints(bench: Bench, program: Callable[..., Path], text: str):
    program("sbatch", text)
    new = bench.begin("true")
    assert bench.id(new) == bench.cluster.jobs()[-1][0]
    assert bench.ended(new).exit_code == 0


def test_a_submission_whose_answer_was_lost_is_found_and_not_made_again(bench: Bench, program: Callable[..., Path]):
    error = "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation"
    program("sbatch", f'"$REAL" "$@" >/dev/null; echo "{error}" >&2; exit 1')
    new = bench.task("true")
    stage(bench.host, new, {})
    launcher = launcher_for("hpc", bench.config)
    with pytest.raises(HostUnreachable, match=r"took job job or did not: .*Socket timed out"):
        launcher.start(bench.host, new)
    launcher.start(bench.host, new)
    assert bench.ended(new).exit_code == 0
    assert len(bench.states(new)) == 1


def test_what_slurm_refuses_is_told_in_its_words_and_can_be_mended(bench: Bench):
    new = bench.task("true")
    stage(bench.host, new, {})
    wrong = changed(bench.config, partition="nowhere")
    with pytest.raises(JobError, match=r"refuses job job: .*Invalid partition name specified"):
        launcher_for("hpc", wrong).start(bench.host, new)
    assert bench.observe(new).state is HostJobState.STAGED
    launcher_for("hpc", bench.config).start(bench.host, new)
    assert bench.ended(new).exit_code == 0


@pytest.fixture
def plain_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Take Slurm's programs out of the PATH, and return the PATH that has them."""
    programs = tmp_path / "bin"
    programs.mkdir()
    before = os.environ["PATH"]
    for name in PROGRAMS:
        (programs / name).symlink_to(need_program(name))
    monkeypatch.setenv("PATH", str(programs))
    return before


def test_a_host_without_slurm_is_told(bench: Bench, plain_path: str):
    profile = Path(os.environ["HOME"]) / ".profile"
    profile.write_text("PATH=/nowhere\n")
    new = bench.task("true")
    stage(bench.host, new, {})
    with pytest.raises(JobError, match="it has no program sbatch"):
        launcher_for("hpc", bench.config).start(bench.host, new)
    profile.write_text(f"echo Welcome; PATH=$PATH:{plain_path}\n")
    launcher_for("hpc", bench.config).start(bench.host, new)
    assert bench.ended(new).exit_code == 0


def array(bench: Bench, argv: tuple[str, ...], count: int = 3) -> list[Task]:
    """Return staged tasks that were handed to Slurm together."""
    tasks = [bench.task(*argv, job_id=f"job{number}", secrets={"TOKEN": f"hush{number}"}) for number in range(count)]
    for new in tasks:
        stage(bench.host, new, {})
    launcher_for("hpc", bench.config).start_together(bench.host, tasks)
    return tasks


def test_tasks_that_ask_for_the_same_are_one_array_and_each_has_its_own_end(bench: Bench):
    before = len(bench.cluster.jobs())
    tasks = array(bench, ("sh", "-c", 'echo "$TOKEN" >out/token; pwd; exit "${TOKEN#hush}"'))
    number = bench.id(tasks[0]).partition("_")[0]
    assert [bench.id(new) for new in tasks] == [f"{number}_1", f"{number}_2", f"{number}_3"]
    for new in tasks:
        launcher_for("hpc", bench.config).start(bench.host, new)
    assert len(bench.cluster.jobs()) == before + 3
    for place, new in enumerate(tasks):
        seen = bench.ended(new)
        assert (seen.exit_code, seen.stdout_tail) == (place, f"{path(new.site)}\n")
        assert (path(new.site) / "out/token").read_text() == f"hush{place}\n"
    assert bench.observe(tasks[1]).scheduler == f"Slurm job {number}_2 FAILED (NonZeroExitCode)"


def test_one_task_of_an_array_is_cancelled_and_the_others_go_on(bench: Bench):
    bench = bench.configured(gres="gpu:2")
    tasks = array(bench, UP)
    bench.until(tasks[1], lambda seen: seen.stdout_tail == "up\n")
    assert bench.until(tasks[2], lambda seen: "(" in seen.scheduler).state is HostJobState.PENDING
    bench.cancel(tasks[0])
    seen = bench.observe(tasks[0])
    assert (seen.state, seen.cancelled) == (HostJobState.ENDED, True)
    assert bench.until(tasks[2], lambda seen: seen.stdout_tail == "up\n").state is HostJobState.RUNNING
    assert bench.observe(tasks[1]).state is HostJobState.RUNNING


def test_an_array_whose_answer_was_lost_is_found_task_by_task(
    bench: Bench, program: Callable[..., Path], tmp_path: Path
):
    found = tmp_path / "found"  # what has ended needs no number: they wait until all are found
    sbatch = program("sbatch", '"$REAL" "$@" && kill -9 $PPID')
    tasks = array(bench, ("sh", "-c", f"until [ -e '{found}' ]; do sleep 0.1; done; echo ran >>out/runs"))
    assert not (path(tasks[0].site) / "submitted/id").exists()
    sbatch.unlink()
    for new in tasks:
        launcher_for("hpc", bench.config).start(bench.host, new)
    assert [bench.id(new).partition("_")[2] for new in tasks] == ["1", "2", "3"]
    found.touch()
    for new in tasks:
        assert bench.ended(new).exit_code == 0
        assert (path(new.site) / "out/runs").read_text() == "ran\n"


def test_tasks_of_an_array_that_slurm_refuses_are_left_to_be_started_alone(bench: Bench, program: Callable[..., Path]):
    error = "sbatch: error: Batch job submission failed: Invalid job array specification"
    program("sbatch", f'case "$*" in *--array*) echo "{error}" >&2; exit 1 ;; esac; exec "$REAL" "$@"')
    (new, *_) = array(bench, ("true",))
    assert bench.observe(new).state is HostJobState.STAGED
    launcher_for("hpc", bench.config).start(bench.host, new)
    assert bench.ended(new).exit_code == 0


def test_tasks_that_ask_for_different_things_are_no_array(bench: Bench):
    tasks = [task(bench.host, ("true",), job_id=f"job{n}", config=bench.config, num_gpu=n) for n in (1, 2)]
    for new in tasks:
        stage(bench.host, new, {})
    launcher_for("hpc", bench.config).start_together(bench.host, tasks)
    assert [bench.observe(new).state for new in tasks] == [HostJobState.STAGED, HostJobState.STAGED]
