"""A bar for the files of sequences that are being verified."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from cosmos_houdini.cli.console import progress_bar
from cosmos_houdini.media.sequences.discover import Unverified


@contextmanager
def verifying(found: Collection[Unverified]) -> Iterator[Callable[[int], None]]:
    """Show a bar while the block runs; call what is yielded with how many more files are done."""
    with progress_bar("verifying", total=sum(len(sequence.frames) for sequence in found), unit="files") as advance:
        yield advance
