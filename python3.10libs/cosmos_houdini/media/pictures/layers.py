"""Reads the layers of an EXR file, and decides which layer feeds which pass.

Channel names follow the convention of the OpenEXR documentation: ``layer.channel``, or plain R, G, B, A for the picture
itself. In a multi-part file, the name of the part can take the place of the layer's name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import OpenEXR
import OpenImageIO

from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.media.pictures.exr_names import readable_exr
from cosmos_houdini.media.pictures.silence import silent_output
from cosmos_houdini.media.pictures.unreadable import Unreadable
from cosmos_houdini.media.pictures.window import Window

PLAIN = "rgba"

CRYPTOMATTES = ("object", "asset", "material")
CHANNEL_ORDER = ("r", "red", "g", "green", "b", "blue", "x", "y", "z", "u", "v", "w", "a", "alpha")
# Channels without the name of a layer that belong together, in any case of letters.
_PICTURES = (("r", "g", "b"), ("red", "green", "blue"))
_VECTORS = (("x", "y", "z"), ("u", "v"))
GREY = frozenset({"y", "luminance", "grey", "gray"})
"""The channel of a picture without colours, in lower case."""
RANK = re.compile(r"(?P<layer>.*)(?P<rank>\d\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One channel: the number of its part, from 0, and its full name in that part."""

    part: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Channels that belong together.

    Attributes:
        name: ``rgba`` for the picture itself, else the name that the renderer wrote.
        channels: channels in the order red, green, blue, alpha or x, y, z; those of a Cryptomatte rank by rank.
        channel_type: ``half``, ``float``, ``uint``, or ``unknown``.
        cryptomatte: whether the channels are the ranks of a Cryptomatte.
        lacking: channels of a Cryptomatte that have no partner, and whole ranks that are not there; none of them is in
            ``channels``, unless no rank is whole.
    """

    name: str
    channels: tuple[Channel, ...]
    channel_type: str
    cryptomatte: bool = False
    lacking: tuple[str, ...] = ()

    @property
    def is_picture(self) -> bool:
        """Whether the channels are red, green and blue, or grey."""
        letters = {channel.name.rpartition(".")[2].lower() for channel in self.channels}
        return any(letters.issuperset(names) for names in _PICTURES) or (bool(letters & GREY) and not letters & {"x"})

    @property
    def is_whole(self) -> bool:
        """Whether at least one rank of a Cryptomatte is whole; true for every other layer."""
        return not self.lacking or not {channel.name for channel in self.channels}.issubset(self.lacking)

    def document(self) -> dict[str, Any]:
        """Return the layer as JSON data."""
        return {
            "name": self.name,
            "part": self.channels[0].part,
            "channels": [channel.name for channel in self.channels],
            "type": self.channel_type,
            "cryptomatte": self.cryptomatte,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The header of an EXR.

    Attributes:
        path: the file.
        display: the display window, which is the area of the picture that is meant to be seen.
        pixel_aspect: width of a pixel divided by its height.
        layers: layers in the order of the file.
        attributes: the attributes of each part, by name.
    """

    path: Path
    display: Window
    pixel_aspect: float
    layers: tuple[Layer, ...]
    attributes: tuple[Mapping[str, Any], ...]

    def layer(self, name: str) -> Layer:
        """Return the layer of that name; case does not matter.

        The name may also be that of a channel (``P.z``), of a channel in a part (``part.red``), or of several channels
        (``p.x,p.y,p.z``); these become a layer of their own.

        Raises:
            BadInput: the file has no such layer; the error gives the nearest name and all names.
        """
        found = self.find(name)
        if found is not None:
            return found
        names = [layer.name for layer in self.layers]
        channels = [channel.name for layer in self.layers for channel in layer.channels]
        raise BadInput(
            f"{self.path} has no layer {name!r}",
            allowed=f"{', '.join(names)}, or one of their channels",
            action=did_you_mean(name, [*names, *channels]),
        )

    def find(self, name: str) -> Layer | None:
        """Return the layer or the channels of that name, as ``layer`` does; None if there are none."""
        for layer in (*(each for each in self.layers if each.name == name), *self.layers):
            if layer.name.lower() == name.lower():
                return layer
        known = self._channels()
        chosen = [known.get(each.strip().lower()) for each in name.split(",")]
        channels = [found for found in chosen if found]
        if not channels or len(channels) != len(chosen):
            return None
        kind = next(layer.channel_type for layer in self.layers if channels[0] in layer.channels)
        return Layer(name=name, channels=tuple(channels), channel_type=kind)

    def _channels(self) -> dict[str, Channel]:
        """Return all channels by their names and by those with their parts; of equal names the first part's counts."""
        parts = [str(attributes.get("name", "")) for attributes in self.attributes]
        known: dict[str, Channel] = {}
        for channel in (channel for layer in self.layers for channel in layer.channels):
            known.setdefault(channel.name.lower(), channel)
            known.setdefault(f"{parts[channel.part]}.{channel.name}".lower(), channel)
        return known


def read_header(path: Path) -> Header:
    """Read the header of an EXR without its pixels.

    Raises:
        BadInput: the file is missing, not an EXR, or deep, or has subsampled channels.
    """
    headers = [part.header for part in open_exr(path, header_only=True).parts]
    try:
        for header in headers:
            _refuse_unusable(path, header)
        with readable_exr(path, header_only=True) as readable:
            layers = _layers(headers, _channel_types(readable))
    except UnicodeDecodeError as error:
        raise Unreadable(path, "has damaged names in its header") from error
    return Header(
        path=path,
        display=window(headers[0]["displayWindow"]),
        pixel_aspect=float(headers[0]["pixelAspectRatio"]),
        layers=layers,
        attributes=tuple(headers),
    )


def open_exr(path: Path, *, header_only: bool = False) -> Any:  # noqa: ANN401 - the binding has no types
    """Open an EXR with separate channels, or raise BadInput; decoding uses only the calling thread."""
    if not path.is_file():
        raise BadInput(f"{path} is no file", action="check the path")
    try:
        # The binding prints about damaged pixels, and leaves them out.
        with readable_exr(path, header_only=header_only) as readable, silent_output():
            file = OpenEXR.File(str(readable), separate_channels=True, header_only=header_only, num_threads=0)
    except (RuntimeError, ValueError, OSError) as error:
        raise Unreadable(path, f"cannot be read as EXR: {error}") from error
    if not file.parts:
        raise Unreadable(path, "is cut short or damaged: no picture in it is complete")
    return file


def window(corners: tuple[Any, Any]) -> Window:
    """Return a window from its first and last pixel, both of which are inside it."""
    (left, top), (right, bottom) = corners
    return Window(x=int(left), y=int(top), width=int(right - left) + 1, height=int(bottom - top) + 1)


def _refuse_unusable(path: Path, header: Mapping[str, Any]) -> None:
    if header["type"] in {OpenEXR.deepscanline, OpenEXR.deeptile}:
        raise BadInput(f"{path} is a deep EXR", allowed="flat EXR", action="flatten it, or render a flat one beside it")
    for channel in header["channels"]:
        if (channel.xSampling, channel.ySampling) != (1, 1):
            raise BadInput(
                f"{path}: channel {channel.name} is subsampled", allowed="one sample a pixel in each channel"
            )


def _layers(headers: list[Mapping[str, Any]], types: Mapping[Channel, str]) -> tuple[Layer, ...]:
    cryptomattes = {name for header in headers for name in cryptomatte_names(header)}
    groups: dict[tuple[str, int | None], list[Channel]] = {}
    for part, header in enumerate(headers):
        part_name = str(header.get("name", "")) if len(headers) > 1 else ""
        names = {channel.name for channel in header["channels"]}
        for found in header["channels"]:
            channel = Channel(part=part, name=found.name)
            name = _layer_name(found.name, part_name, names)
            ranked = _cryptomatte_of(name, cryptomattes)
            groups.setdefault((ranked, None) if ranked else (name, part), []).append(channel)
    ranked_names = {name for name, part in groups if part is None}
    return tuple(
        _layer(name, channels, types, cryptomatte=part is None)
        for (name, part), channels in groups.items()
        # A Cryptomatte's channels without a rank are a picture for people, not data.
        if part is None or name not in ranked_names
    )


def _layer(name: str, channels: list[Channel], types: Mapping[Channel, str], *, cryptomatte: bool) -> Layer:
    ordered = tuple(sorted(channels, key=_channel_key))
    lacking = _lacking(name, ordered) if cryptomatte else ()
    whole = tuple(channel for channel in ordered if channel.name not in lacking)
    return Layer(
        name=name,
        channels=whole or ordered,
        channel_type=types.get((whole or ordered)[0], "unknown"),
        cryptomatte=cryptomatte,
        lacking=lacking,
    )


def _lacking(name: str, channels: Sequence[Channel]) -> tuple[str, ...]:
    """Return the channels of a Cryptomatte without their partners, and the ranks that are missing before the last."""
    ranks: dict[str, list[Channel]] = {}
    for channel in channels:
        ranks.setdefault(_rank_of(channel, name), []).append(channel)
    alone = []
    for members in ranks.values():
        letters = {channel.name.rpartition(".")[2].lower()[:1]: channel.name for channel in members}
        pairs = (("r", "g"), ("b", "a"))
        alone += [
            letters[letter]
            for pair in pairs
            for letter in pair
            if letter in letters and not letters.keys() >= set(pair)
        ]
    numbers = {int(rank) for rank in ranks if rank.isdigit()}
    absent = [f"{name}{number:02}" for number in range(max(numbers, default=0)) if number not in numbers]
    return (*alone, *absent)


def _rank_of(channel: Channel, name: str) -> str:
    """Return the digits of a channel's rank; those of a part's name if the channel has no layer of its own."""
    layer = channel.name.rpartition(".")[0]
    return layer.removeprefix(name) if layer else f"part {channel.part}"


def _channel_types(path: Path) -> dict[Channel, str]:
    """Return the type of each channel with OpenImageIO; the OpenEXR binding gives it only after reading the pixels."""
    file = OpenImageIO.ImageInput.open(str(path))
    if file is None:
        raise BadInput(f"{path} cannot be read as EXR: {OpenImageIO.geterror().strip()}", action="render it again")
    types = {}
    part = 0
    while file.seek_subimage(part, 0):
        spec = file.spec()
        formats = spec.channelformats or [spec.format] * spec.nchannels
        types.update({Channel(part=part, name=n): str(f) for n, f in zip(spec.channelnames, formats, strict=True)})
        part += 1
    file.close()
    return types


def cryptomatte_names(attributes: Mapping[str, Any]) -> list[str]:
    """Return the layers that a part's header calls Cryptomattes (attributes ``cryptomatte/<id>/name``)."""
    return [str(value) for key, value in attributes.items() if re.fullmatch(r"cryptomatte/[^/]+/name", key)]


def _layer_name(channel: str, part_name: str, beside: set[str]) -> str:
    """Return the name of a channel's layer; ``beside`` holds all channels of its part.

    Red, green and blue are one layer, and so are x, y and z, whatever the case of their letters. A channel to which no
    other belongs is a layer of its own, as `Z` beside `R`, `G` and `B`.
    """
    layer, _, _ = channel.rpartition(".")
    if layer:
        return layer
    lone = {name.lower() for name in beside if "." not in name}
    if _is_of_picture(channel.lower(), lone):
        return part_name or PLAIN
    if len(beside) == 1:
        return part_name or channel
    vector = next((names for names in _VECTORS if channel.lower() in names and lone.issuperset(names)), ())
    own = "".join(sorted(name for name in beside if name.lower() in vector)) if vector else channel
    has_picture = any(_is_of_picture(name, lone) for name in lone)
    if vector and part_name and not has_picture:
        return part_name
    return f"{part_name}.{own}" if part_name else own


def _is_of_picture(letter: str, lone: set[str]) -> bool:
    """Return whether a channel belongs to a picture: to red, green, blue and alpha, or to grey and alpha."""
    if letter in GREY:
        return lone.isdisjoint({"r", "g", "b", "red", "green", "blue", "x", "ry", "by"})
    if letter in {"a", "alpha"}:
        return any(_is_of_picture(name, lone) for name in lone - {"a", "alpha"})
    return any(letter in names and lone.issuperset(names) for names in _PICTURES) or letter in {"r", "g", "b"}


def _cryptomatte_of(name: str, cryptomattes: set[str]) -> str | None:
    match = RANK.fullmatch(name)
    if match and (match["layer"] in cryptomattes or "crypto" in match["layer"].lower()):
        return match["layer"]
    return None


def _channel_key(channel: Channel) -> tuple[str, int, str]:
    layer, _, name = channel.name.rpartition(".")
    order = CHANNEL_ORDER.index(name.lower()) if name.lower() in CHANNEL_ORDER else len(CHANNEL_ORDER)
    return (layer or f"{channel.part:06}", order, name)
