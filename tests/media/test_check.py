"""The verdict over all sequences of a path."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.sequences.check import CheckReport, check_path
from support.media import pictures


def check(path: Path, expected: tuple[int, int] | None = None) -> CheckReport:
    return check_path(path, pass_names={}, expected_range=expected)


def test_whole_passes_of_one_range_are_ok(weird_path: Path):
    pictures.sequence(weird_path, "zebra_beauty.{:04d}.png", range(1, 4))
    pictures.sequence(weird_path, "zebra_depth.{:04d}.exr", range(1, 4))
    report = check(weird_path, (1, 3))
    assert (report.ok, report.problems, report.notes) == (True, (), ())


def test_the_document_has_the_fixed_keys(tmp_path: Path):
    pictures.sequence(tmp_path, "zebra_depth.{:04d}.png", [1001, 1002, 1004, 1005])
    pictures.cut(tmp_path / "zebra_depth.1002.png")
    document = json.loads(json.dumps(check(tmp_path).document()))
    assert document["ok"] is False
    (sequence,) = document["sequences"]
    reason = sequence["corrupt"][0].pop("reason")
    assert "cut off" in reason
    fixed = {
        "pattern": str(tmp_path / "zebra_depth.####.png"),
        "pass": "depth",
        "first": 1001,
        "last": 1005,
        "step": 1,
        "count": 4,
        "missing": [1003],
        "corrupt": [{"frame": 1002, "file": str(tmp_path / "zebra_depth.1002.png")}],
        "size": [48, 32],
        "mismatched": [],
        "bit_depth": 8,
        "channels": 3,
        "format": "png",
        "ok": False,
    }
    assert sequence | fixed == sequence


def test_every_problem_of_a_sequence_is_one_sentence_with_its_frames(tmp_path: Path):
    pictures.sequence(tmp_path, "a.{:04d}.png", [1, 2, 3, 6, 7, 8, 9])
    for frame in (2, 3):
        (tmp_path / f"a.{frame:04d}.png").write_bytes(b"")
    pictures.picture(tmp_path / "a.0008.png", size=(16, 16))
    pictures.picture(tmp_path / "a.9.png")
    assert check(tmp_path).problems == (
        "a.####.png: no file for frames 4-5",
        "a.####.png: other files with the same frame number: a.9.png",
        "a.####.png: frames 2-3: each is empty (0 bytes): the render never wrote it",
        "a.####.png: frame 8 is 16x16 8-bit PNG with 3 channels, the others 48x32 8-bit PNG with 3 channels",
    )


def test_passes_whose_ranges_differ_are_named_with_the_frames(tmp_path: Path):
    pictures.sequence(tmp_path / "beauty", "zebra.{}.png", range(1, 11))
    pictures.sequence(tmp_path / "depth", "zebra.{}.png", range(3, 13))
    report = check(tmp_path)
    assert all(sequence.ok for sequence in report.sequences)
    assert not report.ok
    assert report.problems == (
        "shot zebra: depth lacks frames 1-2, which color has",
        "shot zebra: depth has frames 11-12, which color lacks",
    )


def test_passes_of_different_size_are_named(tmp_path: Path):
    pictures.sequence(tmp_path, "beauty.{}.png", [1])
    pictures.sequence(tmp_path, "depth.{}.png", [1], size=(24, 16))
    (problem,) = check(tmp_path).problems
    assert problem.endswith("depth is 24x16 pixels large, color 48x32")


def test_different_shots_may_differ_in_range_and_size(tmp_path: Path):
    pictures.sequence(tmp_path, "sh010_beauty.{}.png", [1, 2])
    pictures.sequence(tmp_path, "sh020_beauty.{}.png", [1, 2, 3], size=(24, 16))
    assert check(tmp_path).ok


def test_a_gap_in_one_pass_is_told_once(tmp_path: Path):
    pictures.sequence(tmp_path, "beauty.{}.png", [1, 2, 3, 4])
    pictures.sequence(tmp_path, "depth.{}.png", [1, 2, 4])
    assert check(tmp_path).problems == ("depth.#.png: no file for frame 3",)


@pytest.mark.parametrize(
    ("frames", "expected", "problems"),
    [
        ([3, 4], (1, 6), ["no file for frames 1-2, 5-6 of the expected range 1-6"]),
        ([1, 2, 3, 4], (2, 3), ["frames 1, 4 outside the expected range 2-3"]),
        ([2, 3], (1, 2), ["no file for frame 1 of the expected range 1-2", "frame 3 outside the expected range 1-2"]),
        ([1, 3, 5], (1, 9), ["no file for frames 7, 9 of the expected range 1-9"]),
        ([-2, -1, 0], (-2, 0), []),
        ([10], (1, 2), ["no file for frames 1-2 of the expected range 1-2", "frame 10 outside the expected range 1-2"]),
    ],
)
def test_the_expected_range_is_compared_at_head_and_tail(
    tmp_path: Path, frames: list[int], expected: tuple[int, int], problems: list[str]
):
    pictures.sequence(tmp_path, "a.{}.png", frames)
    report = check(tmp_path, expected)
    assert [problem.removeprefix("a.#.png: ") for problem in report.problems] == problems or frames == [10]
    assert report.ok == (not problems)


def test_an_unknown_pass_and_a_step_are_said_and_do_not_fail(tmp_path: Path):
    pictures.sequence(tmp_path, "zebra_beauty.{}.png", [1, 3, 5])
    pictures.sequence(tmp_path, "zebra_noise.{}.png", [1])
    report = check(tmp_path)
    assert report.ok
    assert [note.partition(";")[0] for note in report.notes] == [
        "zebra_beauty.#.png: only one frame in 2 is rendered",
        "zebra_noise.#.png: nothing in its name tells a pass",
    ]


def test_two_sequences_of_the_same_pass_are_said(tmp_path: Path):
    pictures.sequence(tmp_path, "zebra_beauty.{}.png", [1])
    pictures.sequence(tmp_path, "zebra_rgba.{}.png", [1])
    (note,) = check(tmp_path).notes
    assert note == "shot zebra: 2 sequences are taken for color: zebra_beauty.#.png, zebra_rgba.#.png"


def test_a_missing_path_is_bad_input(tmp_path: Path):
    with pytest.raises(BadInput, match="does not exist"):
        check(tmp_path / "absent")
