"""The engines as data, for menus, parameter panes and other programs."""

from __future__ import annotations

from typing import Any

from cosmos_houdini.engines.registry import engine_names, find_engine


def describe_engines() -> list[dict[str, Any]]:
    """Return every engine as JSON data, in the order of the registry.

    Each engine has ``name``, ``label`` (for menus), ``uses_gpu``, ``gpu_memory_gb`` (GiB that must be free on each GPU;
    0 without a GPU) and ``parameters``, a list of the documents that ``Parameter.document`` returns.
    """
    engines = [find_engine(name) for name in engine_names()]
    return [
        {
            "name": engine.name,
            "label": engine.label,
            "uses_gpu": engine.gpu_memory_gb > 0,
            "gpu_memory_gb": engine.gpu_memory_gb,
            "parameters": [parameter.document() for parameter in engine.parameters.values()],
        }
        for engine in engines
    ]
