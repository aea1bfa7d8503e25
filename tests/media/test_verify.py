"""Sequences verified file by file."""

from __future__ import annotations

import os
import shutil
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from cosmos_houdini.media.sequences.discover import find_sequences
from cosmos_houdini.media.sequences.verify import verify
from cosmos_houdini.model.sequence import Sequence
from support.media import pictures


def verified(path: Path) -> Sequence:
    (sequence,) = verify(find_sequences(path, {}))
    return sequence


@pytest.mark.parametrize("suffix", pictures.SUFFIXES)
def test_whole_sequences_of_every_format_are_ok(weird_path: Path, suffix: str):
    pictures.sequence(weird_path, f"a.{{:04d}}{suffix}", range(1001, 1004))
    sequence = verified(weird_path)
    assert sequence.ok
    assert (sequence.first, sequence.last, sequence.step, len(sequence.frames)) == (1001, 1003, 1, 3)
    assert sequence.picture
    assert sequence.picture.size == (48, 32)


@pytest.mark.parametrize("suffix", pictures.SUFFIXES)
def test_each_damaged_file_is_named_with_its_reason(weird_path: Path, suffix: str):
    files = pictures.sequence(weird_path, f"a.{{}}{suffix}", range(1, 6))
    files[1].write_bytes(b"")
    pictures.cut(files[3])
    sequence = verified(weird_path)
    assert not sequence.ok
    assert [(corrupt.frame, corrupt.file) for corrupt in sequence.corrupt] == [(2, files[1]), (4, files[3])]
    assert ["empty" in corrupt.reason for corrupt in sequence.corrupt] == [True, False]
    assert "cut off while writing" in sequence.corrupt[1].reason


def test_a_wrong_checksum_is_named(tmp_path: Path):
    files = pictures.sequence(tmp_path, "a.{}.png", range(3))
    pictures.flip(files[1], -20)
    (corrupt,) = verified(tmp_path).corrupt
    assert corrupt.frame == 1
    assert "wrong checksum in its IDAT chunk" in corrupt.reason


@pytest.mark.parametrize("suffix", pictures.SUFFIXES)
def test_without_checksums_each_cut_or_empty_file_is_found_all_the_same(tmp_path: Path, suffix: str):
    files = pictures.sequence(tmp_path, f"a.{{}}{suffix}", range(1, 7))
    files[1].write_bytes(b"")
    pictures.cut(files[3])
    files[4].write_bytes(files[4].read_bytes()[:40])
    (with_, without) = (verify(find_sequences(tmp_path, {}), checksums=checksums)[0] for checksums in (True, False))
    assert without == with_
    assert [corrupt.frame for corrupt in without.corrupt] == [2, 4, 5]


def test_without_checksums_wrong_ones_pass(tmp_path: Path):
    files = pictures.sequence(tmp_path, "a.{}.png", range(3))
    pictures.flip(files[1], -20)
    assert verify(find_sequences(tmp_path, {}), checksums=False)[0].ok


def test_gaps_are_counted_in_steps(tmp_path: Path):
    pictures.sequence(tmp_path, "a.{}.png", [-4, -2, 2, 8])
    sequence = verified(tmp_path)
    assert (sequence.step, sequence.missing, sequence.ok) == (2, (0, 4, 6), False)


def test_a_duplicate_is_not_ok(tmp_path: Path):
    pictures.sequence(tmp_path, "a.{:04d}.png", [1, 2])
    shutil.copy(tmp_path / "a.0001.png", tmp_path / "a.1.png")
    sequence = verified(tmp_path)
    assert (sequence.duplicates, sequence.ok) == ((tmp_path / "a.1.png",), False)


@pytest.mark.parametrize(
    ("shape", "dtype", "words"),
    [
        ((24, 48, 3), np.uint8, "48x24 8-bit"),
        ((32, 48, 3), np.uint16, "48x32 16-bit"),
        ((32, 48, 4), np.uint8, "4 channels"),
    ],
)
def test_frames_unlike_the_others_are_named_with_what_they_are(
    tmp_path: Path, shape: tuple[int, int, int], dtype: type, words: str
):
    pictures.sequence(tmp_path, "a.{}.png", range(1, 8))
    for frame in (2, 3, 6):
        pictures.write(tmp_path / f"a.{frame}.png", np.zeros(shape, dtype))
    sequence = verified(tmp_path)
    assert (sequence.mismatched, sequence.ok) == ((2, 3, 6), False)
    (difference,) = sequence.differences
    assert difference.startswith("frames 2-3, 6 are ")
    assert words in difference


def test_float_frames_among_half_frames_are_named(tmp_path: Path):
    pictures.sequence(tmp_path, "a.{}.exr", range(3))
    pictures.write(tmp_path / "a.1.exr", pictures.ramp(dtype=np.float32))
    assert verified(tmp_path).mismatched == (1,)


def test_a_sequence_without_one_readable_file_is_not_ok(tmp_path: Path):
    for number in (1, 2):
        (tmp_path / f"a.{number}.dpx").touch()
    sequence = verified(tmp_path)
    assert (sequence.picture, sequence.ok, len(sequence.corrupt)) == (None, False, 2)


def test_a_lost_link_is_damage_and_no_gap(tmp_path: Path):
    pictures.sequence(tmp_path, "a.{}.png", [1, 3])
    (tmp_path / "a.2.png").symlink_to(tmp_path / "gone.png")
    sequence = verified(tmp_path)
    assert sequence.missing == ()
    assert [corrupt.frame for corrupt in sequence.corrupt] == [2]


@pytest.fixture
def _without_privileges() -> Iterator[None]:
    """Run as an ordinary user, since root may read everything."""
    if os.geteuid() == 0:
        os.seteuid(65534)
        yield
        os.seteuid(0)
    else:
        yield


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """Return a folder that every user may enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_file_that_may_not_be_read_is_named(public_folder: Path, request: pytest.FixtureRequest):
    pictures.sequence(public_folder, "a.{}.png", [1, 2, 3])
    (public_folder / "a.2.png").chmod(0)
    request.getfixturevalue("_without_privileges")
    (corrupt,) = verified(public_folder).corrupt
    assert (corrupt.frame, corrupt.reason) == (2, "cannot be read: Permission denied")


def test_every_file_is_reported_once(tmp_path: Path):
    pictures.sequence(tmp_path, "beauty.{}.png", range(5))
    pictures.sequence(tmp_path, "depth.{}.png", range(4))
    (tmp_path / "depth.2.png").write_bytes(b"")
    calls: list[int] = []
    verify(find_sequences(tmp_path, {}), on_frame=calls.append)
    assert sum(calls) == 9


def test_an_interruption_stops_the_work(tmp_path: Path):
    pictures.sequence(tmp_path, "a.{}.png", range(50))

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verify(find_sequences(tmp_path, {}), on_frame=interrupt)


def test_memory_holds_the_files_of_the_threads_and_no_more(tmp_path: Path):
    data = pictures.png_bytes(between=[pictures.chunk(b"zzZz", bytes(1_000_000))])
    for number in range(100):
        (tmp_path / f"a.{number}.png").write_bytes(data)
    found = find_sequences(tmp_path, {})
    tracemalloc.start()
    (sequence,) = verify(found)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sequence.ok
    assert peak < 12e6
