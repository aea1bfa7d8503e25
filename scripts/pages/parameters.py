"""The page of parameters: which engine takes which, with which values, and where each one goes."""

from __future__ import annotations

from cosmos_houdini.engines import engine_names, find_engine
from cosmos_houdini.engines.base import Engine
from cosmos_houdini.engines.captions import reads_captions
from cosmos_houdini.engines.estimates import find_estimates
from cosmos_houdini.engines.frame_size import find_frame_size
from cosmos_houdini.engines.translation import find_place
from cosmos_houdini.model.parameter import Parameter

HEAD = """# Parameters by engine

This page is written by `python3 scripts/build_parameter_page.py` from the engines themselves: each parameter is
changed, and the files and the command that the engine writes are compared.

A parameter that an engine does not have is refused by its name, and a value outside of the allowed ones by its value.
`run RUN.json --engine X` takes a run of another engine along: it leaves out what X lacks, brings numbers into its
range, and tells each change.

"""


def page() -> str:
    """Return the text of docs/parameters.md."""
    engines = [find_engine(name) for name in engine_names()]
    return HEAD + _overview(engines) + "".join(map(_section, engines))


def _overview(engines: list[Engine]) -> str:
    names = sorted({name for engine in engines for name in engine.parameters})
    lines = [
        f"| parameter | {' | '.join(engine.name for engine in engines)} |",
        "|---" * (len(engines) + 1) + "|",
    ]
    for name in names:
        cells = (_default(engine.parameters.get(name)) for engine in engines)
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    return "\n".join(("The defaults; `-` where the parameter is refused:\n", *lines)) + "\n"


def _default(parameter: Parameter | None) -> str:
    if parameter is None:
        return "-"
    return str(parameter.default).lower() if isinstance(parameter.default, bool) else str(parameter.default)


def _section(engine: Engine) -> str:
    estimated = ", ".join(map(str, find_estimates(engine.name))) or "none"
    defaults = {name: parameter.default for name, parameter in engine.parameters.items()}
    lines = [
        f"\n## {engine.name}\n",
        f"- prompts: {'text or a caption as JSON' if reads_captions(engine.name, defaults) else 'text'}",
        f"- frames: {'buckets of a fixed size' if find_frame_size(engine.name, {}) else 'any size is stretched'}",
        f"- controls that it estimates from the colour video: {estimated}\n",
        "| parameter | allowed | where it goes | meaning |",
        "|---|---|---|---|",
    ]
    for name, parameter in engine.parameters.items():
        place = find_place(engine, name) or "nowhere"
        lines.append(f"| `{name}` | {parameter.allowed} | {place} | {parameter.help} |")
    return "\n".join(lines) + "\n"
