"""Reads the layers of an EXR file, and decides which layer feeds which pass.

Channel names follow the convention of the OpenEXR documentation: ``layer.channel``, or plain R, G, B, A for the picture
itself. In a multi-part file, the name of the part can take the place of the layer's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import OpenEXR
import OpenImageIO

from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.media.pictures.exr_names import readable_exr
from cosmos_houdini.media.pictures.silence import silent_output
from cosmos_houdini.model.control import Pass

PLAIN = "rgba"

# Names in order of preference. Each is compared to a layer's whole name and to its last word, in lower case and without
# punctuation.
NAMES: dict[Pass, tuple[str, ...]] = {
    # Mantra, Arnold and V-Ray write plain RGBA; Karma writes C; Redshift Beauty; V-Ray also RGB color; Cycles Combined.
    Pass.COLOR: (PLAIN, "c", "beauty", "rgb", "rgbcolor", "combined", "cf", "ci", "main"),
    # Mantra writes Pz; Karma depth or hitPz; Arnold and Redshift Z; V-Ray zDepth or VRayZDepth.
    Pass.DEPTH: ("pz", "z", "depth", "hitpz", "zdepth", "vrayzdepth", "depthz", "cameradepth", "distance", "hitdist"),
    # A Cryptomatte goes before these. Mantra writes Op_Id; Karma primid; Arnold id; Redshift ObjectID;
    # V-Ray VRayRenderID.
    Pass.SEG: (
        *("seg", "segmentation", "objectid", "opid", "vrayobjectid", "id", "instanceid", "renderid", "vrayrenderid"),
        *("primid", "materialid", "shaderid", "vraymtlid"),
    ),
    Pass.NORMAL: ("n", "normal", "normals", "vraynormals", "hitn", "worldnormal", "worldnormals", "bumpnormals"),
    Pass.EDGE: ("edge", "edges", "outline", "contour"),
    Pass.MASK: ("mask", "matte", "holdout"),
}
CRYPTOMATTES = ("object", "asset", "material")
CHANNEL_ORDER = ("r", "red", "g", "green", "b", "blue", "x", "y", "z", "u", "v", "w", "a", "alpha")
COLOR_CHANNELS = frozenset("RGBA")
RANK = re.compile(r"(?P<layer>.*)(?P<rank>\d\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A rectangle of pixels; ``x`` and ``y`` are its upper left corner and may be negative."""

    x: int
    y: int
    width: int
    height: int


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
    """

    name: str
    channels: tuple[Channel, ...]
    channel_type: str
    cryptomatte: bool = False

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

        Raises:
            BadInput: the file has no such layer; the error gives the nearest name and all names.
        """
        for layer in self.layers:
            if layer.name.lower() == name.lower():
                return layer
        names = [layer.name for layer in self.layers]
        raise BadInput(f"{self.path} has no layer {name!r}", allowed=", ".join(names), action=did_you_mean(name, names))


class Unreadable(BadInput):
    """A picture file exists but cannot be decoded to its end.

    Args:
        path: the file.
        reason: the fault, worded as the end of a sentence that begins with the file's name.
    """

    def __init__(self, path: Path, reason: str) -> None:
        # Decoders write lines, and repeat the path; frames with the same fault are told in one sentence.
        self.reason = " ".join(reason.replace(f'("{path}")', "").split())
        super().__init__(f"{path} {self.reason}", action="render the frame again")
        self.path = path


def read_header(path: Path) -> Header:
    """Read the header of an EXR without its pixels.

    Raises:
        BadInput: the file is missing, not an EXR, or deep, or has subsampled channels.
    """
    headers = [part.header for part in open_exr(path, header_only=True).parts]
    for header in headers:
        _refuse_unusable(path, header)
    with readable_exr(path, header_only=True) as readable:
        types = _channel_types(readable)
    return Header(
        path=path,
        display=window(headers[0]["displayWindow"]),
        pixel_aspect=float(headers[0]["pixelAspectRatio"]),
        layers=_layers(headers, types),
        attributes=tuple(headers),
    )


def choose_layers(header: Header, overrides: Mapping[Pass, str] | None = None) -> dict[Pass, Layer]:
    """Return the layer that feeds each pass, by the names that the usual renderers give.

    Args:
        header: header of one frame; the other frames of the shot have the same layers.
        overrides: by pass, the name of a layer that takes precedence over the defaults.

    Raises:
        BadInput: an override names a missing layer, or gives the colour pass a layer with fewer than three channels.
    """
    chosen = {}
    for pass_ in NAMES:
        named = (overrides or {}).get(pass_)
        layer = header.layer(named) if named else _default_layer(pass_, header.layers)
        if layer and pass_ is Pass.COLOR and len(layer.channels) < len("RGB"):
            raise BadInput(f"{header.path}: layer {layer.name!r} has no red, green and blue", action="choose another")
        if layer:
            chosen[pass_] = layer
    return chosen


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
        Layer(
            name=name,
            channels=tuple(sorted(channels, key=_channel_key)),
            channel_type=types.get(channels[0], "unknown"),
            cryptomatte=part is None,
        )
        for (name, part), channels in groups.items()
        # A Cryptomatte's channels without a rank are a picture for people, not data.
        if part is None or name not in ranked_names
    )


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
    """Return the name of a channel's layer; ``beside`` holds all channels of its part."""
    layer, _, _ = channel.rpartition(".")
    if layer:
        return layer
    if channel in COLOR_CHANNELS or {"X", "Y", "Z"} <= beside or len(beside) == 1:
        return part_name or (PLAIN if channel in COLOR_CHANNELS else channel)
    return f"{part_name}.{channel}" if part_name else channel


def _cryptomatte_of(name: str, cryptomattes: set[str]) -> str | None:
    match = RANK.fullmatch(name)
    if match and (match["layer"] in cryptomattes or "crypto" in match["layer"].lower()):
        return match["layer"]
    return None


def _channel_key(channel: Channel) -> tuple[str, int, str]:
    layer, _, name = channel.name.rpartition(".")
    order = CHANNEL_ORDER.index(name.lower()) if name.lower() in CHANNEL_ORDER else len(CHANNEL_ORDER)
    return (layer or f"{channel.part:06}", order, name)


def _default_layer(pass_: Pass, layers: Sequence[Layer]) -> Layer | None:
    """Return the layer whose name fits a pass; seg prefers a Cryptomatte, and color falls back to the first RGB."""
    plain = [layer for layer in layers if not layer.cryptomatte]
    if pass_ is Pass.SEG:
        return _preferred_cryptomatte(layers) or _named_layer(NAMES[pass_], plain)
    if pass_ is Pass.COLOR:
        pictures = [layer for layer in plain if len(layer.channels) >= len("RGB")]
        return _named_layer(NAMES[pass_], pictures) or next(filter(_has_rgb, pictures), None)
    return _named_layer(NAMES[pass_], plain)


def _preferred_cryptomatte(layers: Sequence[Layer]) -> Layer | None:
    mattes = [layer for layer in layers if layer.cryptomatte]
    preferred = (matte for kind in CRYPTOMATTES for matte in mattes if kind in matte.name.lower())
    return next(preferred, mattes[0] if mattes else None)


def _named_layer(names: Iterable[str], layers: Sequence[Layer]) -> Layer | None:
    """Return the layer that matches the first possible name; a match of the whole name goes before the last word."""
    for name in names:
        for spelling in (_whole_name, _last_word):
            for layer in layers:
                if spelling(layer) == name:
                    return layer
    return None


def _whole_name(layer: Layer) -> str:
    return _bare(layer.name)


def _last_word(layer: Layer) -> str:
    return _bare(layer.name.rpartition(".")[2])


def _bare(name: str) -> str:
    """Return a name in lower case without punctuation."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _has_rgb(layer: Layer) -> bool:
    return {channel.name for channel in layer.channels} >= {"R", "G", "B"}
