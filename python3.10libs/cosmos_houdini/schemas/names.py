"""The name and the version of each document; the key ``schema`` holds them."""

from __future__ import annotations

from collections.abc import Mapping

NAMES: Mapping[str, int] = {
    "attach": 1,
    "batch-spec": 1,
    "batch-status": 1,
    "cancel": 1,
    "caption": 1,
    "check": 1,
    "clean": 1,
    "completion": 1,
    "config": 1,
    "config-trust": 1,
    "conversion": 1,
    "conversions": 1,
    "create-batch": 1,
    "deliver": 1,
    "demo": 1,
    "doctor": 1,
    "dry-run": 1,
    "enhance-prompt": 1,
    "error": 1,
    "extract-frame": 1,
    "fetch": 1,
    "help": 1,
    "history": 1,
    "install-houdini": 1,
    "logs": 1,
    "measures": 1,
    "next": 1,
    "prompt": 1,
    "prompt-spec": 1,
    "ratings": 1,
    "report": 1,
    "restore": 1,
    "retry": 1,
    "run": 1,
    "run-batch": 1,
    "run-batch-detached": 1,
    "run-spec": 1,
    "scene": 1,
    "schemas": 1,
    "setup-host": 1,
    "standardize": 1,
    "status": 1,
    "submit": 1,
    "uninstall-houdini": 1,
    "watch-install": 1,
    "watch-status": 1,
}
"""Version of each document. A key may be added within a version; one that goes or changes makes a new version."""


def schema_id(name: str) -> str:
    """Return the value of a document's key ``schema``.

    >>> schema_id("status")
    'cosmos-houdini/status/1'
    """
    return f"cosmos-houdini/{name}/{NAMES[name]}"
