"""Points of the unit cube: equal seeds give equal points on every machine and with every version of the libraries.

NumPy promises stable bits of its generators, but not stable output of ``numpy.random.Generator``; so only bits are
taken from it. Each dimension has its own stream, chosen by its name: varying another parameter does not change the
values of the others.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from cosmos_houdini.model.batch import Sampler

Points = NDArray[np.float64]

_SOBOL_BITS = 30
_DOUBLE_BITS = 53
_BELOW_ONE = float(np.nextafter(1.0, 0.0))


class Stream:
    """Random numbers of one dimension."""

    def __init__(self, seed: int, name: str) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(zlib.crc32(name.encode()),)))

    def integers(self, count: int, bits: int) -> NDArray[np.uint64]:
        """Return ``count`` whole numbers of ``bits`` bits."""
        return self._bits.random_raw(count) >> np.uint64(64 - bits)

    def units(self, count: int) -> Points:
        """Return ``count`` numbers from 0 to below 1."""
        return self.integers(count, _DOUBLE_BITS) / float(2**_DOUBLE_BITS)


def unit_points(sampler: Sampler, names: Sequence[str], rows: int, seed: int) -> Iterator[Points]:
    """Yield blocks of ``rows`` points, from 0 to below 1 in each of the named dimensions, without end.

    Args:
        sampler: ``random``; ``latin_hypercube``, where each block has one point in each of ``rows`` equal slices of
            every dimension; or ``sobol``, whose blocks continue one sequence.
        names: of the dimensions.
        rows: length of a block.
        seed: of the sweep.
    """
    streams = [Stream(seed, name) for name in names]
    if sampler == "sobol" and names:
        yield from _sobol(streams, rows)
    while True:
        columns = [_slices(stream, rows) if sampler == "latin_hypercube" else stream.units(rows) for stream in streams]
        yield np.column_stack(columns) if columns else np.empty((rows, 0))


def _slices(stream: Stream, rows: int) -> Points:
    """Return one number from each of ``rows`` equal slices of the unit interval, in random order."""
    order = np.argsort(stream.units(rows), kind="stable")
    return np.minimum((order + stream.units(rows)) / rows, _BELOW_ONE)


def _sobol(streams: Sequence[Stream], rows: int) -> Iterator[Points]:
    """Yield the Sobol sequence, each dimension combined with random bits of its own (a digital shift).

    The shift keeps the equal filling of the cube: each aligned run of 2**n points stays a net.
    """
    from scipy.stats import qmc  # noqa: PLC0415 - takes a second to load, which no other sampler needs

    engine = qmc.Sobol(len(streams), scramble=False, bits=_SOBOL_BITS)
    shifts = np.concatenate([stream.integers(1, _SOBOL_BITS) for stream in streams])
    # SciPy warns if the size of the first draw is not a power of two; one point is a power of two.
    kept = engine.random(1)
    while True:
        block = np.concatenate([kept, engine.random(rows - len(kept))])
        kept = kept[:0]
        yield (((block * 2.0**_SOBOL_BITS).astype(np.uint64) ^ shifts) + 0.5) / 2.0**_SOBOL_BITS
