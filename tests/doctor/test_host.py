"""``doctor --host``: what a host behind a real SSH server lacks is named, with what to do, after one command there."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from cosmos_houdini.cli import main
from cosmos_houdini.engines import find_engine
from support.engines.transfer25_checkout import make_checkout, write_programs
from support.jobs.doctor_project import Clinic
from support.media.transfer_clips import write_clips
from support.servers.host_programs import A100, GB10, H100, NO_DRIVER, write_nvidia_smi, write_shell
from support.servers.sshd import free_port, make_key
from support.servers.video_server import Behaviour, video_server

pytestmark = pytest.mark.sshd


def test_a_host_with_everything_passes_every_check_after_one_command(
    clinic: Clinic, counted_runs: Callable[[], int]
) -> None:
    clinic.with_gpu()
    clinic.configure(engine_path=str(clinic.engine_path), gpus=[0], env={"PATH": f"{clinic.programs}:/usr/bin:/bin"})
    code, checks = clinic.host_checks()
    assert {check["verdict"] for check in checks.values()} == {"pass"}, checks
    assert code == 0
    assert counted_runs() == 1
    assert list(checks) == [
        *("connection", "clock", "disk", "programs", "locks", "gpus", "ffmpeg", "engine transfer1"),
    ]
    assert checks["gpus"]["seen"] == "0: NVIDIA H100 80GB HBM3, 79.1 of 79.6 GiB free"


@pytest.mark.parametrize(
    ("gpus", "configured", "verdict", "words"),
    [
        ([H100 | {"memory.free": "51200"}], [0], "warn", ["50.0 of 79.6 GiB free", "needs 75 GiB", "nvidia-smi"]),
        ([A100], [1], "fail", ["needs 75 GiB", "larger GPU"]),
        ([H100, A100], [0, 1], "pass", ["0: NVIDIA H100", "1: NVIDIA A100"]),
        ([H100, A100], [1], "fail", ["1: NVIDIA A100", "larger GPU"]),
        ([H100], [0, 3], "fail", ["there is no GPU 3", "hosts.gpu01.gpus"]),
        ([H100, A100], [], "pass", ["0: NVIDIA H100", "1: NVIDIA A100"]),
        ([GB10], [0], "pass", ["memory unknown"]),
        ([], [0], "fail", ["lists no GPU"]),
    ],
)
def test_gpus_are_judged_by_what_the_engine_needs(
    clinic: Clinic, gpus: Sequence[Mapping[str, str]], configured: list[int], verdict: str, words: list[str]
) -> None:
    write_nvidia_smi(clinic.programs, gpus)
    clinic.configure(gpus=configured)
    check = clinic.host_checks()[1]["gpus"]
    assert check["verdict"] == verdict, check
    assert all(word in f"{check['seen']}; {check['action']}" for word in words), check


def test_a_driver_that_does_not_answer_is_told_in_its_own_words(clinic: Clinic) -> None:
    write_shell(clinic.programs, "nvidia-smi", f'echo "{NO_DRIVER}"; exit 9')
    clinic.configure(gpus=[0])
    code, checks = clinic.host_checks()
    assert (code, checks["gpus"]["verdict"]) == (1, "fail")
    assert checks["gpus"]["seen"] == NO_DRIVER


def test_a_driver_that_hangs_keeps_nothing_else_back(clinic: Clinic) -> None:
    write_shell(clinic.programs, "nvidia-smi", "exit 0")
    write_shell(clinic.programs, "timeout", "exit 124")
    clinic.configure(gpus=[0])
    checks = clinic.host_checks()[1]
    assert checks["gpus"]["seen"] == "nvidia-smi gave no answer within 20 s"
    assert checks["disk"]["verdict"] == "pass"


def test_a_host_without_gpus_is_enough_for_preview_and_not_for_the_model(clinic: Clinic) -> None:
    clinic.configure("preview")
    code, checks = clinic.host_checks()
    assert (code, checks["gpus"]["seen"]) == (0, "none, and the engine preview needs none")
    code, checks = clinic.host_checks("--engine", "transfer1")
    assert (code, checks["gpus"]["verdict"]) == (1, "fail")
    assert checks["engine transfer1"]["action"] == "set hosts.gpu01.engine_path to the folder on the host"


def test_checkpoints_that_are_missing_are_named_with_how_to_get_them(clinic: Clinic) -> None:
    clinic.with_gpu()
    control = clinic.engine_path / "checkpoints/nvidia/Cosmos-Transfer1-7B/depth_control.pt"
    control.unlink()
    clinic.configure(engine_path=str(clinic.engine_path), gpus=[0])
    check = clinic.host_checks()[1]["engine transfer1"]
    assert check["verdict"] == "fail"
    assert check["seen"].endswith("lacks checkpoints/nvidia/Cosmos-Transfer1-7B/depth_control.pt")
    assert "download_checkpoints.py" in check["action"]
    clinic.configure("preview", engine_path=str(clinic.engine_path), gpus=[0])
    code, checks = clinic.host_checks()
    assert (code, checks["engine transfer1"]["verdict"]) == (0, "warn")


def test_a_folder_of_the_engine_that_is_not_there_is_told(clinic: Clinic) -> None:
    clinic.with_gpu()
    clinic.configure(engine_path="/opt/it's absent", gpus=[0])
    check = clinic.host_checks()[1]["engine transfer1"]
    assert (check["verdict"], check["seen"]) == ("fail", "there is no folder /opt/it's absent on the host")


def test_a_program_of_the_engine_is_looked_for_where_jobs_look(clinic: Clinic) -> None:
    clinic.with_gpu()
    (clinic.programs / "torchrun").unlink()
    environment = clinic.folder / "environment"
    clinic.configure(engine_path=str(clinic.engine_path), gpus=[0])
    assert "no program torchrun" in clinic.host_checks()[1]["engine transfer1"]["seen"]
    write_shell(environment, "torchrun", "exit 0")
    path = f"{environment}:/usr/bin:/bin"
    clinic.configure(engine_path=str(clinic.engine_path), gpus=[0], env={"PATH": path})
    assert clinic.host_checks()[1]["engine transfer1"]["verdict"] == "pass"


def test_a_host_that_refuses_the_connection_ends_with_3_and_this_machine_is_judged_all_the_same(clinic: Clinic) -> None:
    clinic.configure(port=free_port())
    code, document = clinic.doctor()
    assert code == 3
    assert document["ok"] is False
    [check] = [check for check in document["checks"] if check["host"] == "gpu01"]
    assert (check["check"], check["verdict"]) == ("connection", "fail")
    assert "refuses the connection" in check["seen"]
    assert "SSH server" in check["action"]
    assert {check["verdict"] for check in document["checks"] if check["host"] is None} == {"pass"}


def test_a_key_that_is_refused_and_a_host_key_that_is_unknown_end_with_3(clinic: Clinic) -> None:
    make_key(clinic.folder / "other_key")
    clinic.configure(identity=str(clinic.folder / "other_key"))
    code, checks = clinic.host_checks()
    assert (code, list(checks)) == (3, ["connection"])
    assert "other_key" in checks["connection"]["seen"]
    (clinic.folder / "known_hosts").touch()
    clinic.configure(known_hosts=str(clinic.folder / "known_hosts"))
    code, checks = clinic.host_checks()
    assert (code, list(checks)) == (3, ["connection"])
    assert clinic.server.fingerprint() in str(checks["connection"])


def test_a_root_in_which_nothing_can_be_made_is_a_failed_check(clinic: Clinic) -> None:
    clinic.configure(root="/proc/cosmos")
    code, checks = clinic.host_checks()
    assert (code, list(checks), checks["root"]["verdict"]) == (1, ["root"], "fail")
    assert "hosts.gpu01.root" in checks["root"]["action"]


def test_a_full_disk_is_told_with_how_much_is_left(clinic: Clinic, full_disk: Path) -> None:
    clinic.configure(root=str(full_disk / "root"))
    code, checks = clinic.host_checks()
    assert (code, checks["disk"]["verdict"]) == (1, "fail")
    assert checks["disk"]["seen"] == f"0.0 GiB free in {full_disk / 'root'}"


def test_a_clock_that_is_off_is_told_with_by_how_much(clinic: Clinic) -> None:
    write_shell(clinic.programs, "date", "echo $(($(/bin/date +%s) + 3600))")
    clinic.configure("preview")
    code, checks = clinic.host_checks()
    assert (code, checks["clock"]["verdict"]) == (0, "warn")
    assert checks["clock"]["seen"].endswith(" s ahead of this machine's")
    assert abs(int(checks["clock"]["seen"].split()[0]) - 3600) < 60


def test_a_disk_that_cannot_lock_is_a_failure_where_gpus_are_shared_by_locks(clinic: Clinic) -> None:
    write_shell(clinic.programs, "flock", 'echo "flock: locks/doctor: No locks available" >&2; exit 71')
    write_nvidia_smi(clinic.programs, [H100])
    for gpus in ([0], "auto"):
        clinic.configure(gpus=gpus)
        check = clinic.host_checks()[1]["locks"]
        assert (check["verdict"], check["seen"]) == ("fail", "flock: locks/doctor: No locks available")
    write_nvidia_smi(clinic.programs, [])
    assert clinic.host_checks()[1]["locks"]["verdict"] == "warn"


def test_a_host_of_another_kind_is_told_that_it_needs_its_own_ffmpeg(clinic: Clinic) -> None:
    write_shell(clinic.programs, "uname", "echo Linux riscv64")
    clinic.configure("preview")
    check = clinic.host_checks()[1]["ffmpeg"]
    assert check["verdict"] == "warn"
    assert "Linux riscv64" in check["seen"]
    ffmpeg = write_shell(clinic.folder / "tools", "ffmpeg", "echo ffmpeg version 7.1; echo built with gcc")
    clinic.configure("preview", ffmpeg=str(ffmpeg))
    assert clinic.host_checks()[1]["ffmpeg"]["seen"] == f"{ffmpeg}: ffmpeg version 7.1"
    clinic.configure("preview", ffmpeg="/opt/absent/ffmpeg")
    assert clinic.host_checks()[1]["ffmpeg"]["verdict"] == "fail"


def test_what_is_printed_holds_no_secret_and_a_line_for_each_check(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_very_secret")
    clinic.with_gpu()
    clinic.configure(env={"API_KEY": "sk_very_secret"}, secrets=["HF_TOKEN"])
    assert main(["doctor", "--host", "gpu01"]) == 1
    printed = clinic.capfd.readouterr()
    assert "very_secret" not in printed.out + printed.err
    lines = printed.out.splitlines()
    assert (lines[0], lines.count("host gpu01")) == ("this machine", 1)
    assert all(line[:4] in {"pass", "warn", "FAIL"} for line in lines if line not in {"this machine", "host gpu01"})
    [engine] = [line for line in lines if line.startswith("FAIL  engine transfer1")]
    assert engine.endswith("; set hosts.gpu01.engine_path to the folder on the host")
    assert "1 failed" in printed.err


def test_an_answer_that_is_cut_off_is_no_survey(clinic: Clinic) -> None:
    write_shell(clinic.programs, "uname", 'kill -9 "$PPID"')
    clinic.configure("preview")
    code, checks = clinic.host_checks()
    assert (code, list(checks)) == (3, ["connection"])


def with_transfer25(clinic: Clinic) -> tuple[Path, dict[str, object]]:
    """Give the host what transfer2.5 needs but its models, and return the folder of these and the configuration."""
    write_nvidia_smi(clinic.programs, [H100])
    checkout = make_checkout(clinic.folder / "it's cosmos 2.5")
    path = f"{write_programs(clinic.folder / 'environment')}:/usr/bin:/bin"
    return checkout / "checkpoints", {"engine_path": str(checkout), "gpus": [0], "env": {"PATH": path}}


def test_models_that_the_first_job_has_to_bring_are_named(clinic: Clinic) -> None:
    cache, settings = with_transfer25(clinic)
    clinic.configure("transfer2.5", **settings)
    code, checks = clinic.host_checks()
    check = checks["engine transfer2.5"]
    assert (code, check["verdict"]) == (0, "warn")
    assert all(model in check["seen"] for model in find_engine("transfer2.5").needs.models)
    assert "HF_TOKEN" in check["action"]
    for model in find_engine("transfer2.5").needs.models[1:]:
        (cache / "hub" / f"models--{model.replace('/', '--')}" / "snapshots").mkdir(parents=True)
    assert clinic.host_checks()[1]["engine transfer2.5"]["seen"].startswith("nvidia/Cosmos-Transfer2.5-2B is not")
    (cache / "hub" / "models--nvidia--Cosmos-Transfer2.5-2B" / "snapshots").mkdir(parents=True)
    assert clinic.host_checks()[1]["engine transfer2.5"]["verdict"] == "pass"
    clinic.configure("transfer2.5", **{**settings, "env": {**settings["env"], "HF_HOME": "/nowhere"}})
    assert clinic.host_checks()[1]["engine transfer2.5"]["verdict"] == "warn"


def test_a_checkout_of_one_engine_is_not_blamed_for_lacking_another(clinic: Clinic) -> None:
    settings = with_transfer25(clinic)[1]
    clinic.configure("preview", **settings)
    assert [name for name in clinic.host_checks()[1] if name.startswith("engine")] == [
        *("engine preview", "engine transfer2.5"),
    ]


@pytest.mark.parametrize(
    ("python", "verdict", "words"),
    [
        ("no-such-python", "fail", ["'no-such-python' does not start", "set hosts.gpu01.python"]),
        ("lacking", "fail", ["lacks torch, diffusers, cosmos_guardrail", "pip"]),
        ("complete", "pass", []),
    ],
)
def test_the_python_that_an_engine_runs_in_is_asked_for_its_modules(
    clinic: Clinic, python: str, verdict: str, words: list[str]
) -> None:
    write_shell(clinic.programs, "lacking", "echo torch diffusers cosmos_guardrail")
    write_shell(clinic.programs, "complete", "echo")
    clinic.configure("diffusers", python=python, env={"PATH": f"{clinic.programs}:/usr/bin:/bin"})
    check = clinic.host_checks()[1]["engine diffusers"]
    assert check["verdict"] == verdict, check
    assert all(word in f"{check['seen']}; {check['action']}" for word in words), check


def test_only_modules_that_cannot_be_found_are_named(clinic: Clinic) -> None:
    clinic.configure("diffusers", python=sys.executable)
    check = clinic.host_checks()[1]["engine diffusers"]
    lacking = [name for name in find_engine("diffusers").needs.modules if importlib.util.find_spec(name) is None]
    assert lacking, "the environment of the tests is not meant to hold torch"
    assert check["seen"].endswith(f"lacks {', '.join(lacking)}")


def test_a_server_is_asked_from_the_host_what_it_is(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COSMOS_SERVER_KEY", "sk-4711")
    with video_server(Behaviour(key="sk-4711")) as running:
        settings = {"server": running.url, "python": sys.executable}
        clinic.configure("cosmos3-http", **settings, secrets=["COSMOS_SERVER_KEY"])
        code, checks = clinic.host_checks()
        assert (code, checks["server"]["verdict"]) == (0, "pass")
        assert checks["server"]["seen"] == "vLLM-Omni 0.24.0 with nvidia/Cosmos3-Nano"
        clinic.configure("cosmos3-http", **settings)
        code, checks = clinic.host_checks()
        assert code == 1
        assert "refuses the API key (HTTP 401)" in checks["server"]["seen"]
    assert not [path for path in (clinic.folder / "root").rglob("*") if path.is_file()], "a doctor leaves nothing"


def test_a_server_that_is_away_or_has_no_address_is_told(clinic: Clinic) -> None:
    clinic.configure("cosmos3-http", server=f"http://127.0.0.1:{free_port()}", python=sys.executable)
    code, checks = clinic.host_checks()
    assert (code, checks["server"]["verdict"]) == (1, "fail")
    assert "cannot be reached: Connection refused" in checks["server"]["seen"]
    clinic.configure("cosmos3-http", python=sys.executable)
    assert "the host names no server" in clinic.host_checks()[1]["engine cosmos3-http"]["seen"]


def write_run(folder: Path, engine: str, **changes: object) -> str:
    clips = write_clips(folder, "color", "depth")
    spec = {
        "schema": "cosmos-houdini/prompt-spec/1",
        "name": "boat",
        "prompt": "a boat",
        "input_video": str(clips["color"]),
        "controls": {"depth": str(clips["depth"])},
    }
    run = {"schema": "cosmos-houdini/run-spec/1", "name": "boat", "engine": engine, "spec": spec, **changes}
    (folder / "boat.run.json").write_text(json.dumps(run), "utf-8")
    return "boat.run.json"


def test_a_job_is_judged_for_its_host(clinic: Clinic) -> None:
    write_nvidia_smi(clinic.programs, [H100])
    clinic.configure(price_per_hour=3.6)
    job = write_run(clinic.folder, "cosmos3")
    _, checks = clinic.host_checks(job)
    assert checks["job memory"]["verdict"] == "pass"
    assert "1 GPU with 64 GiB free" in checks["job memory"]["seen"]
    assert "by published times" in checks["job time"]["seen"]
    write_nvidia_smi(clinic.programs, [A100])
    assert clinic.host_checks(job)[1]["job memory"]["verdict"] == "warn"
    assert clinic.host_checks(write_run(clinic.folder, "cosmos3", num_gpu=2))[1]["job memory"]["verdict"] == "fail"
    _, refused = clinic.host_checks(write_run(clinic.folder, "cosmos3", num_gpu=3))
    assert "num_gpu = 3" in refused["job"]["seen"]


def test_a_job_without_a_host_is_no_question(clinic: Clinic) -> None:
    clinic.configure()
    assert main(["doctor", write_run(clinic.folder, "cosmos3")]) == 2
    assert "name it with --host" in clinic.capfd.readouterr().err
    assert main(["doctor", "no-such-job", "--host", "gpu01"]) == 2
