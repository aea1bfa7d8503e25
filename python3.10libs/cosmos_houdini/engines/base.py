"""The interface that every engine implements; it contains nothing about hosts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Protocol, runtime_checkable

from cosmos_houdini.model.finding import Finding
from cosmos_houdini.model.job import JobFailure, Progress
from cosmos_houdini.model.parameter import Parameter, ParameterValue
from cosmos_houdini.model.request import FramePlan, InferenceRequest, Invocation, Scout, Site

RECORD_FILE = PurePosixPath("out") / "result.json"
"""The path of the record file, relative to a job's folder on its host."""

PROMPT_FILE = PurePosixPath("out") / "result.txt"
"""The path of the file with the prompt that was really used, relative to a job's folder; Transfer1 and 2.5 write it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRecord:
    """The values that an engine used, according to its own log; names and values are as in the request.

    Attributes:
        parameters: the parameters that the log gives, by their names in ``Engine.parameters``.
        weights: the weights of the controls that took part, by the names of the Control type.
        prompt: the prompt that the model was given; empty if the engine does not say.
    """

    parameters: Mapping[str, ParameterValue]
    weights: Mapping[str, float]
    prompt: str = ""

    def document(self) -> dict[str, Any]:
        """Return the record as JSON data; ``prompt`` is left out where it is empty."""
        prompt = {"prompt": self.prompt} if self.prompt else {}
        return {"parameters": dict(self.parameters), "weights": dict(self.weights), **prompt}


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineLog:
    """The output of an engine: all of it, or only its end while the engine runs.

    Attributes:
        stdout: standard output.
        stderr: standard error.
        record: the text of RECORD_FILE, where an engine may write the values that it uses; empty while it runs.
        prompt: the text of PROMPT_FILE; empty while it runs.
    """

    stdout: str
    stderr: str
    record: str = ""
    prompt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """The things that must be on a host before an engine's first job, besides a GPU.

    Attributes:
        programs: programs that are called by name; in a container, the image must have them.
        files: files and folders below the host's ``engine_path``; if there are none, no ``engine_path`` is needed.
        modules: modules that the host's ``python`` must find; in a container, the image's ``python`` must find them.
        action: how to put the files or the modules on the host.
        models: Hugging Face repositories; the first job downloads those that are not in the cache.
        cache: the folder of that cache, below the host's ``engine_path``; HF_HOME in the host's ``env`` overrides it.
    """

    programs: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    action: str = ""
    models: tuple[str, ...] = ()
    cache: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedInvocation:
    """How one process loads the model once and then serves several requests, one after another.

    The lines named in ``begins`` divide the log among the requests. All output before the second request begins belongs
    to the first request, including the output of loading the model. Standard output is divided exactly at the start of
    such a line. Standard error has no such lines. Text that arrives there within about a second before a request begins
    counts as that request's. A request has failed if its part of the log ends without the engine's success marker, even
    though the process continues. When the process ends, its exit code counts for the request that it was serving.

    A request that is cancelled before its turn has the file ``exit_code`` in its folder. A program that can check for
    this file skips the request. A program that begins such a request is stopped, and another process serves the
    requests after it.

    Attributes:
        invocation: the invocation of the process. Its files go into the process's folder. Its inputs, executables,
            version and outputs stay empty: the requests' own invocations contain them, and they are handled as usual.
        begins: for each request, in order, a text in the line of standard output that the engine prints when it begins
            the request. No other line contains this text. The line appears once, before the lines of later requests.
        links: the targets of symbolic links to make in the process's folder, by the link's path relative to that
            folder. Through these links, an engine that writes into one folder reaches the ``out`` of each request.
    """

    invocation: Invocation
    begins: tuple[str, ...]
    links: Mapping[str, PurePosixPath] = field(default_factory=dict)


@runtime_checkable
class RecordsElsewhere(Protocol):
    """An engine whose record is in another file than RECORD_FILE; without this file, no result is a success."""

    @property
    def record_file(self) -> PurePosixPath:
        """The path of the record file, relative to a job's folder on its host."""


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
        """The memory in GiB that must be free on each GPU; 0 if the engine uses no GPU."""

    @property
    def needs(self) -> Needs:
        """The programs, files, modules and models that must be on a host."""

    @property
    def offload(self) -> Mapping[str, ParameterValue]:
        """Parameter values that save GPU memory, cost time and do not change the result."""

    def check(self, request: InferenceRequest) -> tuple[str, ...]:
        """Return warnings about a request that the engine would run.

        Raises:
            BadInput: the engine would refuse the request, or would run something other than the request.
        """

    def plan(self, request: InferenceRequest) -> FramePlan:
        """Return the frame size, chunks, seams and estimated time of a request."""

    def scout(self, request: InferenceRequest) -> Scout:
        """Return the settings for a cheap first look at a request; it never costs more than the request."""

    def invocation(self, request: InferenceRequest, site: Site) -> Invocation:
        """Return the inputs to send, the files to write and the program to start; touch no file."""

    def load_key(self, request: InferenceRequest) -> str:
        """Return a key that requests must have in common to be served by one process.

        The key is empty if each request loads its own model.
        """

    def share(self, members: Sequence[tuple[InferenceRequest, Site]], process: Site) -> SharedInvocation:
        """Return how one process serves two or more requests with the same ``load_key``, in this order.

        Args:
            members: each request, and the site of its job.
            process: the site of the process itself.
        """

    def progress(self, log: EngineLog, plan: FramePlan) -> Progress | None:
        """Return the progress of the engine, or None if the log does not show it."""

    def record(self, log: EngineLog) -> EngineRecord | None:
        """Return the values that the engine says it used, or None if its log does not say."""

    def failure(self, exit_code: int, log: EngineLog) -> JobFailure | None:
        """Return why a finished run failed, or None if both its exit code and its success marker show success.

        The output files are checked elsewhere.
        """


@runtime_checkable
class RunsNoModel(Protocol):
    """An engine that runs no model: its results stand in for those of a model, and are never measured or ranked."""

    @property
    def runs_no_model(self) -> bool:
        """Whether that holds for every request."""


@runtime_checkable
class AskingEngine(Protocol):
    """An engine that depends on more than the files of a host, and that can ask for it there; ``doctor`` asks."""

    def question(self, site: Site) -> tuple[str, ...]:
        """Return a command that changes nothing on the host and starts no job.

        Raises:
            BadInput: the host's configuration lacks what the question needs.
        """

    def answer(self, exit_code: int, stdout: str) -> Finding:
        """Return the finding that the output of the command makes."""


@runtime_checkable
class Upscales(Protocol):
    """An engine that can upscale a video; ``upscale`` asks it."""

    def upscaling(self, weight: float) -> Mapping[str, ParameterValue]:
        """Return the parameters with which a request upscales its colour video.

        Args:
            weight: how strongly the upscaler follows the video, 0.01 to 1.
        """


@runtime_checkable
class Enhances(Protocol):
    """An engine with a language model that writes prompts out; ``enhance-prompt`` asks it."""

    def enhancement(self) -> Mapping[str, ParameterValue]:
        """Return the parameters with which a request writes its prompt out, and makes no video.

        The prompt of the job's record is the new one; see EngineRecord.
        """


class UnsharedEngine:
    """The part of an engine whose program serves only one request."""

    def load_key(self, request: InferenceRequest) -> str:  # noqa: ARG002 - the same for all
        """Return an empty string; see Engine.load_key."""
        return ""

    def share(self, members: Sequence[tuple[InferenceRequest, Site]], process: Site) -> SharedInvocation:
        """Refuse the call; a caller that checks ``load_key`` first never makes it.

        Raises:
            ValueError: always.
        """
        raise ValueError(f"{len(members)} requests for one process in {process.folder}, which would serve one")
