"""Decides which layer of an EXR file shows which pass.

A configured name comes first, then the whole name of a layer or part, then the last word of a name, then what the
channels are. Position and normals have a z that is no depth. Channels r, g, b and Y are a picture, however they are
spelled.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.pictures.layers import GREY, PLAIN, Header, Layer
from cosmos_houdini.media.sequences.pass_words import (
    Meaning,
    PassWord,
    Words,
    bare,
    ends_name,
    find_words,
    is_qualifier,
    layer_words,
)
from cosmos_houdini.model.control import Pass

# Cycles and Maya put the name of the render layer before that of the pass, and stereo files the view before or after.
_RENDER_LAYER = re.compile(r"(?:view|render|master|default render) ?_?layers?[ _]?[0-9]*|rl", re.IGNORECASE)
_VIEW = re.compile(r"left|right|lft|rgt|main|hero|mono", re.IGNORECASE)
_OTHER_VIEW = re.compile(r"(?:^|[._ -])(?:right|rgt)(?:$|[._ -])", re.IGNORECASE)
_CRYPTOMATTES = ("object", "asset", "material")
_DEPTH_CHANNEL = "z"

_CONFIGURED, _WHOLE, _LAST, _ENDING, _CHANNELS, _ONLY = range(6)


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerNames:
    """The names that the configuration and the user give.

    Attributes:
        words: further words of each pass.
        layers: by pass, the name of the layer or channel that has to show it.
    """

    words: Mapping[str, Iterable[str]] = field(default_factory=dict)
    layers: Mapping[Pass, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A layer that shows a pass.

    Attributes:
        layer: the layer.
        why: the evidence in words.
        is_named: whether the configuration or the user named it.
        is_told: whether the name of the layer tells the pass; else what its channels are.
    """

    layer: Layer
    why: str
    is_named: bool = False
    is_told: bool = True


def choose_layers(header: Header, overrides: Mapping[Pass, str] | None = None) -> dict[Pass, Layer]:
    """Return the layer that feeds each pass, by the names that the usual renderers give.

    Args:
        header: header of one frame; the other frames of the shot have the same layers.
        overrides: by pass, the name of a layer or channel that takes precedence over the defaults.

    Raises:
        BadInput: an override names a missing layer, or gives the colour pass a layer without colours.
    """
    return {pass_: told.layer for pass_, told in tell_layers(header, LayerNames(layers=overrides or {})).items()}


def tell_layers(header: Header, names: LayerNames) -> dict[Pass, Choice]:
    """Return the layer of each pass that a file shows, with the evidence; errors are those of ``choose_layers``."""
    known = layer_words(names.words)
    chosen: dict[Pass, Choice] = {}
    for pass_ in Pass:
        if pass_ is Pass.UNKNOWN:
            continue
        told = _named(header, pass_, names) or _cryptomatte(header, pass_) or _best(header.layers, pass_, known)
        if told:
            chosen[pass_] = told
    return chosen


def _named(header: Header, pass_: Pass, names: LayerNames) -> Choice | None:
    if wanted := names.layers.get(pass_):
        layer = header.layer(wanted)
        if pass_ is Pass.COLOR and not _can_be_color(layer):
            raise BadInput(f"{header.path}: layer {layer.name!r} has no red, green and blue", action="choose another")
        return Choice(layer=layer, why=f"{wanted!r} is named as {pass_}", is_named=True)
    for word in names.words.get(str(pass_), ()):
        found = header.find(word)
        if found and (pass_ is not Pass.COLOR or _can_be_color(found)):
            return Choice(layer=found, why=f"'passes' names {word!r} as {pass_}", is_named=True)
    return None


def _can_be_color(layer: Layer) -> bool:
    return layer.is_picture or len(layer.channels) >= len("RGB")


def _cryptomatte(header: Header, pass_: Pass) -> Choice | None:
    """Return the Cryptomatte that feeds the segmentation: that of objects before those of assets and materials."""
    mattes = [layer for layer in header.layers if layer.cryptomatte]
    if pass_ is not Pass.SEG or not mattes:
        return None
    usable = [matte for matte in mattes if matte.is_whole] or mattes
    preferred = (matte for kind in _CRYPTOMATTES for matte in usable if kind in matte.name.lower())
    return Choice(layer=next(preferred, usable[0]), why="it is a Cryptomatte")


def _best(layers: Sequence[Layer], pass_: Pass, known: Words) -> Choice | None:
    """Return the layer with the strongest evidence for a pass; of equal ones, that with the preferred word."""
    plain = [layer for layer in layers if not layer.cryptomatte]
    ranked = []
    for place, layer in enumerate(plain):
        found = _evidence(layer, pass_, known, is_alone=len(plain) == 1)
        if found:
            rank, preference, why = found
            is_other_view = bool(_OTHER_VIEW.search(layer.name))
            choice = Choice(layer=layer, why=why, is_named=rank == _CONFIGURED, is_told=rank not in {_CHANNELS, _ONLY})
            ranked.append(((is_other_view, rank, preference, place), choice))
    return min(ranked, key=lambda each: each[0])[1] if ranked else None


def _evidence(layer: Layer, pass_: Pass, known: Words, *, is_alone: bool) -> tuple[int, int, str] | None:
    """Return the rank of the evidence that a layer shows a pass, the word's preference, and the evidence in words."""
    told = _told_by_name(layer, known)
    if told:
        rank, meaning = told
        if meaning.pass_ is pass_ and (pass_ is not Pass.COLOR or _can_be_color(layer)):
            why = "it is the picture itself" if layer.name == PLAIN else f"the layer is called {layer.name!r}"
            return rank, meaning.preference, why
        if not (pass_ is Pass.COLOR and is_alone and meaning.pass_ is Pass.UNKNOWN and layer.is_picture):
            return None
        return _ONLY, 0, "it is the only layer"
    letters = [channel.name.rpartition(".")[2].lower() for channel in layer.channels]
    if pass_ is Pass.COLOR and layer.is_picture:
        grey = set(letters) & GREY
        return _CHANNELS, 0, "its channel is grey" if grey else "its channels are red, green and blue"
    if pass_ is Pass.DEPTH and letters == [_DEPTH_CHANNEL]:
        return _CHANNELS, 0, "its only channel is Z"
    return None


def _told_by_name(layer: Layer, known: Words) -> tuple[int, Meaning] | None:
    """Return what the name of a layer means; a word in the whole name counts before one at its end."""
    if layer.name == PLAIN:
        return (_WHOLE if _can_be_color(layer) else _CHANNELS), known[PLAIN]
    parts = [part for part in layer.name.split(".") if not _RENDER_LAYER.fullmatch(part) and not _VIEW.fullmatch(part)]
    whole = ".".join(parts) or layer.name
    for rank, text in ((_WHOLE, whole), (_LAST, parts[-1] if parts else layer.name)):
        meaning = known.get(bare(text)) or _word_alone(text, known)
        if meaning and meaning.pass_ is not None:
            return (_CONFIGURED if meaning.configured else rank), meaning
    words = _words(whole, known)
    if words and ends_name(whole, words[-1]) and not words[-1].meaning.ordinary:
        return (_CONFIGURED if words[-1].meaning.configured else _ENDING), words[-1].meaning
    return None


def _word_alone(text: str, known: Words) -> Meaning | None:
    """Return the meaning of a word that begins a text, if views and the like alone follow: ``depth_main``."""
    words = _words(text, known)
    is_alone = len(words) == 1 and not text[: words[0].start].strip("._- ") and ends_name(text, words[0])
    return words[0].meaning if is_alone else None


def _words(text: str, known: Words) -> list[PassWord]:
    """Return the pass words of a text; the name of a view is none although a part may be called ``main``."""
    return [word for word in find_words(text, known) if not is_qualifier(word.word)]
