"""The menus of engines and hosts on the assets: those of the worker's last answer, or built-in ones before it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmos_houdini.errors import CosmosError
from cosmos_houdini.houdini.background import BackgroundCall
from cosmos_houdini.houdini.tops.project import FRESH_S

AS_CONFIGURED = "As Configured"
LOCAL = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The engines and hosts that a project's configuration offers.

    Attributes:
        engines: label of each engine by its name.
        hosts: names, this machine first.
    """

    engines: Mapping[str, str]
    hosts: tuple[str, ...]


_known: dict[Path, Choices] = {}
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
    choices = _choices_of(kwargs)
    items = built_in if choices is None else [text for item in choices.engines.items() for text in item]
    return ["", AS_CONFIGURED, *items]


def host_items(kwargs: Mapping[str, Any]) -> list[str]:
    """Return the hosts of the configuration in the same way; this machine alone while there is no answer."""
    choices = _choices_of(kwargs)
    hosts = (LOCAL,) if choices is None else choices.hosts
    return ["", AS_CONFIGURED, *(text for host in hosts for text in (host, host))]


def read_choices(folder: Path) -> Choices | None:
    """Return what the worker described last; None before its first answer."""
    if folder in _calls and _calls[folder].ended:
        try:
            _known[folder] = _choices(_calls.pop(folder).result())
        except CosmosError:
            # There is no worker, or the configuration cannot be read: the nodes show that when they generate.
            _known.pop(folder, None)
    if folder not in _calls and time.monotonic() - _read_at_s.get(folder, float("-inf")) > FRESH_S:
        _read_at_s[folder] = time.monotonic()
        _calls[folder] = BackgroundCall("config", folder=folder)
    return _known.get(folder)


def _choices_of(kwargs: Mapping[str, Any]) -> Choices | None:
    folder = kwargs["node"].parm("folder").evalAsString()
    return read_choices(Path(folder)) if folder and Path(folder).is_dir() else None


def _choices(document: Mapping[str, Any]) -> Choices:
    configured = sorted(set(document["settings"]["hosts"]) - {LOCAL})
    return Choices(
        engines={engine["name"]: engine["label"] for engine in document["engines"]},
        hosts=(LOCAL, *configured),
    )
