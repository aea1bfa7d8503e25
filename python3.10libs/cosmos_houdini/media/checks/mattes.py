"""Reports Cryptomattes whose names or ranks are not whole, from the header of one frame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cosmos_houdini.media.checks.sample_frames import usable
from cosmos_houdini.media.pictures.cryptomatte import rank_sentence, read_manifest
from cosmos_houdini.media.pictures.layers import read_header
from cosmos_houdini.model.sequence import Sequence


def sentences(sequences: Iterable[Sequence]) -> Iterator[str]:
    """Yield a sentence for each problem of the layers that the sequences name.

    Raises:
        Unreadable: the header of a frame cannot be read.
    """
    for sequence in sequences:
        frames = usable(sequence)
        if not sequence.layer or not frames:
            continue
        header = read_header(frames[0].file)
        layer = header.layer(sequence.layer)
        if layer.cryptomatte:
            yield from filter(None, (rank_sentence(layer), read_manifest(header, layer).trouble))
