"""Decides which sequences of a shot, and which layers of its EXR files, feed which pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.sequence import Evidence, Sequence

if TYPE_CHECKING:
    from cosmos_houdini.media.pictures.layer_passes import Choice
    from cosmos_houdini.media.pictures.layers import Header

# No engine has a control that is made from normals.
_NEVER_FED = frozenset({Pass.NORMAL, Pass.UNKNOWN})
_OWN_NAME = frozenset({Evidence.NAMED, Evidence.NAME})


@dataclass(frozen=True, slots=True, kw_only=True)
class PassSettings:
    """The passes as the configuration and the user name them.

    Attributes:
        words: by pass, further words, file patterns, and names of layers and channels.
        layers: by pass, the layer or channel that has to show it.
        off: passes that are not taken from any file.
    """

    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    layers: Mapping[str, str] = field(default_factory=dict)
    off: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Offer:
    """A pass that a sequence could feed; the lowest rank is taken."""

    rank: int
    fed: Sequence


def resolve_layers(sequences: Iterable[Sequence], settings: PassSettings) -> list[Sequence]:
    """Return the sequences of one shot, with an EXR sequence once for each pass that it feeds.

    Of several files and layers that show a pass, that one is taken which the settings name; else the file that is
    named after the pass; else a layer of that name, in the file of the colour before others; else a file in a folder
    of that name. A file of one nameless layer is what its own name says. The folder of a file with named layers says
    nothing.

    Args:
        sequences: verified sequences; those that are not EXR are returned unchanged.
        settings: what the configuration and the user say.

    Raises:
        BadInput: a file cannot be read, the settings name an unknown pass or layer, or no layer feeds any pass.
    """
    wanted = _by_pass(settings.layers)
    off = frozenset(_by_pass(dict.fromkeys(settings.off, "")))
    all_ = [sequence for sequence in sequences if sequence.pass_ not in off]
    headers = {sequence.pattern: _header(sequence) for sequence in all_ if is_exr(sequence)}
    owners = _owners(wanted, headers, all_)
    offers: dict[Pass, list[_Offer]] = {}
    for sequence in (each for each in all_ if each.pattern in headers):
        named = {pass_: wanted[pass_] for pass_, owner in owners.items() if owner == sequence.pattern}
        for offer in _offers(sequence, headers[sequence.pattern], named, settings, is_lone=len(all_) == 1):
            offers.setdefault(offer.fed.pass_, []).append(offer)
    whole = [each for each in all_ if each.pattern not in headers and each.pass_ not in owners]
    settled = {each.pass_ for each in whole} | off
    fed = [*whole, *(each for pass_ in Pass if pass_ not in settled for each in _best(offers.get(pass_, [])))]
    if headers and not off and all(each.pass_ is Pass.UNKNOWN for each in fed):
        raise _nothing_told(all_, headers)
    return fed


def _best(offers: Iterable[_Offer]) -> list[Sequence]:
    """Return what is fed by the offers of the lowest rank."""
    ranked = sorted(offers, key=lambda offer: offer.rank)
    return [offer.fed for offer in ranked if offer.rank == ranked[0].rank]


def feeding_sentences(fed: Iterable[Sequence]) -> Iterator[str]:
    """Yield a line for each pass: the file and layer that it is taken from, and why."""
    for sequence in sorted(fed, key=lambda each: list(Pass).index(each.pass_)):
        if sequence.pass_ in _NEVER_FED:
            continue
        layer = f"layer {sequence.layer!r} of " if sequence.layer else ""
        why = f": {sequence.why}" if sequence.why else ""
        yield f"{sequence.pass_} is {layer}{_file_name(sequence.pattern)}{why}"


def left_out_sentences(sequences: Iterable[Sequence], fed: Iterable[Sequence]) -> Iterator[str]:
    """Yield a line for each sequence that feeds nothing because no control is made of what it shows."""
    all_, feeding = list(sequences), {each.pattern for each in fed if each.pass_ not in _NEVER_FED}
    for sequence in all_ if len(all_) > 1 else ():
        if sequence.pattern in feeding or sequence.pass_ not in _NEVER_FED:
            continue
        if sequence.evidence is Evidence.NONE:
            yield f"{sequence.pattern} is left out: {sequence.why}; if it shows one, name it with --pass"
        else:
            kind = "of normals" if sequence.pass_ is Pass.NORMAL else "of it"
            yield f"{sequence.pattern} is left out: {sequence.why}, and no control is made {kind}"


def layer_documents(sequence: Sequence, fed: Iterable[Sequence]) -> list[dict[str, Any]]:
    """Return every layer of an EXR sequence as JSON data, each with the pass that it feeds or None."""
    header = _header(sequence)
    feeds = {each.layer: str(each.pass_) for each in fed if each.pattern == sequence.pattern and each.layer}
    parts = [str(attributes.get("name", "")) for attributes in header.attributes]
    listed = [*header.layers, *(header.layer(name) for name in feeds if header.find(name) not in header.layers)]
    return [
        {
            **layer.document(),
            "part_name": parts[layer.channels[0].part],
            "feeds": feeds.get(layer.name),
        }
        for layer in listed
    ]


def is_exr(sequence: Sequence) -> bool:
    """Return whether a sequence has layers, that is, whether its files are EXR and one of them can be read."""
    return sequence.picture is not None and sequence.picture.format == "exr"


def fed_passes() -> list[str]:
    """Return the names of the passes that files can be named for."""
    return [str(pass_) for pass_ in Pass if pass_ not in _NEVER_FED]


def _by_pass(named: Mapping[str, str]) -> dict[Pass, str]:
    known = fed_passes()
    for name in named:
        if name not in known:
            raise BadInput(
                f"passes.layers names the pass {name!r}", allowed=", ".join(known), action=did_you_mean(name, known)
            )
    return {Pass(name): layer for name, layer in named.items()}


def _header(sequence: Sequence) -> Header:
    # Import only here: most shots are PNG, and the import takes longer than the search for layers.
    from cosmos_houdini.media.pictures.layers import read_header  # noqa: PLC0415

    corrupt = {bad.frame for bad in sequence.corrupt}
    return read_header(next(frame.file for frame in sequence.frames if frame.number not in corrupt))


def _owners(
    wanted: Mapping[Pass, str], headers: Mapping[str, Header], sequences: Iterable[Sequence]
) -> dict[Pass, str]:
    """Return the sequence whose layers have the named one, for each pass: that of the pass itself before others.

    Raises:
        BadInput: no file has a layer of that name, although the shot has EXR files and no file is named as the pass.
    """
    owners: dict[Pass, str] = {}
    for pass_, layer in wanted.items():
        mine = sorted(
            (sequence for sequence in sequences if sequence.pattern in headers),
            key=lambda each: (each.pass_ is not pass_, each.pass_ is not Pass.COLOR),
        )
        owner = next((each.pattern for each in mine if headers[each.pattern].find(layer)), None)
        if owner:
            owners[pass_] = owner
        elif mine and not any(each.pass_ is pass_ and each.evidence in _OWN_NAME for each in sequences):
            headers[mine[0].pattern].layer(layer)
    return owners


def _offers(
    sequence: Sequence,
    header: Header,
    named: Mapping[Pass, str],
    settings: PassSettings,
    *,
    is_lone: bool,
) -> Iterator[_Offer]:
    """Yield every pass that a sequence could feed."""
    from cosmos_houdini.media.pictures.layer_passes import LayerNames, tell_layers  # noqa: PLC0415 - as in _header

    told = tell_layers(header, LayerNames(words=settings.words, layers=named))
    own = sequence.pass_
    if own in _NEVER_FED and sequence.evidence in _OWN_NAME and not is_lone:
        told = {pass_: choice for pass_, choice in told.items() if choice.is_named}
    elif own is not Pass.COLOR and own not in _NEVER_FED and _tells_more_than_layers(sequence, told):
        shown = told.pop(own, None)
        yield _own_offer(sequence, header, shown)
        # Its other layers are taken only if its pass is one of several that it names.
        if not (shown and shown.is_told):
            return
    for pass_, choice in told.items():
        if pass_ not in _NEVER_FED:
            yield _layer_offer(sequence, pass_, choice)


def _own_offer(sequence: Sequence, header: Header, shown: Choice | None) -> _Offer:
    """Return what a file that is named after its pass offers for it.

    It may have plain R, G and B, or an unusual layer name: its first layer counts.
    """
    layer = shown.layer if shown else header.layers[0]
    if shown and shown.is_named:
        return _Offer(rank=0, fed=replace(sequence, layer=layer.name, why=shown.why))
    return _Offer(rank=1, fed=replace(sequence, layer=layer.name))


def _layer_offer(sequence: Sequence, pass_: Pass, choice: Choice) -> _Offer:
    """Return what a layer offers for the pass that it shows."""
    why, evidence, rank = choice.why, Evidence.LAYER, _rank(sequence, pass_)
    if choice.is_named:
        evidence, rank = Evidence.NAMED, 0
    elif pass_ is sequence.pass_ is Pass.COLOR and sequence.evidence in _OWN_NAME:
        why = sequence.why
    fed = replace(sequence, pass_=pass_, layer=choice.layer.name, why=why, evidence=evidence)
    return _Offer(rank=rank, fed=fed)


def _tells_more_than_layers(sequence: Sequence, told: Mapping[Pass, Choice]) -> bool:
    """Return whether the pass of a sequence comes from its file's own name, or from a folder over nameless layers."""
    if sequence.evidence in _OWN_NAME:
        return True
    return not any(choice.is_told for pass_, choice in told.items() if choice.layer.name != _plain())


def _plain() -> str:
    from cosmos_houdini.media.pictures.layers import PLAIN  # noqa: PLC0415 - as in _header

    return PLAIN


def _rank(sequence: Sequence, pass_: Pass) -> int:
    """Return the rank of a layer: in the file of the same pass, in that of the colour, in an untold one, in another."""
    if sequence.pass_ is pass_ and sequence.evidence in _OWN_NAME:
        return 1
    if sequence.pass_ is Pass.COLOR:
        return 2
    return 3 if sequence.evidence not in _OWN_NAME else 4


def _nothing_told(sequences: Iterable[Sequence], headers: Mapping[str, Header]) -> BadInput:
    first = next(sequence for sequence in sequences if sequence.pattern in headers)
    layers = headers[first.pattern].layers
    return BadInput(
        f"no layer of {first.pattern} has a name that tells a pass",
        allowed=", ".join(layer.name for layer in layers),
        action=f"name one: --pass color={layers[0].name}, or 'passes.layers' in cosmos-houdini.yaml",
    )


def _file_name(pattern: str) -> str:
    return pattern.replace("\\", "/").rpartition("/")[2]
