"""Faults of the inputs that lie on a host, named by their hash."""

from __future__ import annotations

import os
from pathlib import Path

from support.faults.fault_project import Scene, until
from support.faults.fault_table import Table

TABLE = Table()
fault = TABLE.fault


def stored(scene: Scene) -> Path:
    """Return the only object on the host."""
    (found,) = [path for path in (scene.shop.root / "objects").rglob("*") if path.is_file()]
    return found


def exchange(scene: Scene) -> None:
    """Put another content of the same length, with the same times, into the place of the object."""
    place = stored(scene)
    before = place.stat()
    place.write_bytes(place.read_bytes()[::-1])
    os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))


def sent_before(scene: Scene) -> None:
    """Let another job bring the clip to the host, and forget it."""
    assert scene.shop.main("run", scene.shop.spec(name="before")) == 0
    scene.shop.starts.unlink()


for where in ("here", "ssh"):

    @fault(f"an input on the host has another content of the same length ({where})", on=where)
    def _(scene: Scene) -> None:
        sent_before(scene)
        exchange(scene)
        assert scene.run() == 0

    @fault(f"an input on the host is zeros after a power failure ({where})", on=where)
    def _(scene: Scene) -> None:
        sent_before(scene)
        stored(scene).write_bytes(bytes(stored(scene).stat().st_size))
        assert scene.run() == 0


@fault("an input on the host is exchanged while the job runs", starts=2)
def _(scene: Scene) -> None:
    scene.monkeypatch.setenv("COSMOS_HOUDINI_DEFAULTS_ATTEMPTS", "2")
    go = scene.tmp / "go"
    scene.detached(until=str(go))
    until(lambda: scene.shop.started() == 1)
    exchange(scene)
    go.touch()
    assert scene.shop.main("attach") == 0


@fault("an input is exchanged while the job runs, and no attempt is left", ends="failed", why="corrupt_output")
def _(scene: Scene) -> None:
    scene.monkeypatch.setenv("COSMOS_HOUDINI_DEFAULTS_ATTEMPTS", "1")
    go = scene.tmp / "go"
    scene.detached(until=str(go))
    until(lambda: scene.shop.started() == 1)
    exchange(scene)
    go.touch()
    assert scene.shop.main("attach") == 1
    failure = scene.shop.record().job.failure
    assert failure
    assert (
        failure.message
        == f"what the host holds of its input {scene.shop.clip} is damaged; the next attempt sends it again"
    )
