"""The one way from a RunSpec to a request that its engine accepts; every front end takes it."""

from __future__ import annotations

from dataclasses import dataclass

from cosmos_houdini.engines import Engine, engine
from cosmos_houdini.model.request import FramePlan, InferenceRequest
from cosmos_houdini.model.spec import RunSpec
from cosmos_houdini.plan.request import build_request


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A checked request, how its engine cuts it, and what a person should know before it starts."""

    engine: Engine
    request: InferenceRequest
    plan: FramePlan
    warnings: tuple[str, ...]


def prepare(run: RunSpec, *, num_gpu: int | None = None) -> Prepared:
    """Probe the run's videos and check everything that can be checked before a host is asked.

    Raises:
        BadInput: whatever the plan or the engine refuses.
    """
    chosen = engine(run.engine)
    request, warnings = build_request(run, chosen.parameters, num_gpu=num_gpu)
    warnings += chosen.check(request)
    return Prepared(engine=chosen, request=request, plan=chosen.plan(request), warnings=warnings)
