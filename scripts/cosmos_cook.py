"""Cooks a TOP network without the interface: hython scripts/cosmos_cook.py SHOT.hip --node /tasks/topnet1."""

import sys
from pathlib import Path

# A farm's hython may run this from a checkout that no package names.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python3.10libs"))

from cosmos_houdini.houdini.hython.program import run_script

if __name__ == "__main__":
    sys.exit(run_script("cook", sys.argv[1:]))
