"""Many files on their way from a host."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from cosmos_houdini.errors import BadInput, DiskFull, HostError
from cosmos_houdini.hosts.base import Transfer
from cosmos_houdini.hosts.files import SUFFIX, has_content, naming
from cosmos_houdini.hosts.transfer.chunks import ROUNDS, Chunk, Slice, is_large, packs, parts
from cosmos_houdini.hosts.transfer.pool import ByteCounter, Lane, TransferPool
from cosmos_houdini.hosts.transfer.script import departure_script

_GIVEN_UP_S = 24 * 3600
_PIECE_BYTES = 1024 * 1024


def download(pool: TransferPool, transfers: Sequence[Transfer]) -> None:
    """Fetch files; see Host.get_many."""
    for folder in {transfer.local.parent for transfer in transfers}:
        _tidy(folder)
    left = [transfer for transfer in transfers if not has_content(transfer.local, transfer.bytes, transfer.sha256)]
    for _ in range(ROUNDS):
        if not left:
            return
        try:
            left = _round(pool, left)
        except DiskFull:
            _forget(left)
            raise
    if left:
        raise HostError(
            f"{left[0].remote} arrived damaged from host {pool.lanes[0].name} {ROUNDS} times",
            action="see that nothing changes the file meanwhile, and check the network and this machine's disk",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gap:
    """Bytes to append to a file of this machine."""

    piece: Slice
    file: Path


def _round(pool: TransferPool, transfers: Sequence[Transfer]) -> list[Transfer]:
    """Fetch the missing files once, and return those that arrived damaged."""
    large = [part for transfer in transfers if is_large(transfer) for part in parts(transfer)]
    chunks = [*large, *packs([transfer for transfer in transfers if not is_large(transfer)])]
    loads = [gaps for gaps in map(_gaps, chunks) if gaps]
    pool.meter.expect(sum(gap.piece.bytes for gaps in loads for gap in gaps))
    pool.do(_fetch, loads)
    return [transfer for transfer in transfers if not _joined(transfer)]


def _slices(transfer: Transfer) -> Iterator[Slice]:
    for chunk in parts(transfer) if is_large(transfer) else packs([transfer]):
        yield from chunk.slices


def _file(piece: Slice) -> Path:
    """Return the file of a slice until its whole file is here; the name does not depend on the length of others."""
    transfer = piece.transfer
    key = hashlib.sha256(f"{transfer.local.name}/{transfer.sha256}".encode("utf-8", "surrogateescape")).hexdigest()
    return transfer.local.with_name(f".{key}.{piece.start}{SUFFIX}")


def _gaps(chunk: Chunk) -> tuple[_Gap, ...]:
    gaps = []
    for piece in chunk.slices:
        file = _file(piece)
        here = _length(file)
        if here > piece.bytes:
            file.unlink()
            here = 0
        if here < piece.bytes:
            gap = replace(piece, start=piece.start + here, bytes=piece.bytes - here)
            gaps.append(_Gap(piece=gap, file=file))
    return tuple(gaps)


def _length(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def _fetch(lane: Lane, gaps: Sequence[_Gap], counter: ByteCounter) -> None:
    script = departure_script([gap.piece for gap in gaps])
    with lane.drain(script, gaps[0].piece.transfer.remote) as pieces:
        _spread(pieces, gaps, counter)


def _spread(pieces: Iterator[bytes], gaps: Iterable[_Gap], counter: ByteCounter) -> None:
    """Write a stream into its files; a later step finds bytes that are missing at its end."""
    piece = b""
    for gap in gaps:
        missing = gap.piece.bytes
        # The file has no buffer: closing it would try once more to write the buffer to a full disk.
        with naming(gap.file, BadInput):
            file = gap.file.open("ab", buffering=0)
        with file:
            while missing:
                piece = piece or next(pieces, b"")
                if not piece:
                    return
                fits, piece = piece[:missing], piece[missing:]
                missing -= len(fits)
                counter.add(len(fits))
                with naming(gap.piece.transfer.local, BadInput):
                    while fits:
                        fits = fits[file.write(fits) :]


def _joined(transfer: Transfer) -> bool:
    """Join the slices of a file, and give it its final name if it has the right hash."""
    slices = list(_slices(transfer))
    first, *others = (_file(piece) for piece in slices)
    if any(_length(_file(piece)) != piece.bytes for piece in slices):
        return False
    digest = hashlib.sha256()
    with naming(transfer.local, BadInput):
        # The slices are appended to the first one, because a new file would take twice the room.
        with first.open("ab+") as whole:
            whole.seek(0)
            _read(whole.read, digest.update)
            for other in others:
                with other.open("rb") as part:
                    _read(part.read, digest.update, whole.write)
                other.unlink()
        if digest.hexdigest() != transfer.sha256:
            first.unlink()
            return False
        first.replace(transfer.local)
    return True


def _read(read: Callable[[int], bytes], *takers: Callable[[bytes], object]) -> None:
    while piece := read(_PIECE_BYTES):
        for take in takers:
            take(piece)


def _forget(transfers: Iterable[Transfer]) -> None:
    for transfer in transfers:
        for piece in _slices(transfer):
            _file(piece).unlink(missing_ok=True)


def _tidy(folder: Path) -> None:
    """Remove incomplete files that nobody has continued for a day."""
    for file in folder.glob(f".*{SUFFIX}"):
        if re.fullmatch(r"\.[0-9a-f]{64}\.\d+\.part", file.name):
            # Another process may do the same.
            with suppress(FileNotFoundError):
                if file.stat().st_mtime < time.time() - _GIVEN_UP_S:
                    file.unlink()
