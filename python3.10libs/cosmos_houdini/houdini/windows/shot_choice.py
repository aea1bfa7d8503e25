"""A shot that the form of a submission offers: a render node, or the viewport."""

from __future__ import annotations

from dataclasses import dataclass

VIEWPORT = "Viewport (flipbook)"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotChoice:
    """One choice.

    Attributes:
        path: of the render node; empty for the viewport, whose flipbook is rendered when the shot is submitted.
        first: first frame that it renders.
        last: last frame that it renders.
        size: width and height in pixels, as far as the scene says them.
        fps: frames a second of the scene.
    """

    path: str
    first: int = 1
    last: int = 1
    size: tuple[int, int] = (1280, 720)
    fps: float = 24.0

    @property
    def label(self) -> str:
        """The text of the menu."""
        return self.path or VIEWPORT
