"""LZW as TIFF has it (TIFF 6.0 by Adobe, section 13): how many bytes a block stands for, without making them."""

from __future__ import annotations

from cosmos_houdini.media.sequences.formats.source import Damaged

CLEAR, END = 256, 257
_FIRST_BITS, _MOST_BITS = 9, 12


def unpacked_bytes(block: bytes, most: int) -> int:
    """Return how many bytes a block stands for; more than ``most`` as soon as there are more.

    Raises:
        Damaged: a code means nothing.
    """
    lengths = [1] * CLEAR + [0, 0]
    found, last, bits, pending, count = 0, 0, _FIRST_BITS, 0, 0
    for byte in block:
        pending, count = (pending << 8 | byte) & 0xFFFFFF, count + 8
        if count < bits:
            continue
        count -= bits
        code = pending >> count & ((1 << bits) - 1)
        if code == END or found > most:
            break
        if code == CLEAR:
            lengths, last, bits = [1] * CLEAR + [0, 0], 0, _FIRST_BITS
            continue
        if last:
            # The new entry is the text before and one byte of this one.
            lengths.append(last + 1)
        if code >= len(lengths):
            raise Damaged("has pixels that cannot be decompressed (LZW)")
        last = lengths[code]
        found += last
        # Codes grow one entry before the table needs it.
        bits = min(max((len(lengths) + (1 if last else 0)).bit_length(), _FIRST_BITS), _MOST_BITS)
    return found
