"""Many files on their way to a host."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cosmos_houdini.errors import DiskFull, HostError
from cosmos_houdini.hosts.base import Completed, Transfer
from cosmos_houdini.hosts.files import SUFFIX, slice_pieces
from cosmos_houdini.hosts.script import no_room
from cosmos_houdini.hosts.transfer.chunks import ROUNDS, Chunk, check_below, is_large, packs, parts
from cosmos_houdini.hosts.transfer.pool import ByteCounter, Lane, TransferPool
from cosmos_houdini.hosts.transfer.script import (
    AGAIN,
    Found,
    arrival_script,
    forget_script,
    join_script,
    parse_survey,
    survey_script,
)

_HASH_RATE_BYTES_PER_S = 20e6
_PIECE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class _Load:
    """A chunk, and the file on the host that holds its beginning."""

    chunk: Chunk
    source: str
    offset: int


def upload(pool: TransferPool, transfers: Sequence[Transfer]) -> None:
    """Send files; see Host.put_many."""
    first = pool.lanes[0]
    for transfer in transfers:
        check_below(first.root, transfer, first.name)
    left = list(transfers)
    pool.assemble(len(_chunks(left)))
    for _ in range(ROUNDS):
        if not left:
            return
        found = _survey(first, left)
        left = [transfer for index, transfer in enumerate(left) if index not in found.there]
        try:
            left = _round(pool, left, found)
        except DiskFull:
            first.run(forget_script(_chunks(left)))
            raise
    if left:
        raise HostError(
            f"{left[0].local} arrived damaged on host {first.name} {ROUNDS} times",
            action="see that nothing changes the file meanwhile, and check the network and the host's disk",
        )


def _round(pool: TransferPool, transfers: Sequence[Transfer], found: Found) -> list[Transfer]:
    """Send the missing files once, and return those that arrived damaged."""
    loads = [_load(chunk, found) for chunk in _chunks(transfers) if not _is_there(chunk, found)]
    pool.meter.expect(sum(load.chunk.bytes - load.offset for load in loads))
    again = pool.do(_send, loads)
    again += pool.do(_join, [transfer for transfer in transfers if is_large(transfer)])
    return [transfer for some in again for transfer in some]


def _chunks(transfers: Sequence[Transfer]) -> list[Chunk]:
    large = [part for transfer in transfers if is_large(transfer) for part in parts(transfer)]
    return [*large, *packs([transfer for transfer in transfers if not is_large(transfer)])]


def _is_there(chunk: Chunk, found: Found) -> bool:
    """Whether the host has the whole part of a large file; a whole pack must still be unpacked."""
    whole = found.files.get(f"{chunk.key}{SUFFIX}") == chunk.bytes
    return whole and is_large(chunk.slices[0].transfer)


def _load(chunk: Chunk, found: Found) -> _Load:
    source = found.longest.get(chunk.key, "")
    offset = found.files.get(source, 0)
    if not 0 < offset <= chunk.bytes:
        return _Load(chunk=chunk, source="", offset=0)
    return _Load(chunk=chunk, source=source, offset=offset)


def _survey(lane: Lane, transfers: Sequence[Transfer]) -> Found:
    mark = uuid.uuid4().hex
    size = sum(transfer.bytes for transfer in transfers)
    done = lane.run(survey_script(transfers, mark), timeout_s=60 + size / _HASH_RATE_BYTES_PER_S)
    _check(lane, done, transfers[0] if transfers else None)
    return parse_survey(done.stdout, mark)


def _send(lane: Lane, load: _Load, counter: ByteCounter) -> list[Transfer]:
    mark = uuid.uuid4().hex
    script = arrival_script(lane.root, load.chunk, load.source, load.offset, mark)
    done = lane.feed(script, _pieces(load, counter))
    if done.exit_code == AGAIN and not no_room(done.stderr):
        return [piece.transfer for piece in load.chunk.slices]
    _check(lane, done, load.chunk.slices[0].transfer)
    lines = set(done.stdout.splitlines())
    return [piece.transfer for i, piece in enumerate(load.chunk.slices) if f"{mark} corrupt {i}" in lines]


def _pieces(load: _Load, counter: ByteCounter) -> Iterator[bytes]:
    passed = load.offset
    for part in load.chunk.slices:
        skipped = min(passed, part.bytes)
        passed -= skipped
        for piece in slice_pieces(part.transfer.local, part.start + skipped, part.bytes - skipped, size=_PIECE_BYTES):
            counter.add(len(piece))
            yield piece


def _join(lane: Lane, transfer: Transfer, _: ByteCounter) -> list[Transfer]:
    script = join_script(transfer, (part.key for part in parts(transfer)), uuid.uuid4().hex)
    done = lane.run(script, timeout_s=60 + transfer.bytes / _HASH_RATE_BYTES_PER_S)
    if done.exit_code == AGAIN and not no_room(done.stderr):
        return [transfer]
    _check(lane, done, transfer)
    return []


def _check(lane: Lane, done: Completed, transfer: Transfer | None) -> None:
    if done.exit_code == 0:
        return
    path = transfer.remote if transfer else lane.root
    if no_room(done.stderr):
        raise lane.disk_full(path)
    reason = (done.stderr.strip().splitlines() or [f"exit code {done.exit_code}"])[-1]
    raise HostError(f"{path} on host {lane.name!r} cannot be written: {reason}")
