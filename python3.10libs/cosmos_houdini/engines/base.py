"""What every engine answers, and nothing about hosts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from cosmos_houdini.model.job import JobFailure, Progress
from cosmos_houdini.model.parameter import Parameter, ParameterValue
from cosmos_houdini.model.request import FramePlan, InferenceRequest, Invocation, Site


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineLog:
    """What an engine printed so far: the whole of it, or the end of it while it runs."""

    stdout: str
    stderr: str


class Engine(Protocol):
    """A program that turns an InferenceRequest into videos."""

    @property
    def name(self) -> str:
        """The name in the registry and on the command line."""

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """Every parameter that the engine has, by name."""

    @property
    def gpu_memory_gb(self) -> float:
        """GPU memory in GiB that one GPU must have free; 0 where no GPU is used."""

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

    def invocation(self, request: InferenceRequest, site: Site) -> Invocation:
        """Return what has to be brought, written and started; no file is touched."""

    def progress(self, log: EngineLog, plan: FramePlan) -> Progress | None:
        """Return how far the engine has come, or None where the log does not tell."""

    def failure(self, exit_code: int, log: EngineLog) -> JobFailure | None:
        """Return why a finished run is no success, or None where exit code and marker say that it is one.

        The output files are judged elsewhere.
        """
