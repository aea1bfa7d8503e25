"""The numbers of a node's parameters, and the channels that drive them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from cosmos_houdini.model.scene import Channel, Vector
from cosmos_houdini.scene.curve import is_certain, is_keyed, is_locked, key_frames
from cosmos_houdini.scene.nodes import Node
from cosmos_houdini.scene.parm import ParmValue
from cosmos_houdini.scene.timeline import Timeline

_PRETRANSFORM = re.compile(r"^pretransform UT_DMatrix4 (.*)$", re.MULTILINE)
_IDENTITY = "1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1"


def displacing(node: Node, plain: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the parameters that have another value than the one that does nothing, and a pretransform that does much.

    Args:
        node: an object.
        plain: by parameter, the values that do nothing.
    """
    names = [
        name
        for name, values in plain.items()
        if name in node.parms and (_texts(node.parms[name]) != values or any(v.channel for v in node.parms[name]))
    ]
    matrix = _PRETRANSFORM.search(node.definition)
    if matrix and matrix[1].strip() != _IDENTITY:
        names.append("pretransform")
    return tuple(names)


def _texts(values: tuple[ParmValue, ...]) -> tuple[str, ...]:
    return tuple("0" if value.number == 0 else value.text for value in values)


@dataclass(slots=True, kw_only=True)
class Reading:
    """Reads the values of one node and collects the channels that drive them."""

    node: Node
    timeline: Timeline
    channels: dict[str, Channel] = field(default_factory=dict)
    keyframes: set[float] = field(default_factory=set)
    unresolved: list[str] = field(default_factory=list)
    animated: bool = False

    def vector(self, parm: str) -> Vector | None:
        """Return three numbers; None if one is missing."""
        x, y, z = self.numbers(parm, 3)
        return None if x is None or y is None or z is None else (x, y, z)

    def scalar(self, parm: str, *, key: str | None = None) -> float | None:
        """Return one number, driven by the channel that ``key`` names in ``channels``."""
        return self.numbers(parm, 1, keys=[key or parm])[0]

    def numbers(self, parm: str, count: int, *, keys: list[str] | None = None) -> tuple[float | None, ...]:
        """Return the saved numbers of a parameter; missing numbers are None and are listed as unresolved."""
        values = self.node.parms.get(parm, ())
        if len(values) < count:
            self.unresolved.append(parm)
            return (None,) * count
        keys = keys or [f"{parm}{axis}" for axis in "xyz"[:count]]
        return tuple(self._number(parm, key, value) for key, value in zip(keys, values, strict=False))

    def _number(self, parm: str, key: str, value: ParmValue) -> float | None:
        if value.number is None:
            self.unresolved.append(value.channel or parm)
        elif value.channel:
            self._drive(key, value.channel)
        return value.number

    def _drive(self, key: str, name: str) -> None:
        """Add the channel ``name`` as the driver of the component ``key`` if its values are certain."""
        channel = self.node.channels.get(name)
        if channel is None or not is_keyed(channel):
            if channel is None or not is_locked(channel):
                self.unresolved.append(name)
            return
        self.keyframes.update(key_frames(channel, self.timeline.fps))
        self.animated = self.animated or len(channel.segments) > 1
        if is_certain(channel, self.timeline.first_s, self.timeline.last_s):
            self.channels[key] = channel
        else:
            self.unresolved.append(name)
