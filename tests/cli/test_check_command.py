"""The command ``check``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cosmos_houdini.scene.reader import read_scene
from support.houdini import hip_files
from support.media import pictures

SOURCES = Path(__file__).parents[2] / "python3.10libs"


def check(*argv: object, folder: Path | None = None) -> tuple[int, str, str]:
    """Run the command as a user does; return exit code, standard output and standard error."""
    command = [sys.executable, "-m", "cosmos_houdini", "check", *map(str, argv)]
    environment = os.environ | {"PYTHONPATH": str(SOURCES), "COLUMNS": "80"}
    done = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", env=environment, cwd=folder, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_whole_sequences_end_with_exit_code_0(weird_path: Path):
    pictures.sequence(weird_path, "walk.{:04d}.png", range(1, 4))
    status, out, err = check(weird_path)
    assert (status, err) == (0, "")
    assert "walk.####.png" in out
    assert "all 3 files are present and complete" in out


def test_json_is_the_only_output_and_comes_with_a_failure_too(tmp_path: Path):
    pictures.sequence(tmp_path, "walk.{:04d}.png", [1, 2, 4])
    status, out, err = check(tmp_path / "walk.$F4.png", "--json")
    document = json.loads(out)
    assert (status, err, document["ok"], document["sequences"][0]["missing"]) == (1, "", False, [3])


def test_problems_are_printed_below_a_table_of_80_columns(tmp_path: Path):
    pictures.sequence(tmp_path, "[red]a_rather_long_name_of_a_shot_depth.{:04d}.exr", [1001, 1003])
    (tmp_path / "still.0001.png").touch()
    status, out, _ = check(tmp_path)
    table, _, sentences = out.partition("✗")
    assert status == 1
    assert max(map(len, table.splitlines())) <= 80
    assert "1001-1003 (2)" in table
    assert "unreadable" in table
    assert "[red]a_rather_long_name_of_a_shot_depth.####.exr: no file for frame 1002" in sentences


def test_a_given_range_is_compared(tmp_path: Path):
    pictures.sequence(tmp_path, "walk.{}.png", [1, 2])
    assert check(tmp_path, "--range", "1-2")[0] == 0
    status, out, _ = check(tmp_path, "--range", "-1-3")
    assert status == 1
    assert "no file for frames -1-0, 3 of the expected range -1-3" in out


def test_the_range_of_a_scene_is_compared(tmp_path: Path):
    scene = hip_files.write_hip(tmp_path)
    first, last = read_scene(scene).frame_range
    pictures.sequence(tmp_path / "render", "walk.{}.png", range(first, last + 1), size=(2, 2))
    assert check(tmp_path / "render", "--hip", scene)[0] == 0
    (tmp_path / "render" / f"walk.{last}.png").unlink()
    status, out, _ = check(tmp_path / "render", "--hip", scene)
    assert status == 1
    assert f"no file for frame {last} of the expected range {first}-{last}" in out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--range", "3-1"], "runs backwards"),
        (["--range", "x"], "'x' is no range"),
        (["--range", "1-2", "--hip", "a.hip"], "--hip and --range both name a range"),
        (["--hip", "absent.hip"], "absent.hip"),
    ],
)
def test_bad_options_end_with_one_line_and_exit_code_2(tmp_path: Path, options: list[str], words: str):
    pictures.sequence(tmp_path, "walk.{}.png", [1, 2])
    status, out, err = check(tmp_path, *options)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert words in err


@pytest.mark.parametrize("name", ["absent", "absent.####.png", "."])
def test_a_path_without_sequences_ends_with_one_line_and_exit_code_2(tmp_path: Path, name: str):
    status, out, err = check(tmp_path / name, "--json")
    assert (status, err.count("\n")) == (2, 1)
    assert json.loads(out)["error"]["exit_code"] == 2


def test_words_of_the_configuration_tell_passes(tmp_path: Path):
    pictures.sequence(tmp_path, "walk_entfernung.{}.png", [1])
    (tmp_path / "cosmos-houdini.yaml").write_text("passes: {depth: [entfernung]}\n")
    _, out, _ = check(tmp_path, "--json", folder=tmp_path)
    document = json.loads(out)
    assert [sequence["pass"] for sequence in document["sequences"]] == ["depth"]
