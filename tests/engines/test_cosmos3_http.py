"""The engine cosmos3-http: what it refuses and sends, and what it reads in the log of its program."""

from __future__ import annotations

import json
import random
import sys
from pathlib import PurePosixPath

import pytest

from cosmos_houdini.engines import EngineLog, find_engine
from cosmos_houdini.engines.cosmos3_http.address import address_warnings
from cosmos_houdini.engines.cosmos3_http.engine import longest_s
from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.request import Site
from support.media.transfer_clips import request_of

ENGINE = find_engine("cosmos3-http")
REQUEST = request_of(weights={"depth": 1.0}, engine="cosmos3-http", size=(1280, 720), frames=93)
URL = "http://127.0.0.1:8000"


def site(server: str | None = URL) -> Site:
    return Site(folder=PurePosixPath("/data/jobs/sea-1f2e"), server=server, ffmpeg="/usr/bin/ffmpeg")


def log(stdout: str) -> EngineLog:
    return EngineLog(stdout=stdout, stderr="")


def test_the_program_travels_with_the_job_and_needs_the_standard_library_alone() -> None:
    invocation = ENGINE.invocation(REQUEST, site())
    assert invocation.argv == ("python3", "-m", "cosmos3_client", "/data/jobs/sea-1f2e/in/requests.json")
    modules = [name for name in invocation.files if name.endswith(".py")]
    assert "in/cosmos3_client/__main__.py" in modules
    known = set(sys.stdlib_module_names) | {""}
    for name in modules:
        imports = [
            line.split()[1] for line in invocation.files[name].splitlines() if line.startswith(("import ", "from "))
        ]
        assert {imported.partition(".")[0] for imported in imports} <= known, name


def test_only_the_videos_that_are_used_are_sent() -> None:
    assert list(ENGINE.invocation(REQUEST, site()).inputs) == ["in/depth.mp4"]
    begins = request_of(
        weights={"depth": 1.0}, engine="cosmos3-http", size=(1280, 720), frames=93, num_first_chunk_conditional_frames=1
    )
    assert list(ENGINE.invocation(begins, site()).inputs) == ["in/depth.mp4", "in/color.mp4"]


def test_a_caption_gets_the_facts_of_the_shot_and_no_sentences_behind_it() -> None:
    caption = request_of(
        weights={"depth": 1.0},
        engine="cosmos3-http",
        size=(1280, 720),
        frames=96,
        prompt='{"temporal_caption": "Rain.", "fps": 3}',
    )
    (order,) = json.loads(ENGINE.invocation(caption, site()).files["in/requests.json"])["requests"]
    assert json.loads(order["prompt"]) == {
        "temporal_caption": "Rain.",
        "resolution": {"H": 720, "W": 1280},
        "aspect_ratio": "16,9",
        "duration": "4s",
        "fps": 24.0,
    }
    assert not order["options"]["use_duration_template"]
    assert not order["options"]["use_resolution_template"]


def test_requests_of_a_batch_share_one_program() -> None:
    other = request_of(weights={"edge": 0.5}, engine="cosmos3-http", size=(1280, 720), frames=93, seed=9)
    assert ENGINE.load_key(REQUEST) == ENGINE.load_key(other) != ""
    sites = [Site(folder=PurePosixPath(f"/data/jobs/{name}"), server=URL, ffmpeg="ffmpeg") for name in ("a-1", "b-2")]
    shared = ENGINE.share([(REQUEST, sites[0]), (other, sites[1])], site())
    assert shared.begins == ("[1/2] begin a-1", "[2/2] begin b-2")
    order = json.loads(shared.invocation.files["in/requests.json"])
    assert [one["folder"] for one in order["requests"]] == ["/data/jobs/a-1", "/data/jobs/b-2"]
    assert order["requests"][0]["content"] != order["requests"][1]["content"]


@pytest.mark.parametrize(
    ("server", "words"),
    [
        (None, "the host names no server"),
        ("gpu01:8000", "'gpu01:8000'"),
        ("ftp://gpu01", "'ftp://gpu01'"),
        ("http://", "'http://'"),
        ("http://gpu01:99999", "is no URL"),
        ("http://gpu01/?key=1", "allowed: http:// or https://"),
        ("http://gpu 01", "has letters that no URL has"),
        ("http://gpu01\r\nX: 1", "has letters that no URL has"),
    ],
)
def test_an_address_that_is_none_is_refused_with_its_value(server: str | None, words: str) -> None:
    with pytest.raises(BadInput) as refused:
        ENGINE.invocation(REQUEST, site(server))
    assert words in str(refused.value)


def test_a_password_in_the_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(BadInput, match="user name or a password") as refused:
        ENGINE.invocation(REQUEST, site("https://me:hunter2@gpu01"))
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000", "http://localhost", "http://[::1]:8000", "https://far.example"]
)
def test_loopback_and_tls_need_no_warning(url: str) -> None:
    assert address_warnings(url) == ()


@pytest.mark.parametrize("url", ["http://gpu01:8000", "http://10.0.0.7", "http://localhost.evil.example"])
def test_another_machine_without_encryption_is_warned_about(url: str) -> None:
    (warning,) = ENGINE.invocation(REQUEST, site(url)).warnings
    assert warning.startswith(f"{url} is another machine, reached without encryption")


def test_gpus_are_those_of_the_server() -> None:
    many = request_of(weights={"depth": 1.0}, engine="cosmos3-http", size=(1280, 720), frames=93, num_gpu=2)
    with pytest.raises(BadInput, match="the server was started with its GPUs"):
        ENGINE.check(many)


def test_a_request_has_time_by_its_length_steps_and_size() -> None:
    plan = ENGINE.plan(REQUEST)
    assert 5_000 < longest_s(REQUEST, plan) < 7_000
    small = request_of(weights={"depth": 1.0}, engine="cosmos3-http", size=(1280, 720), frames=93, resolution="256")
    assert longest_s(small, ENGINE.plan(small)) < 2_500


LINES = [
    "asking http://127.0.0.1:8000 what it is",
    "it is vLLM-Omni 0.24.0 with nvidia/Cosmos3-Nano; it tells no progress",
    "[1/1] begin sea-1f2e",
    "uploaded 500 of 1000 bytes",
    "submitted video_gen_1",
    "server: queued",
    "server: in_progress",
    "server: in_progress for 130 s",
    "waiting for the server: it is away",
    "uploaded 1000 of 1000 bytes",
    "server: in_progress",
    "downloading the video",
    "encoding",
    "saved /data/jobs/sea-1f2e/out/result.mp4",
]
STAGES = [
    *("asking the server", "asking the server", "asking the server", "uploading, 50 %", "uploading, 50 %"),
    *("queued on the server", "the server works", "the server works, 2 min", "waiting for the server"),
    *("uploading, 100 %", "the server works", "downloading the video", "encoding", "saved"),
]


def test_progress_tells_the_stage_and_never_goes_back() -> None:
    plan = ENGINE.plan(REQUEST)
    seen = [ENGINE.progress(log("\n".join(LINES[: count + 1]) + "\n"), plan) for count in range(len(LINES))]
    assert [told.stage for told in seen if told] == STAGES
    fractions = [told.fraction for told in seen if told]
    assert fractions == sorted(fractions)
    assert max(fractions[:-3]) <= 0.02, "a time that is left cannot be computed from what a server tells"
    assert ENGINE.progress(log(""), plan) is None


def test_a_log_of_nonsense_breaks_no_parser() -> None:
    plan, drawn = ENGINE.plan(REQUEST), random.Random(14)
    words = [
        *LINES,
        'failed {"class": 3}',
        "failed {",
        'made with {"parameters": 1}',
        "server: " + "x" * 90,
        "\x00\xff",
    ]
    for _ in range(300):
        text = "\n".join(drawn.choices(words, k=drawn.randrange(12)))[: drawn.randrange(1, 400)]
        told = ENGINE.progress(log(text), plan)
        assert told is None or 0 <= told.fraction <= 1
        ENGINE.record(log(text))
        ENGINE.failure(drawn.choice((0, 1, 127, 137)), log(text))


@pytest.mark.parametrize(
    ("exit_code", "stdout", "stderr", "name"),
    [
        (0, "saved x\n", "", None),
        (0, "", "", "engine_error"),
        (1, 'failed {"class": "auth", "message": "no", "retryable": false}\n', "", "auth"),
        (1, "", "OSError: [Errno 28] No space left on device", "disk_full"),
        (127, "", "python3: not found", "host_setup"),
        (1, "", "  File x\nSyntaxError: invalid syntax", "host_setup"),
    ],
)
def test_the_end_of_the_program_has_its_class(exit_code: int, stdout: str, stderr: str, name: str | None) -> None:
    found = ENGINE.failure(exit_code, EngineLog(stdout=stdout, stderr=stderr))
    assert (found and str(found.failure)) == name
