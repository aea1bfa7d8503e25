"""scripts/cosmos_submit.py: the command line's own submit, with the frames rendered first where that is asked."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from cosmos_houdini.houdini.environment import ROOT
from cosmos_houdini.houdini.hython import shot_arguments
from cosmos_houdini.houdini.hython import submit as submit_script
from support.houdini import fake_hou
from support.houdini.houdini_session import Session
from support.houdini.hython import hython
from support.media.clips import bars, write_picture
from support.media.shot_files import NODE, ShotOnDisk, make_shot

PROMPT = 'A "wet" street; $(rain) & größe'


@pytest.fixture
def shot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ShotOnDisk:
    return make_shot(tmp_path, monkeypatch)


def test_the_plan_is_byte_for_byte_that_of_the_command_line(
    shot: ShotOnDisk, capfd: pytest.CaptureFixture[str]
) -> None:
    options = ["--set", "seed=7", "--weights", "0", "0", "0.5", "0", "--dry-run", "--json"]
    assert shot.submit("--output", NODE, *options, prompt=PROMPT) == 0
    expected = capfd.readouterr().out
    done = hython(ROOT / "scripts" / "cosmos_submit.py", shot.hip, "--rop", NODE, "--prompt", PROMPT, *options)
    assert done.returncode == 0, done.stderr
    assert done.stdout == expected


def test_a_farm_job_renders_submits_and_prints_the_results(
    houdini: Session, shot: ShotOnDisk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    waiting = tmp_path / "not rendered yet"
    shot.renders.rename(waiting)
    houdini.on_render = lambda _: shutil.move(waiting, shot.renders)
    assert submit_script.main([str(shot.hip), "--rop", NODE, "--render", "--prompt", PROMPT]) == 0
    printed = capsys.readouterr()
    assert houdini.rendered == [(NODE, (1, 5, 1))]
    assert any(Path(line).name == "result.mp4" and Path(line).is_file() for line in printed.out.splitlines())
    assert "verified and encoded 5 frames" in printed.err


def test_a_given_range_is_rendered_and_submitted(
    houdini: Session, shot: ShotOnDisk, capsys: pytest.CaptureFixture[str]
) -> None:
    houdini.on_render = lambda _: [write_picture(shot.file("color", frame), bars(frame + 9)) for frame in (2, 3, 4)]
    arguments = ["--rop", NODE, "--render", "--range", "2-4", "--prompt", PROMPT, "--dry-run"]
    assert submit_script.main([str(shot.hip), *arguments]) == 0
    assert houdini.rendered == [(NODE, (2, 4, 1))]
    assert json.loads(capsys.readouterr().out)["frames"] == 3


@pytest.mark.usefixtures("houdini")
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--render"], 2, ["--rop"]),
        (["--render", "--rop", "/out/mantra"], 2, ["/out/mantra1", "did you mean"]),
        (["--render", "--rop", NODE, "--range", "4"], 2, ["'4' is no range"]),
        (["--rop", NODE, "--host", "gpu9"], 2, ["gpu9", "local", "log: "]),
        (["--rop", NODE, "--rangee", "1-2"], 2, ["--rangee"]),
    ],
)
def test_what_is_wrong_is_one_line_and_an_exit_code(
    shot: ShotOnDisk,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    words: list[str],
) -> None:
    assert submit_script.main([str(shot.hip), "--prompt", PROMPT, *arguments]) == code
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("error: ")
    assert all(word in line for word in words), line


def test_old_frames_of_a_render_that_wrote_nothing_are_not_submitted(
    houdini: Session, shot: ShotOnDisk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """husk may end at once without a licence; the frames of the last render are whole, and stand in the folder."""
    monkeypatch.setattr(shot_arguments, "WAIT_S", 0.0)
    assert submit_script.main([str(shot.hip), "--rop", NODE, "--render", "--prompt", PROMPT]) == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert f"error: {NODE} ended, and 5 of 5 frames were not written: shot.color.0001.png" in line
    assert "files of an earlier render are there" in line
    assert houdini.rendered == [(NODE, (1, 5, 1))]
    assert not (shot.folder / ".cosmos").exists()


def test_a_render_that_fails_is_told_with_the_node(
    houdini: Session, shot: ShotOnDisk, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: str) -> None:
        raise fake_hou.OperationFailed("no camera")

    houdini.on_render = fail
    assert submit_script.main([str(shot.hip), "--rop", NODE, "--render", "--prompt", PROMPT]) == 1
    assert f"{NODE} did not render: no camera" in capsys.readouterr().err
