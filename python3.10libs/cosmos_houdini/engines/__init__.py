"""The engines, by name: programs that turn an InferenceRequest into videos."""

from __future__ import annotations

from cosmos_houdini.engines.base import Engine, EngineLog, EngineRecord
from cosmos_houdini.engines.registry import engine_names, find_engine, register_engine, runs_no_model, unregister_engine

__all__ = [
    "Engine",
    "EngineLog",
    "EngineRecord",
    "engine_names",
    "find_engine",
    "register_engine",
    "runs_no_model",
    "unregister_engine",
]
