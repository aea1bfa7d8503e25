"""How long the help page takes, beside a Python that does nothing."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

RUNS = 31
TARGET = 5.0


def seconds(argv: Sequence[str]) -> float:
    start = time.perf_counter()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    ours = [sys.executable, "-m", "cosmos_houdini", "--help"]
    other = [sys.executable, "-c", "pass"]
    pairs = [(seconds(ours), seconds(other)) for _ in range(RUNS)]
    help_s, pass_s = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    print(
        f"cosmos-houdini --help {help_s * 1000:.0f} ms, python -c pass {pass_s * 1000:.0f} ms; medians of {RUNS} pairs"
    )
    print(f"ratio {ratio:.2f}, target at most {TARGET:g}: {'reached' if ratio <= TARGET else 'missed'}")


if __name__ == "__main__":
    main()
