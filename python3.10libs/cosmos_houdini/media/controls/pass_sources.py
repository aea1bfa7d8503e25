"""Decides which sequences of a shot, and which layers of its EXR files, feed which pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.sequence import Sequence

if TYPE_CHECKING:
    from cosmos_houdini.media.pictures.layers import Header, Layer

# No engine has a control that is made from normals.
_NEVER_FED = frozenset({Pass.NORMAL, Pass.UNKNOWN})


def resolve_layers(sequences: Iterable[Sequence], overrides: Mapping[str, str]) -> list[Sequence]:
    """Return the sequences of one shot, with an EXR sequence once for each pass that one of its layers feeds.

    A sequence that is named after a pass feeds that pass, even if other files have a layer for it. The layers of the
    colour sequence, or of the only sequence, feed the remaining passes.

    Args:
        sequences: verified sequences; those that are not EXR are returned unchanged.
        overrides: by pass, the name of the layer that feeds it; it takes precedence over the usual names.

    Raises:
        BadInput: a file cannot be read, an override names an unknown pass or layer, or no layer feeds any pass.
    """
    wanted = _by_pass(overrides)
    all_ = list(sequences)
    taken = {sequence.pass_ for sequence in all_}
    found: list[Sequence] = []
    for sequence in all_:
        if not is_exr(sequence):
            found.append(sequence)
        elif sequence.pass_ is Pass.COLOR or (len(all_) == 1 and sequence.pass_ is Pass.UNKNOWN):
            found += _several(sequence, wanted, taken - {sequence.pass_})
        elif sequence.pass_ not in _NEVER_FED:
            found.append(_one(sequence, wanted))
    return found


def layer_documents(sequence: Sequence, overrides: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return every layer of an EXR sequence as JSON data, each with the pass that it feeds or None."""
    header = _header(sequence)
    feeds = {fed.layer: str(fed.pass_) for fed in resolve_layers([sequence], overrides)}
    parts = [str(attributes.get("name", "")) for attributes in header.attributes]
    return [
        {
            **layer.document(),
            "part_name": parts[layer.channels[0].part],
            "feeds": feeds.get(layer.name),
        }
        for layer in header.layers
    ]


def is_exr(sequence: Sequence) -> bool:
    """Return whether a sequence has layers, that is, whether its files are EXR and one of them can be read."""
    return sequence.picture is not None and sequence.picture.format == "exr"


def _by_pass(overrides: Mapping[str, str]) -> dict[Pass, str]:
    known = [str(pass_) for pass_ in Pass if pass_ not in _NEVER_FED]
    for name in overrides:
        if name not in known:
            raise BadInput(
                f"passes.layers names the pass {name!r}", allowed=", ".join(known), action=did_you_mean(name, known)
            )
    return {Pass(name): layer for name, layer in overrides.items()}


def _header(sequence: Sequence) -> Header:
    # Import only here: most shots are PNG, and the import takes longer than the search for layers.
    from cosmos_houdini.media.pictures.layers import read_header  # noqa: PLC0415

    corrupt = {bad.frame for bad in sequence.corrupt}
    return read_header(next(frame.file for frame in sequence.frames if frame.number not in corrupt))


def _several(sequence: Sequence, overrides: Mapping[Pass, str], taken: set[Pass]) -> Iterator[Sequence]:
    from cosmos_houdini.media.pictures.layers import choose_layers  # noqa: PLC0415 - as above

    header = _header(sequence)
    free = {pass_: layer for pass_, layer in overrides.items() if pass_ not in taken}
    chosen = {
        pass_: layer
        for pass_, layer in choose_layers(header, free).items()
        if pass_ not in taken and pass_ not in _NEVER_FED
    }
    if not chosen:
        raise BadInput(
            f"no layer of {sequence.pattern} has a name that tells a pass",
            allowed=", ".join(layer.name for layer in header.layers),
            action="name one under 'passes.layers' in cosmos-houdini.yaml",
        )
    for pass_, layer in chosen.items():
        yield replace(sequence, pass_=pass_, layer=layer.name)


def _one(sequence: Sequence, overrides: Mapping[Pass, str]) -> Sequence:
    """Return a sequence that is named after its pass, with the layer that shows the pass."""
    from cosmos_houdini.media.pictures.layers import choose_layers  # noqa: PLC0415 - as above

    header = _header(sequence)
    own = {pass_: layer for pass_, layer in overrides.items() if pass_ is sequence.pass_}
    layer: Layer | None = choose_layers(header, own).get(sequence.pass_)
    # A file named after its pass may have plain R, G and B, or an unusual layer name. Then its first layer counts.
    return replace(sequence, layer=(layer or header.layers[0]).name)
