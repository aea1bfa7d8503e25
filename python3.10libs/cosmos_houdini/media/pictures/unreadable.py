"""The error for a picture that cannot be decoded; importing this module loads no picture library."""

from __future__ import annotations

from pathlib import Path

from cosmos_houdini.errors import BadInput


class Unreadable(BadInput):
    """A picture file exists but cannot be decoded to its end.

    Args:
        path: the file.
        reason: the fault, worded as the end of a sentence that begins with the file's name.
    """

    def __init__(self, path: Path, reason: str) -> None:
        # Decoders write lines, and repeat the path; frames with the same fault are told in one sentence.
        self.reason = " ".join(reason.replace(f'("{path}")', "").split())
        super().__init__(f"{path} {self.reason}", action="render the frame again")
        self.path = path
