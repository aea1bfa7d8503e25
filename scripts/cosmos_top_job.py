"""Cooks a work item of the Cosmos nodes; a TOP network's scheduler starts it."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python3.10libs"))

from cosmos_houdini.houdini.tops.job_program import main

if __name__ == "__main__":
    # A scheduler may add words of its own.
    argparse.ArgumentParser(description=__doc__).parse_known_args()
    sys.exit(main())
