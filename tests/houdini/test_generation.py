"""A thousand work items are generated while the interface goes on, however long the worker takes to answer."""

from __future__ import annotations

import shlex
import sys
import threading
import time
from pathlib import Path

import pytest

from cosmos_houdini.houdini.tops import project as top_project
from support.houdini.top_network import Network
from support.media.shot_files import make_shot
from support.servers.host_programs import write_shell

ITEMS = 1000
SLOW_S = 1.0
LONGEST_S = 0.05
TICK_S = 0.005


def longest_wait(ended: threading.Event) -> float:
    """Return the longest time between two ticks of this thread, which stands for the interface's."""
    longest, last = 0.0, time.perf_counter()
    while not ended.is_set():
        time.sleep(TICK_S)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    return longest


@pytest.mark.skipif(sys.platform == "win32", reason="the slow worker that is played here is a program of a shell")
def test_the_interface_goes_on_while_a_slow_worker_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shot = make_shot(tmp_path, monkeypatch)
    slow = write_shell(tmp_path / "bin", "python", f'sleep {SLOW_S}; exec {shlex.quote(sys.executable)} "$@"')
    monkeypatch.setenv("COSMOS_HOUDINI_PYTHON", str(slow))
    top_project._read_project.cache_clear()
    quiet = threading.Event()
    threading.Timer(0.5, quiet.set).start()
    alone = longest_wait(quiet)
    ended = threading.Event()
    with Network(shot.folder, shot.hip) as network:
        sweep = network.add("Cosmos Sweep", count=ITEMS, guidance="5-12")
        transfer = network.add("Cosmos Transfer", sweep, prompt="rain", videos=str(tmp_path))

        def generate() -> None:
            try:
                network.generate()
            finally:
                ended.set()

        started = time.perf_counter()
        threading.Thread(target=generate).start()
        waited = longest_wait(ended)
        took = time.perf_counter() - started
    assert len(transfer.items) == ITEMS, transfer.errors
    assert took > 2 * SLOW_S
    # On a machine with other work, the interface waits without us too, but never as long as the worker takes.
    assert waited < max(LONGEST_S, 3 * alone, SLOW_S / 2), (waited, alone)
