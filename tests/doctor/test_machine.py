"""``doctor``: what this machine lacks is named, with what to do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from cosmos_houdini.cli import main
from cosmos_houdini.doctor.machine import TEST_FRAMES
from support.servers.host_programs import write_shell


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def configure(project: Path, **settings: object) -> None:
    (project / "cosmos-houdini.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")


def checks(capfd: pytest.CaptureFixture[str]) -> tuple[int, dict[str, dict[str, str]]]:
    code = main(["doctor", "--json"])
    document = json.loads(capfd.readouterr().out)
    assert document["ok"] == (code == 0)
    return code, {check["check"]: check for check in document["checks"]}


def test_a_machine_that_works_passes_everything(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, found = checks(capfd)
    assert code == 0
    assert list(found) == ["python", "configuration", "defaults", "ffmpeg", "project", "disk"]
    assert {check["verdict"] for check in found.values()} <= {"pass", "warn"}
    assert str(project) in found["project"]["seen"]


def test_the_demonstration_of_the_local_host_needs_nothing_else(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--host", "local"]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert "host local" in lines
    assert any(line.startswith("pass  engine preview") for line in lines)
    assert not list(project.glob("*.mp4"))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("exit 1", "encoding a test video"),
        ('echo "[error] Unknown encoder libx264" >&2; exit 1', "Unknown encoder"),
        ("exit 0", "test.mp4"),
    ],
)
def test_an_ffmpeg_that_does_not_encode_is_named(
    project: Path, capfd: pytest.CaptureFixture[str], body: str, words: str
) -> None:
    broken = write_shell(project, "ffmpeg", body)
    configure(project, programs={"ffmpeg": str(broken)})
    code, found = checks(capfd)
    assert (code, found["ffmpeg"]["verdict"]) == (1, "fail")
    assert words in found["ffmpeg"]["seen"]
    assert "programs.ffmpeg" in found["ffmpeg"]["action"]


def test_an_ffmpeg_that_loses_frames_is_named(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    import imageio_ffmpeg  # noqa: PLC0415 - for its path alone

    real = imageio_ffmpeg.get_ffmpeg_exe()
    lossy = write_shell(
        project,
        "ffmpeg",
        f'for a; do shift; [ "$a" != {TEST_FRAMES} ] || a=5; set -- "$@" "$a"; done; exec "{real}" "$@"',
    )
    configure(project, programs={"ffmpeg": str(lossy)})
    assert checks(capfd)[1]["ffmpeg"]["seen"] == f"{lossy} wrote 5 frames where 12 were asked for"


def test_a_configuration_that_cannot_be_read_is_one_failed_check(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    configure(project, defaults={"hosst": "local"})
    code, found = checks(capfd)
    assert (code, list(found)) == (1, ["python", "configuration"])
    assert found["configuration"]["verdict"] == "fail"
    assert str(project / "cosmos-houdini.yaml") in found["configuration"]["seen"]


def test_hosts_that_cannot_work_as_configured_are_told_without_reaching_them(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    address = {"address": "gpu.invalid", "root": "/data"}
    hosts = {
        "good": address,
        "rootless": {"address": "gpu.invalid"},
        "imageless": address | {"launcher": "docker"},
        "typo": address | {"launcher": "dokcer"},
        "keyless": address | {"identity": str(project / "absent_key")},
    }
    configure(project, hosts=hosts)
    code, found = checks(capfd)
    assert code == 1
    assert found["host good"]["seen"].startswith("gpu.invalid, process, root /data")
    assert {name: found[f"host {name}"]["verdict"] for name in hosts if name != "good"} == dict.fromkeys(
        ["rootless", "imageless", "typo", "keyless"], "fail"
    )
    assert "hosts.rootless.root" in found["host rootless"]["action"]
    assert "docker" in found["host typo"]["action"]
    assert "hosts.keyless.identity" in found["host keyless"]["action"]


def test_a_host_that_cannot_be_asked_as_configured_is_one_failed_check(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    configure(project, hosts={"rootless": {"address": "gpu.invalid"}})
    assert main(["doctor", "--host", "rootless", "--json"]) == 1
    found = [check for check in json.loads(capfd.readouterr().out)["checks"] if check["host"] == "rootless"]
    assert [(check["check"], check["verdict"]) for check in found] == [("configuration", "fail")]
    assert "hosts.rootless.root" in found[0]["action"]


def test_a_default_that_does_not_exist_is_told(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    configure(project, defaults={"engine": "transfer9"})
    code, found = checks(capfd)
    assert (code, found["defaults"]["verdict"]) == (1, "fail")
    assert "transfer1" in found["defaults"]["action"]


def test_a_project_folder_that_cannot_be_written_to_is_told(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    if not Path("/proc/self").is_dir():
        pytest.skip("only Linux has a folder in which not even root can write")
    monkeypatch.chdir("/proc")
    code, found = checks(capfd)
    assert (code, found["project"]["verdict"]) == (1, "fail")
    assert "/proc cannot be written to" in found["project"]["seen"]


@pytest.mark.parametrize(("free_gib", "verdict"), [(0.4, "fail"), (5, "warn"), (50, "pass")])
def test_room_on_the_disk_is_judged(
    project: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    free_gib: float,
    verdict: str,
) -> None:
    usage = SimpleNamespace(free=int(free_gib * 1024**3))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    found = checks(capfd)[1]
    assert found["disk"]["verdict"] == verdict
    assert found["disk"]["seen"] == f"{free_gib:.1f} GiB free in {project}"


def test_a_host_or_an_engine_that_does_not_exist_is_bad_usage(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--host", "gpu9"]) == 2
    assert main(["doctor", "--host", "local", "--engine", "transfer9"]) == 2
    assert capfd.readouterr().out == ""
    assert list(project.iterdir()) == []
