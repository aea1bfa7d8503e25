"""Ask a server what it is, and print the answer; ``doctor`` runs it on the host that will run the jobs."""

from __future__ import annotations

import os

from .connection import Server
from .failure import Failure, mask, say
from .server_kind import KEY_VARIABLE, find_kind


def ask(url: str) -> int:
    """Print the kind of a server, or why it has none; return the exit code."""
    key = os.environ.pop(KEY_VARIABLE, "")
    mask(key)
    try:
        say(f"it is {find_kind(Server(url, key), patience_s=0.0, pause_s=0.0).words}")
    except Failure as failure:
        say(failure.line())
        return 1
    return 0
