"""Chooses the processor of each pass by the contents of its files and the user's settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.control_settings import ControlSettings, DepthKind, DepthSettings
from cosmos_houdini.media.controls import depth, sky
from cosmos_houdini.media.controls.processors import DepthProcessor, MaskProcessor, PassProcessor, PictureProcessor
from cosmos_houdini.media.controls.seg_processor import SegProcessor, cryptomatte_reading, plain_reading
from cosmos_houdini.media.pictures.color import DisplayTransform, display_transform
from cosmos_houdini.media.pictures.cryptomatte import rank_sentence, read_manifest
from cosmos_houdini.media.pictures.encoded_color import EncodedDisplay, encoded_transform
from cosmos_houdini.media.pictures.geometry import Geometry
from cosmos_houdini.media.pictures.layers import Header, Layer
from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.sequence import Picture

Array = NDArray[Any]

SHOWN_PASSES = frozenset({Pass.COLOR, Pass.VIS})
"""The passes whose colours people see; the numbers of the others are data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """The facts about a pass that are known before it is read.

    Attributes:
        header: header of one of its EXR files; None for other formats.
        layer: layer of the EXR that holds the pass; None for other formats.
        samples: some pictures of the pass, where their values show how to read it.
        picture: the facts in the headers of its files.
    """

    header: Header | None
    layer: Layer | None
    samples: Sequence[Array]
    picture: Picture


def make_processor(pass_: Pass, material: Material, geometry: Geometry, choices: ControlSettings) -> PassProcessor:
    """Return the processor that turns the pictures of a pass into the frames of its video.

    Args:
        pass_: the pass.
        material: the facts about the pass.
        geometry: the placement of the plate in the video.
        choices: the user's settings.

    Raises:
        BadInput: a setting does not fit the pass, or the meaning of its values is unclear.
    """
    header, layer = material.header, material.layer
    if pass_ is Pass.DEPTH:
        kind, evidence = _depth_kind(choices.depth, material.samples, layer)
        return _depth_processor(material.samples, geometry, choices.depth, kind, evidence)
    if pass_ is Pass.SEG:
        return _seg_track(material, geometry, choices)
    if pass_ is Pass.MASK:
        names = _mask_names(header, layer, choices)
        return MaskProcessor(geometry=geometry, names=names)
    return PictureProcessor(
        pass_=pass_, geometry=geometry, transform=_shown(pass_, material, choices), alpha=material.picture.alpha
    )


def _shown(pass_: Pass, material: Material, choices: ControlSettings) -> DisplayTransform | EncodedDisplay | None:
    """Return the transform that shows the colours of a pass on a display; None for data, and where they are shown."""
    header, layer, encoding = material.header, material.layer, material.picture.encoding
    if pass_ not in SHOWN_PASSES:
        return None
    if header is not None or any(sample.dtype.kind == "f" for sample in material.samples):
        attributes = header.attributes[layer.channels[0].part] if header and layer else None
        return display_transform(choices.color, attributes)
    return encoded_transform(encoding, choices.color) if encoding else None


def _depth_processor(
    samples: Sequence[Array], geometry: Geometry, choice: DepthSettings, kind: DepthKind, evidence: str
) -> DepthProcessor:
    """Return the processor of depth, with the numbers that stand for sky in the samples."""
    floats = [each for each in samples if each.dtype.kind == "f"]
    words = sky.sky_words(floats, far=choice.far)
    if kind is DepthKind.RAY_DISTANCE and (distance := depth.find_sky(floats, far=choice.far)) is not None:
        # The cosine of the ray makes the one number many; it has to be left out before.
        choice = replace(choice, far=distance * (1 - 2.0**-20))
        words.append(f"{distance:g}")
    return DepthProcessor(
        geometry=geometry,
        choice=choice,
        kind=kind,
        evidence=evidence,
        sky=tuple(words),
        zero_is_sky=sky.is_zero_sky(samples),
    )


def _depth_kind(choice: DepthSettings, samples: Sequence[Array], layer: Layer | None) -> tuple[DepthKind, str]:
    if choice.kind is not None:
        return choice.kind, "chosen"
    if samples and samples[0].dtype.kind in "ui":
        # Somebody made an integer picture for people or models. Checks warn about its meaning; nothing guesses it.
        return DepthKind.NEAR_BRIGHT, "pictures of integers count as near-bright"
    guess = depth.guess_kind(samples, layer.name if layer else "")
    return guess.kind, guess.evidence


def _seg_track(material: Material, geometry: Geometry, choices: ControlSettings) -> SegProcessor:
    header, layer = material.header, material.layer
    if header and layer and layer.cryptomatte:
        _refuse_broken(header, layer)
        manifest = read_manifest(header, layer)
        ids = manifest.select(choices.objects) if choices.objects else None
        reading = cryptomatte_reading(manifest, ids, rank_sentence(layer))
        return SegProcessor(geometry=geometry, reading=reading, palette=choices.palette)
    if choices.objects:
        raise BadInput(
            f"objects {', '.join(choices.objects)} are named, and the seg pass is no Cryptomatte",
            action="render a Cryptomatte, or convert without --objects",
        )
    return SegProcessor(geometry=geometry, reading=plain_reading(material.samples[0]), palette=choices.palette)


def _mask_names(header: Header | None, layer: Layer | None, choices: ControlSettings) -> dict[int, str] | None:
    if not (header and layer and layer.cryptomatte):
        return None
    _refuse_broken(header, layer)
    manifest = read_manifest(header, layer)
    return {identity: manifest.key(identity) for identity in manifest.select(choices.mask_objects)}


def _refuse_broken(header: Header, layer: Layer) -> None:
    if not layer.is_whole:
        raise BadInput(
            f"{header.path}: {rank_sentence(layer)}",
            allowed="ranks of four channels, such as crypto_object00.R, G, B and A",
            action="render it again, or leave it out with --pass seg=none",
        )
