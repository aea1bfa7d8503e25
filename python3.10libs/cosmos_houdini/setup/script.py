"""The script that makes a host ready for an engine, and the files that go with it, as text."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib import resources
from pathlib import PurePosixPath
from typing import Final

from cosmos_houdini.engines.recipe import Recipe
from cosmos_houdini.errors import BadInput
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.launchers.registry import launcher_type
from cosmos_houdini.launchers.shell import assignments, quoted, words

SCRIPT: Final = "in/setup.sh"
WEIGHTS: Final = "in/weights.json"
FETCH: Final = "in/fetch_weights.py"
ENDED: Final = "the host is ready"
"""The last line of a script that has come to its end."""


def setup_files(
    name: str, engine: str, recipe: Recipe, config: HostConfig, *, image_source: str = ""
) -> dict[str, str]:
    """Return the files of a setup, by their paths in its folder on the host.

    Args:
        name: the host's name in the configuration.
        engine: the engine's name.
        recipe: how a host is made ready for it.
        config: how jobs run on the host.
        image_source: where the image comes from: a name in a registry, a path of a tar on the host, or, for Apptainer,
            a source as ``apptainer build`` takes it; empty to build it from the checkout.

    Raises:
        BadInput: the configuration lacks a value, or there is no way to make what its launcher needs.
    """
    if not config.engine_path or not PurePosixPath(config.engine_path).is_absolute():
        raise BadInput(
            f"hosts.{name}.engine_path = {config.engine_path!r}",
            allowed="an absolute folder on the host, which may be missing",
            action=f"set hosts.{name}.engine_path: /opt/{engine}",
        )
    steps = ["check_out"] if recipe.repository else []
    image, step = _place(name, engine, recipe, config, image_source)
    steps.append(step)
    if recipe.weights:
        steps.append('fetch_weights "$here/weights.json" "$here/fetch_weights.py"')
    commands = " &&\n        ".join(map(words, recipe.environment)) or ":"
    values = assignments(
        engine_path=config.engine_path,
        repository=recipe.repository,
        commit=recipe.commit,
        image=image,
        image_source=image_source,
        python=config.python,
        environment_id=hashlib.sha256(f"{recipe.commit}\n{commands}".encode()).hexdigest(),
    )
    text = (
        f"#!/bin/sh\n# Makes this host ready for the engine {engine}.\n"
        f'here=$(cd "$(dirname "$0")" && pwd)\n{values}'
        f"environment_commands() {{\n        {commands}\n}}\n{_text('setup.sh')}\n"
        + "\n".join(steps)
        + f"\nsay {quoted(ENDED)}\n"
    )
    weights = {"cache": recipe.cache, "weights": [asdict(one) for one in recipe.weights]}
    return {SCRIPT: text, WEIGHTS: json.dumps(weights, indent=2) + "\n", FETCH: _text("fetch_weights.py")}


def settings_after(recipe: Recipe, config: HostConfig) -> Mapping[str, str]:
    """Return the keys of the host that the environment of a process needs, and their values."""
    if not launcher_type(config).traits.runs_on_host:
        return {}
    return {key: value.replace("{engine_path}", str(config.engine_path)) for key, value in recipe.settings}


def _place(name: str, engine: str, recipe: Recipe, config: HostConfig, source: str) -> tuple[str, str]:
    """Return the image that jobs run in, empty for none, and the step that makes it or the environment."""
    part = launcher_type(config, name).image
    image = part.find(config) if part else None
    if part and image is not None:
        lacking = []
        if not image:
            lacking.append(f"hosts.{name}.image")
        if not (source or (part.takes_dockerfile and recipe.image)):
            lacking.append("--image-from")
        if lacking:
            raise BadInput(
                f"host {name!r} runs jobs of {engine} in an image; not given: {', '.join(lacking)}",
                allowed=part.allowed,
                action=f"give {' and '.join(lacking)}",
            )
        return image, part.step
    if not recipe.environment:
        raise BadInput(
            f"{engine} has no environment that a script could make for processes",
            action=f"take a launcher with containers for {name}, or follow the install guide of {recipe.repository}",
        )
    return "", "make_environment"


def _text(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
