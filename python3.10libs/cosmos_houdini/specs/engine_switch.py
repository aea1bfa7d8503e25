"""A run that was made for one engine, on another one; every change is told."""

from __future__ import annotations

from collections.abc import Iterator

from cosmos_houdini.engines import find_engine
from cosmos_houdini.engines.base import Engine
from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.model.parameter import Parameter
from cosmos_houdini.model.spec import RunSpec, SpecValue

FROM_INPUT = "fps"
"""The parameter that follows the colour video where a run does not give it."""


def switch_engine(run: RunSpec, name: str) -> tuple[RunSpec, tuple[str, ...]]:
    """Return a run for another engine, and a sentence for each value that is not the same there.

    A parameter that the other engine lacks is left out. A number outside of its range becomes the nearest one in it. A
    parameter that the run leaves open has the other engine's default.

    Raises:
        BadInput: there is no engine of that name.
    """
    if name == run.engine:
        return run, ()
    before, after = find_engine(run.engine), find_engine(name)
    kept: dict[str, SpecValue] = {}
    told: list[str] = []
    for key, value in run.parameters.items():
        known = after.parameters.get(key)
        if known is None:
            near = did_you_mean(key, after.parameters)
            told.append(f"{key} = {value!r} is left out: {name} has no such parameter" + (f"; {near}" if near else ""))
            continue
        fitting = _fit(known, value)
        if fitting is None:
            told.append(f"{key} = {value!r} is left out: {name} takes {known.allowed}, and has {known.default!r}")
            continue
        kept[key] = fitting
        if fitting != value:
            told.append(f"{key} = {value!r} becomes {fitting!r}: {name} takes {known.allowed}")
    told += _changed_defaults(run, before, after)
    return RunSpec(
        name=run.name, engine=name, spec=run.spec, weights=run.weights, parameters=kept, num_gpu=run.num_gpu
    ), tuple(told)


def _fit(known: Parameter, value: SpecValue) -> SpecValue | None:
    """Return a value in a parameter's type and range; None where no value of it is near."""
    try:
        return known.check_value(value)
    except BadInput:
        if isinstance(value, bool | str) or known.type_name not in {"int", "float"}:
            return None
    low = known.low if known.low is not None else value
    high = known.high if known.high is not None else value
    nearest = min(max(float(value), float(low)), float(high))
    return round(nearest) if known.type_name == "int" else nearest


def _changed_defaults(run: RunSpec, before: Engine, after: Engine) -> Iterator[str]:
    for key, known in after.parameters.items():
        earlier = before.parameters.get(key)
        if earlier and key not in run.parameters and key != FROM_INPUT and earlier.default != known.default:
            yield f"{key} is {known.default!r}, the default of {after.name}; {before.name} has {earlier.default!r}"
