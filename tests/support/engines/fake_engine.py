"""An engine whose program is a few lines of shell: its result is its input, and it fails in the way it is told to.

``python fake_engine.py ARGUMENTS`` is the command line with this engine among the others.
"""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from cosmos_houdini.cli import main
from cosmos_houdini.engines import register_engine, unregister_engine
from cosmos_houdini.engines.base import EngineLog, EngineRecord, Needs, SharedInvocation, UnsharedEngine
from cosmos_houdini.engines.failures import GENERAL_SYMPTOMS, classify
from cosmos_houdini.model.job import FailureClass, JobFailure, Progress
from cosmos_houdini.model.parameter import Parameter, ParameterValue
from cosmos_houdini.model.request import ExpectedOutput, FramePlan, InferenceRequest, Invocation, Scout, Site

MARKER = "Saved video"
SCOUT_FRAMES = 4
PROGRAM = """
echo "half way"
echo "token is ${HF_TOKEN:-not set}"
echo "last words" >&2
[ -z "${RECORDED-}" ] || [ "$FAULT" = other ] || echo "ran with $RECORDED"
echo started >>"$STARTS"
# Slurm signals one process after another, and this one's child may be the first.
sleep "$SECONDS_LONG" || exit 143
while [ -n "$UNTIL" ] && [ ! -e "$UNTIL" ]; do sleep 0.05; done
case $FAULT in
other) echo 'ran with {"parameters": {"seed": 99}, "weights": {}}'; cp in/color.mp4 out/result.mp4 ;;
exit) exit 3 ;;
silent) cp in/color.mp4 out/result.mp4; exit 0 ;;
missing) ;;
truncated) head -c 900 in/color.mp4 >out/result.mp4 ;;
truncated-once) [ "$(wc -l <"$STARTS")" -gt 1 ] && cp in/color.mp4 out/result.mp4 ;;
hang-once) [ "$(wc -l <"$STARTS")" -gt 1 ] && cp in/color.mp4 out/result.mp4 || exec sleep 300 ;;
oom) [ "$OFFLOAD" = True ] && cp in/color.mp4 out/result.mp4 || { echo "CUDA out of memory." >&2; exit 1; } ;;
hang) exec sleep 300 ;;
talk) while :; do echo word; sleep 0.3; done ;;
lost) kill -9 "$(cat started/pid)"; exec sleep 20 ;;
killed) kill -9 $$ ;;
spoil) echo spoilt >>"$UNTIL"; cp in/color.mp4 out/result.mp4 ;;
say*) echo "${FAULT#say }" >&2; exit 1 ;;
oom-always) echo "CUDA out of memory." >&2; exit 1 ;;
*) cp in/color.mp4 out/result.mp4 ;;
esac
echo "Saved video"
"""


def _text(name: str, default: str) -> Parameter:
    return Parameter(name=name, default=default, help="for tests")


SERVER = """
echo "loading"
echo "${MODEL:-alone}" >>"$LOADS"
sleep "$LOAD_S"
number=0
for folder in "$@"; do
    [ -z "$LOOKS" ] || [ ! -e "$folder/exit_code" ] || continue
    number=$((number + 1))
    echo "[$number/$#] Processing sample ${folder##*/}"
    (cd "$folder" && . ./values.sh && . ./program.sh) || exit $?
done
"""


@dataclass(frozen=True)
class FakeEngine(UnsharedEngine):
    name: str = "fake"
    label: str = "Fake"
    gpu_memory_gb: float = 0.0
    needs: Needs = field(default_factory=Needs)
    offload: Mapping[str, ParameterValue] = field(default_factory=lambda: {"offload": True})
    parameters: Mapping[str, Parameter] = field(
        default_factory=lambda: {
            "starts": _text("starts", "/dev/null"),
            "fault": _text("fault", ""),
            "sleep_s": _text("sleep_s", "0"),
            "until": _text("until", ""),
            "offload": Parameter(name="offload", default=False, help="for tests"),
            "seed": Parameter(name="seed", default=1, help="for tests"),
        }
    )

    def check(self, request: InferenceRequest) -> tuple[str, ...]:
        return ("the fake engine copies",) if request.parameters["fault"] else ()

    def plan(self, request: InferenceRequest) -> FramePlan:
        return FramePlan(
            frames=request.video.frames,
            size=request.video.size,
            chunks=1,
            frames_per_chunk=request.video.frames,
            overlap=0,
            seams=(),
            padding=0,
            estimate_s=1.0,
        )

    def scout(self, request: InferenceRequest) -> Scout:
        return Scout(parameters={"sleep_s": "0"}, frames=min(request.video.frames, SCOUT_FRAMES))

    def invocation(self, request: InferenceRequest, site: Site) -> Invocation:
        parameters = request.parameters
        extra = 1 if parameters["fault"] == "frames" else 0
        return Invocation(
            argv=("sh", str(site.folder / "program.sh")),
            env={
                "STARTS": str(parameters["starts"]),
                "OFFLOAD": str(parameters["offload"]),
                "FAULT": str(parameters["fault"]),
                "SECONDS_LONG": str(parameters["sleep_s"]),
                "UNTIL": str(parameters["until"]),
            },
            files={"program.sh": PROGRAM},
            inputs={"in/color.mp4": request.video.path},
            version=("printf", "%s\\n", "fake 7 of today", "second line"),
            outputs=(
                ExpectedOutput(
                    path=PurePosixPath("result.mp4"),
                    role="result",
                    frames=request.video.frames + extra,
                    size=request.video.size,
                ),
            ),
        )

    def progress(self, log: EngineLog, plan: FramePlan) -> Progress | None:
        assert plan.chunks == 1
        return Progress(fraction=0.5, stage="half way") if "half way" in log.stdout else None

    def record(self, log: EngineLog) -> EngineRecord | None:
        told = re.search(r"^ran with (.*)$", log.stdout, re.MULTILINE)
        return EngineRecord(**json.loads(told[1])) if told else None

    def failure(self, exit_code: int, log: EngineLog) -> JobFailure | None:
        if exit_code == 0 and MARKER not in log.stdout:
            return JobFailure(failure=FailureClass.GUARDRAIL_BLOCKED, message="no video was saved")
        return classify(log.stderr.splitlines(), GENERAL_SYMPTOMS)


@dataclass(frozen=True)
class SharingEngine(FakeEngine):
    """The same behind a load that jobs of one ``model`` can share; its process dies with the job that fails."""

    name: str = "sharing"
    parameters: Mapping[str, Parameter] = field(
        default_factory=lambda: {
            **FakeEngine().parameters,
            "model": _text("model", "small"),
            "loads": _text("loads", "/dev/null"),
            "load_s": _text("load_s", "0"),
            "looks": _text("looks", ""),
        }
    )

    def load_key(self, request: InferenceRequest) -> str:
        model = str(request.parameters["model"])
        return model and f"{model}, offload {request.parameters['offload']}"

    def invocation(self, request: InferenceRequest, site: Site) -> Invocation:
        alone = super().invocation(request, site)
        weights = {str(control.kind): control.weight for control in request.controls}
        recorded = json.dumps({"parameters": {"seed": request.parameters["seed"]}, "weights": weights})
        values = {**alone.env, "RECORDED": recorded}
        files = {
            **alone.files,
            "values.sh": "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items()),
            "server.sh": SERVER,
        }
        argv = ("sh", str(site.folder / "server.sh"), str(site.folder))
        return replace(alone, argv=argv, env=_load(request), files=files)

    def share(self, members: Sequence[tuple[InferenceRequest, Site]], process: Site) -> SharedInvocation:
        folders = [site.folder for _, site in members]
        return SharedInvocation(
            invocation=Invocation(
                argv=("sh", str(process.folder / "server.sh"), *map(str, folders)),
                env=_load(members[0][0]),
                files={"server.sh": SERVER},
                inputs={},
                outputs=(),
            ),
            begins=tuple(f"] Processing sample {folder.name}" for folder in folders),
        )


def _load(request: InferenceRequest) -> dict[str, str]:
    return {name.upper(): str(request.parameters[name]) for name in ("model", "loads", "load_s", "looks")}


def register() -> None:
    """Put the engines into the registry, in place of those that may be there."""
    unregister()
    register_engine(FakeEngine())
    register_engine(SharingEngine())


def unregister() -> None:
    """Take them out again."""
    for name in ("fake", "sharing"):
        unregister_engine(name)


if __name__ == "__main__":
    register()
    sys.exit(main())
