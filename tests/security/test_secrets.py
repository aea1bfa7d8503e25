"""A secret that a job is given stands nowhere: in no file, no database, no message, no traceback, no process list."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from cosmos_houdini.jobs import collect
from cosmos_houdini.jobs.collect import fetch_log, keep_log, kept_log
from cosmos_houdini.jobs.logs import LogReader
from support.faults.fault_project import MOMENTS, TOKEN, Scene, until


@pytest.fixture(params=["here", pytest.param("ssh", marks=pytest.mark.sshd)])
def scene(request: pytest.FixtureRequest) -> Scene:
    found: Scene = request.getfixturevalue(request.param)
    return found


def holding(folder: Path) -> list[Path]:
    """Return the files below a folder that hold the secret, in whatever encoding a database keeps text."""
    spellings = [TOKEN.encode(coding) for coding in ("utf-8", "utf-16-le", "utf-16-be")]
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 5
    return [path for path in files if any(spelling in path.read_bytes() for spelling in spellings)]


def test_a_secret_stands_in_nothing_that_any_command_writes_or_prints(
    scene: Scene, capfd: pytest.CaptureFixture[str]
) -> None:
    shop = scene.shop
    spec = shop.spec("good", sleep_s="0.2")
    assert shop.main("run", spec, "--dry-run", "--json", "--write-to", shop.folder / "plan") == 0
    assert shop.main("run", spec) == 0
    assert shop.main("run", shop.spec("bad", fault="exit"), "--debug") == 1
    for name in ("good", "bad"):
        job = shop.record(name).id
        assert shop.main("logs", job) == 0
        assert shop.main("logs", job, "--stderr") == 0
        shop.main("fetch", job, "--debug")
    shop.main("report", shop.record("good").id, "-o", shop.folder / "report")
    for command in (["status", "--json"], ["config", "show"], ["config", "show", "--json"], ["clean", "--json"]):
        shop.main(*command, "--debug")
    told = capfd.readouterr()
    assert "token is ***" in told.out
    assert TOKEN not in told.out + told.err
    # Output of the engine itself is kept as it is, in the one place that only the host's user can read.
    printed = {shop.root / "jobs" / shop.record(name).id / "stdout.log" for name in ("good", "bad")}
    assert set(holding(scene.tmp)) == printed


def test_a_secret_stands_in_no_error_of_a_host_that_goes_away(scene: Scene, capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise RuntimeError("the road is gone")

    for each in ("the secrets are written", "the job is started"):
        scene.trips.clear()
        scene.trip(MOMENTS[each], fail)
        with pytest.raises(RuntimeError):
            scene.shop.main("run", scene.shop.spec(), "--debug")
    told = capfd.readouterr()
    assert TOKEN not in told.out + told.err
    (waiting,) = holding(scene.tmp)
    assert waiting == scene.shop.on_host("secrets")
    assert waiting.stat().st_mode & 0o777 == 0o600
    scene.trips.clear()
    assert scene.shop.main("cancel", scene.shop.record().id) == 0
    assert holding(scene.tmp) == []


def test_a_secret_stands_in_no_argument_of_a_process(scene: Scene) -> None:
    scene.detached(sleep_s="300")
    until(lambda: scene.shop.started() == 1)
    arguments = [_bytes(path) for path in Path("/proc").glob("[0-9]*/cmdline")]
    assert any(b"sleep" in each for each in arguments)
    assert not [each for each in arguments if TOKEN.encode() in each]
    assert scene.shop.main("cancel", scene.shop.record().id) == 0


def test_a_secret_is_masked_where_the_end_of_a_log_begins_in_its_middle(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert scene.run(sleep_s="0.1", fault="exit") == 1
    shop = scene.shop
    whole = shop.on_host("stdout.log").read_bytes()
    after = len(whole) - whole.index(TOKEN.encode())
    with closing(shop.client()) as client:
        record = shop.record()
        for length in range(after - len(TOKEN) + 4, after + 3):
            for module in (collect, "cosmos_houdini.jobs.logs"):
                name = f"{module}.LOG_BYTES" if isinstance(module, str) else "cosmos_houdini.jobs.collect.LOG_BYTES"
                monkeypatch.setattr(name, length)
            log, _ = fetch_log(client.host(record), client.site(record).folder, client.secrets(record))
            assert TOKEN[-4:] not in log.stdout
            assert "***" in log.stdout
        record.results.joinpath("stdout.log").unlink()
        assert TOKEN[-4:] not in LogReader(client=client, job_id=record.id, name="stdout.log").read(to_end=True)


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


def test_a_secret_is_masked_in_what_an_engine_writes_of_its_arguments(scene: Scene) -> None:
    assert scene.run(sleep_s="0.1", fault="exit") == 1
    shop = scene.shop
    record = shop.record()
    shop.on_host("out").joinpath("result.json").write_text(json.dumps({"token": TOKEN}), encoding="utf-8")
    with closing(shop.client()) as client:
        log, _ = fetch_log(client.host(record), client.site(record).folder, client.secrets(record))
    assert json.loads(log.record) == {"token": "***"}
    keep_log(log, record.results)
    assert kept_log(record.results) == log
    keep_log(replace(log, record=""), record.results)
    assert kept_log(record.results).record == ""
