"""The menu of engines on the asset: those of the worker's last answer, or the built-in ones before it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cosmos_houdini.errors import CosmosError
from cosmos_houdini.houdini.background import BackgroundCall
from cosmos_houdini.houdini.tops.project import FRESH_S

AS_CONFIGURED = "As Configured"

_known: dict[Path, Mapping[str, str]] = {}
_read_at_s: dict[Path, float] = {}
_calls: dict[Path, BackgroundCall] = {}


def engine_items(kwargs: Mapping[str, Any], built_in: Sequence[str]) -> list[str]:
    """Return the menu's items as Houdini takes them from a menu script: tokens and labels, one after another.

    Houdini waits for a menu script, and the worker takes a second to answer. The menu therefore shows the last answer,
    and the worker is asked in the background for the next time.

    Args:
        kwargs: of the menu script; has the node.
        built_in: tokens and labels of the built-in engines, shown while there is no answer.
    """
    folder = kwargs["node"].parm("folder").evalAsString()
    labels = engine_labels(Path(folder)) if folder and Path(folder).is_dir() else None
    items = built_in if labels is None else [text for item in labels.items() for text in item]
    return ["", AS_CONFIGURED, *items]


def engine_labels(folder: Path) -> Mapping[str, str] | None:
    """Return the labels of all engines by name, as the worker described them last; None before its first answer."""
    if folder in _calls and _calls[folder].ended:
        try:
            _known[folder] = {engine["name"]: engine["label"] for engine in _calls.pop(folder).result()["engines"]}
        except CosmosError:
            # There is no worker, or the configuration cannot be read: the nodes show that when they generate.
            _known.pop(folder, None)
    if folder not in _calls and time.monotonic() - _read_at_s.get(folder, float("-inf")) > FRESH_S:
        _read_at_s[folder] = time.monotonic()
        _calls[folder] = BackgroundCall("config", folder=folder)
    return _known.get(folder)
