"""The share of a core that a watcher of 10,000 files takes while nothing happens, with announcements and by polling."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from threading import Event, Thread

from cosmos_houdini.config import load
from cosmos_houdini.reporter import Silent
from cosmos_houdini.watch import changes
from cosmos_houdini.watch.options import WatchOptions
from cosmos_houdini.watch.watcher import watch
from figures import Figure

FILES, SHOTS = 10_000, 20
SETTLE_S, WATCHED_S = 6.0, 40.0
TARGET_PERCENT = 1.0


def measure() -> list[Figure]:
    """Watch renders that are incomplete, so that nothing is ever to be done."""
    with tempfile.TemporaryDirectory() as name:
        project = Path(name)
        for shot in range(SHOTS):
            folder = project / "renders" / f"sh{shot:03d}"
            folder.mkdir(parents=True)
            for number in range(1, FILES // SHOTS + 1):
                (folder / f"sh{shot:03d}_beauty.{number:04d}.png").write_bytes(b"")
        announced = _share(project)
        changes.is_network_drive = lambda _: True
        polled = _share(project)
    return [_figure("announced by the system", announced), _figure("looked for, as on a network drive", polled)]


def _share(project: Path) -> float:
    """Return the percentage of a core that a watcher takes after its first look."""
    options = WatchOptions(folders=(project / "renders",), frame_range=(1, FILES))
    stop = Event()
    thread = Thread(target=watch, args=(load(project), options, Silent(), stop))
    thread.start()
    time.sleep(SETTLE_S)
    before, start = time.process_time(), time.perf_counter()
    time.sleep(WATCHED_S)
    share = 100 * (time.process_time() - before) / (time.perf_counter() - start)
    stop.set()
    thread.join()
    return share


def _figure(how: str, share: float) -> Figure:
    return Figure(
        name=f"a watcher of {FILES} files, changes {how}", ours=share, unit="% of a core", limit=TARGET_PERCENT
    )
