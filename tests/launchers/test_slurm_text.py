"""Text that the launcher writes for Slurm, and reads from it, without a Slurm."""

from __future__ import annotations

import dataclasses
import doctest
import os
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosmos_houdini.errors import BadInput, HostError
from cosmos_houdini.hosts import open_host
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.launchers import Task, launcher_for
from cosmos_houdini.launchers.job_folder import HostJobState, Observation
from cosmos_houdini.launchers.job_script import job_parts
from cosmos_houdini.launchers.poll import parse_poll
from cosmos_houdini.launchers.registry import poll_parts
from cosmos_houdini.launchers.shell import script_part
from cosmos_houdini.launchers.slurm import launcher as slurm
from cosmos_houdini.launchers.slurm import launcher as slurm_module
from cosmos_houdini.launchers.slurm import state as slurm_state
from cosmos_houdini.launchers.slurm.launcher import SlurmLauncher, SlurmSettings
from cosmos_houdini.launchers.slurm.state import IN_QUEUE, OVER, SlurmState, merge, parse_slurm_states
from cosmos_houdini.launchers.staging import stage
from cosmos_houdini.model.job import FailureClass
from cosmos_houdini.model.request import Invocation, Site
from support.jobs.launched_tasks import observe, path, task
from support.jobs.slurm_tasks import changed
from support.programs import need_program
from support.servers.host_programs import write_shell

posix = pytest.mark.skipif(sys.platform == "win32", reason="jobs run on POSIX hosts")
CONFIG = HostConfig(
    launcher="slurm",
    time="02:00:00",
    env={"SLURM_CONF": "/etc/slurm/own.conf", "HF_HOME": "/scratch/hf home"},
    extra=(
        SlurmSettings(
            partition="gpu",
            account="vfx",
            qos="night",
            gres="gpu:a100:1",
            sbatch=("--mem=64G", "--constraint=[a100|h100]"),
        ),
    ),
)
HEAD = """\
#!/bin/sh
#SBATCH --job-name=cosmos-sea-1f2e-b00248db
#SBATCH --output=/dev/null
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --partition=gpu
#SBATCH --account=vfx
#SBATCH --qos=night
#SBATCH --time=02:00:00
#SBATCH --gres=gpu:a100:2
#SBATCH --mem=64G
#SBATCH --constraint=[a100|h100]
here=/scratch/cosmos/jobs/sea-1f2e
want=2
quiet_s=60
limit_s=0
silence_s=1800
asking_s=60
beat_s=5
"""
PLAIN = """\
program() {
export WORD='it'"'"'s'
export HF_HOME='/scratch/hf home'
cd /opt/ct1 || exit 1
exec $leader python3 run.py --prompt 'rain; $(touch x) `id`
"night"' ''
}
"""
APPTAINER = """\
program() {
export APPTAINERENV_WORD='it'"'"'s'
export APPTAINERENV_HF_HOME='/scratch/hf home'
exec $leader apptainer exec --nv \
--mount type=bind,source=/scratch/cosmos/jobs/sea-1f2e,target=/scratch/cosmos/jobs/sea-1f2e \
--mount type=bind,source=/scratch/cosmos/objects,target=/scratch/cosmos/objects,readonly \
--mount type=bind,source=/opt/ct1,target=/opt/ct1 \
--pwd /opt/ct1 '/images/my cosmos.sif' python3 run.py --prompt 'rain; $(touch x) `id`
"night"' ''
}
"""
PYXIS = """\
program() {
export WORD='it'"'"'s'
export HF_HOME='/scratch/hf home'
exec $leader srun --export=ALL --input=none --unbuffered '--container-image=nvcr.io#nvidia/cosmos:1' \
--container-workdir=/opt/ct1 \
--container-mounts=/scratch/cosmos/jobs/sea-1f2e:/scratch/cosmos/jobs/sea-1f2e,\
/scratch/cosmos/objects:/scratch/cosmos/objects:ro,/opt/ct1:/opt/ct1 \
--container-env=WORD,HF_HOME,HF_TOKEN python3 run.py --prompt 'rain; $(touch x) `id`
"night"' ''
}
"""


def sea(root: str = "/scratch/cosmos", num_gpu: int = 2) -> Task:
    return Task(
        job_id="sea-1f2e",
        site=Site(folder=PurePosixPath(root) / "jobs/sea-1f2e", engine_path=PurePosixPath("/opt/ct1")),
        invocation=Invocation(
            argv=("python3", "run.py", "--prompt", 'rain; $(touch x) `id`\n"night"', ""),
            env={"WORD": "it's", "HF_HOME": "/elsewhere"},
            files={},
            inputs={},
            cwd=PurePosixPath("/opt/ct1"),
            outputs=(),
        ),
        num_gpu=num_gpu,
        secrets={"HF_TOKEN": "hush"},
    )


@pytest.mark.parametrize("module", [slurm, slurm_state])
def test_the_examples_are_true(module: object):
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "program"),
    [
        ({}, PLAIN),
        ({"container": "apptainer", "image": "/images/my cosmos.sif"}, APPTAINER),
        ({"container": "pyxis", "image": "nvcr.io#nvidia/cosmos:1"}, PYXIS),
    ],
)
def test_the_script_is_told_to_the_letter(changes: dict[str, str], program: str):
    text = launcher_for("hpc", changed(CONFIG, **changes)).script(sea())
    assert text == "\n".join((HEAD + program, *job_parts("slurm"), script_part("common/run")))
    assert "hush" not in text


def test_the_script_of_an_array_names_the_folder_of_each_task():
    launcher = SlurmLauncher(changed(HostConfig(launcher="slurm"), partition="gpu"))
    tasks = [replace_site(sea("/it's a root", num_gpu=1), name) for name in ("sea-1", "sea-2")]
    assert launcher.array_script(tasks) == (
        "#!/bin/sh\n#SBATCH --job-name=cosmos-array-32a6961bd51e91c8\n#SBATCH --output=/dev/null\n#SBATCH --nodes=1\n"
        "#SBATCH --ntasks=1\n#SBATCH --partition=gpu\n#SBATCH --gres=gpu:1\n\n"
        "case $SLURM_ARRAY_TASK_ID in\n1) job=sea-1 ;;\n2) job=sea-2 ;;\nesac\n"
        "exec sh '/it'\"'\"'s a root/jobs'/\"$job\"/run.sh\n"
    )


def replace_site(new: Task, name: str) -> Task:
    return dataclasses.replace(new, site=dataclasses.replace(new.site, folder=new.site.folder.with_name(name)))


@pytest.mark.parametrize("name", ["partition", "account", "qos", "time", "gres", "sbatch"])
@pytest.mark.parametrize("value", ["a b", "a\nrm -rf /", "a'", 'a"', "a\\", "a#b", "$(x)", "größe", "a\0"])
def test_a_value_that_could_leave_its_line_is_refused(name: str, value: str):
    config = changed(CONFIG, **{name: (f"--comment={value}",) if name == "sbatch" else value})
    with pytest.raises(BadInput, match=r"cannot stand in a script for sbatch|is no limit"):
        launcher_for("hpc", config).script(sea())


def test_an_option_of_sbatch_is_an_option():
    with pytest.raises(BadInput, match="allowed: --name"):
        launcher_for("hpc", changed(CONFIG, sbatch=("rm",))).script(sea())


@pytest.mark.parametrize("changes", [{"image": "x.sif"}, {"container": "apptainer"}])
def test_an_image_and_what_runs_it_go_together(changes: dict[str, str]):
    with pytest.raises(BadInput, match=r"hosts\.hpc\.container"):
        launcher_for("hpc", changed(CONFIG, **changes))


def test_pyxis_gets_no_path_that_it_would_cut_in_two():
    config = changed(CONFIG, container="pyxis", image="x")
    with pytest.raises(BadInput, match="/a,b"):
        launcher_for("hpc", config).script(sea("/a,b"))


def test_shell_and_python_agree_on_what_is_over():
    (line,) = (line for line in script_part("slurm/client").splitlines() if line.startswith("over="))
    assert set(line.removeprefix("over='").removesuffix("'").split("|")) == OVER


FILES = {
    "waiting": Observation(state=HostJobState.PENDING),
    "running": Observation(state=HostJobState.RUNNING, run_s=9.0),
    "good": Observation(state=HostJobState.ENDED, exit_code=0, run_s=9.0),
    "bad": Observation(state=HostJobState.ENDED, exit_code=1, run_s=9.0),
    "cancelled": Observation(state=HostJobState.RUNNING, cancelled=True),
}


@pytest.mark.parametrize(
    ("files", "state", "settled", "phase", "failure"),
    [
        ("waiting", "PENDING", False, HostJobState.PENDING, None),
        ("waiting", "RUNNING", False, HostJobState.RUNNING, None),
        ("waiting", "COMPLETED", False, HostJobState.PENDING, None),
        ("waiting", "-", False, HostJobState.PENDING, None),
        ("waiting", "-", True, HostJobState.VANISHED, None),
        ("waiting", "?", True, HostJobState.PENDING, None),
        ("waiting", "FAILED", True, HostJobState.VANISHED, None),
        ("running", "PENDING", False, HostJobState.PENDING, None),
        ("running", "REQUEUED", False, HostJobState.PENDING, None),
        ("running", "RUNNING", False, HostJobState.RUNNING, None),
        ("running", "COMPLETING", False, HostJobState.RUNNING, None),
        ("running", "SUSPENDED", False, HostJobState.RUNNING, None),
        ("running", "FAILED", False, HostJobState.RUNNING, None),
        ("running", "FAILED", True, HostJobState.VANISHED, None),
        ("running", "TIMEOUT", False, HostJobState.ENDED, FailureClass.TIMEOUT),
        ("running", "DEADLINE", False, HostJobState.ENDED, FailureClass.TIMEOUT),
        ("running", "OUT_OF_MEMORY", False, HostJobState.ENDED, FailureClass.OOM),
        ("running", "NODE_FAIL", False, HostJobState.ENDED, FailureClass.LOST),
        ("running", "BOOT_FAIL", False, HostJobState.ENDED, FailureClass.LOST),
        ("running", "PREEMPTED", False, HostJobState.ENDED, FailureClass.LOST),
        ("running", "REVOKED", False, HostJobState.ENDED, FailureClass.LOST),
        ("running", "CANCELLED", False, HostJobState.ENDED, FailureClass.CANCELLED),
        ("running", "A_NEW_WORD", True, HostJobState.RUNNING, None),
        ("running", "?", True, HostJobState.RUNNING, None),
        ("bad", "COMPLETING", False, HostJobState.RUNNING, None),
        ("bad", "?", False, HostJobState.RUNNING, None),
        ("bad", "FAILED", False, HostJobState.ENDED, None),
        ("bad", "-", False, HostJobState.ENDED, None),
        ("bad", "OUT_OF_MEMORY", False, HostJobState.ENDED, FailureClass.OOM),
        *(("good", state, False, HostJobState.ENDED, None) for state in ("RUNNING", "COMPLETED", "TIMEOUT", "-", "?")),
        ("cancelled", "CANCELLED", False, HostJobState.ENDED, None),
        ("cancelled", "COMPLETING", False, HostJobState.RUNNING, None),
        ("cancelled", "-", False, HostJobState.ENDED, None),
        ("cancelled", "TIMEOUT", False, HostJobState.ENDED, FailureClass.TIMEOUT),
    ],
)
def test_folder_and_slurm_are_told_together(
    files: str,
    state: str,
    settled: bool,  # noqa: FBT001 - pytest hands it over by its name
    phase: HostJobState,
    failure: FailureClass | None,
):
    seen = merge(FILES[files], SlurmState(id="12", state=state, settled=settled))
    assert seen.state is phase
    assert (seen.scheduler_failure and seen.scheduler_failure.failure) == failure
    assert seen.exit_code == FILES[files].exit_code
    assert seen.scheduler


def test_a_word_is_told_as_slurm_spells_it():
    assert str(SlurmState(id="12_3", state="PENDING", reason="Priority")) == "Slurm job 12_3 PENDING (Priority)"
    assert str(SlurmState(id="12", state="RUNNING", reason="None")) == "Slurm job 12 RUNNING"
    assert str(SlurmState(id="-", state="-")) == "Slurm does not know job"
    assert str(SlurmState(id="12", state="?", reason="no route")) == "Slurm does not answer (no route)"
    assert not IN_QUEUE & OVER


def test_lines_of_a_poll_are_read():
    told = parse_slurm_states(["job a running", "a 1 12 PENDING (Res ources)", "b 0 - -", "c 2 x y"])
    assert told == {
        "a": SlurmState(id="12", state="PENDING", reason="(Res ources)", settled=True),
        "b": SlurmState(id="-", state="-"),
    }


WORD = st.one_of(st.sampled_from(["a", "b", "0", "1", "12", "12_3", "PENDING", "TIMEOUT", "-", "?"]), st.text())


@given(st.lists(st.lists(WORD, max_size=7).map(" ".join), max_size=5))
def test_any_word_of_slurm_is_understood_or_left_out(lines: list[str]):
    for files in FILES.values():
        for word in parse_slurm_states(lines).values():
            seen = merge(files, word)
            assert "\n" not in seen.scheduler
            assert files.exit_code is None or seen.exit_code == files.exit_code
            assert seen.state is not HostJobState.VANISHED or word.settled


@given(st.text())
def test_a_poll_with_any_line_of_slurm_is_understood_or_refused_by_name(text: str):
    answer = (
        f"poll 100 .//./\njob a running - 90 50 - 0 0 -\nscheduler slurm a 0 12 {text}\nlengths\nlogs cat\n\ndone\n"
    )
    try:
        seen = parse_poll(answer, poll_parts(["slurm"]))
    except HostError:
        return
    assert seen["a"].state is not HostJobState.ABSENT


@posix
def test_hundreds_of_jobs_are_one_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A stand-in for squeue answers, and counts."""
    host = open_host("hpc", HostConfig(), project=tmp_path)
    answer = ["someone else's line", "1 other PENDING None"]
    for number in range(300):
        submitted = Path(host.root) / f"jobs/job-{number}/submitted"
        submitted.mkdir(parents=True)
        (submitted / "name").write_text(f"cosmos-{number} -\n" if number % 3 else f"cosmos-array {number}\n")
        (submitted / "id").write_text(f"{number}\n" if number % 3 else f"7_{number}\n")
        answer.append(
            f"{number} cosmos-{number} PENDING Priority" if number % 3 else f"7_{number} cosmos-array RUNNING"
        )
    (tmp_path / "answer").write_text("\n".join(reversed(answer)) + "\n")
    (tmp_path / "squeue").write_text(f"#!/bin/sh\necho >>'{tmp_path}/asked'\ncat '{tmp_path}/answer'\n")
    (tmp_path / "squeue").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    seen = observe(host, *(Site(folder=host.root / f"jobs/job-{number}") for number in range(300)))
    for number in range(300):
        word = f"{number} PENDING (Priority)" if number % 3 else f"7_{number} RUNNING"
        assert seen[f"job-{number}"].scheduler == f"Slurm job {word}"
    assert (tmp_path / "asked").read_text() == "\n"


@posix
def test_a_job_that_was_cancelled_while_slurm_could_not_be_told_does_not_begin(tmp_path: Path):
    config = HostConfig(launcher="slurm")
    host = open_host("hpc", config, project=tmp_path)
    new = task(host, ("sh", "-c", "echo ran"), config=config)
    stage(host, new, {})
    (path(new.site) / "run.sh").write_text(launcher_for("hpc", config).script(new))
    (path(new.site) / "cancelled").touch()
    assert subprocess.run(["sh", str(path(new.site) / "run.sh")], check=False).returncode == 0
    assert not (path(new.site) / "started").exists()


@posix
def test_a_job_that_is_started_anew_waits_until_the_former_start_is_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(slurm_module, "QUIET_S", 77)
    # The former start gives three signs of life while the new one waits, and none during the fourth nap.
    nap = f'[ "$1" = 77 ] || exec {need_program("sleep")} "$@"; echo nap >>naps; count=$(wc -l <naps)'
    write_shell(tmp_path / "bin", "sleep", f'{nap}; [ "$count" -gt 3 ] || echo "$count" >heartbeat')
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    config = HostConfig(launcher="slurm")
    host = open_host("hpc", config, project=tmp_path)
    new = task(host, ("sh", "-c", "echo ran; cp naps out/began"), config=config)
    stage(host, new, {})
    folder = path(new.site)
    (folder / "run.sh").write_text(launcher_for("hpc", config).script(new))
    (folder / "started").mkdir()
    (folder / "started/pid").write_text("7 0\n")
    (folder / "state").write_text("running 1\n")
    (folder / "stdout.log").write_text("former\n")
    (folder / "out/part").touch()
    (folder / "heartbeat").write_text("0\n")

    def run(job: str, restarts: str) -> int:
        env = {**os.environ, "SLURM_JOB_ID": job, "SLURM_RESTART_COUNT": restarts}
        return subprocess.run(["sh", str(folder / "run.sh")], env=env, check=False, timeout=180).returncode

    assert run("8", "1") == 0
    assert run("7", "0") == 0
    assert (folder / "stdout.log").read_text() == "former\n"
    assert run("7", "1") == 0
    assert (folder / "stdout.log").read_text() == "ran\n"
    assert (folder / "stdout.0.log").read_text() == "former\n"
    assert [file.name for file in (folder / "out").iterdir()] == ["began"]
    assert (folder / "out/began").read_text() == "nap\n" * 4
    assert (folder / "exit_code").read_text() == "0\n"
    assert run("7", "2") == 0
    assert (folder / "stdout.log").read_text() == "ran\n"


@posix
@pytest.mark.parametrize("ended", [True, False])
def test_secrets_that_were_written_after_the_job_had_ended_go(tmp_path: Path, *, ended: bool) -> None:
    programs, job = tmp_path / "programs", tmp_path / "job"
    (job / "submitted").mkdir(parents=True)
    programs.mkdir()
    for name in ("sbatch", "squeue"):
        (programs / name).write_text("#!/bin/sh\nexit 1\n")
        (programs / name).chmod(0o700)
    (job / "submitted" / "id").write_text("7\n")
    (job / "secrets").write_text("HF_TOKEN=x\n")
    if ended:
        (job / "exit_code").write_text("0\n")
    text = f"here='{job}' name=cosmos-sea\n{script_part('slurm/client')}{script_part('slurm/submit')}"
    environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(["sh", "-c", text], env=environment, capture_output=True, text=True, check=True)
    assert (done.stdout, (job / "secrets").exists()) == ("submitted\n", not ended)
