"""Sequences found by the names of files."""

from __future__ import annotations

import os
import string
import tempfile
import tracemalloc
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.sequences.discover import Unverified, find_sequences
from cosmos_houdini.media.sequences.pattern import Pattern
from cosmos_houdini.media.sequences.verify import verify
from cosmos_houdini.model.control import Pass
from support.media import pictures


def touch(folder: Path, names: Iterable[str]) -> Path:
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return folder


def one(path: Path | str) -> Unverified:
    (found,) = find_sequences(path, {})
    return found


def numbers(found: Unverified) -> list[int]:
    return [frame.number for frame in found.frames]


def by_pattern(path: Path) -> dict[str, tuple[str, str]]:
    return {
        str(Path(found.pattern).relative_to(path)): (found.shot, str(found.pass_)) for found in find_sequences(path, {})
    }


word = st.text(string.ascii_letters + "é映 '\"[]*?${}()", min_size=1, max_size=6).map(str.strip).filter(bool)
stem = st.lists(word, min_size=1, max_size=3).map("_".join)
frame_sets = st.sets(st.integers(-99_999, 99_999), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(name=stem, separator=st.sampled_from([".", "_", "._"]), padding=st.integers(1, 6), frames=frame_sets)
def test_any_name_padding_and_frames_are_found_again_exactly(name: str, separator: str, padding: int, frames: set[int]):
    pattern = Pattern(name + separator, ".png", padding)
    with tempfile.TemporaryDirectory() as folder:
        touch(Path(folder), (pattern.name(frame) for frame in frames))
        found = one(folder)
    assert numbers(found) == sorted(frames)
    assert [frame.file.name for frame in found.frames] == [pattern.name(frame) for frame in sorted(frames)]
    assert not found.duplicates


@settings(max_examples=40, deadline=None)
@given(prefix=stem, suffix=stem, padding=st.integers(1, 6), frames=st.sets(st.integers(0, 9999), min_size=2))
def test_numbers_in_the_middle_of_a_name_are_found_again_exactly(
    prefix: str, suffix: str, padding: int, frames: set[int]
):
    pattern = Pattern(f"{prefix}_v02_", f"_{suffix}_1920x1080.exr", padding)
    with tempfile.TemporaryDirectory() as folder:
        touch(Path(folder), (pattern.name(frame) for frame in frames))
        assert numbers(one(folder)) == sorted(frames)


@pytest.mark.parametrize("spelling", ["####", "#", "%04d", "%d", "$F4", "$F", "${F4}", "<F4>", "@@@@"])
def test_every_spelling_of_a_pattern_names_the_sequence(weird_path: Path, spelling: str):
    touch(weird_path, ["a[1]*.0007.png", "a[1]*.0008.png", "a[1]*.0008.exr", "other.0001.png", "a1.0009.png"])
    found = one(weird_path / f"a[1]*.{spelling}.png")
    assert numbers(found) == [7, 8]
    assert found.pattern == str(weird_path / "a[1]*.####.png")


def test_one_file_names_its_whole_sequence(weird_path: Path):
    touch(weird_path, ["a.1.png", "a.2.png", "b.1.png", "still.png"])
    assert numbers(one(weird_path / "a.2.png")) == [1, 2]
    with pytest.raises(BadInput, match=r"still\.png is no frame of an image sequence"):
        find_sequences(weird_path / "still.png", {})


@pytest.mark.parametrize(
    ("names", "pattern", "frames"),
    [
        (["a.0998.png", "a.0999.png", "a.1000.png", "a.10000.png"], "a.####.png", [998, 999, 1000, 10000]),
        (["a.8.png", "a.9.png", "a.10.png"], "a.#.png", [8, 9, 10]),
        (["a.-0002.png", "a.0000.png", "a.0001.png"], "a.####.png", [-2, 0, 1]),
        (["a_-2.png", "a_-1.png"], "a_#.png", [-2, -1]),
        (["-1.png", "0.png"], "#.png", [-1, 0]),
        (["0001.PNG", "0002.PNG"], "####.PNG", [1, 2]),
        (["shot-0001.png", "shot-0002.png"], "shot-####.png", [1, 2]),
        (["shot-0001.png", "shot0000.png"], "shot####.png", [-1, 0]),
        (["frame0001.jpeg", "frame0002.jpeg"], "frame####.jpeg", [1, 2]),
        (["v2_0001_4k.tif", "v2_0002_4k.tif"], "v2_####_4k.tif", [1, 2]),
        (["a_0007_v3.png", "a_0008_v3.png"], "a_####_v3.png", [7, 8]),
        (["a_0007_v3.png"], "a_####_v3.png", [7]),
        (["v1.png", "v2.png"], "v#.png", [1, 2]),
        (["a_20261123.1.png", "a_20261123.2.png"], "a_20261123.#.png", [1, 2]),
    ],
)
def test_the_frame_number_is_told_from_other_numbers(tmp_path: Path, names: list[str], pattern: str, frames: list[int]):
    touch(tmp_path, names)
    found = one(tmp_path)
    assert (found.pattern, numbers(found)) == (str(tmp_path / pattern), frames)


def test_another_spelling_of_the_same_number_is_a_duplicate(tmp_path: Path):
    touch(tmp_path, ["a.0001.png", "a.1.png", "a.0002.png", "a.002.png"])
    found = one(tmp_path)
    assert [frame.file.name for frame in found.frames] == ["a.0001.png", "a.0002.png"]
    assert sorted(path.name for path in found.duplicates) == ["a.002.png", "a.1.png"]


@pytest.mark.parametrize(
    ("frames", "step"), [([1, 3, 5], 2), ([1, 3, 7], 2), ([10, 5, 0, -5], 5), ([1, 2, 4], 1), ([1, 10], 1), ([1], 1)]
)
def test_the_step_is_what_three_frames_or_more_keep(tmp_path: Path, frames: list[int], step: int):
    touch(tmp_path, [f"a.{frame}.png" for frame in frames])
    assert one(tmp_path).step == step


def test_several_passes_and_shots_of_one_folder_are_told_apart(tmp_path: Path):
    touch(tmp_path, [f"{s}_{p}.{n:04d}.png" for s in ("sh010", "sh020") for p in ("beauty", "depth") for n in (1, 2)])
    assert by_pattern(tmp_path) == {
        "sh010_beauty.####.png": ("sh010", "color"),
        "sh010_depth.####.png": ("sh010", "depth"),
        "sh020_beauty.####.png": ("sh020", "color"),
        "sh020_depth.####.png": ("sh020", "depth"),
    }


def test_folders_tell_passes_and_shots(tmp_path: Path):
    touch(tmp_path, [f"{s}/{p}/walk.{n}.png" for s in ("sh010", "sh020") for p in ("rgb", "Pz") for n in (1, 2)])
    assert by_pattern(tmp_path) == {
        "sh010/rgb/walk.#.png": ("sh010_walk", "color"),
        "sh010/Pz/walk.#.png": ("sh010_walk", "depth"),
        "sh020/rgb/walk.#.png": ("sh020_walk", "color"),
        "sh020/Pz/walk.#.png": ("sh020_walk", "depth"),
    }


def test_folders_of_passes_side_by_side_are_one_shot_whatever_their_files_are_called(tmp_path: Path):
    names = ["sh010/color/frame_1.exr", "sh010/depth/z.1.exr", "sh010/seg/id.1.exr", "sh010/albedo/x.1.exr"]
    touch(tmp_path, names)
    shots = {found.shot for found in find_sequences(tmp_path, {})}
    assert shots == {"sh010_frame"}


@pytest.mark.parametrize(
    "names",
    [
        ["color/sh010.1.png", "color/sh020.1.png", "depth/sh010.1.png"],
        ["color/sh010.1.png", "depth/sh020.1.png"],
        ["sh010_color/a.1.png", "sh020_depth/b.1.png"],
        ["color/hall.1.png", "beauty/yard.1.png"],
    ],
)
def test_folders_of_passes_that_hold_several_shots_keep_them_apart(tmp_path: Path, names: list[str]):
    touch(tmp_path, names)
    assert len({found.shot for found in find_sequences(tmp_path, {})}) == 2


def test_files_called_after_their_pass_alone_belong_to_the_shot_of_the_folder(tmp_path: Path):
    folder = touch(tmp_path / "zebra", ["beauty.1.png", "depth.1.png", "seg/seg.1.png"])
    assert set(by_pattern(folder).values()) == {("zebra", "color"), ("zebra", "depth"), ("zebra", "seg")}


def test_a_lone_sequence_without_a_pass_word_is_the_colour(tmp_path: Path):
    touch(tmp_path, ["walk.1.png", "walk_depth.1.png"])
    assert by_pattern(tmp_path) == {"walk.#.png": ("walk", "color"), "walk_depth.#.png": ("walk", "depth")}


def test_the_folder_that_was_asked_for_tells_the_pass_of_a_lone_sequence(tmp_path: Path):
    folder = touch(tmp_path / "depth", ["walk.1.png"])
    assert one(folder).pass_ is Pass.DEPTH
    assert one(folder / "walk.#.png").pass_ is Pass.DEPTH


def test_what_no_word_tells_stays_unknown_beside_a_named_colour(tmp_path: Path):
    touch(tmp_path, ["walk_beauty.1.png", "walk_noise.1.png", "walk_albedo.1.png"])
    assert by_pattern(tmp_path) == {
        "walk_beauty.#.png": ("walk", "color"),
        "walk_noise.#.png": ("walk", "unknown"),
        "walk_albedo.#.png": ("walk", "unknown"),
    }


def test_the_same_pictures_in_another_format_are_left_out(tmp_path: Path):
    touch(tmp_path, ["walk.1.jpg", "walk.1.exr", "walk_depth.1.png", "walk_depth.1.exr"])
    assert by_pattern(tmp_path) == {
        "walk.#.exr": ("walk", "color"),
        "walk_depth.#.exr": ("walk", "depth"),
        "walk.#.jpg": ("walk", "unknown"),
        "walk_depth.#.png": ("walk", "unknown"),
    }


def test_a_known_layer_that_is_no_control_is_never_taken_for_the_colour(tmp_path: Path):
    touch(tmp_path, ["walk_albedo.1.png", "walk_depth.1.png"])
    assert by_pattern(tmp_path)["walk_albedo.#.png"] == ("walk", "unknown")


def test_hidden_unfinished_and_backup_files_are_left_alone(tmp_path: Path):
    touch(tmp_path, ["a.1.png", "a.2.png"])
    others = [".nfs0001.png", "a.3.tmp.png", "a.3.png.tmp", "a_bak3.png", "a.4_bak12.png", "a.5.checkpoint.exr"]
    touch(tmp_path, [*others, ".thumbs/a.9.png", "a.6.png~", "a.7.exr.mantra_checkpoint", "a.8.part.exr", "a.9.rat"])
    assert numbers(one(tmp_path)) == [1, 2]


def test_links_to_files_and_folders_are_followed_and_loops_end(tmp_path: Path):
    renders = touch(tmp_path / "store", ["a.1.png", "a.2.png"])
    shot = tmp_path / "shot"
    shot.mkdir()
    (shot / "latest").symlink_to(renders, target_is_directory=True)
    (shot / "again").symlink_to(renders, target_is_directory=True)
    (renders / "up").symlink_to(shot, target_is_directory=True)
    assert numbers(one(shot)) == [1, 2]
    (shot / "b.1.png").symlink_to(renders / "a.1.png")
    assert numbers(one(shot / "b.#.png")) == [1]


def test_a_folder_called_like_a_frame_is_no_frame(tmp_path: Path):
    touch(tmp_path, ["a.1.png", "a.2.png", "a.3.png/readme.txt"])
    assert numbers(one(tmp_path)) == [1, 2]


def test_ten_thousand_files_are_found_and_verified_in_little_memory(tmp_path: Path):
    file = tmp_path / "still.png"
    file.write_bytes(pictures.png_bytes())
    for number in range(10_000):
        os.link(file, tmp_path / f"walk_beauty.{number:05d}.png")
    tracemalloc.start()
    found = one(tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    (sequence,) = verify([found])
    assert (len(sequence.frames), sequence.step, sequence.ok) == (10_000, 1, True)
    assert peak < 40e6


@pytest.mark.parametrize("name", ["absent", "absent/a.####.png", "a.0001.png"])
def test_a_path_that_does_not_exist_is_named(tmp_path: Path, name: str):
    with pytest.raises(BadInput, match=r"absent does not exist|0001\.png does not exist") as caught:
        find_sequences(tmp_path / name, {})
    assert "name.####.png" in str(caught.value)


def test_a_folder_without_sequences_says_what_is_there_instead(tmp_path: Path):
    touch(tmp_path, ["a.0001.rat", "a.0002.rat", "walk.mp4", "still.png"])
    with pytest.raises(
        BadInput, match=r"holds no image sequence; allowed: .*\.dpx files; found files there: 2 \.rat, "
    ):
        find_sequences(tmp_path, {})


def test_an_empty_path_is_not_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(touch(tmp_path, ["a.0001.png"]))
    with pytest.raises(BadInput, match="the path of the frames is empty"):
        find_sequences("", {})


def test_an_empty_folder_says_so(tmp_path: Path):
    with pytest.raises(BadInput, match="found no files there"):
        find_sequences(tmp_path, {})


def test_a_pattern_without_files_names_the_sequences_beside_it(tmp_path: Path):
    touch(tmp_path, ["walk.0001.png", "run.1.exr"])
    with pytest.raises(BadInput, match=r"no picture file matches .*found run\.#\.exr, walk\.####\.png there"):
        find_sequences(tmp_path / "jump.####.png", {})
