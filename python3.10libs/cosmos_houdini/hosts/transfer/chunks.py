"""Chunks: files, cut and packed for a transfer on several connections.

A large file is cut into parts, and small files are packed together, so that each chunk is worth its round trips. The
plan and the names depend only on the contents, so that a later call finds the chunks of an earlier one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from cosmos_houdini.errors import BadInput
from cosmos_houdini.hosts.base import Transfer

ROUNDS = 3
"""Attempts to send a file that arrives damaged."""

SMALL_BYTES = 8 * 2**20
"""Longer files travel in parts."""

JOINED_AT_ONCE = 8
"""Files that a host joins from their parts at the same time."""

_LEAST_PARCEL_BYTES = 4 * 2**20
_LARGEST_PACK_BYTES = 16 * 2**20
# One for each thread that moves them: a chunk costs the host several processes, and as it goes on at any byte, it may
# be as long as it likes.
_PARCELS = 8
_FILES_IN_A_PACK = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Bytes of a file, from ``start`` on."""

    transfer: Transfer
    start: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Content of one stream: one part of a large file, or several whole small files.

    Attributes:
        key: names its content: letters, digits and dots.
        slices: in the order of the stream.
    """

    key: str
    slices: tuple[Slice, ...]

    @property
    def bytes(self) -> int:
        """The length of the whole stream."""
        return sum(piece.bytes for piece in self.slices)


def check_below(root: PurePosixPath, transfer: Transfer, host: str) -> None:
    """Refuse a path that leaves the root of its host.

    Raises:
        BadInput: it does.
    """
    if not transfer.remote.is_relative_to(root) or ".." in transfer.remote.parts:
        raise BadInput(f"{transfer.remote} does not lie below the root {root} of host {host!r}")


def is_large(transfer: Transfer) -> bool:
    """Whether a file travels in parts."""
    return transfer.bytes > SMALL_BYTES


def joining_bytes(sizes: Iterable[int]) -> int:
    """Return the extra bytes that a host needs to join files of these lengths, because their parts stay until then.

    >>> joining_bytes([1000, 300_000_000, 500_000_000]), joining_bytes([1000])
    (800000000, 0)
    """
    return sum(sorted(size for size in sizes if size > SMALL_BYTES)[-JOINED_AT_ONCE:])


def part_bytes(size: int) -> int:
    """Return the length of the parts of a large file.

    >>> part_bytes(500_000_000)
    62500000
    """
    return max(_LEAST_PARCEL_BYTES, -(-size // _PARCELS))


def parts(transfer: Transfer) -> tuple[Chunk, ...]:
    """Return the parts of a large file in their order."""
    length = part_bytes(transfer.bytes)
    return tuple(
        Chunk(
            key=f"{transfer.sha256}.{index}",
            slices=(Slice(transfer=transfer, start=start, bytes=min(length, transfer.bytes - start)),),
        )
        for index, start in enumerate(range(0, transfer.bytes, length))
    )


def packs(transfers: Sequence[Transfer]) -> Iterator[Chunk]:
    """Pack small files, in their order."""
    fair_share = -(-sum(transfer.bytes for transfer in transfers) // _PARCELS)
    limit = min(max(_LEAST_PARCEL_BYTES, fair_share), _LARGEST_PACK_BYTES)
    pack: list[Slice] = []
    for transfer in transfers:
        if sum(piece.bytes for piece in pack) >= limit or len(pack) == _FILES_IN_A_PACK:
            yield _packed(pack)
            pack = []
        pack.append(Slice(transfer=transfer, start=0, bytes=transfer.bytes))
    if pack:
        yield _packed(pack)


def _packed(pack: list[Slice]) -> Chunk:
    listed = "".join(f"{piece.transfer.sha256} {piece.bytes}\n" for piece in pack)
    return Chunk(key=hashlib.sha256(listed.encode()).hexdigest(), slices=tuple(pack))
