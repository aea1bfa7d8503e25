"""What every engine answers, and nothing about hosts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Protocol

from cosmos_houdini.model.job import JobFailure, Progress
from cosmos_houdini.model.parameter import Parameter, ParameterValue
from cosmos_houdini.model.request import FramePlan, InferenceRequest, Invocation, Scout, Site

RECORD_FILE = PurePosixPath("out") / "result.json"
"""In a job's folder on its host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRecord:
    """What an engine's own log says that it ran with; names and values as in the request.

    Attributes:
        parameters: those that the log tells, by the names of the registry.
        weights: of the controls that took part, by the names of the Control type.
    """

    parameters: Mapping[str, ParameterValue]
    weights: Mapping[str, float]

    def document(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {"parameters": dict(self.parameters), "weights": dict(self.weights)}


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineLog:
    """What an engine printed so far: the whole of it, or the end of it while it runs.

    Attributes:
        stdout: standard output.
        stderr: standard error.
        record: the file RECORD_FILE, in which an engine may say what it runs with; empty while it runs.
    """

    stdout: str
    stderr: str
    record: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What an engine has to find on a host before its first job, beside a GPU.

    Attributes:
        programs: called by name; in a container, they are the image's.
        files: files and folders below the host's ``engine_path``; without any, no ``engine_path`` is needed.
        modules: that the host's ``python`` has to find; in a container, it is the image's.
        action: how the files, or the modules, come to the host.
        models: repositories of Hugging Face, which the first job brings where they are not in the cache.
        cache: that cache, below the host's ``engine_path``; HF_HOME in the host's ``env`` goes before it.
    """

    programs: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    action: str = ""
    models: tuple[str, ...] = ()
    cache: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedInvocation:
    """How one process serves several requests, one after another, with one load of the model.

    The log is shared out by ``begins``. What is printed before the second request begins belongs to the first one, the
    loading too. Standard output is cut exactly where the line begins. Standard error has no such lines; what it got
    within about a second before a request began counts as that request's. One whose share ends without the engine's
    marker of success has failed, although the process goes on; when the process ends, its exit code is that of the
    request that it was at.

    A request that was cancelled before its turn has the file ``exit_code`` in its folder. A program that can look for
    it leaves that request out; one that begins with it is stopped, and what comes after is made by another process.

    Attributes:
        invocation: of the process: its files lie in the process's folder. Inputs, executables, version and outputs are
            those of the requests' own invocations, which are brought as ever; here they stay empty.
        begins: for each request, in order, what a line of standard output holds when the engine begins with it, and no
            other line; a request's line comes once, and before those of the requests after it.
        links: symbolic links to make in the process's folder, by path relative to it, with what they lead to: by them,
            what the engine writes into one folder comes to the ``out`` of each request.
    """

    invocation: Invocation
    begins: tuple[str, ...]
    links: Mapping[str, PurePosixPath] = field(default_factory=dict)


class Engine(Protocol):
    """A program that turns an InferenceRequest into videos."""

    @property
    def name(self) -> str:
        """The name in the registry and on the command line."""

    @property
    def label(self) -> str:
        """The name that menus show."""

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """Every parameter that the engine has, by name."""

    @property
    def gpu_memory_gb(self) -> float:
        """GPU memory in GiB that one GPU must have free; 0 where no GPU is used."""

    @property
    def needs(self) -> Needs:
        """What has to be on a host."""

    @property
    def offload(self) -> Mapping[str, ParameterValue]:
        """Values of parameters that save GPU memory at the cost of time, and leave the result as it is."""

    def check(self, request: InferenceRequest) -> tuple[str, ...]:
        """Return warnings about a request that the engine would run.

        Raises:
            BadInput: the engine would refuse the request, or run something else than what was asked.
        """

    def plan(self, request: InferenceRequest) -> FramePlan:
        """Return frame size, chunks, seams and time of a request."""

    def scout(self, request: InferenceRequest) -> Scout:
        """Return what a cheap look at a request is; it is never dearer than the request."""

    def invocation(self, request: InferenceRequest, site: Site) -> Invocation:
        """Return what has to be brought, written and started; no file is touched."""

    def load_key(self, request: InferenceRequest) -> str:
        """Return what must be equal in requests that one process serves; empty where each loads its own model."""

    def share(self, members: Sequence[tuple[InferenceRequest, Site]], process: Site) -> SharedInvocation:
        """Return how one process serves requests of one ``load_key``, two or more, in this order.

        Args:
            members: each request, and where its job lies.
            process: the folder of the process itself.
        """

    def progress(self, log: EngineLog, plan: FramePlan) -> Progress | None:
        """Return how far the engine has come, or None where the log does not tell."""

    def record(self, log: EngineLog) -> EngineRecord | None:
        """Return what the engine says it ran with, or None where its log does not tell."""

    def failure(self, exit_code: int, log: EngineLog) -> JobFailure | None:
        """Return why a finished run is no success, or None where exit code and marker say that it is one.

        The output files are judged elsewhere.
        """


class UnsharedEngine:
    """What an engine answers whose program serves one request."""

    def load_key(self, request: InferenceRequest) -> str:  # noqa: ARG002 - the same for all
        """Return the empty text; see Engine.load_key."""
        return ""

    def share(self, members: Sequence[tuple[InferenceRequest, Site]], process: Site) -> SharedInvocation:
        """Refuse, which no caller meets that asks ``load_key`` first.

        Raises:
            ValueError: always.
        """
        raise ValueError(f"{len(members)} requests for one process in {process.folder}, which would serve one")
