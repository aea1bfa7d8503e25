"""Writes the assets of otls/ from scripts/asset/; for developers, with the worker environment's Python."""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "python3.10libs")]

from asset.build import write  # noqa: E402 - found through the line above

if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    for path in write(ROOT / "otls"):
        print(path.relative_to(ROOT))
