"""The README's examples do what the README says, on a machine without configuration."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from cosmos_houdini.cli import main
from cosmos_houdini.cli.commands import COMMANDS
from cosmos_houdini.demo import demonstration
from cosmos_houdini.media.videos.probe import probe_video
from support.media import FFMPEG
from support.pages import ROOT, blocks, command_lines

README = ROOT / "README.md"
IMAGE_LIMIT_BYTES = 250_000


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the demonstration's shot, shorter and smaller than the one that people see."""
    folder = tmp_path_factory.mktemp("readme")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(demonstration, "FRAMES", (1001, 1003))
        patch.setattr(demonstration, "CAMERA", replace(demonstration.CAMERA, resolution=(160, 90)))
        assert main(["demo"]) == 0
        assert main(first_example()) == 0
    return folder


def first_example() -> list[str]:
    """Return the first call of ``cosmos-houdini`` in the README."""
    return next(iter(command_lines(README)))


def calls(command: str) -> list[list[str]]:
    return [words for words in command_lines(README) if words[0] == command]


def write_randomization(folder: Path) -> None:
    (block,) = (block for block in blocks(README, "yaml") if block.startswith("# rain.yaml\n"))
    (folder / "rain.yaml").write_text(block, encoding="utf-8")


def test_the_first_example_makes_a_verified_result_of_every_frame(project: Path) -> None:
    assert first_example()[0] == "submit"
    (result,) = (project / "cosmos_out" / "courtyard").glob("*/result.mp4")
    assert probe_video(result, ffmpeg=FFMPEG).frames == 3


def test_the_first_example_again_runs_nothing(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    assert main(first_example()) == 0
    assert "has succeeded before" in capfd.readouterr().err
    assert len(list((project / "cosmos_out" / "courtyard").glob("*/result.mp4"))) == 1


def test_the_batch_is_made_listed_and_run_as_written(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    write_randomization(project)
    (create,) = calls("create-batch")
    listed, run, *_ = calls("run-batch")
    assert "--dry-run" in listed
    assert main(create) == 0
    capfd.readouterr()
    assert main(listed) == 0
    named = set(re.findall(r"courtyard-\d{4}", capfd.readouterr().out))
    assert len(named) == int(create[create.index("--count") + 1])
    (promote,) = calls("promote")
    assert set(promote[2:]) <= named
    assert main(run) == 0
    assert (project / "cosmos_out" / "rain.csv").is_file()
    assert (project / "cosmos_out" / "rain.summary.txt").is_file()


def test_the_two_scripts_are_there() -> None:
    first = blocks(README, "sh")[0]
    for line in first.splitlines():
        assert (ROOT / shlex.split(line, comments=True)[0]).is_file(), line


def test_the_first_screen_shows_a_small_picture() -> None:
    image = re.search(r"!\[[^\]]+\]\((\S+)\)", "\n".join(README.read_text(encoding="utf-8").splitlines()[:20]))
    assert image is not None
    assert (ROOT / image[1]).stat().st_size < IMAGE_LIMIT_BYTES


def test_the_table_of_commands_has_every_command() -> None:
    (_, section) = README.read_text(encoding="utf-8").split("\n## Commands\n")
    rows = re.findall(r"^\| (`.+?) \|", section.partition("\n## ")[0], re.MULTILINE)
    named = {word for row in rows for span in re.findall(r"`([^`]+)`", row) for word in span.split()[:1]}
    assert set(COMMANDS) - named == set()


def python_examples() -> list[str]:
    return blocks(README, "python")


def test_the_python_examples_run_as_written(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    names: dict[str, object] = {}
    for example in python_examples():
        # Sixteen runs show no more than two.
        exec(compile(example.replace("range(8)", "range(1)"), "README.md", "exec"), names)  # noqa: S102 - the README's own text
    assert Path(capsys.readouterr().out.strip().splitlines()[0]).is_file()
