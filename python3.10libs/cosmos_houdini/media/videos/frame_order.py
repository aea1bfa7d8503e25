"""Proof that a video shows the right frames in the right order, from tiny signatures of its frames.

A signature is the luma of one frame averaged down to 64 by 36 cells. FFmpeg makes a signature of each frame that it
passes to the encoder, in the same run. It also makes one of each frame that it decodes from the finished file.
"""

from __future__ import annotations

from operator import sub

SIGNATURE_SIZE = (64, 36)
_CELLS = SIGNATURE_SIZE[0] * SIGNATURE_SIZE[1]
# Compression at any usable quality changes a cell average by less than this (at crf 18: one level).
_NOISE_LEVELS = 3
# A frame whose cells differ by this much on average shows another picture altogether.
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
    """Return the problems of the decoded frames, compared with the encoded frames; frames are numbered from 0.

    A swap of frames that look the same is not found, because nobody could see it. Any other swapped, dropped, repeated
    or damaged frame is found. It differs from its own signature by more than compression can change. It is also nearer
    to the signature of another frame, or similar to none.
    """
    if count(encoded) != count(decoded):
        return [f"{count(decoded)} frames were decoded, {count(encoded)} were encoded"]
    suspects = [index for index in range(count(encoded)) if _differ(_nth(encoded, index), _nth(decoded, index))]
    return _explained(encoded, decoded, suspects) if suspects else []


def _nth(signatures: bytes, index: int) -> bytes:
    return signatures[index * _CELLS : (index + 1) * _CELLS]


def _differ(sent: bytes, got: bytes) -> bool:
    largest: int = max(map(abs, map(sub, sent, got)))
    return largest > _NOISE_LEVELS


def _explained(encoded: bytes, decoded: bytes, suspects: list[int]) -> list[str]:
    """Return which frame each suspect shows; a suspect that is nearest to its own signature is right and left out."""
    # Imported only here: the check of a right video, the common case, takes less time than the import of numpy.
    import numpy as np  # noqa: PLC0415

    sent, got = (
        np.frombuffer(signatures, np.uint8, count(signatures) * _CELLS).reshape(-1, _CELLS).astype(np.float32)
        for signatures in (encoded, decoded)
    )
    found = []
    for index in suspects:
        distances = np.square(sent - got[index]).mean(axis=1)
        nearest = int(distances.argmin())
        if distances[nearest] > _OTHER_PICTURE_LEVELS**2:
            found.append(f"frame {index} shows none of the frames that were encoded")
        elif distances[nearest] < distances[index]:
            found.append(f"frame {index} shows frame {nearest}")
    return found
