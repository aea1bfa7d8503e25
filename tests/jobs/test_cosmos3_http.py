"""Jobs of the engine cosmos3-http: on a server they are jobs like any other, on this machine and behind SSH."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest
import yaml

import cosmos_houdini as cosmos
from cosmos_houdini.cli import main
from cosmos_houdini.config import plain
from cosmos_houdini.jobs.store.jobs import Store
from cosmos_houdini.jobs.store.record import JobRecord
from support.faults.fault_project import kill_jobs
from support.jobs.batch_project import wait_until
from support.media.transfer_clips import write_clips
from support.servers.sshd import Sshd, running_sshd
from support.servers.video_server import Behaviour, VideoServer, video_server

SIZE, FRAMES = (320, 192), 5
KEY = "sk-4711-secret"


class Studio:
    """A project with one run, whose host reaches a server."""

    def __init__(self, folder: Path, server: VideoServer, host: dict[str, object]) -> None:
        self.folder = folder
        self.root = Path(str(host.get("root", folder / ".cosmos/host")))
        document = {**host, "server": host.get("server") or server.url, "secrets": ["COSMOS_SERVER_KEY"]}
        text = yaml.safe_dump({"defaults": {"host": "gpu"}, "hosts": {"gpu": document}})
        (folder / "cosmos-houdini.yaml").write_text(text, encoding="utf-8")
        self.clips = write_clips(folder, "color", "depth", frames=FRAMES, size=SIZE)

    def spec(self, **parameters: object) -> Path:
        prompt = {
            "schema": "cosmos-houdini/prompt-spec/1",
            "name": "sea",
            "prompt": "rain",
            "input_video": str(self.clips["color"]),
            "controls": {"depth": str(self.clips["depth"])},
        }
        document = {
            "schema": "cosmos-houdini/run-spec/1",
            "name": "sea",
            "engine": "cosmos3-http",
            "spec": prompt,
            "weights": {"depth": 1},
            "parameters": {"resolution": "256", "num_steps": 2, **parameters},
        }
        path = self.folder / "sea.run.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        (self.folder / "sea.spec.json").write_text(json.dumps(prompt), encoding="utf-8")
        return path

    def main(self, *words: object) -> int:
        return main([str(word) for word in words])

    def records(self) -> list[JobRecord]:
        with closing(Store.of(self.folder)) as store:
            return list(store.records())

    def record(self) -> JobRecord:
        return self.records()[0]


@pytest.fixture
def server() -> Iterator[VideoServer]:
    with video_server(Behaviour(key=KEY)) as running:
        yield running


@pytest.fixture
def studio(tmp_path: Path, server: VideoServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COSMOS_SERVER_KEY", KEY)
    made = Studio(tmp_path, server, {})
    yield made
    kill_jobs(made.root)


def test_a_run_on_a_server_ends_with_a_verified_result(
    studio: Studio, server: VideoServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert studio.main("run", studio.spec(seed=7)) == 0
    record = studio.record()
    assert capsys.readouterr().out.splitlines() == [str(record.results / "result.mp4")]
    document = json.loads((record.results / "result.json").read_text(encoding="utf-8"))
    assert document["outputs"][0]["frames"] == FRAMES
    assert document["recorded"]["parameters"]["seed"] == 7
    assert document["made_with"]["engine_version"] == "vLLM-Omni 0.24.0 with nvidia/Cosmos3-Nano"
    assert len(server.seen.forms) == 1
    assert studio.main("run", studio.spec(seed=7)) == 0
    assert len(server.seen.forms) == 1, "the same request is not made twice"


def test_the_key_reaches_the_server_and_stands_nowhere(
    studio: Studio, server: VideoServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.does.steps = 100_000
    assert studio.main("run", studio.spec(), "--dry-run", "--json") == 0
    assert studio.main("run", studio.spec(), "--detach") == 0
    wait_until(lambda: server.jobs)
    argv = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
    kept = [path for path in studio.folder.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    told = capsys.readouterr()
    assert (kept, [one for one in argv if KEY in one], KEY in told.out + told.err) == ([], [], False)
    assert f"Bearer {KEY}" in server.seen.keys
    assert studio.main("cancel", studio.record().id) == 0


def test_a_job_goes_on_without_its_client_and_its_log_and_stage_are_seen(
    studio: Studio, server: VideoServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.does.steps = 100_000
    assert studio.main("run", studio.spec(), "--detach") == 0
    wait_until(lambda: "in_progress" in str(list(server.jobs.values())))

    def shown() -> str:
        capsys.readouterr()
        studio.main("status", "--json")
        return str(json.loads(capsys.readouterr().out)["jobs"][0]["stage"])

    wait_until(lambda: shown() == "the server works")
    assert studio.main("logs", studio.record().id) == 0
    assert "submitted video_gen_1" in capsys.readouterr().out
    server.does.steps = 2
    assert studio.main("attach", studio.record().id) == 0
    assert str(studio.record().state) == "succeeded"


def test_a_cancelled_job_is_taken_from_the_server(studio: Studio, server: VideoServer) -> None:
    server.does.steps = 100_000
    assert studio.main("run", studio.spec(), "--detach") == 0
    wait_until(lambda: server.jobs)
    assert studio.main("cancel", studio.record().id) == 0
    assert server.seen.removed == ["video_gen_1"]


def test_a_retry_after_a_host_went_down_pays_nothing_again(studio: Studio, server: VideoServer) -> None:
    server.does.steps = 100_000
    assert studio.main("run", studio.spec(), "--detach") == 0
    folder = studio.root / "jobs" / studio.record().id
    wait_until((folder / "out/server.json").exists)
    for process in psutil.process_iter(["cmdline"]):
        if str(folder) in " ".join(process.info["cmdline"] or ()):
            process.send_signal(signal.SIGKILL)
    server.does.steps = 2
    assert studio.main("attach", studio.record().id) == 0
    record = studio.record()
    assert (str(record.state), record.job.attempt, len(server.seen.forms)) == ("succeeded", 2, 1)


def test_a_video_of_another_size_is_not_paid_for_again(studio: Studio, server: VideoServer) -> None:
    server.does.size = (256, 256)
    assert studio.main("run", studio.spec()) == 1
    record = studio.record()
    assert record.job.failure is not None
    assert (str(record.job.failure.failure), record.job.attempt) == ("corrupt_output", 1)
    assert "256x256 pixels in place of 320x192" in record.job.failure.message
    assert len(server.seen.forms) == 1


def test_a_batch_reaches_the_server_one_request_after_another(studio: Studio, server: VideoServer) -> None:
    studio.spec()
    settings = "resolution: ['256']\nnum_steps: [2]\nseeds: [1, 2, 3]\nsampler: grid\n"
    (studio.folder / "sweep.yaml").write_text(settings, encoding="utf-8")
    words = ("create-batch", "sea.spec.json", "--engine", "cosmos3-http", "--randomization", "sweep.yaml")
    assert studio.main(*words, "-o", "sea.batch.yaml") == 0
    assert studio.main("run-batch", "sea.batch.yaml") == 0
    assert [form["seed"] for form in server.seen.forms] == ["1", "2", "3"]
    processes = [record.shared_process for record in studio.records()]
    assert len(set(processes)) == 1
    assert processes[0]


@pytest.mark.sshd
def test_a_server_behind_ssh_is_reached_from_its_own_machine(
    tmp_path: Path, server: VideoServer, sshd: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COSMOS_SERVER_KEY", KEY)
    studio = Studio(tmp_path, server, dict(plain(sshd.config(tmp_path / "host's root"))))
    assert studio.main("run", studio.spec()) == 0
    assert str(studio.record().state) == "succeeded"
    with cosmos.Project.open(tmp_path).client() as client:
        assert not client.is_local(studio.record())


@pytest.fixture
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with running_sshd(tmp_path_factory.mktemp("sshd")) as running:
        yield running


def test_an_address_without_encryption_is_warned_about_before_the_start(
    tmp_path: Path, server: VideoServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    studio = Studio(tmp_path, server, {"server": "http://gpu01.example:8000"})
    assert studio.main("run", studio.spec(), "--dry-run") == 0
    told = capsys.readouterr()
    assert "warning: http://gpu01.example:8000 is another machine, reached without encryption" in told.err + told.out
