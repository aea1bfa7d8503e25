"""What Houdini says about a scene, as `cosmos-houdini scene --json` does: hython scripts/cosmos_scene.py FILE.hip."""

import sys
from pathlib import Path

# A farm's hython may run this from a checkout that no package names.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python3.10libs"))

from cosmos_houdini.houdini.hython.scene import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
