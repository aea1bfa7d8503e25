"""Proof that a video shows the right frames in the right order, from tiny signatures of its frames.

A signature is the luma of one frame averaged down to 64 by 36 cells. FFmpeg makes one of each frame that it hands to
the encoder, in the same pass, and one of each frame that it decodes from the finished file.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SIGNATURE_SIZE = (64, 36)
_CELLS = SIGNATURE_SIZE[0] * SIGNATURE_SIZE[1]
# What compression changes in a cell average at any usable quality is smaller than this (at crf 18: one level).
_NOISE_LEVELS = 3
# A frame whose cells differ by so much in the mean shows something else altogether.
_OTHER_PICTURE_LEVELS = 16.0


def signature_filter() -> str:
    """Return the FFmpeg filters that make a signature of each frame."""
    width, height = SIGNATURE_SIZE
    return f"scale={width}:{height}:flags=area,format=gray"


def count(signatures: bytes) -> int:
    """Return how many whole signatures there are.

    >>> count(bytes(64 * 36 * 3))
    3
    """
    return len(signatures) // _CELLS


def problems(encoded: bytes, decoded: bytes) -> list[str]:
    """Return what is wrong with the frames that were decoded, given those that were encoded; each frame from 0.

    Frames that look the same may change places unseen: nobody could tell. Any other swapped, dropped, repeated or
    damaged frame is found: it differs from its own signature by more than compression does, and is nearer to that of
    another frame, or like none.
    """
    if count(encoded) != count(decoded):
        return [f"{count(decoded)} frames were decoded, {count(encoded)} were encoded"]
    sent, got = _cells(encoded), _cells(decoded)
    suspects = np.flatnonzero(np.abs(got - sent).max(axis=1, initial=0) > _NOISE_LEVELS)
    found = []
    for index in suspects.tolist():
        distances = np.square(sent - got[index]).mean(axis=1)
        nearest = int(distances.argmin())
        if distances[nearest] > _OTHER_PICTURE_LEVELS**2:
            found.append(f"frame {index} shows none of the frames that were encoded")
        elif distances[nearest] < distances[index]:
            found.append(f"frame {index} shows frame {nearest}")
    return found


def _cells(signatures: bytes) -> NDArray[np.float32]:
    whole = count(signatures) * _CELLS
    return np.frombuffer(signatures, dtype=np.uint8, count=whole).reshape(-1, _CELLS).astype(np.float32)
