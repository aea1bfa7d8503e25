"""An engine of another package: FFmpeg inverts the colour video, as strongly as a parameter says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from cosmos_houdini.engines.base import EngineLog, EngineRecord, Needs, UnsharedEngine
from cosmos_houdini.engines.failures import GENERAL_SYMPTOMS, explain_missing_marker
from cosmos_houdini.model.job import JobFailure, Progress
from cosmos_houdini.model.parameter import Parameter, ParameterValue
from cosmos_houdini.model.request import ExpectedOutput, FramePlan, InferenceRequest, Invocation, Scout, Site

RESULT = "result.mp4"
MARKER = "progress=end"


class Negative(UnsharedEngine):
    name = "negative"
    label = "Negative"
    gpu_memory_gb = 0.0
    needs = Needs(programs=("ffmpeg",))
    offload: Mapping[str, ParameterValue] = {}
    parameters: Mapping[str, Parameter] = {
        "opacity": Parameter(name="opacity", default=1.0, help="How much of the negative is seen.", low=0, high=1)
    }

    def check(self, request: InferenceRequest) -> tuple[str, ...]:
        return () if request.parameters["opacity"] else ("opacity = 0 leaves the video as it is",)

    def plan(self, request: InferenceRequest) -> FramePlan:
        frames = request.video.frames
        return FramePlan(
            frames=frames,
            size=request.video.size,
            chunks=1,
            frames_per_chunk=frames,
            overlap=0,
            seams=(),
            padding=0,
            estimate_s=None,
        )

    def scout(self, request: InferenceRequest) -> Scout:
        return Scout(parameters={}, frames=min(request.video.frames, 24))

    def invocation(self, request: InferenceRequest, site: Site) -> Invocation:
        plan = self.plan(request)
        opacity = request.parameters["opacity"]
        filters = f"[0:v]split[a][b];[b]negate[n];[n][a]blend=all_mode=normal:all_opacity={opacity}"
        arguments = ("-v", "warning", "-progress", "pipe:1", "-i", "in/color.mp4", "-filter_complex", filters)
        return Invocation(
            argv=(site.ffmpeg or "ffmpeg", *arguments, "-pix_fmt", "yuv420p", f"out/{RESULT}"),
            env={},
            files={},
            inputs={"in/color.mp4": request.video.path},
            outputs=(ExpectedOutput(path=PurePosixPath(RESULT), role="result", frames=plan.frames, size=plan.size),),
        )

    def progress(self, log: EngineLog, plan: FramePlan) -> Progress | None:
        frames = [line for line in log.stdout.splitlines() if line.startswith("frame=")]
        return Progress(fraction=min(1.0, int(frames[-1][6:]) / plan.frames), stage="inverting") if frames else None

    def record(self, log: EngineLog) -> EngineRecord | None:  # noqa: ARG002 - FFmpeg does not print its filters
        return None

    def failure(self, exit_code: int, log: EngineLog) -> JobFailure | None:
        if exit_code == 0 and MARKER in log.stdout:
            return None
        return explain_missing_marker(exit_code, log.stderr.splitlines(), GENERAL_SYMPTOMS, MARKER)
