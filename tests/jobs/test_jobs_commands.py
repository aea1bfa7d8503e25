from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace

import pytest

from cosmos_houdini.model.job import JobState
from support.jobs.job_project import Shop

KEYS = ["id", "name", "engine", "host", "state", "attempt", "progress", "eta_s", "error", "outputs", "stage"]


def test_status_prints_one_document_with_the_agreed_keys(shop: Shop, capsys: pytest.CaptureFixture[str]):
    assert shop.main("run", shop.spec("good")) == 0
    assert shop.main("run", shop.spec("bad", fault="exit")) == 1
    capsys.readouterr()
    assert shop.main("status", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert list(document) == ["schema", "jobs"]
    good, bad = document["jobs"]
    assert list(good) == KEYS
    assert (good["state"], good["error"], good["progress"]) == ("succeeded", None, 1.0)
    assert (bad["state"], bad["error"]["class"], bad["outputs"]) == ("failed", "engine_error", [])


def test_status_lists_the_jobs_that_were_asked_for(shop: Shop, capsys: pytest.CaptureFixture[str]):
    assert shop.main("run", shop.spec("one")) == 0
    assert shop.main("run", shop.spec("two")) == 0
    capsys.readouterr()
    assert shop.main("status", "two") == 0
    assert capsys.readouterr().out.startswith("two-")


@pytest.mark.parametrize("command", ["status", "logs", "attach", "cancel", "retry", "fetch"])
def test_an_unknown_id_is_answered_with_the_nearest(shop: Shop, capsys: pytest.CaptureFixture[str], command: str):
    assert shop.main("run", shop.spec()) == 0
    job_id = shop.record().id
    capsys.readouterr()
    wrong = job_id[:-1] + ("0" if job_id[-1] != "0" else "1")
    assert shop.main(command, wrong) == 2
    assert f"did you mean '{job_id}'?" in capsys.readouterr().err


def test_status_of_a_project_without_jobs_is_an_empty_list(shop: Shop, capsys: pytest.CaptureFixture[str]):
    assert shop.main("status", "--json") == 0
    assert json.loads(capsys.readouterr().out)["jobs"] == []
    assert shop.main("status") == 0
    assert "has no jobs yet" in capsys.readouterr().err


def test_status_names_the_jobs_that_nobody_sends(shop: Shop, capsys: pytest.CaptureFixture[str]):
    assert shop.main("run", shop.spec(), "--detach") == 0
    with closing(shop.client()) as client:
        record = client.store.get(shop.record().id)
        idle = replace(record, job=replace(record.job, id="idle-1", state=JobState.QUEUED))
        client.store.add(idle)
        capsys.readouterr()
        assert shop.main("status", "idle-1") == 0
        assert "idle-1 is queued and no process sends it" in capsys.readouterr().err
        with client.lock("idle-1"):
            assert shop.main("status", "idle-1") == 0
        assert "no process sends it" not in capsys.readouterr().err


def test_status_lists_ten_thousand_jobs_and_asks_no_host_for_those_at_their_end(
    shop: Shop, capsys: pytest.CaptureFixture[str]
):
    assert shop.main("run", shop.spec()) == 0
    with closing(shop.client()) as client:
        record = client.store.get(shop.record().id)
        client.store.add_all(
            replace(record, job=replace(record.job, id=f"many-{number:05}", host="gone")) for number in range(10_000)
        )
    capsys.readouterr()
    assert shop.main("status", "--json") == 0
    told = capsys.readouterr()
    assert len(json.loads(told.out)["jobs"]) == 10_001
    assert told.err == ""


def test_logs_print_what_the_program_printed(shop: Shop, capsys: pytest.CaptureFixture[str]):
    assert shop.main("run", shop.spec()) == 0
    capsys.readouterr()
    assert shop.main("logs", shop.record().id) == 0
    assert capsys.readouterr().out == "half way\ntoken is not set\nSaved video\n"
    assert shop.main("logs", "shot", "--stderr") == 0
    assert capsys.readouterr().out == "last words\n"


def test_logs_of_a_running_job_come_from_its_host(shop: Shop, capsys: pytest.CaptureFixture[str]):
    assert shop.main("run", shop.spec(sleep_s="300"), "--detach") == 0
    capsys.readouterr()
    while not (out := capsys.readouterr().out):
        assert shop.main("logs", "shot") == 0
    assert out.startswith("half way\n")
    assert shop.main("cancel", "shot") == 0


def test_logs_can_be_followed_to_the_end(shop: Shop, capsys: pytest.CaptureFixture[str]):
    assert shop.main("run", shop.spec(sleep_s="0.5"), "--detach") == 0
    capsys.readouterr()
    assert shop.main("logs", "shot", "--follow") == 0
    assert capsys.readouterr().out == "half way\ntoken is not set\nSaved video\n"
    assert shop.record().state is JobState.SUCCEEDED


def test_attach_without_jobs_says_so(shop: Shop, capsys: pytest.CaptureFixture[str]):
    assert shop.main("attach") == 0
    assert "no job is unfinished" in capsys.readouterr().err


def test_attach_follows_several_jobs_and_fails_when_one_does(shop: Shop, capsys: pytest.CaptureFixture[str]):
    assert shop.main("run", shop.spec("good", sleep_s="0.3"), "--detach") == 0
    assert shop.main("run", shop.spec("bad", sleep_s="0.3", fault="exit"), "--detach") == 0
    capsys.readouterr()
    assert shop.main("attach", "--json") == 1
    told = capsys.readouterr()
    assert [job["state"] for job in json.loads(told.out)["jobs"]] == ["succeeded", "failed"]
    assert "exit code 3" in told.err


@pytest.mark.parametrize("command", ["retry", "fetch"])
def test_a_job_on_its_way_is_neither_retried_nor_fetched(shop: Shop, capsys: pytest.CaptureFixture[str], command: str):
    assert shop.main("run", shop.spec(sleep_s="300"), "--detach") == 0
    assert shop.main(command, "shot") == 2
    assert "is pending; follow it with" in capsys.readouterr().err
    assert shop.main("cancel", "shot") == 0


def test_a_job_that_failed_has_nothing_to_fetch(shop: Shop, capsys: pytest.CaptureFixture[str]):
    assert shop.main("run", shop.spec(fault="exit")) == 1
    assert shop.main("fetch", "shot") == 1
    assert "engine_error" in capsys.readouterr().err


def test_logs_fetch_and_cancel_print_one_document_with_json(shop: Shop, capsys: pytest.CaptureFixture[str]):
    assert shop.main("run", shop.spec()) == 0
    job_id = shop.record().id
    capsys.readouterr()
    documents = {}
    for command in ("logs", "fetch", "cancel"):
        assert shop.main(command, job_id, "--json") == 0
        documents[command] = json.loads(capsys.readouterr().out)
    assert documents["logs"]["text"] == "half way\ntoken is not set\nSaved video\n"
    assert [job["id"] for job in documents["fetch"]["jobs"]] == [job_id]
    assert documents["fetch"]["jobs"][0]["outputs"]
    assert documents["cancel"]["jobs"][0]["state"] == "succeeded"
    assert shop.main("retry", "none", "--json") == 2
    assert json.loads(capsys.readouterr().out)["schema"] == "cosmos-houdini/error/1"
