"""Prints a scene as Houdini evaluates it, like `cosmos-houdini scene --json`: hython scripts/cosmos_scene.py FILE."""

import sys
from pathlib import Path

# A farm's hython may run this from a checkout that no package names.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python3.10libs"))

from cosmos_houdini.houdini.hython.scene import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
