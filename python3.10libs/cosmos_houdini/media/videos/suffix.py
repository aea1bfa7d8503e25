"""What the name of a written file may end in: a program that opens it goes by its name."""

from __future__ import annotations

from pathlib import Path

from cosmos_houdini.errors import BadInput

VIDEO = (".mp4", ".m4v", ".mov")
PICTURE = (".png",)


def refuse_other(path: Path, allowed: tuple[str, ...]) -> None:
    """Refuse a name of another kind: nothing opens a video called `.png`, and a frame may replace a video by mistake.

    Raises:
        BadInput: the name ends in none of ``allowed``, in whatever case.
    """
    if path.suffix.lower() not in allowed:
        raise BadInput(f"{path} cannot be written", allowed=f"a name that ends in {' or '.join(allowed)}")
