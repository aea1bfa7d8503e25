"""Common behaviour of the scripts for hython: exit codes, one line for an error, and Ctrl-C."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cosmos_houdini.errors import BadInput, CheckFailed, HostUnreachable
from cosmos_houdini.houdini.environment import ROOT
from cosmos_houdini.houdini.hython.script import exit_code
from cosmos_houdini.houdini.worker_error import WorkerError
from support import python_path
from support.houdini import fake_hou, hython
from support.servers.host_programs import write_shell

TROUBLE = WorkerError("gpu01 is away", title="The host did not do it", action="wait", status=3, log=Path("a.log"))


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (BadInput("no such node", allowed="/out/a"), 2, "error: no such node; allowed: /out/a"),
        (CheckFailed("a frame\nis missing"), 1, "error: a frame\\nis missing"),
        (HostUnreachable("gpu01 is away"), 3, "error: gpu01 is away"),
        (TROUBLE, 3, "error: gpu01 is away; wait (log: a.log)"),
        (fake_hou.OperationFailed("no licence"), 1, "error: Houdini: no licence"),
        (KeyboardInterrupt(), 4, "interrupted; what runs on a host goes on, `cosmos-houdini status` shows it"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_is_one_line_and_its_exit_code(
    capsys: pytest.CaptureFixture[str], error: BaseException, code: int, line: str
) -> None:
    def fail() -> int:
        raise error

    assert exit_code(fail) == code
    assert capsys.readouterr().err == f"{line}\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal for another process")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "a farm's order"])
def test_stopping_a_script_interrupts_its_worker_too(tmp_path: Path, sent: signal.Signals) -> None:
    tidied, program, python = tmp_path / "tidied", tmp_path / "worker.py", tmp_path / "python"
    lines = [
        "import pathlib, sys",
        "sys.stdin.readline()",
        """print('{"event": "message", "text": "began"}', flush=True)""",
        "sys.stdin.read()",
        f"pathlib.Path({str(tidied)!r}).touch()",
        "sys.exit(4)",
    ]
    program.write_text("\n".join(lines), encoding="utf-8")
    write_shell(tmp_path, python.name, f"exec {shlex.quote(sys.executable)} {shlex.quote(str(program))}")
    argv = [sys.executable, hython.__file__, ROOT / "scripts" / "cosmos_submit.py", "a.hip", "--prompt", "rain"]
    environment = {**os.environ, "PYTHONPATH": python_path(), "COSMOS_HOUDINI_PYTHON": str(python)}
    with subprocess.Popen(argv, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stderr
        # The worker's message has come through the script, which therefore waits for the worker.
        assert process.stderr.readline() == "began\n"
        process.send_signal(sent)
        try:
            _, said = process.communicate(timeout=180)
        finally:
            process.kill()
    assert (process.returncode, tidied.exists()) == (4, True)
    assert said.startswith("interrupted; ")


def test_a_handler_of_houdini_itself_does_not_stand_in_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    set_ = signal.signal

    def unknown_to_python(number: int, handler: object) -> object:
        before = set_(number, handler)  # type: ignore[arg-type]
        return before if handler is signal.SIG_DFL else None

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(signal, "signal", unknown_to_python)
    try:
        assert exit_code(lambda: 0) == 0
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        set_(signal.SIGTERM, before)
