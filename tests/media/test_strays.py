"""Copies, unfinished files and sub-frames beside the frames of a sequence."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.sequences.discover import Unverified, find_sequences
from cosmos_houdini.media.sequences.strays import stray
from cosmos_houdini.media.sequences.subframes import find_subframes

FRAMES = ("shot.0001.png", "shot.0002.png", "shot.0003.png")

COPIES = (
    *("shot.0003 - Copy.png", "shot.0003 - Copy (2).png", "Copy of shot.0003.png", "Copy (2) of shot.0003.png"),
    *("shot.0003 (1).png", "shot.0003(12).png", "shot.0003 copy.png", "shot.0003 copy 2.png", "shot.0003_copy.png"),
    *("shot.0003 (copy).png", "shot.0003 (another copy).png", "shot.0003 (3rd copy).png", "shot.0003 [1].png"),
    *("shot.0003 - Kopie.png", "Kopie von shot.0003.png", "shot.0003 (Kopie).png", "shot.0003 - Copie.png"),
    *("shot.0003 - copia.png", "shot.0003 - Cópia.png", "shot.0003 - Kopia.png", "shot.0003 - Копия.png"),
    *("shot.0003 - コピー.png", "shot.0003のコピー.png", "shot.0003 - 副本.png", "shot.0003 - 복사본.png"),
    *("shot.0003 (Ann's conflicted copy 2026-01-01).png", "shot.0003.sync-conflict-20260101-101010-ABCDEFG.png"),
)
UNFINISHED = (
    *(
        "shot.0003.rstmp.png",
        "rs_tmp_shot.0003.png",
        "shot.0003_partial.png",
        "shot.0003.tmp.png",
        "shot.0003.part.png",
    ),
    *(
        "shot.rstmp.0003.png",
        "shot_partial.0003.png",
        "shot.0003.checkpoint.png",
        "~shot.0003.png",
        "shot.0003_tmp.png",
    ),
)


def found(folder: Path, *names: str) -> tuple[Unverified, ...]:
    for name in names:
        (folder / name).touch()
    return find_sequences(folder, {})


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_is_named_and_left_aside(tmp_path: Path, name: str):
    (sequence,) = found(tmp_path, *FRAMES, name)
    assert [frame.file.name for frame in sequence.frames] == list(FRAMES)
    assert [(each.reason, [file.name for file in each.files]) for each in sequence.aside] == [("a copy", [name])]
    told = stray(name)
    assert told
    assert told.original == "shot.0003.png"


@pytest.mark.parametrize("name", UNFINISHED)
def test_an_unfinished_file_is_named_and_left_aside(tmp_path: Path, name: str):
    (sequence,) = found(tmp_path, *FRAMES, name)
    assert [frame.file.name for frame in sequence.frames] == list(FRAMES)
    assert [each.reason for each in sequence.aside] == ["not finished by the program that writes it"]


def test_a_copy_of_a_frame_that_is_lost_does_not_take_its_place(tmp_path: Path):
    (sequence,) = found(tmp_path, "shot.0001.png", "shot.0002 - Copy.png", "shot.0003.png")
    assert [frame.number for frame in sequence.frames] == [1, 3]


@pytest.mark.parametrize(
    "names",
    [
        ("shot (1).png", "shot (2).png", "shot (3).png"),
        ("walk_copy.0001.png", "walk_copy.0002.png"),
        ("photocopy.0001.png", "photocopy.0002.png"),
        ("temperature.0001.png", "temperature.0002.png"),
        ("second_part.0001.png", "second_part.0002.png"),
        ("shot.0001 - Copy.png", "shot.0002 - Copy.png"),
    ],
)
def test_a_sequence_that_is_only_called_like_a_copy_is_one(tmp_path: Path, names: tuple[str, ...]):
    (sequence,) = found(tmp_path, *names)
    assert [frame.file.name for frame in sequence.frames] == list(names)
    assert not sequence.aside


def test_a_stray_named_as_the_path_says_what_it_is(tmp_path: Path):
    found(tmp_path, *FRAMES, "shot.0003 - Copy.png")
    with pytest.raises(BadInput, match=r"Copy\.png is no frame of an image sequence: it is a copy"):
        find_sequences(tmp_path / "shot.0003 - Copy.png", {})


@pytest.mark.parametrize("shares", [("00", "50"), ("00", "25", "50", "75"), ("000", "333", "667"), ("0", "5")])
def test_whole_frames_are_taken_and_subframes_left_aside(tmp_path: Path, shares: tuple[str, ...]):
    (sequence,) = found(tmp_path, *(f"a.{frame}.{share}.png" for frame in (1001, 1002, 1003) for share in shares))
    assert [frame.file.name for frame in sequence.frames] == [f"a.{n}.{shares[0]}.png" for n in (1001, 1002, 1003)]
    (aside,) = sequence.aside
    assert (len(aside.files), aside.reason) == (
        3 * (len(shares) - 1),
        "a sub-frame, and videos are made of whole frames",
    )


def test_a_pattern_without_subframes_is_answered_with_the_one_of_whole_frames(tmp_path: Path):
    found(tmp_path, *(f"a.{frame}.{share}.png" for frame in (1001, 1002) for share in ("00", "50")))
    with pytest.raises(BadInput, match=r"no picture file matches .*found a\.####\.00\.png there"):
        find_sequences(tmp_path / "a.####.png", {})


def test_subframes_beside_frames_without_a_share_are_left_aside(tmp_path: Path):
    names = ("a.1001.exr", "a.1001.5.exr", "a.1002.exr", "a.1002.5.exr")
    (sequence,) = found(tmp_path, *names)
    assert [frame.file.name for frame in sequence.frames] == ["a.1001.exr", "a.1002.exr"]
    assert len(sequence.aside[0].files) == 2


def test_subframes_without_a_whole_frame_are_refused_as_such(tmp_path: Path):
    with pytest.raises(BadInput, match="is a sub-frame, and no whole frame is beside it"):
        found(tmp_path, *(f"a.{frame}.{share}.png" for frame in (1, 2, 3) for share in ("25", "75")))


@pytest.mark.parametrize(
    "names",
    [
        [f"sh.{shot}.{frame}.png" for shot in ("0010", "0020") for frame in (1001, 1002)],
        [f"sh.{version}.{frame:04}.png" for version in (1, 2) for frame in (1, 2)],
        [f"a_20261123.{frame}.png" for frame in (1, 2)],
        ["a.1001.50.png"],
    ],
)
def test_two_numbers_of_other_kinds_are_no_subframes(names: list[str]):
    assert find_subframes(names) == []


def test_a_number_that_is_too_long_for_a_frame_is_told(tmp_path: Path):
    with pytest.raises(BadInput, match=r"has the number 1234567890, and a frame number has at most 6 digits"):
        found(tmp_path, "a.1234567890.png", "a.1234567891.png")
