r"""Scripts for the shell of an SSH host, whatever the login shell is and prints before.

A command line has one pair of single quotes and no `!`, because csh and fish read all else in their own way. The
scripts travel on standard input.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from cosmos_houdini.hosts.files import partial_name
from cosmos_houdini.hosts.script import MAX_OUTPUT_BYTES


def marked(script: bytes, root: PurePosixPath, mark: str) -> bytes:
    r"""Return a script for the input of ``sh`` that makes the root, goes there and prints ``mark`` before it runs.

    Output before the mark was printed by the user's start-up files.

    >>> print(marked(b"...", PurePosixPath("/data/it's"), "7f3a").decode())
    umask 077
    [ -d '/data/it'"'"'s' ] || LC_ALL=C mkdir -p -- '/data/it'"'"'s' || exit 1
    cd -- '/data/it'"'"'s' || exit 1
    echo 7f3a
    ...
    """
    folder = shlex.quote(str(root))
    made = f"[ -d {folder} ] || LC_ALL=C mkdir -p -- {folder} || exit 1"
    return encoded(f"umask 077\n{made}\ncd -- {folder} || exit 1\necho {mark}\n") + script


def past_mark(pieces: Iterator[bytes], mark: str) -> bytes | None:
    r"""Read up to the line that is the mark and return what was read after it, or None where the mark does not come.

    >>> past_mark(iter([b"welcome!\n7f", b"3a\nfirst"]), "7f3a")
    b'first'
    """
    line = f"{mark}\n".encode()
    read = b""
    passed = 0
    for piece in pieces:
        read += piece
        passed += len(piece)
        _, found, after = read.partition(line)
        if found:
            return after
        if passed > MAX_OUTPUT_BYTES:
            return None
        # A greeting may be long; only what may be the beginning of the mark is kept.
        read = read[-len(line) :]
    return None


def arrival_script(path: PurePosixPath, *, size: int, mode: int) -> bytes:
    """Return a script that makes a file of its standard input, and nothing where other than ``size`` bytes come.

    A connection that is cut ends the input early, so the script itself removes what has arrived.
    """
    partial, final = (shlex.quote(str(p)) for p in (path.with_name(partial_name()), path))
    return encoded(
        f"umask 077; export LC_ALL=C; partial={partial}; final={final}\n"
        'if [ -d "$final" ]; then echo "it is a folder" >&2; exit 1; fi\n'
        'if cat >"$partial"; then came=$(wc -c <"$partial"); fi\n'
        f'if [ "${{came:-}}" -eq {size} ] 2>/dev/null &&\n'
        f'  chmod {mode:o} "$partial" && mv -f -- "$partial" "$final"; then exit 0; fi\n'
        'rm -f -- "$partial"\n'
        f'[ "${{came:-{size}}}" -eq {size} ] ||\n'
        f'  echo "$((came)) bytes came where {size} were announced; did the file change?" >&2\n'
        "exit 1\n"
    )


def unpacking_script(sizes: Mapping[PurePosixPath, int]) -> bytes:
    """Return a script that makes files of its standard input, which holds one after another; none before all is there.

    A command costs what the start-up files of the login shell take, so that ten small files want to go together.
    """
    folder = next(iter(sizes)).parent
    pack, partial = (shlex.quote(str(folder / partial_name())) for _ in range(2))
    total, offset = sum(sizes.values()), 1
    takes = []
    for path, size in sizes.items():
        takes.append(f" &&\n  take {offset} {size} {shlex.quote(str(path))}")
        offset += size
    return encoded(
        f"umask 077; export LC_ALL=C; pack={pack}; partial={partial}\n"
        "take() {\n"
        '  if [ -d "$3" ]; then echo "$3 is a folder" >&2; return 1; fi\n'
        '  if [ "$2" -eq 0 ]; then : >"$partial"; else tail -c "+$1" "$pack" | head -c "$2" >"$partial"; fi &&\n'
        '    mv -f -- "$partial" "$3"\n'
        "}\n"
        'if cat >"$pack"; then came=$(wc -c <"$pack"); fi\n'
        f'if [ "${{came:-}}" -eq {total} ] 2>/dev/null{"".join(takes)}; then rm -f -- "$pack"; exit 0; fi\n'
        'rm -f -- "$pack" "$partial"\n'
        f'[ "${{came:-{total}}}" -eq {total} ] || echo "$((came)) bytes came where {total} were announced" >&2\n'
        "exit 1\n"
    )


def header_action(script: bytes) -> str:
    """Return the action that runs the script at the beginning of its input, and leaves the rest of it to the script.

    >>> print(header_action(b"cat >f"))
    eval "$(dd bs=1 count=6 2>/dev/null)"
    """
    # A shell that reads its script from a pipe may take more than the script; dd takes bytes by number.
    return f'eval "$(dd bs=1 count={len(script)} 2>/dev/null)"'


def encoded(text: str) -> bytes:
    """Return text as bytes; names that are no UTF-8 leave as the bytes that they were."""
    return text.encode("utf-8", "surrogateescape")
