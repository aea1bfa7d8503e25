"""The place of each parameter in an engine's files and command, found by changing it and comparing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path, PurePosixPath
from typing import Any

from cosmos_houdini.engines.base import Engine
from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.parameter import Parameter, ParameterValue
from cosmos_houdini.model.request import Clip, ControlInput, InferenceRequest, Invocation, Site

_SITE = Site(folder=PurePosixPath("/job"), engine_path=PurePosixPath("/engine"), server="http://127.0.0.1:8000")
_CLIP = Clip(path=Path("/shot.mp4"), sha256="0" * 64, frames=93, size=(1280, 720), fps=24)
_MODEL = "model"
_GPU_COUNTS = (1, 4)
_OF_GPUS = frozenset({"--master_port", "--dp-shard-size", "--dp-replicate-size"})
"""The larger models take no fewer than four."""
_OTHER_SIZE = (1920, 1440)
"""Of another aspect than the frames of all engines, so that a resolution shows."""


def find_place(engine: Engine, name: str) -> str:
    """Return where a parameter stands in what an engine writes, as in ``spec.json: guidance`` or ``--offload``.

    The result is empty where no value of the parameter changes the files or the command.
    """
    parameter = engine.parameters[name]
    for request in _requests(engine):
        places = sorted({place for value in _values(parameter) for place in _changed(engine, request, name, value)})
        if places:
            return ", ".join(places)
    return ""


def _requests(engine: Engine) -> Iterator[InferenceRequest]:
    """Yield requests in which a parameter may have an effect: of both aspects, two controls and all models."""
    defaults = {name: parameter.default for name, parameter in engine.parameters.items()}
    models = engine.parameters[_MODEL].choices if _MODEL in defaults else ("",)
    kinds = (Control.EDGE, Control.DEPTH)
    for size, model, kind, count in product((_CLIP.size, _OTHER_SIZE), models, kinds, _GPU_COUNTS):
        clip = replace(_CLIP, size=size)
        parameters = {**defaults, "fps": 24, _MODEL: model}
        yield InferenceRequest(
            name="shot",
            engine=engine.name,
            prompt="words",
            negative_prompt="",
            video=clip,
            controls=(ControlInput(kind=kind, weight=1.0, clip=clip),),
            parameters={name: parameters[name] for name in defaults},
            num_gpu=count,
        )


def _values(parameter: Parameter) -> Iterator[ParameterValue]:
    if isinstance(parameter.default, bool):
        yield not parameter.default
    elif parameter.choices:
        yield from parameter.choices
    elif isinstance(parameter.default, str):
        yield "words"
    else:
        bounds = (parameter.low, parameter.high)
        whole = isinstance(parameter.default, int)
        yield from (int(bound) if whole else float(bound) for bound in bounds if bound is not None)
        yield parameter.default + 1


def _changed(engine: Engine, request: InferenceRequest, name: str, value: ParameterValue) -> Iterator[str]:
    other = replace(request, parameters={**request.parameters, name: value})
    try:
        engine.check(request)
        engine.check(other)
        before, after = engine.invocation(request, _SITE), engine.invocation(other, _SITE)
    except BadInput:
        return
    yield from _changed_words(before, after)
    for file in sorted({*before.files, *after.files}):
        texts = before.files.get(file, ""), after.files.get(file, "")
        if texts[0] != texts[1]:
            yield from (f"{PurePosixPath(file).name}: {key}" if key else file for key in _changed_keys(*texts))


def _changed_words(before: Invocation, after: Invocation) -> Iterator[str]:
    for word in {*after.argv} ^ {*before.argv}:
        if word.startswith("--"):
            option = word.partition("=")[0]
            yield from () if option in _OF_GPUS else (f"`{option}`",)
        elif word in after.argv and after.argv[after.argv.index(word) - 1].startswith("--"):
            yield f"`{after.argv[after.argv.index(word) - 1]}`"
    yield from (f"variable `{key}`" for key in after.env if after.env[key] != before.env.get(key))


def _changed_keys(before: str, after: str) -> set[str]:
    try:
        return {f"`{key}`" for key in _compare(json.loads(before), json.loads(after), "")}
    except ValueError:
        return {""}


def _compare(before: Any, after: Any, key: str) -> Iterator[str]:  # noqa: ANN401 - any JSON
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in {*before, *after}:
            yield from _compare(before.get(name), after.get(name), name)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for one, other in zip(before, after, strict=True):
            yield from _compare(one, other, key)
    elif before != after:
        yield key
