"""Says what this machine lacks to cook work items of the Cosmos nodes; as a work item of a farm, or by itself."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python3.10libs"))

from cosmos_houdini.houdini.tops.farm_check import main

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "folder", nargs="?", type=Path, default=Path.cwd(), help="of the project; else the working folder"
    )
    # A scheduler may add words of its own.
    sys.exit(main(parser.parse_known_args()[0].folder))
