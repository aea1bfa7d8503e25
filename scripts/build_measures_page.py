"""Write docs/measures.md anew from the measures that a report knows; for developers, in the worker's environment."""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "python3.10libs"), str(ROOT / "scripts")]

if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    from pages.measures import page

    target = ROOT / "docs" / "measures.md"
    target.write_text(page(), encoding="utf-8")
    print(target.relative_to(ROOT))
