"""The program of the engine cosmos3-http against real HTTP servers, which do right and wrong as upstream's do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from cosmos_houdini.engines import EngineLog, find_engine
from cosmos_houdini.media.videos.probe import probe_video
from cosmos_houdini.model.job import JobFailure
from cosmos_houdini.model.parameter import ParameterValue
from cosmos_houdini.model.request import InferenceRequest, Site
from support.media import FFMPEG
from support.media.transfer_clips import request_of, write_clips
from support.servers.sshd import free_port
from support.servers.video_server import Behaviour, VideoServer, made_video, make_certificate, video_server

ENGINE = find_engine("cosmos3-http")
SIZE, FRAMES = (320, 192), 5
KEY = "sk-4711-secret"


@dataclass(frozen=True)
class Ran:
    """Exit code, output and folder of one run of the program."""

    exit_code: int
    log: EngineLog
    folder: Path

    @property
    def failure(self) -> JobFailure | None:
        return ENGINE.failure(self.exit_code, self.log)

    @property
    def said(self) -> list[str]:
        return self.log.stdout.splitlines()

    def failed_as(self, name: str) -> str:
        """Return the message of a failure, which must have that class."""
        assert self.failure is not None, self.log
        assert str(self.failure.failure) == name, self.failure
        return self.failure.message


@dataclass
class Bench:
    """A folder in which requests are prepared as a host has them."""

    folder: Path
    clips: Mapping[str, Path]

    def request(self, *, weights: dict[str, float] | None = None, **given: ParameterValue) -> InferenceRequest:
        values: dict[str, Any] = {"resolution": "256", "num_steps": 3} | given
        return request_of(
            dict(self.clips),
            weights=weights or {"depth": 1.0},
            frames=FRAMES,
            size=SIZE,
            engine="cosmos3-http",
            **values,
        )

    def prepare(
        self, url: str, request: InferenceRequest | None = None, *, name: str = "shot-1f2e", **settings: object
    ) -> Path:
        """Write the files of a job; ``settings`` change the waiting times."""
        folder = self.folder / "jobs" / name
        sees_files = settings.pop("sees_files", False)
        site = Site(
            folder=PurePosixPath(folder),
            ffmpeg=FFMPEG.program,
            python=sys.executable,
            server=url,
            server_sees_files=sees_files,
        )
        invocation = ENGINE.invocation(request or self.request(), site)
        (folder / "out").mkdir(parents=True)
        for relative, text in invocation.files.items():
            path = folder / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        for relative, source in invocation.inputs.items():
            (folder / relative).symlink_to(source)
        order = json.loads((folder / "in/requests.json").read_text())
        order["server"] |= {"away_s": 3.0, "first_pause_s": 0.01, "longest_pause_s": 0.05}
        for one in order["requests"]:
            one["watchdog_s"] = settings.get("watchdog_s", 30.0)
        order["server"] |= {key: value for key, value in settings.items() if key in order["server"]}
        (folder / "in/requests.json").write_text(json.dumps(order))
        return folder

    def argv(self, folder: Path) -> list[str]:
        return [sys.executable, "-m", "cosmos3_client", str(folder / "in/requests.json")]

    def env(self, folder: Path, **more: str) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "PYTHONPATH": str(folder / "in"), "PYTHONUTF8": "1", **more}

    def run(
        self, url: str, request: InferenceRequest | None = None, *, env: dict[str, str] | None = None, **more: object
    ) -> Ran:
        return self.start_in(self.prepare(url, request, **more), env=env)

    def start_in(self, folder: Path, *, env: dict[str, str] | None = None) -> Ran:
        done = subprocess.run(
            self.argv(folder),
            cwd=folder,
            env=self.env(folder, **(env or {})),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Ran(done.returncode, EngineLog(stdout=done.stdout, stderr=done.stderr), folder)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    roles = ("color", "depth", "edge")
    return Bench(tmp_path, write_clips(tmp_path, *roles, frames=FRAMES, size=SIZE))


@pytest.fixture
def server() -> Iterator[VideoServer]:
    with video_server() as running:
        yield running


def check_result(ran: Ran, frames: int = FRAMES) -> None:
    assert ran.failure is None, (ran.failure, ran.log)
    clip = probe_video(ran.folder / "out/result.mp4", ffmpeg=FFMPEG)
    assert (clip.frames, clip.size, clip.fps) == (frames, SIZE, 24.0)


def test_a_request_arrives_whole_and_its_video_comes_back(bench: Bench, server: VideoServer) -> None:
    request = bench.request(seed=7, guidance=4.0, control_guidance=2.0)
    ran = bench.run(server.url, request)
    check_result(ran)
    (form,) = server.seen.forms
    assert form.pop("control_reference") == bench.clips["depth"].read_bytes()
    assert json.loads(form.pop("extra_params")) == {
        "depth": {"control_weight": 1.0},
        "control_guidance": 2.0,
        "num_video_frames_per_chunk": 93,
        "num_conditional_frames": 1,
        "num_first_chunk_conditional_frames": 0,
        "emphasize_control_in_prompt": True,
        "use_duration_template": True,
        "use_resolution_template": True,
        "negative_metadata_mode": "same",
        "share_vision_temporal_positions": True,
        "resolution": "256",
        "max_frames": 5,
    }
    assert form == {
        "prompt": "a street at night",
        "model": "nvidia/Cosmos3-Nano",
        "size": "320x192",
        "num_frames": "5",
        "fps": "24",
        "num_inference_steps": "3",
        "guidance_scale": "4.0",
        "flow_shift": "10.0",
        "seed": "7",
        "control_type": "depth",
    }
    assert server.seen.removed == ["video_gen_1"], "the server keeps no picture of the shot"
    record = ENGINE.record(ran.log)
    assert record is not None
    assert record.parameters == request.parameters
    assert record.weights == {"depth": 1.0}
    assert (ran.folder / "engine_version").read_text() == "vLLM-Omni 0.24.0 with nvidia/Cosmos3-Nano\n"


def test_a_server_that_sees_the_files_gets_several_controls_by_their_paths(bench: Bench, server: VideoServer) -> None:
    ran = bench.run(server.url, bench.request(weights={"edge": 0.3, "depth": 0.6}), sees_files=True)
    check_result(ran)
    (form,) = server.seen.forms
    assert "control_reference" not in form
    extra = json.loads(form["extra_params"])
    assert extra["edge"] == {"control_weight": 0.3, "control_path": str(ran.folder / "in/edge.mp4")}
    assert list(extra)[:2] == ["edge", "depth"]


@pytest.mark.parametrize(
    ("behaviour", "given", "name", "words"),
    [
        (Behaviour(), {"weights": {"edge": 0.3, "depth": 0.6}}, "bad_input", "takes one uploaded control"),
        (Behaviour(kind="old vllm-omni"), {}, "host_setup", "takes no uploaded control"),
        (Behaviour(kind="nim"), {"weights": {"edge": 0.3, "depth": 0.6}}, "bad_input", "no weights"),
        (Behaviour(kind="nim"), {"guidance": 0.5}, "bad_input", "guidance = 0.5; allowed: 1 to 7"),
        (Behaviour(kind="nim"), {"num_steps": 101}, "bad_input", "num_steps = 101; allowed: up to 100"),
        (Behaviour(kind="nim"), {"resolution": "768"}, "bad_input", "allowed: 256, 480, 720"),
        (Behaviour(kind="nim"), {"num_first_chunk_conditional_frames": 1}, "bad_input", "num_first_chunk"),
        (Behaviour(kind="sglang"), {}, "host_setup", "neither a vLLM-Omni that makes videos nor a NIM"),
        (Behaviour(kind="shop"), {}, "host_setup", "it calls itself 'Pet Store'"),
    ],
)
def test_what_a_server_cannot_do_is_refused_before_anything_is_uploaded(
    bench: Bench, behaviour: Behaviour, given: dict[str, Any], name: str, words: str
) -> None:
    with video_server(behaviour) as server:
        ran = bench.run(server.url, bench.request(**given))
        assert words in ran.failed_as(name)
        assert not [route for route in server.seen.routes if route.startswith("POST")]
    assert not list((ran.folder / "out").iterdir())


@pytest.mark.parametrize(
    ("behaviour", "name", "words"),
    [
        (Behaviour(error=(500, "Guardrail blocked prompt")), "guardrail_blocked", "Guardrail blocked prompt"),
        (Behaviour(error=(400, "Input was blocked by Cosmos3 guardrails.")), "guardrail_blocked", "was blocked"),
        (Behaviour(error=(500, "CUDA out of memory. Tried to allocate")), "oom", "start the server with offload"),
        (Behaviour(error=(500, "EngineDeadError: the core died")), "engine_error", "the core died"),
        (Behaviour(faults=[("POST", 409)]), "engine_error", "fault 409"),
        (Behaviour(faults=[("POST", 422)]), "bad_input", "fault 422"),
        (Behaviour(faults=[("POST", 413)]), "bad_input", "raise the limit"),
        (Behaviour(size=(256, 256)), "corrupt_output", "256x256 pixels in place of 320x192"),
        (Behaviour(fps=8), "corrupt_output", "8 fps in place of 24"),
        (Behaviour(frames=4), "corrupt_output", "4 frames in place of 5"),
        (Behaviour(kind="nim", error=(422, "content blocked by guardrail")), "guardrail_blocked", "guardrail"),
        (Behaviour(kind="nim", error=(422, "unknown field 'x'")), "bad_input", "unknown field"),
        (Behaviour(kind="nim", error=(504, "upstream timed out")), "timeout", "time limit"),
        (Behaviour(kind="nim", faults=[("POST", "nothing")]), "corrupt_output", "holds no video"),
    ],
)
def test_each_failure_of_a_server_has_its_class_and_its_words(
    bench: Bench, behaviour: Behaviour, name: str, words: str
) -> None:
    with video_server(behaviour) as server:
        ran = bench.run(server.url)
    assert words in ran.failed_as(name)
    assert ran.failure is not None
    assert not ran.failure.retryable, "another attempt would pay again for the same"
    assert not (ran.folder / "out/result.mp4").exists()
    assert ran.log.stderr == ""


def test_a_wrong_video_stays_on_the_host(bench: Bench) -> None:
    with video_server(Behaviour(fps=8)) as server:
        ran = bench.run(server.url)
    assert (ran.folder / "out/answer-result.mp4").read_bytes() == made_video(SIZE, FRAMES, 8)


@pytest.mark.parametrize(
    "faults",
    [
        [("GET job", 500)],
        [("GET job", 502), ("GET job", 503)],
        [("POST", 503)],
        [("POST", "hang up")],
        [("POST", "lose all")],
        [("GET content", 404)],
        [("GET content", "cut"), ("GET content", "cut")],
        [("GET content", "slow")],
        [("GET job", "restart")],
        [("DELETE job", 409)],
    ],
    ids=lambda faults: faults[0][0] + " " + str(faults[0][1]),
)
def test_trouble_that_passes_costs_nothing(bench: Bench, faults: list[tuple[str, Any]]) -> None:
    with video_server(Behaviour(faults=list(faults), steps=3)) as server:
        check_result(bench.run(server.url))
        assert server.does.faults == [], "the fault was met"
        whole = [form for form in server.seen.forms if "seed" in form]
        lost = [what for _, what in faults if what in {"restart", "lose all"}]
    assert len(whole) == 1 + len(lost), "nothing was paid twice but what was lost"


def test_an_answer_that_was_lost_is_not_asked_for_again(bench: Bench) -> None:
    with video_server(Behaviour(faults=[("POST", "lose answer")])) as server:
        message = bench.run(server.url).failed_as("lost")
        assert "may work on it as video_gen_1" in message
        assert len(server.seen.forms) == 1


def test_a_server_that_always_loses_the_request_is_given_up(bench: Bench) -> None:
    with video_server(Behaviour(faults=[("GET job", "restart")] * 5)) as server:
        assert "lost the request 3 times" in bench.run(server.url).failed_as("lost")
        assert len(server.seen.forms) == 3


def test_a_restart_in_the_middle_is_waited_for(bench: Bench, server: VideoServer) -> None:
    server.does.steps = 1000
    folder = bench.prepare(server.url, away_s=30.0)
    process = subprocess.Popen(bench.argv(folder), env=bench.env(folder), stdout=subprocess.PIPE, text=True)
    wait_for(lambda: "in_progress" in str(list(server.jobs.values())))
    server.stop()
    time.sleep(0.3)
    server.does.steps = 2
    server.start()
    stdout, _ = process.communicate(timeout=30)
    check_result(Ran(process.returncode, EngineLog(stdout=stdout, stderr=""), folder))
    assert "waiting for the server" in stdout
    assert "video_gen_1 is gone: the server was restarted; sending the request again" in stdout


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_server_that_stays_away_ends_the_run(bench: Bench, server: VideoServer) -> None:
    server.does.steps = 1000
    folder = bench.prepare(server.url, away_s=0.5)
    process = subprocess.Popen(bench.argv(folder), env=bench.env(folder), stdout=subprocess.PIPE, text=True)
    wait_for(lambda: server.jobs)
    server.stop()
    stdout, _ = process.communicate(timeout=30)
    ran = Ran(process.returncode, EngineLog(stdout=stdout, stderr=""), folder)
    assert "is away for" in ran.failed_as("host_setup")


def test_a_request_that_stands_still_is_removed_from_the_server(bench: Bench, server: VideoServer) -> None:
    server.does.steps = 100_000
    ran = bench.run(server.url, watchdog_s=0.5)
    assert "is in progress for" in ran.failed_as("stalled")
    assert server.seen.removed == ["video_gen_1"]


def test_a_cancelled_job_is_removed_from_the_server(bench: Bench, server: VideoServer) -> None:
    server.does.steps = 100_000
    folder = bench.prepare(server.url)
    process = subprocess.Popen(bench.argv(folder), env=bench.env(folder), stdout=subprocess.PIPE, text=True)
    wait_for(lambda: "id" in read(folder / "out/server.json"))
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=15)
    assert process.returncode == 143
    assert server.seen.removed == ["video_gen_1"]
    assert json.loads((folder / "out/server.json").read_text())["open"] is False


def test_a_later_attempt_goes_on_with_the_job_of_one_that_was_killed(bench: Bench, server: VideoServer) -> None:
    server.does.steps = 100_000
    folder = bench.prepare(server.url)
    process = subprocess.Popen(bench.argv(folder), env=bench.env(folder), stdout=subprocess.PIPE, text=True)
    wait_for(lambda: "id" in read(folder / "out/server.json"))
    process.kill()
    process.communicate()
    server.does.steps = 3
    ran = bench.run(server.url, name="shot-1f2e.2")
    check_result(ran)
    assert len(server.seen.forms) == 1
    assert "going on with video_gen_1 of an earlier attempt" in ran.said
    other = bench.run(server.url, bench.request(seed=9), name="shot-1f2e.3")
    check_result(other)
    assert len(server.seen.forms) == 2, "another content is another job"


def test_a_job_that_is_done_is_not_taken_for_the_next_attempt(bench: Bench, server: VideoServer) -> None:
    check_result(bench.run(server.url))
    check_result(bench.run(server.url, name="shot-1f2e.2"))
    assert len(server.seen.forms) == 2


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:PORT", "cannot be reached: Connection refused"),
        ("http://no-such-host.invalid:8000", "'no-such-host.invalid' is no known machine"),
    ],
)
def test_a_server_that_is_not_reached_is_told_in_one_line(bench: Bench, url: str, words: str) -> None:
    ran = bench.run(url.replace("PORT", str(free_port())))
    assert words in ran.failed_as("host_setup")
    assert [line for line in ran.said if line.startswith("failed")] == ran.said[-1:]


def test_a_wrong_key_is_told_and_no_key_is_ever_printed(bench: Bench) -> None:
    with video_server(Behaviour(key="another")) as server:
        ran = bench.run(server.url, env={"COSMOS_SERVER_KEY": KEY})
        assert "refuses the API key (HTTP 401); set COSMOS_SERVER_KEY" in ran.failed_as("auth")
        assert f"Bearer {KEY}" in server.seen.keys
    with video_server(Behaviour(key=KEY, error=(500, f"bad header Bearer {KEY}"))) as server:
        ran = bench.run(server.url, env={"COSMOS_SERVER_KEY": KEY}, name="other-1f2e")
        assert "***" in ran.failed_as("engine_error")
    written = [path for path in bench.folder.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    assert (written, KEY in ran.log.stdout + ran.log.stderr) == ([], False)


def test_ffmpeg_gets_no_key(bench: Bench) -> None:
    program, seen = bench.folder / "ffmpeg", bench.folder / "environment"
    program.write_text(f'#!/bin/sh\nenv >>"{seen}"\nexec "{FFMPEG.program}" "$@"\n')
    program.chmod(0o755)
    with video_server(Behaviour(key=KEY)) as server:
        folder = bench.prepare(server.url)
        order = json.loads((folder / "in/requests.json").read_text())
        order["requests"][0]["ffmpeg"] = str(program)
        (folder / "in/requests.json").write_text(json.dumps(order))
        check_result(bench.start_in(folder, env={"COSMOS_SERVER_KEY": KEY}))
    assert "PATH=" in seen.read_text()
    assert "COSMOS_SERVER_KEY" not in seen.read_text()


def test_a_redirect_to_another_machine_gets_no_key(bench: Bench) -> None:
    with video_server(Behaviour(kind="shop")) as store, video_server(Behaviour(key=KEY)) as server:
        server.does.stored_at = f"{store.url}/video.mp4"
        check_result(bench.run(server.url, env={"COSMOS_SERVER_KEY": KEY}))
        assert store.seen.keys == {""}
        server.does.stored_at = "file:///etc/passwd"
        ran = bench.run(server.url, env={"COSMOS_SERVER_KEY": KEY}, name="b-1")
        assert "redirects to 'file:///etc/passwd', which is not as safe" in ran.failed_as("lost")


def test_a_certificate_is_verified(bench: Bench, tmp_path: Path) -> None:
    trusted, good = make_certificate(tmp_path)
    with video_server(certificate=good) as server:
        assert "self-signed certificate" in bench.run(server.url, name="a-1").failed_as("host_setup")
        check_result(bench.run(server.url, name="b-1", env={"SSL_CERT_FILE": str(trusted)}))
        assert bench.run(server.url.replace("https", "http"), name="c-1").exit_code == 1
    trusted, other = make_certificate(tmp_path, name="render.example")
    with video_server(certificate=other) as server:
        ran = bench.run(server.url, name="d-1", env={"SSL_CERT_FILE": str(trusted)})
        assert "is not accepted" in ran.failed_as("host_setup")
    with video_server() as server:
        assert "speaks no TLS" in bench.run(server.url.replace("http", "https"), name="e-1").failed_as("host_setup")


def test_an_expired_certificate_is_told(bench: Bench, tmp_path: Path) -> None:
    trusted, old = make_certificate(tmp_path, days=-1)
    with video_server(certificate=old) as server:
        ran = bench.run(server.url, env={"SSL_CERT_FILE": str(trusted)})
    assert "certificate has expired" in ran.failed_as("host_setup")


def test_a_nim_gets_data_urls_and_its_vp9_becomes_h264(bench: Bench) -> None:
    with video_server(Behaviour(kind="nim", codec="libvpx-vp9", faults=[("ready", 503)])) as server:
        ran = bench.run(server.url, bench.request(weights={"edge": 0.5, "depth": 0.5}, seed=3))
        (document,) = server.seen.forms
    check_result(ran)
    assert "the server loads its model" in ran.said
    assert "note: NVIDIA calls several controls at once untested for a NIM" in ran.said
    videos = {hint: document["transfer"].pop(hint)["video"] for hint in ("edge", "depth")}
    assert videos["edge"].startswith("data:video/mp4;base64,AAAA")
    assert document == {
        "model_mode": "video2video",
        "prompt": "a street at night",
        "resolution": "256_16_9",
        "num_frames": 25,
        "fps": 24,
        "num_inference_steps": 3,
        "guidance_scale": 3.0,
        "flow_shift": 10.0,
        "seed": 3,
        "transfer": {"control_guidance": 1.5, "num_video_frames_per_chunk": 93, "num_conditional_frames": 1},
    }
    told = subprocess.run([FFMPEG.program, "-i", ran.folder / "out/result.mp4"], capture_output=True, check=False)
    assert b"Video: h264" in told.stderr
    assert (ran.folder / "engine_version").read_text() == "NIM 2.2.0 with cosmos3-nano\n"


def test_a_nim_that_cuts_the_line_while_it_works_is_not_paid_twice(bench: Bench) -> None:
    with video_server(Behaviour(kind="nim", faults=[("POST", "hang up")])) as server:
        assert "it was not asked again" in bench.run(server.url).failed_as("lost")
        assert len(server.seen.forms) == 1


def test_a_nim_that_was_restarted_is_asked_again(bench: Bench) -> None:
    with video_server(Behaviour(kind="nim", faults=[("POST", "restart")])) as server:
        check_result(bench.run(server.url))
        assert server.does.faults == []
        assert len(server.seen.forms) == 2


def test_a_cancelled_request_leaves_a_nim_at_once(bench: Bench) -> None:
    with video_server(Behaviour(kind="nim", steps=100_000)) as server:
        folder = bench.prepare(server.url)
        process = subprocess.Popen(bench.argv(folder), env=bench.env(folder), stdout=subprocess.PIPE, text=True)
        wait_for(lambda: server.seen.forms)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)
        server.does.steps = 1
    assert process.returncode == 143


@pytest.mark.parametrize("seed", range(12))
def test_a_server_that_answers_nonsense_is_told_in_one_line(bench: Bench, seed: int) -> None:
    with video_server(Behaviour(kind="nonsense")) as server:
        server.drawn.seed(seed)
        ran = bench.run(server.url, away_s=0.3, watchdog_s=1.0)
    assert ran.log.stderr == ""
    if ran.exit_code:
        assert [line for line in ran.said if line.startswith("failed ")] == ran.said[-1:]
    else:
        check_result(ran)


def test_one_program_serves_many_requests_and_a_refused_one_costs_the_others_nothing(
    bench: Bench, server: VideoServer
) -> None:
    requests = [bench.request(seed=1), bench.request(weights={"edge": 0.5, "depth": 0.5}), bench.request(seed=3)]
    folders = [bench.prepare(server.url, one, name=f"shot-{index}") for index, one in enumerate(requests)]
    orders = [json.loads((folder / "in/requests.json").read_text()) for folder in folders]
    orders[0]["requests"] = [order["requests"][0] for order in orders]
    (folders[0] / "in/requests.json").write_text(json.dumps(orders[0]))
    ran = bench.start_in(folders[0])
    assert [(folder / "out/result.mp4").exists() for folder in folders] == [True, False, True]
    assert [form["seed"] for form in server.seen.forms] == ["1", "3"]
    assert [line for line in ran.said if " begin " in line] == [f"[{n + 1}/3] begin shot-{n}" for n in range(3)]
    assert ran.exit_code == 0
