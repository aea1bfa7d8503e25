"""Reports as JSON lines."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pytest

from cosmos_houdini.errors import HostUnreachable
from cosmos_houdini.model.job import Job, JobState, JobStatus
from cosmos_houdini.worker import reporter as module
from cosmos_houdini.worker.events import EventWriter
from cosmos_houdini.worker.reporter import JsonReporter

JOB = Job(
    id="street-1",
    name="street",
    engine="preview",
    host="local",
    state=JobState.RUNNING,
    attempt=1,
    progress=0.5,
    eta_s=4.0,
    failure=None,
    outputs=(),
)


def events(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_sentence_is_a_line_whatever_is_in_it():
    stream = io.StringIO()
    JsonReporter(EventWriter(stream)).say("größe\n\udc80")
    assert events(stream) == [{"event": "message", "text": "größe\n\udc80"}]
    assert stream.getvalue().isascii()


def test_a_job_is_written_once_for_each_change():
    stream = io.StringIO()
    status = JobStatus(job=JOB, stage="step 2")
    with JsonReporter(EventWriter(stream)).following() as display:
        for each in (status, status, JobStatus(job=replace(JOB, progress=0.75), stage="step 3")):
            display.update([each])
        display.overall("1 of 2 runs done", 0.5, "about 0:01:00 left")
        display.host_error(HostUnreachable("gpu01 does not answer"))
    written = events(stream)
    assert [(each["event"], each.get("progress"), each.get("stage")) for each in written[:2]] == [
        ("job", 0.5, "step 2"),
        ("job", 0.75, "step 3"),
    ]
    assert (written[0]["job"], written[0]["state"], written[0]["eta_s"]) == ("street-1", "running", 4.0)
    assert written[2] == {
        "event": "overall",
        "sentence": "1 of 2 runs done",
        "fraction": 0.5,
        "left": "about 0:01:00 left",
    }
    assert written[3]["text"].startswith("gpu01 does not answer")


@pytest.mark.parametrize(("interval_s", "counts"), [(0.0, [0, 1, 3, 3]), (60.0, [0, 3])])
def test_progress_is_written_no_more_often_than_a_window_draws(
    interval_s: float, counts: list[int], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "PROGRESS_INTERVAL_S", interval_s)
    stream = io.StringIO()
    with JsonReporter(EventWriter(stream)).progress("verifying", total=3, unit="frames") as advance:
        advance(1)
        advance(2)
    assert [each["done"] for each in events(stream)] == counts
    assert events(stream)[-1] == {"event": "progress", "label": "verifying", "done": 3, "total": 3, "unit": "frames"}
