"""Prints a scene as Houdini evaluates it, like `cosmos-houdini scene --json`: hython scripts/cosmos_scene.py FILE."""

import sys
from pathlib import Path

# A farm's hython may run this from a checkout that no package names.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python3.10libs"))

from cosmos_houdini.houdini.hython.program import run_script

if __name__ == "__main__":
    sys.exit(run_script("scene", sys.argv[1:]))
