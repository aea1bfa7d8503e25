"""A look at depth pictures of integers: do they seem to be near-bright, as the models need them?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.choices import DepthKind
from cosmos_houdini.media.depth import guess_kind
from cosmos_houdini.media.picture_io import read_picture

_SAMPLES = 3


def polarity_warning(files: Sequence[Path]) -> Iterator[str]:
    """Yield a sentence where depth pictures do not clearly seem to be near-bright, with the evidence.

    Args:
        files: of the pass, in the order of the frames; a few of them are read.
    """
    picked = sorted({len(files) * n // _SAMPLES for n in range(_SAMPLES)})
    try:
        guess = guess_kind([read_picture(files[index]) for index in picked])
    except BadInput as error:
        yield f"depth counts as near-bright, although {error.problem}; --depth-kind near-dark inverts it"
        return
    if guess.kind is DepthKind.NEAR_DARK:
        yield (
            f"warning: the depth pass seems to be near-dark: {guess.evidence}; the models take bright for near, so use "
            "--depth-kind near-dark unless the shot looks down on nothing but ceiling"
        )
