"""What the scripts for hython have in common: exit codes, one line for an error, and Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import fake_hou
import hython
from cosmos_houdini.errors import BadInput, CheckFailed, HostUnreachable
from cosmos_houdini.houdini.environment import LIBRARIES, ROOT
from cosmos_houdini.houdini.hython.script import exit_code
from cosmos_houdini.houdini.trouble import WorkerTrouble

TROUBLE = WorkerTrouble("gpu01 is away", title="The host did not do it", action="wait", status=3, log=Path("a.log"))


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


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send")
def test_interrupting_a_script_interrupts_its_worker_too(tmp_path: Path) -> None:
    began, tidied = tmp_path / "began", tmp_path / "tidied"
    python = tmp_path / "python"
    python.write_text(
        f'#!/bin/sh\ntrap \'touch "{tidied}"; exit 4\' INT\ntouch "{began}"\nwhile :; do sleep 0.05; done\n',
        encoding="utf-8",
    )
    python.chmod(0o755)
    argv = [sys.executable, hython.__file__, ROOT / "scripts" / "cosmos_submit.py", "a.hip", "--prompt", "rain"]
    environment = {**os.environ, "PYTHONPATH": str(LIBRARIES), "COSMOS_HOUDINI_PYTHON": str(python)}
    with subprocess.Popen(argv, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        while not began.exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=180)
    assert (process.returncode, tidied.exists()) == (4, True)
    assert said.startswith("interrupted; ")
