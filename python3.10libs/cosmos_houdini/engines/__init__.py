"""Programs that turn an InferenceRequest into videos, by name."""

from __future__ import annotations

from cosmos_houdini.engines.base import Engine, EngineLog, Recorded
from cosmos_houdini.engines.diffusers.engine import Diffusers
from cosmos_houdini.engines.preview.engine import Preview
from cosmos_houdini.engines.transfer1.engine import Transfer1
from cosmos_houdini.engines.transfer25.engine import Transfer25
from cosmos_houdini.errors import BadInput, did_you_mean

__all__ = ["Engine", "EngineLog", "Recorded", "engine", "engine_names"]

_ENGINES: dict[str, type[Engine]] = {known.name: known for known in (Preview, Transfer1, Transfer25, Diffusers)}


def engine_names() -> tuple[str, ...]:
    """Return the names of all engines."""
    return tuple(_ENGINES)


def engine(name: str) -> Engine:
    """Return the engine of that name.

    Raises:
        BadInput: there is none; the nearest is named.
    """
    if name not in _ENGINES:
        raise BadInput(f"unknown engine {name!r}", allowed=", ".join(_ENGINES), action=did_you_mean(name, _ENGINES))
    return _ENGINES[name]()
