from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from cosmos_houdini.media.pictures.contact_sheet import columns, contact_sheet, write_contact_sheet
from cosmos_houdini.model.control import Pass


def picture(level: int) -> np.ndarray:
    return np.full((90, 160, 3), level, np.uint8)


def test_rows_are_passes_and_columns_are_frames_in_order():
    rows = {Pass.COLOR: {1008: picture(40), 1001: picture(200)}, Pass.DEPTH: {1001: picture(120)[..., 0]}}
    sheet = np.asarray(contact_sheet("shot", "", rows))
    tile = (90 * 240) // 160
    top = 56
    assert sheet[top + 5, 95].tolist() == [200] * 3
    assert sheet[top + 5, 95 + 248].tolist() == [40] * 3
    assert sheet[top + tile + 8 + 5, 95].tolist() == [120] * 3
    assert sheet[top + tile + 8 + 5, 95 + 248].tolist() == [24] * 3


def test_labels_are_drawn():
    sheet = np.asarray(contact_sheet("shot", "", {Pass.COLOR: {1001: picture(0)}}))
    assert (sheet[:20, :90] > 150).any()
    assert (sheet[30:56, 90:] > 150).any()
    assert (sheet[56:, :90] > 150).any()


def test_a_long_name_leaves_room_for_the_facts_and_letters_the_font_lacks_are_replaced():
    rows = {Pass.COLOR: {1001: picture(0)}}
    short, cut = (np.asarray(contact_sheet(name, "12 frames", rows))[:28] for name in ("", "a long name " * 20))
    facts = np.flatnonzero((short > 150).any(axis=(0, 2)))
    ends = np.flatnonzero((cut > 150).any(axis=(0, 2)))
    assert np.ptp(facts) < ends.max() < cut.shape[1] - 8
    drawn = [np.asarray(contact_sheet(name, "", rows)) for name in ("größe 映", "gro?e ?", "grose 映")]
    assert np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


def test_small_pictures_keep_thin_lines_bright_and_colors_of_objects_pure():
    lines = np.zeros((720, 1280, 3), np.uint8)
    lines[:, 600] = 255
    objects = np.zeros_like(lines)
    objects[:, 601:] = (0, 255, 0)
    sheet = np.asarray(contact_sheet("shot", "", {Pass.EDGE: {1: lines}, Pass.SEG: {1: objects}}))
    tile = (720 * 240) // 1280
    assert sheet[56 + 20, 90:330].max() == 255
    assert {tuple(color) for color in sheet[56 + tile + 8 + 20, 90:330]} == {(0, 0, 0), (0, 255, 0)}


def test_sheet_is_written_whole(weird_path: Path):
    path = weird_path / "shot.png"
    write_contact_sheet(path, "größe", "1 frame", {Pass.COLOR: {1: picture(9)}})
    with Image.open(path) as sheet:
        assert sheet.size == contact_sheet("größe", "1 frame", {Pass.COLOR: {1: picture(9)}}).size
    assert [p.name for p in weird_path.iterdir()] == ["shot.png"]


def test_columns_hold_the_first_and_the_last_frame():
    assert columns(range(1, 100), 4) == [1, 34, 66, 99]
    assert columns([5, 7], 6) == [5, 7]
