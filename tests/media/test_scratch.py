"""Folders beside files that are being made go away, also those of processes that were killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cosmos_houdini.media.videos.scratch import scratch_folder
from support import python_path

PROGRAM = """
import sys, time
from pathlib import Path
from cosmos_houdini.media.videos.scratch import scratch_folder
with scratch_folder(Path(sys.argv[1])) as folder:
    print(folder, flush=True)
    time.sleep(300)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a signal of POSIX")
def test_the_folder_of_a_killed_process_is_removed_and_that_of_a_living_one_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "restored.mp4"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(out)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": python_path()},
        )
        for _ in range(2)
    ]
    try:
        dead, living = (Path(process.stdout.readline().strip()) for process in processes if process.stdout)
        processes[0].send_signal(signal.SIGKILL)
        processes[0].wait()
        assert dead.is_dir()
        time.sleep(1.1)
        with scratch_folder(out) as folder:
            assert folder.is_dir()
            assert not dead.exists()
            assert living.is_dir()
        assert not folder.exists()
    finally:
        for process in processes:
            process.kill()
            process.communicate()
