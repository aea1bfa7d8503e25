"""The frames of a job's result as pictures, which MPlay, viewports and nodes read where they may not read videos."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = "frames"
RESTORED, RESULT = "restored.mp4", "result.json"
CONVERSION = "conversion.json"
METADATA = Path("input") / "metadata.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFrames:
    """Where the frames of a video are, or will be.

    Attributes:
        video: of a result.
        name: of the frames, before their number; it differs for each job.
        first: number of the first frame.
        conversion: the document by which the frames are brought back to the plate; without one they stay as they are.
    """

    video: Path
    name: str
    first: int
    conversion: Path | None = None

    @classmethod
    def of(cls, job_id: str, video: Path) -> ResultFrames:
        """Return the frames of a job's video, numbered as in the scene where the shot's folder knows the numbers."""
        return cls(video=video, name=f"{job_id}.{video.stem}", first=_first_frame(video))

    @classmethod
    def in_plate(cls, job_id: str, video: Path) -> ResultFrames:
        """Return the frames of a result in the plate's size and place, where they fit behind the shot's camera.

        A shot that was submitted in the background has no restored video yet. A shot that was rendered again since then
        has another plate than this result: the frames are those of the restored video, or else of the result.
        """
        restored = video.with_name(RESTORED)
        for conversion in (video.with_name(CONVERSION), video.parent.parent / METADATA):
            if _is_of(video, conversion):
                return cls(
                    video=video, name=f"{job_id}.{restored.stem}", first=_first_frame(video), conversion=conversion
                )
        return cls.of(job_id, restored if restored.is_file() else video)

    @property
    def folder(self) -> Path:
        """The folder of the frames, beside the video."""
        return self.video.parent / FOLDER

    @property
    def request(self) -> tuple[str, dict[str, object]]:
        """The worker's command that writes the frames, and its options."""
        pattern = str(self.folder / f"{self.name}.####.png")
        if self.conversion is not None:
            return "restore", {"video": str(self.video), "metadata": str(self.conversion), "output": pattern}
        return "extract-frames", {"video": str(self.video), "output": pattern, "first": self.first}

    @property
    def houdini_path(self) -> str:
        """The frames as a parameter of Houdini names them."""
        return (self.folder / f"{self.name}.$F4.png").as_posix()

    @property
    def files(self) -> list[Path]:
        """The frames that are there, in order."""
        return sorted(self.folder.glob(f"{self.name}.[0-9]*.png"))


def _is_of(video: Path, metadata: Path) -> bool:
    """Whether a result was made of the colour video that a conversion describes, and of a plate that it knows."""
    try:
        conversion = _document(metadata)
        if metadata.name == CONVERSION:
            # It was written beside this result, for it alone.
            return isinstance(conversion["frame"], dict)
        result = _document(video.with_name(RESULT))
        is_same = conversion["videos"]["color"]["sha256"] == result["request"]["video"]["sha256"]
        return is_same and isinstance(conversion["frame"], dict)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _first_frame(video: Path) -> int:
    """Return the scene's number of a result's first frame; 1 for a job that was made of no shot."""
    near = video.with_name(CONVERSION)
    try:
        sources = _document(near if near.is_file() else video.parent.parent / METADATA)["sources"]
        return min(int(source["first"]) for source in sources.values())
    except (OSError, ValueError, KeyError, TypeError):
        return 1


def _document(path: Path) -> Any:  # noqa: ANN401 - JSON is whatever the file holds
    return json.loads(path.read_text(encoding="utf-8"))
