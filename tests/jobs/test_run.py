from __future__ import annotations

import json
import os
import signal
import time
from contextlib import closing
from pathlib import Path, PurePosixPath
from types import SimpleNamespace

import pytest

from cosmos_houdini.hosts.base import OnBytes
from cosmos_houdini.hosts.local import LocalHost
from cosmos_houdini.jobs import client as client_module
from cosmos_houdini.jobs import commands, runner
from cosmos_houdini.jobs.finish import finish, lose
from cosmos_houdini.launchers.job_folder import HostJobState
from cosmos_houdini.media.videos.probe import sha256_of
from cosmos_houdini.model.job import FailureClass, JobState
from support.jobs.batch_project import wait_until
from support.jobs.job_project import Shop, lives

STRAIGHT = ["queued", "staging", "pending", "running", "collecting", "succeeded"]


def test_a_run_ends_with_a_verified_result_and_how_it_was_made(any_shop: Shop, capsys: pytest.CaptureFixture[str]):
    assert any_shop.main("run", any_shop.spec(seed=7)) == 0
    record = any_shop.record()
    assert any_shop.states() == STRAIGHT
    (result,) = map(Path, record.job.outputs)
    assert result == any_shop.folder / "cosmos_out" / record.id / "result.mp4"
    assert result.read_bytes() == any_shop.clip.read_bytes()
    assert capsys.readouterr().out.splitlines() == [str(result)]
    document = json.loads((record.results / "result.json").read_text(encoding="utf-8"))
    assert document["job"] == record.id
    assert document["request"]["parameters"]["seed"] == 7
    assert document["outputs"] == [
        {
            "path": "result.mp4",
            "role": "result",
            "sha256": sha256_of(any_shop.clip),
            "frames": 6,
            "size": [64, 48],
            "fps": 24.0,
        }
    ]
    assert (record.results / "stderr.log").read_text(encoding="utf-8") == "last words\n"
    assert sorted(path.name for path in record.results.iterdir()) == [
        *("result.json", "result.mp4", "stderr.log", "stdout.log"),
    ]


def test_the_end_of_a_job_of_this_machine_is_seen_without_waiting_for_the_next_look(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    slept_s: list[float] = []

    def sleep(seconds: float) -> None:
        slept_s.append(seconds)
        time.sleep(seconds)

    monkeypatch.setattr(runner, "time", SimpleNamespace(monotonic=time.monotonic, sleep=sleep))
    monkeypatch.setattr(runner, "FIRST_PAUSE_S", 30.0)
    monkeypatch.setattr(runner, "LONGEST_LOCAL_PAUSE_S", 30.0)
    assert shop.main("run", shop.spec(sleep_s="0.3")) == 0
    assert max(slept_s) <= runner.GLANCE_S


@pytest.mark.usefixtures("one_attempt")
@pytest.mark.parametrize(
    ("fault", "failure", "words"),
    [
        ("exit", "engine_error", "exit code 3; the log ends: last words"),
        ("silent", "guardrail_blocked", "no video was saved"),
        ("missing", "corrupt_output", "result.mp4 was not written"),
        ("frames", "corrupt_output", "result.mp4 has 6 frames instead of 7"),
        ("truncated", "corrupt_output", "result.mp4 cannot be decoded"),
    ],
)
def test_what_is_no_success_is_a_named_failure(
    shop: Shop, capsys: pytest.CaptureFixture[str], fault: str, failure: str, words: str
):
    assert shop.main("run", shop.spec(fault=fault)) == 1
    record = shop.record()
    assert record.state is JobState.FAILED
    assert record.job.failure is not None
    assert record.job.failure.failure == FailureClass(failure)
    assert words in record.job.failure.message
    assert words in capsys.readouterr().err.splitlines()[-1]
    assert sorted(path.name for path in record.results.iterdir()) == ["stderr.log", "stdout.log"]
    assert shop.states() == [*STRAIGHT[:-1], "failed"]


class Flipping(LocalHost):
    """A host whose road turns one bit of every file that comes back."""

    def get(self, remote: PurePosixPath, local: Path, *, on_bytes: OnBytes | None = None) -> None:
        super().get(remote, local, on_bytes=on_bytes)
        data = bytearray(local.read_bytes())
        data[len(data) // 2] ^= 1
        local.write_bytes(data)


def test_a_file_that_changes_on_the_way_back_is_refused_and_can_be_fetched_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as road:
        road.setattr(client_module, "open_host", lambda name, *_, **__: Flipping(name, shop.root))
        assert shop.main("run", shop.spec()) == 1
    failure = shop.record().job.failure
    assert failure is not None
    assert failure.failure is FailureClass.CORRUPT_OUTPUT
    assert "arrived damaged 3 times" in failure.message
    assert not list(shop.record().results.glob("**/*.mp4"))
    assert shop.main("fetch", shop.record().id) == 0
    assert shop.record().state is JobState.SUCCEEDED
    assert shop.started() == 1


@pytest.mark.usefixtures("one_attempt")
def test_a_program_that_is_gone_without_an_exit_code_is_lost_and_can_be_retried(shop: Shop):
    assert shop.main("run", shop.spec(sleep_s="300"), "--detach") == 0
    wait_until(lambda: shop.started() == 1)
    os.killpg(int(shop.on_host("started/pid").read_text()), signal.SIGKILL)
    assert shop.main("attach") == 1
    record = shop.record()
    assert record.state is JobState.LOST
    assert record.job.failure is not None
    assert "is gone and left no exit code" in record.job.failure.message
    assert (record.results / "stdout.log").read_text(encoding="utf-8").startswith("half way")


@pytest.mark.usefixtures("one_attempt")
def test_a_job_whose_folder_is_gone_is_lost(shop: Shop):
    assert shop.main("run", shop.spec(sleep_s="0.5"), "--detach") == 0
    wait_until(lambda: shop.started() == 1)
    shop.on_host("").rename(shop.root / "moved away")
    assert shop.main("attach") == 1
    assert shop.record().state is JobState.LOST
    assert shop.main("retry", shop.record().id) == 0
    assert shop.started() == 2


@pytest.mark.usefixtures("one_attempt")
def test_what_is_left_of_a_lost_job_is_stopped_before_it_is_retried(shop: Shop):
    assert shop.main("run", shop.spec(sleep_s="300"), "--detach") == 0
    pid = int(shop.on_host("started/pid").read_text())
    with closing(shop.client()) as client:
        lose(client, shop.record().id, "out of sight")
        commands.retry(client, shop.record().id)
    assert not lives(pid)


@pytest.mark.usefixtures("one_attempt")
def test_a_job_whose_exit_code_was_not_written_is_lost(shop: Shop):
    assert shop.main("run", shop.spec(sleep_s="0.1"), "--detach") == 0
    with closing(shop.client()) as client:
        while (seen := runner.observe(client, [shop.record()])[shop.record().id]).state is not HostJobState.ENDED:
            pass
        assert seen.exit_code == 0
        shop.on_host("exit_code").write_bytes(b"")
    assert shop.main("attach") == 1
    assert shop.record().state is JobState.LOST


def test_a_failed_run_is_run_again_from_where_its_inputs_lie_now(shop: Shop):
    clip = shop.folder / "own.mp4"
    clip.write_bytes(shop.clip.read_bytes())
    own = Shop(folder=shop.folder, clip=clip, root=shop.root)
    assert own.main("run", own.spec(fault="exit")) == 1
    moved = clip.rename(shop.folder / "moved.mp4")
    assert own.main("retry", own.record().id) == 2
    again = Shop(folder=shop.folder, clip=moved, root=shop.root)
    assert again.main("run", again.spec(fault="exit")) == 1
    failure = again.record().job.failure
    assert failure is not None
    assert failure.failure is FailureClass.ENGINE_ERROR
    assert again.record().job.attempt == 2


def test_cancel_stops_the_job_on_its_host(shop: Shop, capsys: pytest.CaptureFixture[str]):
    assert shop.main("run", shop.spec(sleep_s="300"), "--detach") == 0
    pid = int(shop.on_host("started/pid").read_text())
    assert lives(pid)
    assert shop.main("cancel", shop.record().id) == 0
    assert not lives(pid)
    assert shop.record().state is JobState.CANCELLED
    assert shop.main("attach", shop.record().id) == 1
    assert shop.main("cancel", shop.record().id) == 0
    assert "is cancelled; nothing was stopped" in capsys.readouterr().err


def test_retry_runs_a_new_attempt_and_keeps_the_history(shop: Shop):
    go = shop.folder / "go"
    assert shop.main("run", shop.spec(until=str(go)), "--detach") == 0
    assert shop.main("cancel", shop.record().id) == 0
    go.touch()
    assert shop.main("retry", shop.record().id) == 0
    assert shop.record().job.attempt == 2
    assert shop.states() == ["queued", "staging", "pending", "cancelled", *STRAIGHT]
    with closing(shop.client()) as client:
        first, second = client.store.attempts(shop.record().id)
    assert first.failure is not None
    assert second.failure is None


def test_running_a_failed_run_again_is_its_next_attempt(shop: Shop):
    spec = shop.spec(fault="exit")
    assert shop.main("run", spec) == 1
    assert shop.main("run", spec) == 1
    assert shop.record().job.attempt == 2
    assert shop.started() == 2


def test_the_same_run_again_is_answered_without_running(shop: Shop, capsys: pytest.CaptureFixture[str]):
    spec = shop.spec()
    assert shop.main("run", spec) == 0
    first = capsys.readouterr().out
    assert shop.main("run", spec) == 0
    second = capsys.readouterr()
    assert second.out == first
    assert "nothing is run" in second.err
    assert shop.started() == 1


def test_results_that_were_deleted_are_fetched_again(shop: Shop, tmp_path: Path):
    spec = shop.spec()
    assert shop.main("run", spec) == 0
    (result,) = map(Path, shop.record().job.outputs)
    result.unlink()
    assert shop.main("run", spec) == 0
    assert result.is_file()
    assert shop.main("fetch", shop.record().id, "-o", tmp_path / "elsewhere") == 0
    assert (tmp_path / "elsewhere" / "result.mp4").read_bytes() == shop.clip.read_bytes()
    assert shop.started() == 1


def test_an_input_that_changed_since_the_job_was_made_is_not_sent(shop: Shop):
    clip = shop.folder / "own.mp4"
    clip.write_bytes(shop.clip.read_bytes())
    own = Shop(folder=shop.folder, clip=clip, root=shop.root)
    assert own.main("run", own.spec(sleep_s="300"), "--detach") == 0
    assert own.main("cancel", own.record().id) == 0
    clip.write_bytes(clip.read_bytes() + b"x")
    assert own.main("retry", own.record().id) == 1
    failure = own.record().job.failure
    assert failure is not None
    assert failure.failure is FailureClass.BAD_INPUT
    assert "own.mp4 has changed" in failure.message


def test_secrets_reach_the_job_and_nothing_that_is_written_here(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("HF_TOKEN", "hf_0123456789abcdef")
    assert shop.main("run", shop.spec(fault="exit")) == 1
    assert "hf_0123456789abcdef" in shop.on_host("stdout.log").read_text()
    assert shop.main("logs", shop.record().id) == 0
    told = capsys.readouterr()
    assert "token is ***" in told.out
    assert "hf_0123456789abcdef" not in told.out + told.err
    kept = [path for path in shop.folder.rglob("*") if path.is_file() and shop.root not in path.parents]
    assert len(kept) >= 4
    assert [path for path in kept if b"hf_0123456789abcdef" in path.read_bytes()] == []


def test_a_dry_run_tells_the_jobs_own_paths_and_reaches_nothing(shop: Shop, capsys: pytest.CaptureFixture[str]):
    (shop.folder / "cosmos-houdini.yaml").write_text("hosts: {far: {address: nowhere.invalid, root: /data}}\n")
    arguments = ["run", shop.spec(), "--host", "far", "--dry-run", "--json", "--write-to", shop.folder / "plan"]
    assert shop.main(*arguments) == 0
    document = json.loads(capsys.readouterr().out)
    (remote,) = document["inputs"]
    assert remote.startswith("/data/jobs/shot-")
    assert document["argv"] == ["sh", str(PurePosixPath(remote).parent.parent / "program.sh")]
    assert (document["frames"], document["size"]) == (6, [64, 48])
    assert (shop.folder / "plan" / "program.sh").read_text() == document["files"]["program.sh"]
    assert not (shop.folder / ".cosmos").exists()
    assert shop.main(*arguments) == 0
    assert json.loads(capsys.readouterr().out) == document


@pytest.mark.parametrize("arguments", [("--write-to", "x"), ("--num-gpu", "0"), ("--host", "nowhere")])
def test_options_that_cannot_be_used_are_bad_usage(shop: Shop, arguments: tuple[str, ...]):
    assert shop.main("run", shop.spec(), *arguments) == 2
    assert not (shop.folder / ".cosmos").exists()


def test_nothing_that_others_made_is_overwritten(shop: Shop, capsys: pytest.CaptureFixture[str]):
    folder = shop.folder / "mine"
    folder.mkdir()
    (folder / "result.mp4").write_bytes(b"my own")
    assert shop.main("run", shop.spec(), "-o", folder) == 2
    assert "result.mp4 would be overwritten" in capsys.readouterr().err
    (folder / "result.mp4").rename(folder / "own.mp4")
    assert shop.main("run", shop.spec(), "-o", folder) == 0
    assert shop.main("run", shop.spec(seed=2), "-o", folder) == 2
    assert f"holds the results of job {shop.record().id}" in capsys.readouterr().err
    assert shop.main("run", shop.spec(), "-o", folder) == 0


def test_a_failed_job_is_judged_once_by_clients_that_come_late(shop: Shop):
    assert shop.main("run", shop.spec(fault="exit")) == 1
    with closing(shop.client()) as client:
        record = client.store.get(shop.record().id)
        seen = runner.observe(client, [record])[record.id]
        finish(client, record.id, seen)
    assert shop.states().count("collecting") == 1


def test_status_lists_jobs_of_a_host_that_is_configured_no_more(shop: Shop, capsys: pytest.CaptureFixture[str]):
    (shop.folder / "cosmos-houdini.yaml").write_text(
        f"defaults: {{host: gpu}}\nhosts: {{gpu: {{root: {json.dumps(str(shop.root))}}}}}\n", encoding="utf-8"
    )
    assert shop.main("run", shop.spec(sleep_s="0.2"), "--detach") == 0
    (shop.folder / "cosmos-houdini.yaml").write_text("{}", encoding="utf-8")
    capsys.readouterr()
    assert shop.main("status") == 0
    told = capsys.readouterr()
    assert "no host 'gpu' is configured" in told.err
    assert shop.record().id in told.out
    assert shop.main("attach") == 2
    assert shop.record().state is JobState.PENDING
