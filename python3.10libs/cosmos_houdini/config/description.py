"""A configuration in words, as ``config show`` and the window in Houdini print it."""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from cosmos_houdini.config.cascade import Config, plain


def describe_config(config: Config) -> list[str]:
    """Return a line for each value with its origin, for each file, and for the project folder."""
    lines = []
    for key, value in _leaves(plain(config.settings)):
        text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True).removesuffix("\n...\n").strip()
        lines.append(f"{key}: {text}  ({_origin(key, config.origins)})")
    files = [f"read: {path}" for path in config.files] + [f"ignored: {path}" for path in config.ignored]
    return [*lines, *files, f"project folder: {config.project}"]


def _leaves(values: object, prefix: str = "") -> list[tuple[str, object]]:
    if not isinstance(values, dict) or not values:
        return [(prefix, values)]
    return [leaf for key, value in values.items() for leaf in _leaves(value, f"{prefix}.{key}" if prefix else key)]


def _origin(key: str, origins: Mapping[str, str]) -> str:
    set_by = (where for name, where in origins.items() if key == name or key.startswith(f"{name}."))
    return next((f"from {where}" for where in set_by), "built in")
