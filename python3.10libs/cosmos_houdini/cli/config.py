"""``config``: what is configured, and where each value came from."""

from __future__ import annotations

from collections.abc import Mapping

import click
import yaml

from cosmos_houdini.cli.console import json_option, print_json
from cosmos_houdini.config import load, plain
from cosmos_houdini.engines.description import describe_engines


@click.group(help="The configuration.")
def config() -> None:
    """Collect the commands."""


@config.command(help="Print every value with the file or variable that set it.")
@json_option
def show(*, as_json: bool) -> None:
    """Print the merged configuration."""
    loaded = load()
    values = plain(loaded.settings)
    if as_json:
        origins, project = dict(loaded.origins), str(loaded.project)
        known = {engine["name"]: engine["parameters"] for engine in describe_engines()}
        print_json(
            "config",
            {"settings": values, "origins": origins, "project": project, "engines": list(known), "parameters": known},
        )
        return
    for key, value in _leaves(values):
        text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True).removesuffix("\n...\n").strip()
        click.echo(f"{key}: {text}  ({_origin(key, loaded.origins)})")
    click.echo(f"project folder: {loaded.project}")


def _leaves(values: object, prefix: str = "") -> list[tuple[str, object]]:
    if not isinstance(values, dict) or not values:
        return [(prefix, values)]
    return [leaf for key, value in values.items() for leaf in _leaves(value, f"{prefix}.{key}" if prefix else key)]


def _origin(key: str, origins: Mapping[str, str]) -> str:
    set_by = (where for name, where in origins.items() if key == name or key.startswith(f"{name}."))
    return next((f"from {where}" for where in set_by), "built in")
