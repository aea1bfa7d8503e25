"""One complete inference request: the task of an engine, and its inputs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from cosmos_houdini.model.control import Control
from cosmos_houdini.model.parameter import ParameterValue

SCHEMA = "cosmos-houdini/request/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A video file on this machine, with the facts found by decoding it.

    Attributes:
        path: the path of the file.
        sha256: hash of the file, in hexadecimal.
        frames: number of decoded frames.
        size: width and height in pixels.
        fps: frames a second; a whole number for every video that this project encodes.
    """

    path: Path
    sha256: str
    frames: int
    size: tuple[int, int]
    fps: float

    def document(self) -> dict[str, Any]:
        """Return the data that identifies the clip, without its path on this machine."""
        return {"sha256": self.sha256, "frames": self.frames, "size": list(self.size), "fps": self.fps}


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlInput:
    """A control with its weight, 0 to 1; ``clip`` is None if the engine makes the control itself."""

    kind: Control
    weight: float
    clip: Clip | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceRequest:
    """All values that decide how the result of one inference looks.

    Attributes:
        name: the name that people give the run.
        engine: a name in the engine registry.
        prompt: sent byte for byte.
        negative_prompt: sent byte for byte; empty means the engine's own negative prompt.
        video: the colour video.
        controls: each kind at most once, in the order of the Control type.
        parameters: a value for every parameter that the engine has.
        num_gpu: how many GPUs one inference uses.
        extras: further inputs by role: ``mask_edge`` and its kin, ``guided_generation_mask``, ``image_context`` (one
            frame), ``region_1`` and so on.
        regions: the prompts of ``region_1`` and so on.
    """

    name: str
    engine: str
    prompt: str
    negative_prompt: str
    video: Clip
    controls: tuple[ControlInput, ...]
    parameters: Mapping[str, ParameterValue]
    num_gpu: int = 1
    extras: Mapping[str, Clip] = field(default_factory=dict)
    regions: tuple[str, ...] = ()

    @property
    def clips(self) -> dict[str, Clip]:
        """Every input by role: the colour video, the controls that have one, and the extras."""
        return {"color": self.video} | {str(c.kind): c.clip for c in self.controls if c.clip} | dict(self.extras)

    def document(self) -> dict[str, Any]:
        """Return the request as JSON data; the same request gives the same data on every machine."""
        extras = {role: clip.document() for role, clip in self.extras.items()}
        more: dict[str, Any] = {"extras": extras} if extras else {}
        if self.regions:
            more["regions"] = list(self.regions)
        return {
            "schema": SCHEMA,
            "name": self.name,
            "engine": self.engine,
            "prompt": self.prompt,
            "negative_prompt": self.negative_prompt,
            "video": self.video.document(),
            "controls": {
                str(c.kind): {"weight": c.weight, "clip": c.clip.document() if c.clip else None} for c in self.controls
            },
            "parameters": dict(self.parameters),
            "num_gpu": self.num_gpu,
            **more,
        }

    def content_hash(self) -> str:
        """Return the SHA-256, in hexadecimal, of all that decides the result: the same work has the same hash.

        The name is left out, so that the same work has the same hash under two names.
        """
        document = {key: value for key, value in self.document().items() if key != "name"}
        text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class FramePlan:
    """How an engine cuts a clip into the pieces that it generates.

    Attributes:
        frames: length of the input, and of the result.
        size: width and height that the engine generates.
        chunks: number of pieces, each of which costs the same time.
        frames_per_chunk: length of one piece.
        overlap: frames that a piece shares with the one before.
        seams: indices, from 0, of the first visible frame of each later piece.
        padding: number of frames at the end that are generated and thrown away.
        estimate_s: seconds of GPU time; None if no time was ever measured.
    """

    frames: int
    size: tuple[int, int]
    chunks: int
    frames_per_chunk: int
    overlap: int
    seams: tuple[int, ...]
    padding: int
    estimate_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scout:
    """The changes that make a cheap preview of a request; all else, above all seed and weights, stays the same.

    Attributes:
        parameters: parameters that override those of the request.
        frames: how many of the request's first frames are generated.
    """

    parameters: Mapping[str, ParameterValue]
    frames: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The place of one job on its host; an engine knows no more about the host.

    Attributes:
        folder: the job's folder, absolute.
        engine_path: the checkout of the engine's program; None if the configuration names none.
        ffmpeg: the FFmpeg program of the host; None if the configuration names none.
        own_ffmpeg: the FFmpeg of this machine, which an engine may send to a host that has none; None for the
            program of imageio-ffmpeg.
        python: the Python on the host that has the engines that are libraries.
        own_python: the Python that runs this program, where the host's jobs see it; else None.
        server: the URL of an inference server, as the host reaches it; None if the configuration names none.
        server_sees_files: whether that server sees the job's folder under the same path.
    """

    folder: PurePosixPath
    engine_path: PurePosixPath | None = None
    ffmpeg: str | None = None
    own_ffmpeg: Path | None = None
    python: str = "python3"
    own_python: str | None = None
    server: str | None = None
    server_sees_files: bool = False

    @property
    def inputs(self) -> PurePosixPath:
        """The folder that holds the job's inputs."""
        return self.folder / "in"

    @property
    def outputs(self) -> PurePosixPath:
        """The folder into which the engine writes."""
        return self.folder / "out"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedOutput:
    """A video that a finished job must have written.

    Attributes:
        path: relative to the job's ``out`` folder.
        role: ``result`` for the requested video, else a word for what the video shows.
        frames: the exact number of decoded frames.
        size: width and height in pixels.
    """

    path: PurePosixPath
    role: str
    frames: int
    size: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """How an engine's program is started for one request.

    Attributes:
        argv: the program and its arguments; nothing in it passes through a shell.
        env: environment variables, none of them secret.
        files: text files to write before the start, by path relative to the job's folder.
        inputs: files of this machine to send to the host, by path relative to the job's folder.
        executables: those of ``inputs`` that are programs.
        cwd: the working folder on the host; None for the job's folder.
        version: a command on the host that prints the engine's version in its first line; empty if there is none.
        outputs: the videos that must exist afterwards.
        warnings: sentences about this site that a person should read before the start.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    files: Mapping[str, str]
    inputs: Mapping[str, Path]
    executables: tuple[str, ...] = ()
    cwd: PurePosixPath | None = None
    version: tuple[str, ...] = ()
    outputs: tuple[ExpectedOutput, ...]
    warnings: tuple[str, ...] = ()
