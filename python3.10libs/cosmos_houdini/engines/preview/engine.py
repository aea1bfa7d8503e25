"""The built-in default engine: FFmpeg shows the model's inputs and a placeholder for its result.

No model runs. The frame size, length and chunks are those of cosmos-transfer1, so that a run that looks right here can
be sent there unchanged. The seed, weights, steps, guidance and sigma_max each change the picture in their own way. The
same request gives the same bytes on the same machine.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from cosmos_houdini.engines.base import EngineLog, EngineRecord, Needs, UnsharedEngine
from cosmos_houdini.engines.cosmos.parameters import TASK, TRANSFER, TRANSFER1_PARAMETERS
from cosmos_houdini.engines.cosmos.transfer_request import TRANSFER1, check_transfer_request, frame_plan, scout
from cosmos_houdini.engines.failures import CANNOT_EXECUTE_EXITS, GENERAL_SYMPTOMS, explain_missing_marker
from cosmos_houdini.engines.own_ffmpeg import brought_ffmpeg, ffmpeg_program
from cosmos_houdini.engines.preview.graph import PreviewGraph, preview_graph
from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.extras import KINDS
from cosmos_houdini.model.job import FailureClass, JobFailure, Progress
from cosmos_houdini.model.parameter import Parameter, ParameterValue
from cosmos_houdini.model.request import ExpectedOutput, FramePlan, InferenceRequest, Invocation, Scout, Site

SECONDS_PER_CHUNK = 8.0
"""The time measured with four controls on two cores of a server; on other machines it is a guess."""

_FRAME = re.compile(r"^frame=[ \t]*(\d{1,9})\b", re.MULTILINE | re.ASCII)
_END = re.compile(r"^progress=end$", re.MULTILINE)

_ENCODING = (
    *("-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p"),
    # The bytes from x264 depend on the number of threads, which would otherwise depend on the number of cores.
    *("-threads", "4", "-flags:v", "+bitexact", "-fflags", "+bitexact", "-map_metadata", "-1"),
    *("-color_range", "tv", "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"),
    *("-movflags", "+faststart"),
)


class Preview(UnsharedEngine):
    """The engine ``preview``."""

    name = "preview"
    label = "Preview"
    parameters: Mapping[str, Parameter] = TRANSFER1_PARAMETERS
    gpu_memory_gb = 0.0
    runs_no_model = True
    needs = Needs()
    """Empty, because its only program, FFmpeg, is either on the host or sent with the job."""
    offload: Mapping[str, ParameterValue] = MappingProxyType({})
    distilled_steps = TRANSFER1.distilled_steps
    extras = tuple(KINDS)
    """All of them, so that any run can be looked at first; none is shown."""
    estimates: Mapping[Control, str] = TRANSFER1.estimates
    """Those of cosmos-transfer1, so that the same run can be looked at first; they are not shown."""

    def check(self, request: InferenceRequest) -> tuple[str, ...]:
        """Refuse requests and return warnings as for cosmos-transfer1; see engines.base."""
        if request.parameters[TASK] != TRANSFER:
            raise BadInput(
                f"{request.name}: {TASK} = {request.parameters[TASK]}", allowed="the engine transfer1 for it"
            )
        missing = [control.kind for control in request.controls if control.clip is None]
        drawn, kinds = _drawn(request), " and ".join(map(str, missing))
        if missing and not drawn.controls:
            raise BadInput(
                f"{request.name}: there is no {kinds} video, so that preview has no control to show",
                allowed="a video for at least one control with a weight above 0",
                action="render it, or take the engine transfer1 or transfer2.5, which estimate it",
            )
        warnings = check_transfer_request(drawn, self.parameters, TRANSFER1, guarded=False)
        if request.extras:
            warnings = (f"preview shows nothing of {', '.join(request.extras)}", *warnings)
        if not missing:
            return warnings
        return (f"preview shows no {kinds}: transfer1 and transfer2.5 estimate it where it was not rendered", *warnings)

    def plan(self, request: InferenceRequest) -> FramePlan:
        """Return the chunks of cosmos-transfer1."""
        return frame_plan(request, TRANSFER1, SECONDS_PER_CHUNK)

    def scout(self, request: InferenceRequest) -> Scout:
        """Return the first chunk with few steps; see engines.base."""
        return scout(request, TRANSFER1)

    def invocation(self, request: InferenceRequest, site: Site) -> Invocation:
        """Return one FFmpeg command; if the host has no FFmpeg, send this machine's own as an input.

        Raises:
            BadInput: this machine has no FFmpeg that a host can run.
        """
        plan = self.plan(request)
        graph = preview_graph(_drawn(request), plan)
        inputs = {f"in/{role}.mp4": path for role, path in _videos(request).items()}
        brought = brought_ffmpeg(site)
        return Invocation(
            argv=(ffmpeg_program(site), *_arguments(graph, list(inputs), plan)),
            env={},
            files=graph.files,
            inputs={**inputs, **brought},
            executables=tuple(brought),
            version=(ffmpeg_program(site), "-version"),
            outputs=(
                ExpectedOutput(path=PurePosixPath("result.mp4"), role="result", frames=plan.frames, size=plan.size),
                ExpectedOutput(
                    path=PurePosixPath("controls.mp4"), role="controls", frames=plan.frames, size=graph.grid_size
                ),
            ),
        )

    def progress(self, log: EngineLog, plan: FramePlan) -> Progress | None:
        """Return the progress in frames that FFmpeg has written."""
        if _END.search(log.stdout):
            return Progress(fraction=1.0, stage="saved")
        frames = _FRAME.findall(log.stdout)
        if not frames:
            return None
        done = min(int(frames[-1]), plan.frames)
        return Progress(fraction=done / plan.frames, stage=f"frame {done} of {plan.frames}")

    def record(self, log: EngineLog) -> EngineRecord | None:  # noqa: ARG002 - FFmpeg knows none of the parameters
        """Return None, because FFmpeg's arguments are computed from the parameters and FFmpeg prints no parameter."""
        return None

    def failure(self, exit_code: int, log: EngineLog) -> JobFailure | None:
        """Return why FFmpeg failed; see engines.base."""
        if exit_code == 0 and _END.search(log.stdout):
            return None
        if exit_code in CANNOT_EXECUTE_EXITS:
            return JobFailure(
                failure=FailureClass.HOST_SETUP,
                message="FFmpeg does not start on the host; configure one that does as hosts.<name>.ffmpeg",
            )
        return explain_missing_marker(exit_code, log.stderr.splitlines(), GENERAL_SYMPTOMS, "progress=end")


def _drawn(request: InferenceRequest) -> InferenceRequest:
    """Return the request with the controls alone that have a video."""
    return replace(request, controls=tuple(control for control in request.controls if control.clip is not None))


def _videos(request: InferenceRequest) -> dict[str, Path]:
    videos = {"color": request.video.path}
    return videos | {str(c.kind): c.clip.path for c in request.controls if c.clip is not None}


def _arguments(graph: PreviewGraph, videos: list[str], plan: FramePlan) -> list[str]:
    """Return FFmpeg's arguments; file names are relative to the job's folder and contain no special characters."""
    arguments = ["-nostdin", "-hide_banner", "-loglevel", "warning", "-nostats", "-progress", "pipe:1", "-xerror", "-y"]
    for video in videos:
        # The frame rate before the input makes FFmpeg count frames and ignore the file's own times.
        arguments += ["-r", str(graph.fps), "-i", video]
    for picture in graph.files:
        arguments += ["-r", str(graph.fps), "-i", picture]
    arguments += ["-filter_complex", graph.filters]
    for pad, name in (("[result]", "out/result.mp4"), ("[grid]", "out/controls.mp4")):
        arguments += ["-map", pad, "-frames:v", str(plan.frames), *_ENCODING, name]
    return arguments
