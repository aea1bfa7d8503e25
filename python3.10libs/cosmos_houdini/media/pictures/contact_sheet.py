"""Draws a labelled overview of a whole shot, with a row for each pass and a column for each of some frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from cosmos_houdini.media.pictures.letters import replace_undrawable
from cosmos_houdini.media.pictures.method import resampling_method
from cosmos_houdini.media.pictures.resample import resize
from cosmos_houdini.model.control import Pass
from cosmos_houdini.whole_file import new_file

Picture = NDArray[Any]

TILE_WIDTH = 240
MARGIN = 8
LABEL_WIDTH = 90
HEADER_HEIGHT = 56
TEXT_SIZE = 15
GROUND, TEXT = (24, 24, 24), (225, 225, 225)


def columns(numbers: Sequence[int], count: int = 6) -> list[int]:
    """Return at most ``count`` evenly spread frame numbers, including the first and the last.

    >>> columns(range(1001, 1122), 5)
    [1001, 1031, 1061, 1091, 1121]
    """
    places = np.linspace(0, len(numbers) - 1, min(count, len(numbers)))
    return [numbers[round(place)] for place in places]


def contact_sheet(name: str, facts: str, rows: Mapping[Pass, Mapping[int, Picture]]) -> Image.Image:
    """Return the sheet.

    Args:
        name: name of the shot; shortened if it is too wide for the sheet.
        facts: text to print after the name, in ASCII.
        rows: for each pass its pictures by frame number: uint8, height x width or height x width x 3, all of one size.
            The tile of a frame that a pass lacks stays empty.
    """
    numbers = sorted({number for pictures in rows.values() for number in pictures})
    height, width = next(picture.shape[:2] for pictures in rows.values() for picture in pictures.values())
    tile = TILE_WIDTH, max(1, round(TILE_WIDTH * height / width))
    sheet = Image.new(
        "RGB",
        (LABEL_WIDTH + len(numbers) * (tile[0] + MARGIN) + MARGIN, HEADER_HEIGHT + len(rows) * (tile[1] + MARGIN)),
        GROUND,
    )
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(TEXT_SIZE)
    room = sheet.width - 2 * MARGIN - font.getlength(f"  {facts}")
    draw.text((MARGIN, MARGIN), f"{_shortened(replace_undrawable(name), font, room)}  {facts}", TEXT, font)
    for column, number in enumerate(numbers):
        left = LABEL_WIDTH + column * (tile[0] + MARGIN)
        draw.text((left, HEADER_HEIGHT - TEXT_SIZE - MARGIN), str(number), TEXT, font)
    for row, (pass_, pictures) in enumerate(rows.items()):
        top = HEADER_HEIGHT + row * (tile[1] + MARGIN)
        draw.text((MARGIN, top + tile[1] // 2 - TEXT_SIZE // 2), str(pass_), TEXT, font)
        for number, picture in pictures.items():
            left = LABEL_WIDTH + numbers.index(number) * (tile[0] + MARGIN)
            sheet.paste(_tile(picture, tile, pass_), (left, top))
    return sheet


def write_contact_sheet(path: Path, name: str, facts: str, rows: Mapping[Pass, Mapping[int, Picture]]) -> None:
    """Write the sheet as PNG; the file appears under ``path`` only when it is complete."""
    with new_file(path) as part:
        contact_sheet(name, facts, rows).save(part, format="PNG")


def _shortened(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, room: float) -> str:
    shown = text
    while text and font.getlength(shown) > room:
        text = text[:-1]
        shown = f"{text}…"
    return shown


def _tile(picture: Picture, size: tuple[int, int], pass_: Pass) -> Image.Image:
    """Return a picture shrunk by the method of its pass: lines stay bright, and colours of objects stay pure."""
    small = resize(picture, size, resampling_method(pass_))
    return Image.fromarray(np.ascontiguousarray(small)).convert("RGB")
