"""Scripts in POSIX sh for a host that takes or gives many files at once.

Streams arrive in the folder ``incoming`` of the root. While a stream is written, its file has a unique name. When its
input ends, whole or cut, the file becomes ``<key>.part``, unless that file is longer already. A client that continues
copies this file to a unique name first, so that two clients never write to one file.
"""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from cosmos_houdini.hosts.base import Transfer
from cosmos_houdini.hosts.files import SUFFIX
from cosmos_houdini.hosts.ssh.script import encoded
from cosmos_houdini.hosts.transfer.chunks import Chunk, Slice, is_large

INCOMING = "incoming"
AGAIN = 75
"""Exit code if another client was in the way; sysexits.h calls it a temporary failure (EX_TEMPFAIL)."""

_LISTED = re.compile(r"\s*(\d{1,18}) \./(([0-9a-f]{64}(?:\.\d{1,6})?)(?:\.[0-9a-f]{32})?\.part)", re.ASCII)

# openssl comes first: it uses the processor's own instructions and is several times as fast. A backslash stands before
# the hash of a file whose name holds one, or a line break.
DIGESTS = """\
# shellcheck disable=SC2120 # without arguments it reads standard input
digests() {
    if command -v openssl >/dev/null 2>&1; then openssl dgst -sha256 -r "$@"
    elif command -v sha256sum >/dev/null 2>&1; then sha256sum "$@"
    elif command -v shasum >/dev/null 2>&1; then shasum -a 256 "$@"
    else echo "it has none of the programs openssl, sha256sum and shasum" >&2; return 1
    fi | tr -d '\\\\' | cut -c 1-64
}
"""
"""Defines ``digests``, which prints the SHA-256 of each of the named files, or of its standard input."""

_SURVEY = """\
have() {
    [ -f "$2" ] && [ "$(wc -c <"$2")" -eq "$3" ] && [ "$(digests <"$2")" = "$4" ] && echo "$mark have $1"
    :
}
mkdir -p incoming && cd incoming || exit 1
# Nobody continues a file that is a day old.
find . -type f -mtime +0 -exec rm -f {} +
find . -name '*.part' -type f -exec wc -c {} +
"""

_ARRIVAL = """\
release() {
    # Another client may take the file away at any moment.
    there=$(wc -c 2>/dev/null <"$key.part") || there=
    there=$((${there:-0}))
    if [ "$there" -gt 0 ] && [ "$there" -le "$size" ] && [ "$there" -ge "$(wc -c <"$mine")" ]; then rm -f "$mine"
    else mv -f "$mine" "$key.part"
    fi
}
if [ -n "$source" ]; then
    head -c "$offset" "$source" >"$mine" && [ "$(wc -c <"$mine")" -eq "$offset" ] || { rm -f "$mine"; exit 75; }
    [ "$source" != "$key.part" ] || rm -f "$source"
fi
cat >>"$mine" || { rm -f "$mine"; exit 1; }
[ -f "$mine" ] || exit 75
if [ "$(wc -c <"$mine")" -ne "$size" ]; then
    release
    echo "the stream has ended early" >&2
    exit 1
fi
"""

_LOOK = """\
look() {
    found=$(wc -c <"$1") || exit 1
    [ "$found" -eq "$2" ] || { echo "$1 has $((found)) bytes instead of $2" >&2; exit 1; }
}
"""

# A name that stands after a power failure stands for the whole file.
_FLUSH = """\
flush() { sync "$@" 2>/dev/null || sync; }
"""

# dd reads a block of a regular file as a whole, and no byte more, where head may read ahead.
_UNPACK = """\
count=0
cut_off() {
    if [ "$1" -eq 0 ]; then : >"$mine.$count"
    else said=$(dd bs="$1" count=1 of="$mine.$count" 2>&1) || { rm -f "$mine"*; echo "$said" >&2; exit 1; }
    fi
    count=$((count + 1))
}
keep() {
    found=${found#*-}
    if [ "${found%%-*}" != "$1" ]; then echo "$mark corrupt $count"
    elif [ -d "$2" ]; then echo "$2 is a folder" >&2; rm -f "$mine"*; exit 1
    else mv -f -- "$mine.$count" "$2" || { rm -f "$mine"*; exit 1; }
    fi
    count=$((count + 1))
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Files that a host holds already.

    Attributes:
        there: indexes of the transfers whose file is there with the right content.
        files: length of each incomplete file, by name.
        longest: the name of the longest such file, by key.
    """

    there: frozenset[int]
    files: Mapping[str, int]
    longest: Mapping[str, str]


def survey_script(transfers: Iterable[Transfer], mark: str) -> str:
    """Return a script that lists the complete files and the incomplete ones."""
    asked = (
        f"have {index} {shlex.quote(str(transfer.remote))} {transfer.bytes} {transfer.sha256}\n"
        for index, transfer in enumerate(transfers)
    )
    return f"export LC_ALL=C\nmark={mark}\n{DIGESTS}{_SURVEY}{''.join(asked)}"


def parse_survey(text: str, mark: str) -> Found:
    """Return the files that the script of survey_script printed; other lines are left out."""
    there = set()
    files: dict[str, int] = {}
    longest: dict[str, str] = {}
    for line in text.splitlines():
        if listed := _LISTED.fullmatch(line):
            size, name, key = listed.groups()
            files[name] = int(size)
            if key not in longest or files[longest[key]] < files[name]:
                longest[key] = name
        elif have := re.fullmatch(rf"{mark} have (\d{{1,9}})", line, re.ASCII):
            there.add(int(have[1]))
    return Found(there=frozenset(there), files=files, longest=longest)


def arrival_script(root: PurePosixPath, chunk: Chunk, source: str, offset: int, mark: str) -> bytes:
    """Return a script that takes a chunk from its standard input, and unpacks it if it holds whole files.

    Args:
        root: of the host.
        chunk: the chunk.
        source: the file with the beginning of the chunk; empty if there is none.
        offset: bytes to take from that file.
        mark: begins the lines of its output, and is part of the names of its own files; 32 hexadecimal digits.
    """
    values = (
        f"umask 077; export LC_ALL=C; key={chunk.key}; mine={chunk.key}.{mark}{SUFFIX}\n"
        f"source={source}; offset={offset}; size={chunk.bytes}; cd -- {shlex.quote(str(root / INCOMING))} || exit 1\n"
    )
    if is_large(chunk.slices[0].transfer):
        return encoded(f"{values}{_ARRIVAL}release || exit {AGAIN}\n")
    return encoded(f"{values}mark={mark}\n{_ARRIVAL}{DIGESTS}{_FLUSH}{_UNPACK}{_unpack(chunk.slices)}")


def _unpack(slices: Sequence[Slice]) -> str:
    cuts = "".join(f"cut_off {piece.bytes}\n" for piece in slices)
    names = " ".join(f'"$mine.{index}"' for index in range(len(slices)))
    kept = "".join(f"keep {piece.transfer.sha256} {shlex.quote(str(piece.transfer.remote))}\n" for piece in slices)
    return (
        f"{{\n{cuts}}} <\"$mine\"\nfound=-$(digests {names} | tr '\\n' -)\n"
        f'[ ${{#found}} -gt 1 ] || {{ rm -f "$mine"*; exit 1; }}\ncount=0\n'
        f'flush {names}\n{kept}rm -f "$mine"* "$key.part"\n'
    )


def join_script(transfer: Transfer, keys: Iterable[str], mark: str) -> str:
    """Return a script that joins a file from its parts; they stay until the file has its final name."""
    names = " ".join(f"{key}{SUFFIX}" for key in keys)
    return (
        f"export LC_ALL=C; cd {INCOMING} || exit 1\n{DIGESTS}{_FLUSH}"
        f"mine={transfer.sha256}.{mark}{SUFFIX}; final={shlex.quote(str(transfer.remote))}\n"
        f'for part in {names}; do [ -f "$part" ] || exit {AGAIN}; done\n'
        'if [ -d "$final" ]; then echo "$final is a folder" >&2; exit 1; fi\n'
        f'found=$(cat {names} | tee "$mine" | digests)\n'
        f'[ -n "$found" ] && [ "$(wc -c <"$mine")" -eq {transfer.bytes} ] || {{ rm -f "$mine"; exit {AGAIN}; }}\n'
        f'if [ "$found" != {transfer.sha256} ]; then rm -f "$mine" {names}; exit {AGAIN}; fi\n'
        # Another client that was faster has removed what it left over.
        f'flush "$mine"\nmv -f -- "$mine" "$final" || {{ [ -f "$mine" ] || exit {AGAIN}; exit 1; }}\n'
        f"rm -f {transfer.sha256}.*\n"
    )


def forget_script(chunks: Iterable[Chunk]) -> str:
    """Return a script that removes the incomplete files of chunks."""
    return f"cd {INCOMING} && rm -f " + " ".join(f"{chunk.key}.*" for chunk in chunks)


def departure_script(slices: Sequence[Slice]) -> str:
    """Return a script that prints slices of files, unless a file has another length than it should have."""
    files = {str(piece.transfer.remote): piece.transfer.bytes for piece in slices}
    # One process compares the lengths of all files. If they differ, or there is no stat, each file is compared alone.
    lengths = "\n".join(str(length) for length in files.values())
    looks = "".join(f"    look {shlex.quote(name)} {length}\n" for name, length in files.items())
    return (
        f"export LC_ALL=C\n{_LOOK}set -- {' '.join(map(shlex.quote, files))}\n"
        'sizes=$(stat -L -c %s "$@" 2>/dev/null || stat -L -f %z "$@" 2>/dev/null)\n'
        f'if [ "$sizes" != "{lengths}" ]; then\n{looks}fi\n{_departures(slices)}'
    )


def _departures(slices: Iterable[Slice]) -> str:
    lines = []
    for whole, group in itertools.groupby(slices, key=lambda piece: piece.bytes == piece.transfer.bytes):
        if whole:
            lines.append("cat " + " ".join(shlex.quote(str(piece.transfer.remote)) for piece in group))
        else:
            lines += [
                f"tail -c +{piece.start + 1} <{shlex.quote(str(piece.transfer.remote))} | head -c {piece.bytes}"
                for piece in group
            ]
    return " || exit 1\n".join(lines) + "\n"
