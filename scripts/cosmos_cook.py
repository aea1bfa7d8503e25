"""Cooks a TOP network without the interface: hython scripts/cosmos_cook.py SHOT.hip --node /tasks/topnet1."""

import sys
from pathlib import Path

# A farm's hython may run this from a checkout that no package names.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python3.10libs"))

from cosmos_houdini.houdini.hython.cook import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
