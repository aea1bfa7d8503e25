"""Every answer of a host is understood, or refused by an error of this project, in bounded time and memory."""

from __future__ import annotations

import copy
import json
import re
import tracemalloc
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cosmos_houdini.engines import EngineLog, engine_names, find_engine
from cosmos_houdini.errors import CosmosError
from cosmos_houdini.hosts import open_host
from cosmos_houdini.hosts import survey as doctor_survey
from cosmos_houdini.hosts.health import parse_health
from cosmos_houdini.hosts.script import completed
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.hosts.ssh.script import past_mark
from cosmos_houdini.hosts.transfer.script import parse_survey
from cosmos_houdini.jobs import adopt, verdict
from cosmos_houdini.jobs.collect import parse_inventory
from cosmos_houdini.jobs.store.provenance import parse_provenance
from cosmos_houdini.jobs.store.record import request_from
from cosmos_houdini.launchers import staging
from cosmos_houdini.launchers.job_folder import HostJobState, Observation
from cosmos_houdini.launchers.poll import parse_poll
from cosmos_houdini.launchers.storage import parse_stored_items
from cosmos_houdini.media.videos.probe import probe_video
from cosmos_houdini.model.job import AttemptOptions
from cosmos_houdini.model.request import InferenceRequest
from support.media import FFMPEG
from support.media.transfer_clips import request_of

SHA256 = "ab" * 32
MARK = "0" * 32
ROOT = PurePosixPath("/data/cosmos")
REQUEST = request_of(frames=121)
PLANS = {name: find_engine(name).plan(request_of(frames=121, engine=name)) for name in engine_names()}
HERE = open_host("here", HostConfig(root="/data/cosmos"), project=Path.cwd())


def logs(text: str) -> None:
    """Read a log as the queue does while a job runs, and when it has ended."""
    for name, plan in PLANS.items():
        known = find_engine(name)
        for log in (EngineLog(stdout=text, stderr=""), EngineLog(stdout="", stderr=text)):
            told = known.progress(log, plan)
            assert told is None or (0 <= told.fraction <= 1 and len(told.stage) < 200)
            for exit_code in (0, 1, 137):
                failure = known.failure(exit_code, log)
                assert failure is None or len(failure.message) < 1000
                run = verdict.run_failure(known, exit_code, log, oom_killed=False)
                assert run is None or len(run.message) < 2000


def taken(text: str) -> InferenceRequest:
    document = adopt._document(text, "job-0123456789", "gpu")
    request = request_from(document["request"], {})
    return adopt._checked(request, AttemptOptions(**document["options"]), "job-0123456789", "gpu")


def disk(text: str) -> None:
    staging._check_room(HERE, ROOT, text, 1000)


def asked(text: str) -> None:
    survey = doctor_survey.parse_survey(f"{text}\ndone")
    assert survey.gpus is not None
    assert survey.now_s is None or survey.now_s >= 0
    assert survey.free_bytes is None or survey.free_bytes >= 0


READERS: dict[str, Callable[[str], object]] = {
    "how jobs stand": parse_poll,
    "what lies below the root": lambda text: parse_stored_items(text, ROOT),
    "the outputs of a job": parse_inventory,
    "what has arrived of the inputs": lambda text: parse_survey(text, MARK),
    "the room on the disk": disk,
    "the request of another machine's job": taken,
    "the log of an engine": logs,
    "output and error": lambda text: completed("gpu", 0, text.encode("utf-8", "replace"), b""),
    "the room on a host and its GPUs": parse_health,
    "what a doctor asked": asked,
    "what an attempt was made with": parse_provenance,
    "what comes before the mark": lambda text: past_mark(iter([text.encode("utf-8", "replace")]), MARK),
}

LINES = (
    *(
        "poll 100 ././/",
        "lengths",
        "logs cat",
        "logs gzip -1",
        "done",
        "now 100",
        "job a-0123456789 running 0 1 2 3 0 0 -",
    ),
    *(
        "job a ended 999999999 - - - 1 1 stalled",
        "6 ././/a/stdout.log",
        "LS0=",
        "age 1 a-0123456789",
        "size 1\t./a-0123456789",
    ),
    *(f"objects 1 1 ./ab/{SHA256}", f"incoming 1 1 ./{SHA256}.0.part", f"link a {SHA256}", f"container {SHA256} /x/y"),
    *(f"0 12 {SHA256}", f"5 ./{SHA256}.part", f"{MARK} have 0", MARK, "/dev/vda 100 50 50 50% /", "disk", "started"),
    *("frame=12", "progress=end", "[11-23 12:00:00|ERROR|a:1:b] GUARDRAIL BLOCKED", " 50%|###| 1/2 [00:01<00:01]"),
    *("RuntimeError: CUDA out of memory", "OSError: [Errno 28] No space left on device", "[rank0]: ValueError: x"),
    *("FileNotFoundError: [Errno 2] No such file or directory: 'checkpoints/x.pt'", "\x1b[31m", "\u0661\u0662%|\u2028"),
    *("== gpus", "0, NVIDIA H100, 81559, 312, 78", f"gpu {'9' * 5000}, a, 1, 2, 3", f"{'9' * 5000}, a, 1, [N/A], 3"),
    *("now \u00b2", f"now {'9' * 5000}", "disk /dev/vda 100 50 50 50% /", "gpu 0, a, b, c"),
    *("9" * 5000, "frame=" + "9" * 5000, f" 1%|#| {'9' * 5000}/{'9' * 5000} [", f"{'9' * 5000} 1% /", "[" * 5000),
)
TEXTS = st.lists(
    st.one_of(st.sampled_from(LINES), st.text(max_size=30), st.integers().map(str), st.floats().map(str)), max_size=12
).flatmap(lambda lines: st.sampled_from(["\n", "\r\n", "\r", " ", ""]).map(lambda end: end.join(lines)))


@pytest.mark.parametrize("what", READERS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(text=TEXTS)
def test_any_text_of_a_host_is_read_or_refused_by_an_error_of_this_project(what: str, text: str) -> None:
    with suppress(CosmosError):
        READERS[what](text)


ENDLESS: dict[str, Callable[[int], str]] = {
    "line breaks": lambda size: "\n" * size,
    "carriage returns": lambda size: "\r" * size,
    "spaces": lambda size: " " * size,
    "digits": lambda size: "9" * size,
    "one word": lambda size: "a" * size,
    "escapes": lambda size: "\x1b[0" * (size // 3),
    "dots": lambda size: "a." * (size // 2),
    "brackets": lambda size: '[{"a":' * (size // 6),
    "the beginning of a symptom": lambda size: "No such file or directory " * (size // 26),
    "the beginning of a record": lambda size: "[11-23 12:00:00|INFO" * (size // 20),
    "the beginning of a bar": lambda size: "\n 5%|" * (size // 5),
    "the beginning of an exception": lambda size: "a.b.Err" * (size // 7),
    "jobs": lambda size: "job a running - 1 2 - 0 0 -\n" * (size // 28),
    "headers of logs": lambda size: "\n==> ./a <==\n" * (size // 13),
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_an_answer_without_end_takes_memory_in_proportion_and_time_too(kind: str) -> None:
    size = 30_000
    text = ENDLESS[kind](size)
    tracemalloc.start()
    try:
        for answer in (text, f"now 1\n{text}\npoll 1 ./\n{text}\nlengths\nlogs cat\ndone"):
            for reader in READERS.values():
                # A reader that takes the square of the length would not end here.
                with suppress(CosmosError):
                    reader(answer)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 150 * size


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("preview"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)


def _paths(value: object, path: tuple[Any, ...] = ()) -> Iterable[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _paths(inner, (*path, key))


DOCUMENT = {
    "schema": "cosmos-houdini/job/1",
    "id": "job-0123456789",
    "attempt": 1,
    "launcher": "process",
    "options": AttemptOptions(parameters={"seed": 3}).document(),
    "request": json.loads(re.sub(r'"sha256": "[^"]*"', f'"sha256": "{SHA256}"', json.dumps(REQUEST.document()))),
}


@settings(max_examples=150)
@given(path=st.sampled_from(list(_paths(DOCUMENT))), value=VALUES)
def test_a_request_of_another_machine_is_taken_whole_or_not_at_all(path: tuple[Any, ...], value: object) -> None:
    document = copy.deepcopy(DOCUMENT)
    place: Any = document
    for key in path[:-1]:
        place = place[key]
    if path:
        place[path[-1]] = value
    with suppress(CosmosError):
        found = taken(json.dumps(document if path else value))
        # An accepted document can be worked with, and named on a terminal.
        assert find_engine(found.engine).plan(found).frames > 0
        assert found.name.isprintable()


def test_the_request_that_is_changed_is_a_good_one() -> None:
    assert taken(json.dumps(DOCUMENT)).engine == "transfer1"


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=20),
    cut=st.integers(0, 10**6),
)
def test_a_video_with_any_bytes_changed_is_decoded_or_refused(
    clip: Path, tmp_path: Path, changes: list[tuple[int, int]], cut: int
) -> None:
    data = bytearray(clip.read_bytes())
    for place, byte in changes:
        data[place % len(data)] = byte
    path = tmp_path / "changed.mp4"
    path.write_bytes(data[: cut % len(data)] if cut % 3 == 0 else data)
    with suppress(CosmosError):
        assert probe_video(path, timeout_s=60, ffmpeg=FFMPEG).frames > 0


@given(
    state=st.sampled_from(HostJobState),
    code=st.integers(0, 10**8),
    beat=st.integers(0, 10**11),
    began=st.integers(0, 10**11),
    now=st.integers(0, 10**11),
)
def test_any_clock_gives_times_that_can_be_shown(
    state: HostJobState, code: int, beat: int, began: int, now: int
) -> None:
    text = f"poll {now} ./\njob a {state} {code} {beat} {began} - 0 0 -\nlengths\nlogs cat\ndone"
    (seen,) = parse_poll(text).values()
    assert isinstance(seen, Observation)
    assert seen.run_s is not None
    assert seen.run_s >= 0
    assert seen.heartbeat_age_s is not None
    assert seen.heartbeat_age_s >= 0


@pytest.mark.parametrize("number", ["9" * 5000, "\u00b2", "\u0661", "-1", "1e9"])
def test_a_number_that_no_host_has_is_no_number(number: str) -> None:
    line = f"{number}, NVIDIA H100, 81559, 312, 78"
    assert parse_health(f"== gpus\n{line}\n").gpus == ()
    survey = doctor_survey.parse_survey(f"now {number}\ngpu {line}\ndone")
    assert (survey.now_s, survey.gpus) == (None, ())
