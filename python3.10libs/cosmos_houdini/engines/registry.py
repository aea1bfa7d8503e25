"""Engines by name: those of this package, those that a program registers, and those of installed plug-ins.

A plug-in is an entry point of the group ``cosmos_houdini.engines``. It refers to an Engine, or to a class or function
that returns an Engine when called without arguments. The engine's ``name`` must equal the entry point's name.
"""

from __future__ import annotations

from typing import Any

from cosmos_houdini.engines.base import Engine, RunsNoModel
from cosmos_houdini.engines.cosmos3.engine import Cosmos3
from cosmos_houdini.engines.cosmos3_http.engine import Cosmos3Http
from cosmos_houdini.engines.diffusers.engine import Diffusers
from cosmos_houdini.engines.preview.engine import Preview
from cosmos_houdini.engines.transfer1.engine import Transfer1
from cosmos_houdini.engines.transfer25.engine import Transfer25
from cosmos_houdini.errors import BadInput
from cosmos_houdini.plugins import Registry

GROUP = "cosmos_houdini.engines"

_MEMBERS = sorted(name for name in vars(Engine) if not name.startswith("_"))


def register_engine(engine: Engine) -> None:
    """Add an engine under its own name, for the rest of this process.

    All callers and threads share the engine, so it must not keep the state of a request.

    Raises:
        BadInput: the name is taken or invalid, or the engine lacks a member of the Engine protocol.
    """
    _REGISTRY.register(engine.name, engine)


def unregister_engine(name: str) -> None:
    """Remove a registered engine; a built-in one stays, and an unknown name is ignored."""
    _REGISTRY.unregister(name)


def engine_names() -> tuple[str, ...]:
    """Return the names of all engines, the built-in ones first."""
    return _REGISTRY.names()


def find_engine(name: str) -> Engine:
    """Return the engine with this name.

    Raises:
        BadInput: no engine has this name; the error suggests the closest name.
    """
    return _REGISTRY.get(name)


def runs_no_model(name: str) -> bool:
    """Whether an engine runs no model, so that its results stand in for those of one."""
    try:
        engine = find_engine(name)
    except BadInput:
        # A plug-in that is gone by now has made real results.
        return False
    return isinstance(engine, RunsNoModel) and engine.runs_no_model


def _check(name: str, found: Any) -> Engine:  # noqa: ANN401 - whatever an entry point names
    """Return the object found, or the engine that it creates, after checking the protocol's members and the name."""
    if isinstance(found, type) or not hasattr(found, "invocation"):
        if not callable(found):
            raise BadInput(f"{found!r} is no engine, and no class or function that makes one")
        found = found()
    lacking = [member for member in _MEMBERS if not hasattr(found, member)]
    if lacking:
        raise BadInput(f"{type(found).__name__} is no engine: it lacks {', '.join(lacking)}")
    engine: Engine = found
    if engine.name != name:
        raise BadInput(f"the engine's own name is {engine.name!r}, and its entry point's is {name!r}")
    return engine


_REGISTRY: Registry[Engine] = Registry(
    "engine",
    group=GROUP,
    builtin={
        engine.name: engine for engine in (Preview(), Transfer1(), Transfer25(), Diffusers(), Cosmos3(), Cosmos3Http())
    },
    check=_check,
)
