from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cosmos_houdini.media.videos.probe import probe_video
from cosmos_houdini.model.job import FailureClass
from cosmos_houdini.report.entry import ReportEntry, first_sentence, list_varied
from cosmos_houdini.report.grid import (
    ALARM,
    CAPTION_LINES,
    MAX_WIDTH,
    PER_PAGE,
    count_caption_lines,
    draw_backdrop,
    draw_contact_sheet,
    plan_layout,
    split_pages,
    wrap_captions,
)
from cosmos_houdini.report.grid_video import write_grid_video
from support.jobs.report_entries import entry
from support.media import FFMPEG
from support.media.clips import decoded
from support.media.transfer_clips import write_clips

WIDE = (1280, 704)


def runs(count: int) -> list[ReportEntry]:
    return [entry(f"shot-{n:04d}", {"seed": n, "guidance": 5.0}) for n in range(1, count + 1)]


@pytest.mark.parametrize("count", [1, 2, 3, 5, 9, 16, 40])
@pytest.mark.parametrize("picture", [WIDE, (704, 1280), (64, 48), (2390, 1000)])
def test_cells_lie_apart_on_even_places_within_the_page(count: int, picture: tuple[int, int]):
    layout = plan_layout(count, picture, lines=2)
    width, height = layout.size
    assert width <= MAX_WIDTH
    assert (width % 2, height % 2) == (0, 0)
    on_page = min(count, PER_PAGE)
    boxes = [(*layout.place(n), layout.cell[0], layout.cell[1] + layout.caption) for n in range(on_page)]
    for x, y, w, h in boxes:
        assert not any(side % 2 for side in (x, y, w, layout.cell[1]))
        assert x + w <= width
        assert y + h <= height
    for (ax, ay, w, h), (bx, by, _, _) in combinations(boxes, 2):
        assert abs(ax - bx) >= w or abs(ay - by) >= h


def test_every_page_has_the_same_columns_and_a_run_its_place():
    entries = runs(PER_PAGE + 3)
    layout = plan_layout(len(entries), WIDE, lines=1)
    first, last = split_pages(entries)
    assert [len(first), len(last)] == [PER_PAGE, 3]
    short = layout.of_page(len(last))
    assert (short.columns, short.cell, short.place(2)) == (layout.columns, layout.cell, layout.place(2))
    assert short.rows == 1


def test_only_what_differs_is_written_below_a_picture():
    entries = runs(3)
    assert list_varied(entries) == ("seed",)
    assert wrap_captions(entries[1], list_varied(entries), 400, 20) == ["seed 2"]


def test_many_settings_are_broken_into_lines_and_cut_at_the_most():
    settings = {f"parameter_{n}": "x" * 20 for n in range(30)}
    entries = [entry("a", settings), entry("b", dict.fromkeys(settings, "y"))]
    layout = plan_layout(2, WIDE, lines=0)
    assert count_caption_lines(entries, list_varied(entries), layout) == CAPTION_LINES


def test_a_failed_run_is_a_dark_cell_with_its_reason():
    entries = [entry("a", {"seed": 1}), entry("b", {"seed": 2}, failure=(FailureClass.OOM, "out of memory"))]
    layout = plan_layout(2, WIDE, lines=1)
    sheet = np.asarray(draw_backdrop(entries, ("seed",), layout)).astype(int)
    cells = []
    for index in range(2):
        left, top = layout.place(index)
        cells.append(sheet[top : top + layout.cell[1], left : left + layout.cell[0]])
    reddish = [(np.abs(cell - np.array(ALARM)).max(axis=2) < 40).sum() for cell in cells]
    assert reddish[0] == 0
    assert reddish[1] > 300
    assert cells[1].mean() < 60


def test_letters_that_the_font_lacks_are_no_empty_boxes():
    sheets = []
    for told in ("/home/müller is full", "/home/muller is full"):
        failed = [entry("shot-0001", {"seed": 1}, failure=(FailureClass.DISK_FULL, told))]
        sheets.append(np.asarray(draw_backdrop(failed, (), plan_layout(1, WIDE, lines=1))))
    assert np.array_equal(*sheets)


@pytest.mark.parametrize(
    "text", ["", "x" * 5000, "line\nbreak\x1b[31m", "größe 映画 \U0001f600", "word " * 900], ids=repr
)
def test_any_text_fits_its_cell(text: str):
    bad = entry(text or "a", {"seed": text}, failure=(FailureClass.ENGINE_ERROR, first_sentence(text)))
    layout = plan_layout(4, WIDE, lines=CAPTION_LINES)
    sheet = np.asarray(draw_backdrop([bad], ("seed",), layout))
    left, top = layout.place(1)
    assert (sheet[top : top + layout.cell[1] + layout.caption, left:] == sheet[-1, -1]).all()


def test_pictures_are_set_at_the_places_of_their_runs(tmp_path: Path):
    entries = []
    for number, colour in enumerate([(250, 0, 0), (0, 0, 250)]):
        Image.new("RGB", (160, 88), colour).save(tmp_path / f"{number}.png")
        entries.append(entry(f"run{number}", {"seed": number}, frame=f"{number}.png"))
    layout = plan_layout(2, WIDE, lines=1)
    sheet = draw_contact_sheet(entries, draw_backdrop(entries, ("seed",), layout), layout, tmp_path)
    middles = [tuple(p + s // 2 for p, s in zip(layout.place(n), layout.cell, strict=True)) for n in range(2)]
    assert [sheet.getpixel(middle) for middle in middles] == [(250, 0, 0), (0, 0, 250)]


def test_the_video_has_the_drawing_and_every_result_at_its_place(weird_path: Path):
    roles = write_clips(weird_path, "color", "seg", frames=4, size=(96, 64))
    clips = {0: probe_video(roles["seg"], ffmpeg=FFMPEG), 2: probe_video(roles["color"], ffmpeg=FFMPEG)}
    entries = [entry(f"run{n}", {"seed": n}, clip=clips.get(n)) for n in range(3)]
    entries[1] = entry("run1", {"seed": 1}, failure=(FailureClass.OOM, "out of memory"))
    layout = plan_layout(3, (96, 64), lines=1)
    drawing, path = weird_path / "grid.png", weird_path / "grid.mp4"
    picture = draw_backdrop(entries, ("seed",), layout)
    picture.save(drawing)
    write_grid_video(path, drawing, clips, layout, ffmpeg=FFMPEG)
    facts = probe_video(path, ffmpeg=FFMPEG)
    assert (facts.frames, facts.size, facts.fps) == (4, layout.size, 24)
    shown = decoded(path)[3].astype(int)
    for index, role in ((0, "seg"), (2, "color")):
        wanted = Image.fromarray(decoded(roles[role])[3]).resize(layout.cell, Image.Resampling.BOX)
        left, top = layout.place(index)
        found = shown[top : top + layout.cell[1], left : left + layout.cell[0]]
        assert np.abs(found - np.asarray(wanted).astype(int)).mean() < 12
    left, top = layout.place(1)
    failed = shown[top : top + layout.cell[1], left : left + layout.cell[0]]
    drawn = np.asarray(picture)[top : top + layout.cell[1], left : left + layout.cell[0]].astype(int)
    assert np.abs(failed - drawn).mean() < 6


def test_a_shorter_result_stands_still_and_another_rate_keeps_its_speed(tmp_path: Path):
    (tmp_path / "b").mkdir()
    long = probe_video(write_clips(tmp_path, "color", frames=12, fps=24)["color"], ffmpeg=FFMPEG)
    slow = probe_video(write_clips(tmp_path / "b", "color", frames=4, fps=12)["color"], ffmpeg=FFMPEG)
    entries = [entry("a", {"seed": 1}, clip=long), entry("b", {"seed": 2}, clip=slow)]
    layout = plan_layout(2, long.size, lines=1)
    draw_backdrop(entries, ("seed",), layout).save(tmp_path / "grid.png")
    write_grid_video(tmp_path / "grid.mp4", tmp_path / "grid.png", {0: long, 1: slow}, layout, ffmpeg=FFMPEG)
    frames = decoded(tmp_path / "grid.mp4").astype(int)
    left, top = layout.place(1)
    cells = frames[:, top : top + layout.cell[1], left : left + layout.cell[0]]
    changes = np.abs(np.diff(cells, axis=0)).mean(axis=(1, 2, 3))
    assert len(frames) == 12
    assert (changes[[1, 3, 5]] > 3 * changes[[0, 2, 4]]).all()
    assert (changes[7:] < changes[1] / 3).all()
