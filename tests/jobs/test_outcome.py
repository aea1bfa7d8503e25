from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosmos_houdini.engines.base import EngineLog
from cosmos_houdini.engines.transfer1.engine import Transfer1
from cosmos_houdini.jobs.collect import RemoteFile, inventory_script, parse_inventory
from cosmos_houdini.jobs.secrets import redacted
from cosmos_houdini.jobs.verdict import output_failure, run_failure, telling
from cosmos_houdini.model.job import FailureClass
from cosmos_houdini.model.request import Clip, ExpectedOutput
from support.engines.fake_engine import FakeEngine

GOOD = EngineLog(stdout="Saved video\n", stderr="")
OUTPUT = ExpectedOutput(path=PurePosixPath("result.mp4"), role="result", frames=49, size=(1280, 704))


def test_exit_code_zero_and_the_marker_are_needed():
    assert run_failure(FakeEngine(), 0, GOOD, oom_killed=False) is None
    assert run_failure(FakeEngine(), 1, GOOD, oom_killed=False) is not None
    assert run_failure(FakeEngine(), 0, EngineLog(stdout="", stderr=""), oom_killed=False) is not None


def test_what_the_host_killed_for_memory_is_oom_whatever_the_log_says():
    failure = run_failure(FakeEngine(), 137, GOOD, oom_killed=True)
    assert failure is not None
    assert failure.failure is FailureClass.OOM


@pytest.mark.parametrize("code", [143, 137])
@pytest.mark.parametrize("stopped", ["stalled", "timeout", "lost", "bad_input"])
def test_what_the_jobs_own_script_ended_has_the_class_that_the_script_says(stopped: str, code: int):
    engine = Transfer1()
    failure = run_failure(engine, code, EngineLog(stdout="", stderr="working\n"), oom_killed=False, stopped=stopped)
    assert failure is not None
    assert failure.failure == FailureClass(stopped)
    # Ranks that wait for one that ran out of memory stand still: the cause is what it said.
    log = EngineLog(stdout="", stderr="[rank1]: torch.OutOfMemoryError: CUDA out of memory. Tried ...\n")
    failure = run_failure(engine, code, log, oom_killed=False, stopped=stopped)
    assert failure is not None
    assert failure.failure is FailureClass.OOM


@pytest.mark.parametrize(
    ("log", "code", "retryable"),
    [
        ("CUDA out of memory.", 1, True),
        ("MemoryError", 1, False),
        ("exitcode  : -9 (pid: 77)", 1, False),
        ("", 137, False),
    ],
)
def test_offload_is_no_help_where_the_machines_own_memory_ran_out(log: str, code: int, *, retryable: bool):
    failure = run_failure(Transfer1(), code, EngineLog(stdout="", stderr=log), oom_killed=False)
    assert failure is not None
    assert (failure.failure, failure.retryable) == (FailureClass.OOM, retryable)


@pytest.mark.parametrize(
    ("frames", "size", "words"),
    [(48, (1280, 704), "48 frames instead of 49"), (49, (1280, 720), "1280x720 pixels instead of 1280x704")],
)
def test_frames_and_size_are_counted(frames: int, size: tuple[int, int], words: str):
    clip = Clip(path=Path("x"), sha256="", frames=frames, size=size, fps=24.0)
    failure = output_failure(OUTPUT, clip)
    assert failure is not None
    assert words in failure.message


def test_the_telling_lines_are_the_last_of_standard_error_without_bars_and_colours():
    log = EngineLog(stdout="ignored", stderr="\x1b[31mfirst\x1b[0m\n 1%\r 50%\r100%\n\nTraceback\nValueError: x\n")
    assert telling(log) == "100% | Traceback | ValueError: x"
    assert telling(EngineLog(stdout="only this\r\n", stderr="\n")) == "only this"


@given(st.text(), st.text())
def test_any_log_can_be_told_in_a_bounded_line(stdout: str, stderr: str):
    told = telling(EngineLog(stdout=stdout, stderr=stderr))
    assert "\n" not in told
    assert len(told) < 800


@given(st.text())
def test_any_answer_of_a_host_is_read_as_an_inventory(text: str):
    assert all(file.bytes >= 0 and len(file.sha256) == 64 for file in parse_inventory(text).values())


def test_an_inventory_is_read_line_by_line():
    text = f"motd\n0 12 {'AB' * 32}\n1 x {'00' * 32}\n2 3 short\n"
    assert parse_inventory(text) == {0: RemoteFile(bytes=12, sha256="ab" * 32)}
    assert inventory_script({PurePosixPath("/a b/$(x)"): 9}).count("'/a b/$(x)'") == 2


def test_every_secret_is_masked_the_longer_first():
    secrets = {"A": "hf_secret", "B": "hf_secret_longer", "C": "no", "D": ""}
    assert redacted("hf_secret_longer hf_secret no", secrets) == "*** *** no"
