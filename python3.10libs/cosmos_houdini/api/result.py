"""A verified result of a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from cosmos_houdini.config import Config
from cosmos_houdini.errors import BadInput
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.json_text import read_json_file
from cosmos_houdini.media.videos.ffmpeg import FFmpeg
from cosmos_houdini.model.parameter import ParameterValue
from cosmos_houdini.reporter import Reporter
from cosmos_houdini.shots.restore import restore_result

VIDEO, RESTORED, DOCUMENT = "result.mp4", "restored.mp4", "result.json"


@dataclass(frozen=True, kw_only=True)
class Result:
    """The verified result of a job, on this machine.

    Attributes:
        job_id: the job.
        name: the name of the run.
        engine: a name of the engine registry.
        host: a name of the configuration.
        prompt: the text that the engine was given.
        parameters: every parameter of the engine as the attempt ran with it, defaults included.
        weights: of the controls that took part, 0 to 1, by name.
        video: the result in the engine's frame size.
        restored: the result in the plate's size and position; None where it has the plate's size already, or where no
            plate is known.
        outputs: every verified output of the job.
        source: the colour video that the result was made from.
        frames: how many frames the result and its source have in common.
    """

    job_id: str
    name: str
    engine: str
    host: str
    prompt: str
    parameters: Mapping[str, ParameterValue]
    weights: Mapping[str, float]
    video: Path
    restored: Path | None
    outputs: tuple[Path, ...]
    source: Path
    frames: int
    _ffmpeg: FFmpeg = field(repr=False, compare=False)

    @property
    def folder(self) -> Path:
        """The folder of the result; it holds the logs and ``result.json`` too."""
        return self.video.parent

    @cached_property
    def document(self) -> Mapping[str, Any]:
        """The records of ``result.json``: versions, hashes, attempts.

        Raises:
            BadInput: the file is gone or cannot be read.
        """
        path = self.folder / DOCUMENT
        action = f"fetch job {self.job_id} again"
        try:
            found = read_json_file(path)
        except BadInput as error:
            raise BadInput(error.problem, allowed=error.allowed, action=action) from error
        if not isinstance(found, dict):
            raise BadInput(f"{path} is no result", action=action)
        return found

    @cached_property
    def measures(self) -> Mapping[str, float]:
        """How near the result is to its source, by name; empty where its source or the result cannot be read.

        The first access decodes both videos, which takes about a second. ``report`` uses the same measures.
        """
        from cosmos_houdini.report.examine import measure_videos  # noqa: PLC0415 - loads OpenCV

        return measure_videos(self.video, self.source, self.frames, ffmpeg=self._ffmpeg)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON data; measures are left out, since they take time."""
        return {
            "job": self.job_id,
            "name": self.name,
            "engine": self.engine,
            "host": self.host,
            "prompt": self.prompt,
            "parameters": dict(self.parameters),
            "weights": dict(self.weights),
            "video": str(self.video),
            "restored": str(self.restored) if self.restored else None,
            "outputs": [str(path) for path in self.outputs],
            "source": str(self.source),
            "frames": self.frames,
        }


def result_of(record: JobRecord, config: Config, reporter: Reporter) -> Result:
    """Return the result of a job that has succeeded, in the size of its plate too."""
    restore_result(config, record, reporter)
    request = record.inference()
    outputs = tuple(Path(path) for path in record.job.outputs)
    restored = record.results / RESTORED
    return Result(
        job_id=record.id,
        name=record.job.name,
        engine=record.job.engine,
        host=record.job.host,
        prompt=request.prompt,
        parameters=dict(request.parameters),
        weights={str(control.kind): control.weight for control in request.controls},
        video=next((path for path in outputs if path.name == VIDEO), outputs[0]),
        restored=restored if restored.is_file() else None,
        outputs=outputs,
        source=request.video.path,
        frames=request.video.frames,
        _ffmpeg=config.ffmpeg,
    )
