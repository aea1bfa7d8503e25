"""The frames of a job's result as pictures, which MPlay, viewports and nodes read where they may not read videos."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

FOLDER = "frames"
RESTORED = "restored.mp4"
METADATA = Path("input") / "metadata.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFrames:
    """Where the frames of a video are, or will be.

    Attributes:
        video: of a result.
        name: of the frames before their number; it tells jobs apart.
        first: number of the first frame.
    """

    video: Path
    name: str
    first: int

    @classmethod
    def of(cls, job_id: str, video: Path) -> ResultFrames:
        """Return the frames of a job's video, numbered as in the shot's scene where the shot's folder tells."""
        return cls(video=video, name=f"{job_id}.{video.stem}", first=_first_frame(video))

    @property
    def folder(self) -> Path:
        """The folder of the frames, beside the video."""
        return self.video.parent / FOLDER

    @property
    def arguments(self) -> tuple[str, ...]:
        """The arguments of ``cosmos-houdini`` that write the frames."""
        pattern = self.folder / f"{self.name}.####.png"
        return ("extract-frame", str(self.video), "all", "-o", str(pattern), "--first", str(self.first))

    @property
    def houdini_path(self) -> str:
        """The frames as a parameter of Houdini names them."""
        return (self.folder / f"{self.name}.$F4.png").as_posix()

    @property
    def files(self) -> list[Path]:
        """The frames that are there, in order."""
        return sorted(self.folder.glob(f"{self.name}.[0-9]*.png"))


def plate_video(video: Path) -> Path:
    """Return the result in the plate's size and place, where there is one: it fits behind the shot's camera."""
    restored = video.with_name(RESTORED)
    return restored if restored.is_file() else video


def _first_frame(video: Path) -> int:
    """Return the scene's number of a result's first frame; 1 for a job that was made of no shot."""
    try:
        document = json.loads((video.parent.parent / METADATA).read_text(encoding="utf-8"))
        return min(int(source["first"]) for source in document["sources"].values())
    except (OSError, ValueError, KeyError, TypeError):
        return 1
