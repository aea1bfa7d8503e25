"""The frame size of an engine whose sizes are fixed, and whose resize would cut pictures off."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol, runtime_checkable

from cosmos_houdini.engines.registry import find_engine
from cosmos_houdini.model.parameter import ParameterValue, resolve

Size = tuple[int, int]


@runtime_checkable
class FixesFrameSize(Protocol):
    """An engine that crops every video that has not the exact size of its frame; most engines stretch it."""

    def frame_size(self, size: Size, parameters: Mapping[str, ParameterValue]) -> Size:
        """Return the width and height in pixels of the frame for a video of ``size``."""


def find_frame_size(engine: str, given: Mapping[str, object]) -> Callable[[Size], Size] | None:
    """Return the function that tells an engine's frame size by a video's size; None for an engine that stretches.

    Args:
        engine: a name of the registry; empty where no engine is chosen yet.
        given: parameters of the run; the others have the engine's defaults.

    Raises:
        BadInput: no engine has this name, or it refuses a parameter.
    """
    if not engine:
        return None
    known = find_engine(engine)
    values = resolve(known.parameters, given, engine=engine)
    return partial(_size, known, values) if isinstance(known, FixesFrameSize) else None


def _size(engine: FixesFrameSize, parameters: Mapping[str, ParameterValue], size: Size) -> Size:
    return engine.frame_size(size, parameters)
