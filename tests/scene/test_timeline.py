"""Frame rate, ranges, version and saving time."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosmos_houdini.errors import BadInput
from cosmos_houdini.scene import read_scene
from cosmos_houdini.scene.timeline import parse_timeline
from cosmos_houdini.scene.variables import parse_variables, saved_at
from support.houdini import hip_files

HIP = Path("shot.hip")


@given(st.integers(-1000, 100_000), st.integers(0, 10_000), st.sampled_from([12, 23.976, 24, 25, 29.97, 30, 48, 60]))
def test_ranges_come_back_from_seconds(first: int, more: int, fps: float):
    start, end = (first - 1) / fps, (first + more) / fps
    text = f"tcur {start!r}\nfps {fps!r}\ntset {start!r} {end:.6g}\nfrange 1 2.5\n"
    timeline = parse_timeline(text, HIP)
    assert (timeline.first, timeline.current, timeline.fps) == (first, first, fps)
    if first + more < 1000:  # Houdini keeps six digits of the end
        assert timeline.last == first + more
    assert timeline.playback == (1, 2.5)


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        ("fps 24", ""),
        ("fps 24", "fps 0"),
        ("fps 24", "fps nan"),
        ("fps 24", "fps `system(id)`"),
        ("fps 24", "fps 1e308"),
        ("tset 0 10", "tset 0"),
        ("tset 0 10", "tset 0 inf"),
        ("frange 1 240", "frange one two"),
        ("tcur 0", "tcur"),
    ],
)
def test_a_start_that_makes_no_sense_is_named(tmp_path: Path, line: str, changed: str):
    path = hip_files.write_hip(tmp_path, start=hip_files.START.replace(line, changed))
    with pytest.raises(BadInput, match=rf"shot\.hip.*{line.partition(' ')[0]}"):
        read_scene(path)


def test_a_scene_without_start_is_named(tmp_path: Path):
    path = tmp_path / "shot.hip"
    path.write_bytes(hip_files.cpio([(".variables", hip_files.VARIABLES)]))
    with pytest.raises(BadInput, match=r"holds no entry '\.start'"):
        read_scene(path)


@pytest.mark.parametrize(
    "version", ["12.5.371", "13.0.575", "16.5.495", "18.0.391.1", "19.5.303", "20.5.332", "21.0.631", "22.0.368"]
)
def test_versions_are_told(tmp_path: Path, version: str):
    path = hip_files.write_hip(tmp_path, variables=hip_files.VARIABLES.replace("20.5.332", version))
    assert read_scene(path).houdini_version == version


def test_a_scene_without_variables_has_no_version_and_the_time_of_the_archive(tmp_path: Path):
    path = hip_files.write_hip(tmp_path, variables="")
    assert read_scene(path).houdini_version is None
    assert read_scene(path).saved_at == "2024-01-12T21:44:35+00:00"


@pytest.mark.parametrize(
    ("local", "written_s", "expected"),
    [
        ("Thu Jun  4 10:42:29 2020", 1591224149, "2020-06-04T10:42:29+12:00"),
        ("Thu Jun  4 04:12:29 2020", 1591224151, "2020-06-04T04:12:29+05:30"),
        ("Tue Jul 14 23:40:27 2020", 1698930661, "2020-07-14T23:40:27"),
        ("Tue Jul 14 23:40:27 2020", 0, "2020-07-14T23:40:27"),
        ("no date", 1591224149, "2020-06-03T22:42:29+00:00"),
        ("no date", 0, None),
    ],
)
def test_saving_time(local: str, written_s: int, expected: str | None):
    assert saved_at({"_HIP_SAVETIME": local}, written_s) == expected


def test_variables_with_quotes_and_backslashes():
    text = "set -g JOB = 'C:\\jobs\\'\nset -l WHO = 'it\\'s me'\nset -g E = ''\nnonsense\n"
    assert parse_variables(text) == {"JOB": "C:\\jobs\\", "WHO": "it's me", "E": ""}
