"""Draw words as small pictures in a text format, for hosts that have no fonts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

_LEVELS = 9
"""The number of grey levels above black; one digit per pixel keeps files small and letters smooth enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """White words on black: a plain PGM file (netpbm's P2) and its size in pixels."""

    pgm: str
    size: tuple[int, int]


def label(text: str, height: int) -> Label:
    """Return ``text`` as one line that is ``height`` pixels high."""
    return label_column((text,), height)


@lru_cache(maxsize=64)
def label_column(texts: tuple[str, ...], height: int) -> Label:
    """Return the texts as lines below each other, each ``height`` pixels high and as wide as the widest."""
    # Imported here because every command imports every engine, but few commands draw.
    from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415

    font = ImageFont.load_default(size=height * 0.78)
    width = max(1, *(int(font.getlength(text) + 1) for text in texts))
    width += width % 2
    picture = Image.new("L", (width, height * len(texts)))
    draw = ImageDraw.Draw(picture)
    for line, text in enumerate(texts):
        # The anchor is the middle of the letters' height, which aligns lines with and without descenders.
        draw.text((0, height * line + height / 2), text, fill=255, font=font, anchor="lm")
    return Label(pgm=_pgm(picture), size=picture.size)


def _pgm(picture: Image.Image) -> str:
    width, height = picture.size
    pixels = picture.tobytes()
    digits = bytes(48 + (value * _LEVELS + 127) // 255 for value in range(256))
    rows = (" ".join(pixels[y * width : (y + 1) * width].translate(digits).decode()) for y in range(height))
    return f"P2\n{width} {height}\n{_LEVELS}\n" + "\n".join(rows) + "\n"
