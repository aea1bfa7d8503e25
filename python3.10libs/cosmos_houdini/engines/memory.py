"""The GPU memory that a request needs, where it depends on more than the engine."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from cosmos_houdini.engines.registry import find_engine
from cosmos_houdini.model.request import InferenceRequest


@runtime_checkable
class NeedsMemory(Protocol):
    """An engine whose need depends on the model, the number of GPUs or the controls; most engines have one number."""

    def memory_gb(self, request: InferenceRequest) -> float:
        """Return the GiB that each GPU of a request should have free."""


def memory_gb(request: InferenceRequest) -> float:
    """Return the GiB that each GPU of a request should have free; 0 where the engine uses no GPU.

    Raises:
        BadInput: no engine has the name of the request's.
    """
    engine = find_engine(request.engine)
    return engine.memory_gb(request) if isinstance(engine, NeedsMemory) else engine.gpu_memory_gb
