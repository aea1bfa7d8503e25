"""A file appears under its name whole, whoever else writes it at the time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cosmos_houdini.whole_file import new_file, write_whole


def test_of_many_writers_at_once_one_wins_and_nothing_is_left(tmp_path: Path):
    path = tmp_path / "new" / "measures.json"
    written = [bytes([65 + number]) * 200_000 for number in range(16)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda data: write_whole(path, data), written))
    assert path.read_bytes() in written
    assert list(path.parent.iterdir()) == [path]


def test_an_error_leaves_the_file_of_before(tmp_path: Path):
    path = tmp_path / ("long" * 60)
    write_whole(path, b"before")

    def fail() -> None:
        with new_file(path) as part:
            part.write_bytes(b"half")
            raise RuntimeError("full")

    with pytest.raises(RuntimeError, match="full"):
        fail()
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [b"before"]
