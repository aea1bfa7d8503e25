"""The ``.chn`` entry of a node: the keys and expressions that drive its parameters.

::

    {
        channel tx {
          lefttype = extend
          righttype = extend
          start = 0.5
          segment { length = 4 value = 1 2 slope = 0 0.5 accel = 1.3 1.5 expr = bezier() }
          segment { length = 0 value = 2 1 expr = bezier() }
        }
    }

A number that is left out is 0. Only white space separates words; a quoted text may contain white space.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from cosmos_houdini.model.scene import Channel, Segment
from cosmos_houdini.scene.parm import unquoted

# Above this number, times in frames would overflow; a comparison with it also refuses nan.
_GREATEST = 1e30
_WORD = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|\S+', re.DOTALL)


@dataclass(slots=True)
class _Block:
    """The text between two braces: any number of ``key = values``, and blocks with a name."""

    items: dict[str, list[str]] = field(default_factory=dict)
    segments: list[_Block] = field(default_factory=list)

    def word(self, key: str, default: str) -> str:
        return next(iter(self.items.get(key, ())), default)

    def numbers(self, key: str, count: int) -> tuple[float, ...]:
        words = self.items.get(key, ["0"] * count)
        try:
            numbers = tuple(float(word) for word in words)
        except ValueError:
            numbers = ()
        if len(numbers) != count or not all(abs(number) <= _GREATEST for number in numbers):
            raise ValueError(f"{key} = {' '.join(words)!r}")
        return numbers


def parse_channels(text: str) -> Mapping[str, Channel]:
    """Return every channel of a ``.chn`` entry by name.

    Raises:
        ValueError: the text ends in the middle, or a value is no number.
    """
    words = iter(_WORD.findall(text))
    channels: dict[str, Channel] = {}
    for word in words:
        if word == "channel":
            name = _next(words)
            channels[name] = _channel(name, _block(words))
    return channels


def _next(words: Iterator[str]) -> str:
    word = next(words, None)
    if word is None:
        raise ValueError("the text ends in the middle of a channel")
    return word


def _block(words: Iterator[str]) -> _Block:
    """Read from the opening brace to the closing one."""
    if _next(words) != "{":
        raise ValueError("a name is followed by no brace")
    block = _Block()
    values: list[str] = []
    while (word := _next(words)) != "}":
        if word == "segment":
            block.segments.append(_block(words))
        elif word == "{":
            # `options = { ... }` says how the keys are edited, not what they are.
            while _next(words) != "}":
                pass
        elif word == "=":
            if not values:
                raise ValueError("an equals sign follows no name")
            # Only the equals sign shows that the word before it was a name and not one more value.
            key = values.pop()
            values = block.items[key] = []
        else:
            values.append(word)
    return block


def _channel(name: str, block: _Block) -> Channel:
    return Channel(
        name=name,
        start_s=block.numbers("start", 1)[0],
        segments=tuple(_segment(segment) for segment in block.segments),
        before=block.word("lefttype", "extend"),
        after=block.word("righttype", "extend"),
    )


def _segment(block: _Block) -> Segment:
    (length_s,) = block.numbers("length", 1)
    if length_s < 0:
        raise ValueError(f"a segment is {length_s} seconds long")
    value, slope, accel = (block.numbers(key, 2) for key in ("value", "slope", "accel"))
    return Segment(
        length_s=length_s,
        values=(value[0], value[1]),
        slopes=(slope[0], slope[1]),
        accels=(accel[0], accel[1]),
        expression=unquoted(block.word("expr", "")),
    )
