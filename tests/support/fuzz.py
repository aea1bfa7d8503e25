"""Changes real files at random, and bounds what reading the result may cost.

A test runs a fixed number of rounds with a fixed seed. COSMOS_HOUDINI_TESTS_FUZZ=SECONDS lets each test go on for so
long, from another seed each time, which a failure names.
"""

from __future__ import annotations

import os
import random
import resource
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress

from cosmos_houdini.errors import CosmosError
from cosmos_houdini.media.sequences.formats import Damaged

SECONDS = float(os.environ.get("COSMOS_HOUDINI_TESTS_FUZZ", "0"))
SEED = int(time.time()) if SECONDS else 5
MOST_S = 5.0
"""The most time of the processor that one input may take."""
MOST_KIB = 300 << 10
"""The most memory by which all inputs of a test may let the process grow."""

_NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 30_000, 1 << 20, 1 << 28)


def rounds(count: int) -> Iterator[random.Random]:
    """Yield a source of random numbers for each round; the seed of each is its number."""
    end = time.monotonic() + SECONDS
    number = 0
    while number < count or time.monotonic() < end:
        yield random.Random(SEED * 1_000_003 + number)
        number += 1


def read_all(count: int, make: Callable[[random.Random], bytes], read: Callable[[bytes], object]) -> None:
    """Read ``count`` inputs; each ends in a result or in an error of this project, within bounds of time and memory.

    Args:
        count: how many inputs, where COSMOS_HOUDINI_TESTS_FUZZ asks for no more.
        make: makes an input.
        read: reads it.
    """
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number, random_ in enumerate(rounds(count)):
        data = make(random_)
        start = time.process_time()
        try:
            with suppress(CosmosError, Damaged):
                read(data)
            assert time.process_time() - start < MOST_S
            assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_KIB
        except BaseException as error:
            error.add_note(f"seed {SEED}, round {number}, input of {len(data)} bytes: {data[:2000]!r}")
            raise


def change(random_: random.Random, data: bytes) -> bytes:
    """Return bytes with a few changes: bits, numbers at their limits, cuts, copies and insertions."""
    changed = bytearray(data)
    for _ in range(random_.choice((1, 1, 2, 4, 16))):
        _CHANGES[random_.randrange(len(_CHANGES))](random_, changed)
    return bytes(changed)


def change_text(random_: random.Random, text: str, words: tuple[str, ...]) -> bytes:
    """Return a text in UTF-8 in which words are put in or exchanged for others, and sometimes bytes changed."""
    parts = [text]
    for _ in range(random_.choice((1, 2, 4))):
        index = random_.randrange(len(parts))
        part = parts[index]
        start = random_.randint(0, len(part))
        end = min(len(part), start + random_.choice((0, 0, 1, 5, 20)))
        parts[index : index + 1] = [part[:start], random_.choice(words), part[end:]]
    data = "".join(parts).encode("utf-8", "surrogatepass")
    return change(random_, data) if random_.random() < 0.2 else data


def with_right_checksums(data: bytes) -> bytes:
    """Return a PNG whose checksums fit the changed chunks, so that changes get beyond the first check."""
    fixed, position = bytearray(data), 8
    while position + 12 <= len(fixed):
        (length,) = struct.unpack_from(">I", fixed, position)
        end = position + 8 + length
        if end + 4 > len(fixed):
            break
        struct.pack_into(">I", fixed, end, zlib.crc32(fixed[position + 4 : end]))
        position = end + 4
    return bytes(fixed)


def _flip(random_: random.Random, data: bytearray) -> None:
    if data:
        data[random_.randrange(len(data))] ^= 1 << random_.randrange(8)


def _set_number(random_: random.Random, data: bytearray) -> None:
    layout = random_.choice(("<I", ">I", "<H", ">H", "<Q", "B"))
    size = struct.calcsize(layout)
    if len(data) > size:
        # Headers stand at the beginning, and decide on more than the pixels.
        place = random_.randrange(min(len(data) - size, random_.choice((64, 512, len(data)))) or 1)
        struct.pack_into(layout, data, place, random_.choice(_NUMBERS) & ((1 << 8 * size) - 1))


def _cut(random_: random.Random, data: bytearray) -> None:
    start = random_.randint(0, len(data))
    del data[start : start + random_.choice((1, 4, 100, len(data)))]


def _copy(random_: random.Random, data: bytearray) -> None:
    start, place = random_.randint(0, len(data)), random_.randint(0, len(data))
    data[place:place] = data[start : start + random_.choice((1, 16, 200))]


def _overwrite(random_: random.Random, data: bytearray) -> None:
    start, place = random_.randint(0, len(data)), random_.randint(0, len(data))
    piece = data[start : start + random_.choice((4, 16, 200))]
    data[place : place + len(piece)] = piece


def _insert(random_: random.Random, data: bytearray) -> None:
    place = random_.randint(0, len(data))
    data[place:place] = random_.randbytes(random_.choice((1, 8, 64)))


_CHANGES = (_flip, _flip, _set_number, _set_number, _set_number, _cut, _copy, _overwrite, _insert)
