"""How long the help page takes, beside a Python that does nothing."""

from __future__ import annotations

import sys

from figures import Figure, by_turns, seconds

RUNS = 31
TARGET = 5.0


def measure() -> list[Figure]:
    """Start both as processes, by turns."""
    ours = [sys.executable, "-m", "cosmos_houdini", "--help"]
    other = [sys.executable, "-c", "pass"]
    help_s, pass_s = by_turns([lambda: seconds(ours), lambda: seconds(other)], RUNS)
    return [Figure(name="--help", ours=help_s, unit="s", other=pass_s, beside="python -c pass", ratio_limit=TARGET)]
