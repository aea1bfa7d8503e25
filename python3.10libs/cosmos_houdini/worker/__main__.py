"""``python -m cosmos_houdini.worker`` answers one request."""

import sys

from cosmos_houdini.worker.program import main

if __name__ == "__main__":
    sys.exit(main())
