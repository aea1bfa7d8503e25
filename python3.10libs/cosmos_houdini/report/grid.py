"""The grid of a report: the layout of its pages, and the picture with captions and failed runs.

The place of a run depends only on its number in the batch, so that a run keeps its place whichever other runs failed.
The grid's video is drawn over the same picture.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from cosmos_houdini.media.pictures.letters import replace_undrawable
from cosmos_houdini.media.videos.standardize import fit_size
from cosmos_houdini.report.entry import ReportEntry, format_setting

MAX_WIDTH = 1920
PER_PAGE = 16
GAP = 8
MIN_CELL = 240
FOOT = 64
"""Pixels at the bottom of a page, for the controls of a video player."""

CAPTION_LINES = 4
"""Most lines of settings; the table of the page has all settings."""

GROUND, PANEL, DARK = (14, 16, 20), (26, 30, 36), (34, 22, 24)
BRIGHT, SOFT, ALARM, ACCENT = (236, 238, 241), (160, 168, 178), (255, 122, 110), (242, 163, 58)
_SEPARATOR = "    "

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The cells of a page, in pixels; all numbers are even, as 4:2:0 video needs them.

    Attributes:
        columns: cells side by side.
        rows: cells below each other.
        cell: width and height of a cell's picture.
        lines: of settings below each picture.
    """

    columns: int
    rows: int
    cell: tuple[int, int]
    lines: int

    @property
    def line(self) -> int:
        """Height of a line of text."""
        return max(16, self.cell[0] // 44 * 2)

    @property
    def caption(self) -> int:
        """Height of the text below a picture."""
        return self.line * (self.lines + 1) + GAP

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the page."""
        width, height = self.cell
        return (
            GAP + self.columns * (width + GAP),
            GAP + self.rows * (height + self.caption + GAP) + FOOT,
        )

    def of_page(self, count: int) -> Layout:
        """Return the layout of a page with ``count`` runs: equal cells and columns, fewer rows."""
        return replace(self, rows=math.ceil(count / self.columns))

    def place(self, index: int) -> tuple[int, int]:
        """Return left and top of the cell of a page's run."""
        row, column = divmod(index, self.columns)
        width, height = self.cell
        return GAP + column * (width + GAP), GAP + row * (height + self.caption + GAP)


def split_pages(entries: Sequence[ReportEntry]) -> list[Sequence[ReportEntry]]:
    """Return the runs of each page, in order."""
    return [entries[at : at + PER_PAGE] for at in range(0, len(entries), PER_PAGE)]


def plan_layout(count: int, picture: tuple[int, int], *, lines: int) -> Layout:
    """Return the layout of a full page, or of the only one.

    Args:
        count: runs of the whole report.
        picture: width and height of a result.
        lines: of settings below each picture.

    >>> layout = plan_layout(5, (1280, 704), lines=1)
    >>> layout.columns, layout.rows, layout.cell
    (3, 2, (628, 346))
    """
    on_page = min(count, PER_PAGE)
    columns = math.ceil(math.sqrt(on_page))
    room = (MAX_WIDTH - GAP) // columns - GAP
    width = max(MIN_CELL, min(room, picture[0])) // 2 * 2
    height = max(2, round(width * picture[1] / picture[0] / 2) * 2)
    return Layout(columns=columns, rows=math.ceil(on_page / columns), cell=(width, height), lines=lines)


def inset(picture: tuple[int, int], cell: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return left, top, width and height, all even, at which a picture fits a cell without being squashed.

    >>> inset((1280, 704), (480, 264)), inset((704, 1280), (480, 264))
    ((0, 0, 480, 264), (166, 0, 146, 264))
    """
    width, height = (min(side, most) for side, most in zip(fit_size(picture, cell), cell, strict=True))
    return (cell[0] - width) // 4 * 2, (cell[1] - height) // 4 * 2, width, height


def wrap_captions(entry: ReportEntry, shown: Sequence[str], width: int, line: int) -> list[str]:
    """Return the settings of a run in lines that fit a width."""
    said = [
        replace_undrawable(f"{name} {format_setting(entry.settings[name])}") for name in shown if name in entry.settings
    ]
    return _wrapped(said, _font(line), width, _SEPARATOR)


def count_caption_lines(entries: Sequence[ReportEntry], shown: Sequence[str], layout: Layout) -> int:
    """Return how many lines the settings of the wordiest run need."""
    most = max(len(wrap_captions(entry, shown, layout.cell[0] - 2 * GAP, layout.line)) for entry in entries)
    return min(most, CAPTION_LINES)


def draw_backdrop(entries: Sequence[ReportEntry], shown: Sequence[str], layout: Layout) -> Image.Image:
    """Return a page with captions and failed runs, its pictures still dark."""
    sheet = Image.new("RGB", layout.size, GROUND)
    draw = ImageDraw.Draw(sheet)
    for index, entry in enumerate(entries):
        left, top = layout.place(index)
        width, height = layout.cell
        draw.rectangle((left, top, left + width - 1, top + height + layout.caption - 1), PANEL)
        draw.rectangle((left, top, left + width - 1, top + height - 1), DARK if entry.problem else GROUND)
        if entry.problem:
            _draw_problem(draw, entry.problem, (left, top), layout)
        _draw_caption(draw, entry, shown, (left, top + height), layout)
    return sheet


def draw_contact_sheet(
    entries: Sequence[ReportEntry], drawing: Image.Image, layout: Layout, folder: Path
) -> Image.Image:
    """Return a page with the middle frame of each run that has one; their files are in ``folder``."""
    sheet = drawing.copy()
    for index, entry in enumerate(entries):
        if entry.frame:
            with Image.open(folder / entry.frame) as picture:
                left, top = layout.place(index)
                x, y, width, height = inset(picture.size, layout.cell)
                sheet.paste(picture.resize((width, height), Image.Resampling.LANCZOS), (left + x, top + y))
    return sheet


def _draw_caption(
    draw: ImageDraw.ImageDraw, entry: ReportEntry, shown: Sequence[str], at: tuple[int, int], layout: Layout
) -> None:
    left, top = at
    line, font = layout.line, _font(layout.line)
    width = layout.cell[0] - 2 * GAP
    place = f"#{entry.rank}" if entry.rank else ""
    room = width - int(font.getlength(place)) - GAP
    draw.text((left + GAP, top + line), _cut(entry.name, font, room), BRIGHT, font, anchor="ls")
    draw.text((left + GAP + width, top + line), place, ACCENT, font, anchor="rs")
    lines = wrap_captions(entry, shown, width, line)
    if len(lines) > layout.lines:
        lines = [*lines[: layout.lines - 1], _cut(lines[layout.lines - 1] + " ...", font, width)]
    for number, text in enumerate(lines, start=2):
        draw.text((left + GAP, top + line * number), _cut(text, font, width), SOFT, font, anchor="ls")


def _draw_problem(draw: ImageDraw.ImageDraw, problem: tuple[str, str], at: tuple[int, int], layout: Layout) -> None:
    headline, sentence = problem
    (left, top), (width, height), line = at, layout.cell, layout.line
    margin = 2 * GAP
    draw.rectangle((left, top, left + 3, top + height - 1), ALARM)
    font = _font(line)
    draw.text(
        (left + margin, top + margin + line), headline.replace("_", " "), ALARM, _font(line * 5 // 4), anchor="ls"
    )
    room = max(1, (height - 2 * margin) // line - 2)
    lines = _wrapped(replace_undrawable(sentence).split(" "), font, width - 2 * margin, " ")
    if len(lines) > room:
        lines = [*lines[: room - 1], lines[room - 1] + " ..."]
    for number, text in enumerate(lines, start=1):
        draw.text(
            (left + margin, top + margin + line * (number + 1) + GAP // 2),
            _cut(text, font, width - 2 * margin),
            SOFT,
            font,
            anchor="ls",
        )


def _wrapped(parts: Sequence[str], font: Font, width: int, separator: str) -> list[str]:
    """Return parts in lines; a part that is wider than a line gets its own line."""
    lines: list[str] = []
    for part in parts:
        longer = f"{lines[-1]}{separator}{part}" if lines else part
        if lines and font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(part)
    return lines


def _cut(text: str, font: Font, width: int) -> str:
    """Return a text, or as much of its beginning as fits a width, with dots behind."""
    # No letter is narrower than a pixel, so that a text of any length is measured in little time.
    text, whole = text[:width], len(text) <= width
    if whole and font.getlength(text) <= width:
        return text
    too_long = bisect_left(range(len(text)), 1, key=lambda count: font.getlength(text[:count] + "...") > width)
    return text[: max(0, too_long - 1)] + "..."


@cache
def _font(line: int) -> Font:
    return ImageFont.load_default(line * 0.78)
