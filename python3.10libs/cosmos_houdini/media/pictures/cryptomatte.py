"""Reads Cryptomattes: which objects cover each pixel, how much of it they cover, and the names of the objects.

The specification is github.com/Psyop/Cryptomatte, version 1.2. Ranks are pairs of channels, an id and its coverage. An
id is a hash of 32 bits that is stored as a float32.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.media.pictures.layers import Header, Layer
from cosmos_houdini.text_file import MIB, read_text

# The names of a million objects take less.
_LARGEST_MANIFEST = 128 * MIB

Ranks = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Manifest:
    """The names of a Cryptomatte's objects by id; empty if the file has no names.

    A manifest is optional: every object has an id, and only who asks for a name needs one.

    Attributes:
        layer: name of the Cryptomatte.
        names: the names by id.
        trouble: why names are missing, as a sentence; empty if none are.
    """

    layer: str
    names: Mapping[int, str]
    trouble: str = ""

    def key(self, identity: int) -> str:
        """Return the name of an id, or the id in hexadecimal."""
        return self.names.get(identity, f"0x{identity:08x}")

    def select(self, patterns: Iterable[str]) -> frozenset[int]:
        """Return the ids whose names match one of the patterns (``*``, ``?`` and ``[]`` as in file names).

        Raises:
            BadInput: there is no manifest, or a pattern matches no name.
        """
        if not self.names:
            raise BadInput(
                self.trouble or f"Cryptomatte {self.layer} brings no names",
                action="render it with its manifest embedded or beside it",
            )
        chosen: set[int] = set()
        for pattern in patterns:
            fitting = {identity for identity, name in self.names.items() if fnmatchcase(name, pattern)}
            if not fitting:
                raise _unknown(pattern, self.layer, sorted(self.names.values()))
            chosen |= fitting
        return frozenset(chosen)


def read_manifest(header: Header, layer: Layer) -> Manifest:
    """Return the names of a Cryptomatte's objects, from the header or from the file that the header names."""
    for attributes in header.attributes:
        for key, name in attributes.items():
            match = re.fullmatch(r"(cryptomatte/[^/]+/)name", key)
            if match and name == layer.name:
                return _manifest(layer.name, header.path, match[1], attributes)
    return Manifest(layer=layer.name, names={})


def strongest(ranks: NDArray[Any]) -> NDArray[np.int64]:
    """Return the id of the object that covers most of each pixel; 0 where the background covers most.

    Args:
        ranks: height x width x 2 n, float32: id and coverage in turn.

    Raises:
        BadInput: the ids were stored with 16 bits, which destroys them.
    """
    _refuse_half(ranks)
    # Work on one plane at a time: strided access costs more than these copies.
    planes = [np.ascontiguousarray(ranks[..., channel]) for channel in range(ranks.shape[-1])]
    shares = planes[1::2]
    best = np.zeros(ranks.shape[:2], np.uint32)
    most = np.float32(1) - sum(shares[1:], start=shares[0])
    for identity, share in zip(planes[0::2], shares, strict=True):
        better = (share > 0) & (share >= most)
        np.copyto(best, identity.view(np.uint32), where=better)
        np.copyto(most, share, where=better)
    return best.astype(np.int64)


def coverage(ranks: NDArray[Any], ids: Iterable[int]) -> NDArray[np.float32]:
    """Return how much of each pixel the objects of these ids cover together, 0 to 1; ``ranks`` as in ``strongest``."""
    _refuse_half(ranks)
    bits = np.ascontiguousarray(ranks[..., 0::2]).view(np.uint32)
    wanted = np.isin(bits, np.array(sorted(ids), np.uint32))
    total: NDArray[np.float32] = np.where(wanted, ranks[..., 1::2], np.float32(0)).sum(axis=-1)
    return total


def _refuse_half(ranks: NDArray[Any]) -> None:
    if ranks.dtype != np.float32:
        raise BadInput(
            f"a Cryptomatte is stored as {ranks.dtype}, which loses its ids", allowed="float32", action="render it so"
        )


def _manifest(layer: str, path: Path, prefix: str, attributes: Mapping[str, Any]) -> Manifest:
    """Return the names that can be read, and why others cannot."""
    text = attributes.get(f"{prefix}manifest")
    source = path
    if text is None and f"{prefix}manif_file" in attributes:
        source = path.parent / str(attributes[f"{prefix}manif_file"])
        try:
            text = read_text(source, _LARGEST_MANIFEST)
        except BadInput as error:
            return Manifest(layer, {}, f"{path} names the manifest {source}, which cannot be read: {error.problem}")
    if text is None:
        return Manifest(layer, {})
    try:
        entries = json.loads(str(text))
    except (ValueError, RecursionError) as error:
        return Manifest(layer, {}, f"{source}: the manifest of Cryptomatte {layer} cannot be read: {error}")
    if not isinstance(entries, dict):
        return Manifest(layer, {}, f"{source}: the manifest of Cryptomatte {layer} is no table of names and ids")
    names = {number: name for name, identity in entries.items() if (number := _identity(identity)) is not None}
    lost = len(entries) - len(names)
    trouble = f"{source}: the manifest of Cryptomatte {layer} has {lost} names without an id of 32 bits" if lost else ""
    return Manifest(layer, names, trouble)


def _identity(value: object) -> int | None:
    """Return the number of an id, which a manifest holds as up to eight hexadecimal digits."""
    return int(value, 16) if isinstance(value, str) and re.fullmatch(r"(0x)?[0-9a-fA-F]{1,8}", value) else None


def rank_sentence(layer: Layer) -> str:
    """Return which ranks of a Cryptomatte are left aside, and what that means; empty if all are whole."""
    if not layer.lacking:
        return ""
    lacking = ", ".join(layer.lacking)
    if not layer.is_whole:
        return f"Cryptomatte {layer.name} has no whole rank, which is an id and its coverage: {lacking} has no partner"
    return (
        f"Cryptomatte {layer.name} lacks parts of its ranks ({lacking}): its other ranks are taken, and the objects of "
        "those show where nothing else does"
    )


def _unknown(pattern: str, layer: str, names: list[str]) -> BadInput:
    shown = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")  # noqa: PLR2004 - one line
    return BadInput(
        f"no object of Cryptomatte {layer} fits {pattern!r}", allowed=shown, action=did_you_mean(pattern, names)
    )
