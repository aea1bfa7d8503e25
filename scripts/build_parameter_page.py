"""Write docs/parameters.md anew from the engines; for developers, in the worker's environment."""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "python3.10libs"), str(ROOT / "scripts")]

from pages.parameters import page  # noqa: E402 - found through the line above

if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    target = ROOT / "docs" / "parameters.md"
    target.write_text(page(), encoding="utf-8")
    print(target.relative_to(ROOT))
