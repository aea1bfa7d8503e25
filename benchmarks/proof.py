"""``convert-sequence`` with and without the comparison of frames with a second reading of their files.

Both sides are the same program on the same frames. The other side picks no frames to compare, and is the same in all
else. Both run in turn, the first round warms up and is not counted.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from convert import write_frames
from figures import Figure, by_turns, seconds

FRAMES = 240
ROUNDS = 3
TARGET = 1.05
_WITHOUT = """
import sys
from cosmos_houdini.media.videos import color_proof
color_proof.pick_frames = lambda *_: ()
from cosmos_houdini.cli import main
sys.exit(main())
"""


def measure() -> list[Figure]:
    """Convert one pass both ways."""
    with tempfile.TemporaryDirectory() as name:
        frames, out = Path(name, "frames"), Path(name, "out")
        frames.mkdir()
        write_frames(frames, FRAMES, "")
        arguments = ["convert-sequence", str(frames), "-o", str(out), "--fps", "24"]
        sides = (
            lambda: seconds([sys.executable, "-m", "cosmos_houdini", *arguments]),
            lambda: seconds([sys.executable, "-c", _WITHOUT, *arguments]),
        )
        by_turns(sides, 1)
        ours, without = by_turns(sides, ROUNDS)
    return [
        Figure(
            name=f"convert-sequence of {FRAMES} frames with colours compared",
            ours=ours,
            unit="s",
            other=without,
            beside="the same without the comparison",
            ratio_limit=TARGET,
        )
    ]
