"""Send requests of Cosmos 3 to a server that runs already: vLLM-Omni's ``/v1/videos``, or NIM's ``/v1/infer``.

The package ``client`` travels with the job and runs on the host as the job's program, by the host's own Python. So a
server is reached from the host, and the job is a job like any other. docs/decisions/engines.md has the reasons.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

from cosmos_houdini.engines.base import EngineLog, EngineRecord, Needs, SharedInvocation
from cosmos_houdini.engines.cosmos3.buckets import find_aspect_ratio
from cosmos_houdini.engines.cosmos3.check_request import check_cosmos3_request, plan_frames, scout_request
from cosmos_houdini.engines.cosmos3.family import Cosmos3Family
from cosmos_houdini.engines.cosmos3.hints import HINTS
from cosmos_houdini.engines.cosmos3.parameters import SHARED_PARAMETERS
from cosmos_houdini.engines.cosmos3_http import log as server_log
from cosmos_houdini.engines.cosmos3_http.address import address_warnings, find_server
from cosmos_houdini.engines.own_ffmpeg import brought_ffmpeg, ffmpeg_program
from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.videos.encode import Encoding
from cosmos_houdini.model.caption import ShotFacts, describe_shot, parse_caption, write_caption
from cosmos_houdini.model.finding import Finding
from cosmos_houdini.model.job import JobFailure, Progress
from cosmos_houdini.model.parameter import Parameter, ParameterValue
from cosmos_houdini.model.request import (
    ExpectedOutput,
    FramePlan,
    InferenceRequest,
    Invocation,
    Scout,
    Site,
)

CLIENT = "cosmos3_client"
REQUESTS_FILE = "in/requests.json"
RESULT = "result.mp4"

# A doctor leaves no file on the host, so that the modules come as an argument.
_ASK = """\
import importlib.abc, importlib.util, json, sys
texts = json.loads(sys.argv[1])
class Texts(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    def find_spec(self, name, path=None, target=None):
        package, _, module = name.partition(".")
        if package != "client" or (module or "__init__") not in texts:
            return None
        return importlib.util.spec_from_loader(name, self, is_package=not module)
    def get_source(self, name):
        return texts[name.partition(".")[2] or "__init__"]
sys.meta_path.insert(0, Texts())
from client.ask import ask
sys.exit(ask(sys.argv[2]))
"""

AWAY_S = 2400.0
"""Seconds that a server may be away: one that was restarted loads its model for up to half an hour."""
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0
_FRAMES_OVER = 24
"""Frames that an answer may have more than asked for: a NIM makes at least 25, and else 4k + 1."""

# The slowest GPU of NVIDIA's table (H20) takes 931 s for 189 frames of 1280x720 in 35 steps. A control and its guidance
# double and halve again as much, and offload is allowed to triple it.
_SLOWEST_S = 931 * 3 * 3
_FRAMES_OF_THAT, _STEPS_OF_THAT, _PIXELS_OF_THAT = 189, 35, 1280 * 720
_SETUP_S = 1800.0

_SEVERAL = (
    "a vLLM-Omni takes them only where it sees the host's files (server_sees_files), and a NIM only without weights; "
    "else the job is refused before anything is uploaded to the server"
)
_OPTIONS = (
    "control_guidance",
    "num_video_frames_per_chunk",
    "num_conditional_frames",
    "num_first_chunk_conditional_frames",
    "emphasize_control_in_prompt",
)


class Cosmos3Http(Cosmos3Family):
    """The engine ``cosmos3-http``."""

    name = "cosmos3-http"
    label = "Cosmos 3 on a server"
    parameters: Mapping[str, Parameter] = SHARED_PARAMETERS
    gpu_memory_gb = 0.0
    """None of the host's: the server has the GPUs."""
    needs = Needs(modules=("ssl",), action="install Python 3.10 or newer with ssl, and name it as hosts.<name>.python")
    offload: Mapping[str, ParameterValue] = MappingProxyType({})

    def check(self, request: InferenceRequest) -> tuple[str, ...]:
        """Refuse requests and return warnings as for every engine of Cosmos 3; see engines.base."""
        warnings = check_cosmos3_request(request, self.parameters)
        if request.num_gpu != 1:
            raise BadInput(
                f"{request.name}: num_gpu = {request.num_gpu}", allowed="1: the server was started with its GPUs"
            )
        if len(request.controls) > 1:
            kinds = ", ".join(str(control.kind) for control in request.controls)
            return (
                *warnings,
                f"{len(request.controls)} controls ({kinds}): {_SEVERAL}",
            )
        return warnings

    def plan(self, request: InferenceRequest) -> FramePlan:
        """Return the chunks of Cosmos 3, without a time: none is published for a transfer."""
        return plan_frames(request, None)

    def scout(self, request: InferenceRequest) -> Scout:
        """Return the first chunk with few steps; see engines.base."""
        return scout_request(request)

    def invocation(self, request: InferenceRequest, site: Site) -> Invocation:
        """Return the program, the request and the control videos.

        Raises:
            BadInput: the host's configuration names no server, or no URL.
        """
        url, plan = find_server(site, self.name), self.plan(request)
        brought = brought_ffmpeg(site)
        return Invocation(
            argv=_argv(site),
            env=_env(site),
            files=_files(url, [(request, site)], site),
            inputs={**_videos(request), **brought},
            executables=tuple(brought),
            outputs=(ExpectedOutput(path=PurePosixPath(RESULT), role="result", frames=plan.frames, size=plan.size),),
            warnings=address_warnings(url),
        )

    def load_key(self, request: InferenceRequest) -> str:  # noqa: ARG002 - the same for all
        """Return one key for all requests: they reach the server one after another, and not all at once."""
        return "server"

    def share(self, members: Sequence[tuple[InferenceRequest, Site]], process: Site) -> SharedInvocation:
        """Return one program for all requests, which reads and writes each request's files in its own job's folder.

        Raises:
            BadInput: the host's configuration names no server, or no URL.
        """
        url = find_server(process, self.name)
        return SharedInvocation(
            invocation=Invocation(
                argv=_argv(process),
                env=_env(process),
                files=_files(url, members, process),
                inputs={},
                outputs=(),
            ),
            begins=tuple(
                server_log.begin_line(number, len(members), site.folder.name)
                for number, (_, site) in enumerate(members, start=1)
            ),
        )

    def question(self, site: Site) -> tuple[str, ...]:
        """Return a command that asks the server what it is, as a job would; see engines.base.AskingEngine."""
        return (_python(site), "-c", _ASK, json.dumps(_modules()), find_server(site, self.name))

    def answer(self, exit_code: int, stdout: str) -> Finding:
        """Return what the server is, or why it can serve no job; see engines.base.AskingEngine."""
        return server_log.finding(exit_code, stdout)

    def progress(self, log: EngineLog, plan: FramePlan) -> Progress | None:  # noqa: ARG002 - a server tells no steps
        """Return the stage of the request; see engines.base."""
        return server_log.progress(log)

    def record(self, log: EngineLog) -> EngineRecord | None:
        """Return the values that were sent; see engines.base."""
        return server_log.record(log)

    def failure(self, exit_code: int, log: EngineLog) -> JobFailure | None:
        """Return why the run failed; see engines.base."""
        return server_log.failure(exit_code, log)


def longest_s(request: InferenceRequest, plan: FramePlan) -> float:
    """Return the seconds of a slow GPU with offload; a request that is in progress for longer stands still."""
    frames = plan.chunks * plan.frames_per_chunk / _FRAMES_OF_THAT
    steps = int(request.parameters["num_steps"]) / _STEPS_OF_THAT
    pixels = plan.size[0] * plan.size[1] / _PIXELS_OF_THAT
    return _SETUP_S + _SLOWEST_S * frames * steps * pixels


def requests_text(url: str, members: Sequence[tuple[InferenceRequest, Site]], process: Site) -> str:
    """Return the text of the file that the program reads: the server, and the requests in order.

    Args:
        url: of the server.
        members: the requests, and the site of each request's job.
        process: the site of the program.
    """
    document = {
        "server": {
            "url": url,
            "sees_files": process.server_sees_files,
            "away_s": AWAY_S,
            "first_pause_s": FIRST_PAUSE_S,
            "longest_pause_s": LONGEST_PAUSE_S,
        },
        "requests": [_request(request, site) for request, site in members],
    }
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def _request(request: InferenceRequest, site: Site) -> dict[str, Any]:
    plan, parameters = plan_frames(request, None), request.parameters
    caption = parse_caption(request.prompt)
    # The server adds sentences on length, rate and size to a plain text. In a caption these are keys, and sentences
    # behind JSON are nothing that the model was trained with.
    options = {name: parameters[name] for name in _OPTIONS} | {
        "use_duration_template": caption is None,
        "use_resolution_template": caption is None,
        "negative_metadata_mode": "same",
        "share_vision_temporal_positions": True,
    }
    # The server rounds the length of a chunk as the plan does.
    options["num_video_frames_per_chunk"] = plan.frames_per_chunk
    begins_with_video = int(parameters["num_first_chunk_conditional_frames"]) > 0
    return {
        "name": site.folder.name,
        "folder": str(site.folder),
        "content": request.content_hash(),
        "prompt": request.prompt if caption is None else write_caption(describe_shot(caption, _facts(request, plan))),
        "negative_prompt": request.negative_prompt,
        "controls": [
            {"hint": HINTS[control.kind], "path": str(site.folder / _file(str(control.kind))), "weight": control.weight}
            for control in sorted(request.controls, key=lambda control: list(HINTS).index(control.kind))
        ],
        "video": str(site.folder / _file("color")) if begins_with_video else None,
        "size": list(plan.size),
        "aspect_ratio": find_aspect_ratio(request.video.size),
        "frames": plan.frames,
        "most_frames": plan.frames + _FRAMES_OVER,
        **{name: parameters[name] for name in ("fps", "num_steps", "guidance", "shift", "seed", "resolution")},
        "options": options,
        "watchdog_s": longest_s(request, plan),
        "ffmpeg": ffmpeg_program(site),
        "writer": _writer(),
        "result": RESULT,
        "parameters": dict(parameters),
        "weights": {str(control.kind): control.weight for control in request.controls},
    }


def _facts(request: InferenceRequest, plan: FramePlan) -> ShotFacts:
    """Return what the framework would put into a caption by itself, and a server does not."""
    return ShotFacts(
        size=plan.size,
        aspect_ratio=find_aspect_ratio(request.video.size),
        frames=plan.frames,
        fps=float(request.parameters["fps"]),
    )


def _writer() -> list[str]:
    """Return the FFmpeg arguments that encode an answer anew; the same pictures always give the same bytes."""
    encoding = Encoding()
    return [
        *(
            "-an",
            "-c:v",
            "libx264",
            "-preset",
            encoding.preset,
            "-crf",
            str(encoding.crf),
            "-pix_fmt",
            encoding.pix_fmt,
        ),
        # The bytes from x264 depend on the number of threads, which would otherwise depend on the number of cores.
        *("-threads", "4", "-flags:v", "+bitexact", "-fflags", "+bitexact"),
        *("-map_metadata", "-1", "-movflags", "+faststart"),
    ]


def _file(role: str) -> str:
    return f"in/{role}.mp4"


def _videos(request: InferenceRequest) -> dict[str, Path]:
    videos = {_file(str(control.kind)): control.clip.path for control in request.controls if control.clip}
    if int(request.parameters["num_first_chunk_conditional_frames"]) > 0:
        videos[_file("color")] = request.video.path
    return videos


def _argv(site: Site) -> tuple[str, ...]:
    return (_python(site), "-m", CLIENT, str(site.folder / REQUESTS_FILE))


def _python(site: Site) -> str:
    """Return the Python of this program where jobs see it: that of macOS may be too old, and Windows has no python3."""
    return site.own_python or site.python


def _env(site: Site) -> dict[str, str]:
    # Nothing is written beside the modules: a container mounts the folder read-only.
    return {
        "PYTHONPATH": str(site.inputs),
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _files(url: str, members: Sequence[tuple[InferenceRequest, Site]], process: Site) -> dict[str, str]:
    modules = {f"in/{CLIENT}/{name}.py": text for name, text in _modules().items()}
    return {**modules, REQUESTS_FILE: requests_text(url, members, process)}


def _modules() -> dict[str, str]:
    """Return the text of each module of the program, by its name."""
    package = resources.files("cosmos_houdini.engines.cosmos3_http.client")
    files = sorted((module for module in package.iterdir() if module.name.endswith(".py")), key=lambda file: file.name)
    return {file.name.removesuffix(".py"): file.read_text(encoding="utf-8") for file in files}
