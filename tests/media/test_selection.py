from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cosmos_houdini.errors import BadInput, CheckFailed
from cosmos_houdini.media.selection import by_shot, select
from cosmos_houdini.media.sequences.discover import find_sequences
from cosmos_houdini.media.sequences.verify import verify
from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.sequence import CorruptFrame, Frame, Picture, Sequence
from support.media.clips import bars, sequence_of, write_bars, write_picture


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    return write_bars(tmp_path, 6)


def with_gap(files: list[Path], gap: int, **change: object) -> Sequence:
    whole = sequence_of(files, **change)  # type: ignore[arg-type]
    frames = tuple(frame for frame in whole.frames if frame.number != gap)
    return sequence_of(files, frames=frames, missing=(gap,), **change)  # type: ignore[arg-type]


def test_takes_every_file_of_a_whole_sequence(files: list[Path]):
    selection = select([sequence_of(files, first=-2)])[Pass.COLOR]
    assert selection.numbers == (-2, -1, 0, 1, 2, 3)
    assert selection.files == tuple(files)
    assert selection.held == ()


def test_a_range_takes_its_part_and_asks_nothing_of_the_rest(files: list[Path]):
    selection = select([with_gap(files, 6)], frame_range=(2, 4))[Pass.COLOR]
    assert selection.files == tuple(files[1:4])


def test_a_range_reaching_beyond_the_files_is_a_gap(files: list[Path]):
    with pytest.raises(CheckFailed, match="frames 7-9 are missing"):
        select([sequence_of(files)], frame_range=(2, 9))


def test_passes_of_the_same_files_tell_of_a_gap_once(files: list[Path]):
    color = with_gap(files, 3)
    with pytest.raises(CheckFailed) as caught:
        select([color, replace(color, pass_=Pass.DEPTH)])
    assert str(caught.value).count("frame 3 is missing") == 1


def test_steps_are_kept_and_a_range_need_not_begin_on_one(files: list[Path]):
    selection = select([sequence_of(files, first=10, step=3)], frame_range=(12, 20))[Pass.COLOR]
    assert selection.numbers == (13, 16, 19)


def test_a_gap_stops_and_names_the_frame(files: list[Path]):
    with pytest.raises(CheckFailed, match=r"frame 3 is missing; .*--on-gap hold"):
        select([with_gap(files, 3)])


def test_hold_shows_the_frame_before_and_lists_it(files: list[Path]):
    corrupt = (CorruptFrame(frame=4, file=files[3], reason="cut short"),)
    selection = select([with_gap(files, 3, corrupt=corrupt)], on_gap="hold")[Pass.COLOR]
    assert selection.held == (3, 4)
    assert selection.files == (files[0], files[1], files[1], files[1], files[4], files[5])


def test_nothing_can_be_held_before_the_first_frame(files: list[Path]):
    with pytest.raises(CheckFailed, match="frame 0 has no usable file"):
        select([sequence_of(files)], frame_range=(0, 6), on_gap="hold")


def test_every_problem_of_every_pass_is_named(files: list[Path]):
    corrupt = (CorruptFrame(frame=2, file=files[1], reason="checksum of chunk IDAT is wrong"),)
    with pytest.raises(CheckFailed) as caught:
        select([sequence_of(files, corrupt=corrupt), with_gap(files, 5, pass_=Pass.DEPTH)])
    assert "frame 2 is corrupt (checksum of chunk IDAT is wrong)" in str(caught.value)
    assert "frame 5 is missing" in str(caught.value)


@pytest.mark.parametrize("on_gap", ["stop", "hold"])
@pytest.mark.parametrize(
    "change",
    [{"mismatched": (4,)}, {"duplicates": (Path("shot.1.png"),)}, {"picture": None}],
)
def test_what_holding_cannot_mend_stops(files: list[Path], change: dict[str, object], on_gap: str):
    with pytest.raises(CheckFailed, match="holding frames cannot repair this"):
        select([sequence_of(files, **change)], on_gap=on_gap)  # type: ignore[arg-type]


def test_frames_of_another_size_are_named_with_both_sizes_and_a_remedy(files: list[Path]):
    write_picture(files[3], bars(3, (48, 32)))
    (found,) = verify(find_sequences(files[0].parent, {}))
    with pytest.raises(CheckFailed) as caught:
        select([found])
    told = str(caught.value)
    assert "frame 4 is 48x32 8-bit PNG with 3 channels, the others 96x64 8-bit PNG with 3 channels" in told
    assert "render them alike, or take other frames by --range" in told


def test_passes_of_different_range_are_refused_until_a_range_is_named(files: list[Path]):
    passes = [sequence_of(files), sequence_of(files[:5], pass_=Pass.DEPTH)]
    with pytest.raises(CheckFailed, match="color 1-6, depth 1-5"):
        select(passes)
    assert len(select(passes, frame_range=(1, 5))[Pass.COLOR].files) == 5


def test_passes_of_different_size_are_refused(files: list[Path]):
    small = Picture(format="png", size=(48, 32), bit_depth=8, channels=3)
    with pytest.raises(CheckFailed, match=r"color 96x64, depth 48x32 \(render all in one size"):
        select([sequence_of(files), sequence_of(files, pass_=Pass.DEPTH, picture=small)])


def test_two_sequences_of_one_pass_are_refused(files: list[Path]):
    with pytest.raises(BadInput, match="both are the color pass"):
        select([sequence_of(files), sequence_of(files, pattern="C.####.png")])


def test_a_single_unknown_sequence_is_the_colour_and_others_are_left_out(files: list[Path]):
    unknown = sequence_of(files, pass_=Pass.UNKNOWN)
    assert list(select([unknown])) == [Pass.COLOR]
    assert list(select([sequence_of(files), unknown])) == [Pass.COLOR]


def test_no_known_pass_among_several_is_refused(files: list[Path]):
    unknown = sequence_of(files, pass_=Pass.UNKNOWN)
    with pytest.raises(BadInput, match="no sequence shows a known pass"):
        select([unknown, unknown])


def test_sequences_are_gathered_by_shot(files: list[Path]):
    one, two = sequence_of(files, shot="one"), sequence_of(files, shot="two")
    assert by_shot([one, two, one]) == {"one": [one, one], "two": [two]}


def test_frame_numbers_and_files_stay_together(files: list[Path]):
    shuffled = tuple(Frame(number=frame.number, file=frame.file) for frame in sequence_of(files).frames)
    assert select([sequence_of(files, frames=shuffled)], frame_range=(6, 6))[Pass.COLOR].files == (files[5],)
