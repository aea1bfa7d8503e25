"""The allowed suffixes of written files: a program that opens a file goes by its name."""

from __future__ import annotations

from pathlib import Path

from cosmos_houdini.errors import BadInput

VIDEO = (".mp4", ".m4v", ".mov")
MPEG4 = (".mp4", ".m4v")
"""Of H.264: in comp, a name that ends in .mov promises ProRes or DNxHR."""
PICTURE = (".png",)


def refuse_other(path: Path, allowed: tuple[str, ...]) -> None:
    """Refuse another suffix: no program opens a video called `.png`, and a frame may replace a video by mistake.

    Raises:
        BadInput: the name ends in none of ``allowed``; upper and lower case make no difference.
    """
    if path.suffix.lower() not in allowed:
        raise BadInput(f"{path} cannot be written", allowed=f"a name that ends in {' or '.join(allowed)}")
