"""``python -m cosmos_houdini`` is the command line."""

import sys

from cosmos_houdini.cli import main

if __name__ == "__main__":
    sys.exit(main())
