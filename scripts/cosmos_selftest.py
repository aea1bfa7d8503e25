"""Checks that this Houdini has loaded the package and that its worker works: hython scripts/cosmos_selftest.py."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python3.10libs"))

from cosmos_houdini.houdini.hython.selftest import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
