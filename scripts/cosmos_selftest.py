"""Checks that this Houdini has loaded the package and that its worker works: hython scripts/cosmos_selftest.py."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python3.10libs"))

from cosmos_houdini.houdini.hython.program import run_script

if __name__ == "__main__":
    sys.exit(run_script("selftest", sys.argv[1:]))
