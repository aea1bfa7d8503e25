"""Functions for engines that run from a checkout of their upstream repository."""

from __future__ import annotations

from hashlib import sha256
from importlib import resources
from pathlib import Path, PurePosixPath

from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.extras import IMAGE_CONTEXT
from cosmos_houdini.model.request import Clip, InferenceRequest, Site

_STEADY_FILE = "in/steady_colors.py"

MASTER_PORTS = range(20000, 30000)
"""The ports for torchrun, which are below those that Linux assigns automatically."""


def find_checkout(site: Site, engine: str, upstream: str) -> PurePosixPath:
    """Return the path of the checkout on the host.

    Raises:
        BadInput: the host's configuration has no such path.
    """
    if site.engine_path is None:
        raise BadInput(
            f"the host has no engine_path, and {engine} runs from a checkout of {upstream}",
            action="set hosts.<name>.engine_path in cosmos-houdini.yaml to the folder on the host",
        )
    return site.engine_path


def torchrun(request: InferenceRequest, site: Site) -> tuple[str, ...]:
    """Return the command that starts a program once for each GPU of the request, all on this host."""
    return (
        "torchrun",
        f"--nproc_per_node={request.num_gpu}",
        "--nnodes=1",
        "--node_rank=0",
        f"--master_port={_master_port(site)}",
    )


def _master_port(site: Site) -> int:
    """Return a port that two attempts on one host rarely share, because torchrun's own default is always 29500.

    It follows from the attempt's folder: the next attempt, and the same shot of another user, have another one.
    """
    return MASTER_PORTS[int(sha256(str(site.folder).encode()).hexdigest()[:8], 16) % len(MASTER_PORTS)]


def steady_program(request: InferenceRequest, site: Site, painter: str) -> tuple[str, ...]:
    """Return what starts upstream's program where it estimates a segmentation; empty where it estimates none.

    Args:
        request: the request.
        site: the folder that gets the files of ``steady_files``.
        painter: upstream's module that paints the objects.
    """
    return (str(site.folder / _STEADY_FILE), painter) if _estimates_seg(request) else ()


def steady_files(*requests: InferenceRequest) -> dict[str, str]:
    """Return the program that ``steady_program`` starts, by its name in the job's folder."""
    if not any(map(_estimates_seg, requests)):
        return {}
    program = resources.files("cosmos_houdini.engines.cosmos").joinpath("steady_colors.py")
    return {_STEADY_FILE: program.read_text(encoding="utf-8")}


def _estimates_seg(request: InferenceRequest) -> bool:
    return any(control.kind is Control.SEG and control.clip is None for control in request.controls)


def version_command(engine_path: PurePosixPath) -> tuple[str, ...]:
    """Return the command that prints the commit of the checkout, even if another user owns the checkout."""
    git = ("git", "--no-optional-locks", "-c", "safe.directory=*", "-C", str(engine_path))
    return (*git, "describe", "--always", "--dirty", "--abbrev=12")


def input_videos(request: InferenceRequest) -> dict[str, Path]:
    """Return the videos of a request, by their names in the job's folder."""
    return {f"in/{role}{input_suffix(role, clip)}": clip.path for role, clip in request.clips.items()}


def input_suffix(role: str, clip: Clip) -> str:
    """Return the end of an input's name: upstream tells pictures from videos by it."""
    return clip.path.suffix.lower() if role == IMAGE_CONTEXT else ".mp4"
