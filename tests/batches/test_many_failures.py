from __future__ import annotations

import json
from collections import Counter

from support.jobs.batch_project import batch, records, table, wait_until
from support.jobs.job_project import Shop

# By the word that a run's program acts on: the (state, failure, attempts) that the run ends with.
ENDS = {
    "hang": ("failed", "stalled", 3),
    "talk": ("failed", "timeout", 1),
    "lost": ("lost", "lost", 3),
    "oom": ("succeeded", "", 2),
    "oom-always": ("failed", "oom", 2),
    "silent": ("failed", "guardrail_blocked", 1),
    "exit": ("failed", "engine_error", 1),
    "truncated": ("failed", "corrupt_output", 3),
    "say No space left on device": ("failed", "disk_full", 1),
    "say 401 Client Error": ("failed", "auth", 1),
    "say FileNotFoundError: base.pt": ("failed", "missing_checkpoint", 1),
}
GOOD = 46


def test_a_batch_of_60_runs_with_failures_of_every_class_has_the_right_row_for_each(shop: Shop):
    host = {"stalled_after_min": 0.1, "time": "0:15"}
    (shop.folder / "cosmos-houdini.yaml").write_text(json.dumps({"hosts": {"local": host}}), encoding="utf-8")
    spoilt = shop.folder / "spoilt.mp4"
    spoilt.write_bytes(shop.clip.read_bytes())
    named = {f"bad{number}": fault for number, fault in enumerate(ENDS)}
    items = [
        {
            "spec": "shot.spec.json",
            "name": "spoiler",
            "parameters": {"fault": "spoil", "until": str(spoilt), "seed": 0},
        },
        {"spec": "shot.spec.json", "name": "unwanted", "parameters": {"fault": "talk", "seed": 0}},
        *(
            {"spec": "shot.spec.json", "name": name, "parameters": {"fault": fault, "seed": 0}}
            for name, fault in named.items()
        ),
        {"spec": "shot.spec.json", "name": "good"},
        {"spec": "spoilt.spec.json", "name": "spoilt", "parameters": {"seed": 0}},
    ]
    file = batch(shop, {"seeds": list(range(GOOD))}, items)
    spec = json.loads((shop.folder / "shot.spec.json").read_text("utf-8"))
    (shop.folder / "spoilt.spec.json").write_text(
        json.dumps({**spec, "input_video": str(spoilt), "controls": {}}), encoding="utf-8"
    )
    worker = shop.popen("run-batch", file, "--max-parallel", 8)
    wait_until(lambda: len(records(shop)) == GOOD + 14)
    assert shop.main("cancel", "unwanted-0001") == 0
    _, errors = worker.communicate(timeout=600)
    assert worker.returncode == 1, errors
    rows = {row["run"]: (row["state"], row["failure"], int(row["attempt"])) for row in table(shop)}
    assert {fault: rows[f"{name}-0001"] for name, fault in named.items()} == ENDS
    assert rows["spoiler-0001"] == ("succeeded", "", 1)
    assert rows["spoilt-0001"] == ("failed", "bad_input", 1)
    assert rows["unwanted-0001"] == ("cancelled", "cancelled", 1)
    assert Counter(end for run, end in rows.items() if run.startswith("good")) == {("succeeded", "", 1): GOOD}
    assert len(rows) == GOOD + 14
    assert {row["differences"] for row in table(shop)} == {""}
    assert all(row["message"] for row in table(shop) if row["failure"])
