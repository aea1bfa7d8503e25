"""How folders are watched, and what becomes of a complete render."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.delivery import DeliveryFormat
from cosmos_houdini.model.spec import RunSpec

QUIET_S, POLL_S, SAFETY_S = 10.0, 10.0, 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOptions:
    """The watched folders, and what follows.

    Attributes:
        folders: to watch, with all folders below them.
        scene: the scene of all renders; None to look for one above each render.
        frame_range: first and last frame; None for the range of the render node, else of the scene.
        fps: frames a second; None for the scene's.
        needs: passes that a render must have before it is complete.
        run: gives prompt, engine, weights and parameters of a job for each render; None to convert alone.
        host: where jobs run; None for the configuration's default.
        deliver: what becomes of each result beside its restored video; None for nothing.
        output: as in ``DeliverOptions``.
        quiet_s: for how long nothing may change before a render is complete, in seconds.
        poll_s: how often folders on network drives are looked at, in seconds.
        once: end when everything that is complete has been dealt with, with all jobs.
    """

    folders: tuple[Path, ...]
    scene: Path | None = None
    frame_range: tuple[int, int] | None = None
    fps: float | None = None
    needs: frozenset[Pass] = frozenset()
    run: RunSpec | None = None
    host: str | None = None
    deliver: DeliveryFormat | None = None
    output: str | None = None
    quiet_s: float = QUIET_S
    poll_s: float = POLL_S
    once: bool = False
