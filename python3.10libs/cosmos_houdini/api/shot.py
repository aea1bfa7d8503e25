"""A shot of a project: the place of its frames, and their encoding."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cosmos_houdini.shots.options import EncodeOptions, FrameOptions, ShotSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A shot that can be submitted any number of times.

    ``Project.shot`` makes it. Nothing is read before the shot is used; its frames are verified and encoded by the
    first submission, and again by a later one where they have changed.

    Attributes:
        source: where the frames are, or the folder of videos that were encoded before.
        frames: which frames become videos, and at which rate.
        encoding: how passes become control videos.
        name: 1 to 80 letters, digits, ``.``, ``_`` and ``-``; None for the renders' own name.
    """

    source: ShotSource | Path
    frames: FrameOptions = field(default_factory=FrameOptions)
    encoding: EncodeOptions = field(default_factory=EncodeOptions)
    name: str | None = None

    @property
    def is_encoded(self) -> bool:
        """Whether the shot is a folder of videos, of which nothing is encoded."""
        return isinstance(self.source, Path)

    def to_dict(self) -> dict[str, Any]:
        """Return where the frames are, as JSON data."""
        if isinstance(self.source, Path):
            return {"name": self.name, "videos": str(self.source)}
        source = self.source
        return {
            "name": self.name,
            "scene": str(source.scene) if source.scene else None,
            "renders": str(source.renders) if source.renders is not None else None,
            "output": source.output,
            "take": source.take,
        }
