"""``caption``, ``write-prompt``, ``create-spec --from-metadata``, ``scene --facts``: options, output, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from cosmos_houdini.cli import main
from cosmos_houdini.cli.prompt import write_prompt
from cosmos_houdini.cli.scene import scene
from support.houdini.camera_paths import KINDS, frames_of, write_keyed


@pytest.fixture
def hip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_keyed(tmp_path, frames_of(KINDS[1], 24, 2.0), 24)


def test_a_prompt_and_where_its_parts_come_from(hip: Path):
    done = CliRunner().invoke(write_prompt, [str(hip), "--style", "rain"])
    assert done.stdout == "Rain. Level angle, 50 mm, standard lens. The camera pans right.\n"
    assert "from the user: style_medium" in done.stderr
    document = json.loads(CliRunner().invoke(write_prompt, [str(hip), "--style", "rain", "--json"]).stdout)
    assert (document["schema"], document["format"], document["words"]) == ("cosmos-houdini/prompt/1", "text", 11)


def test_facts_are_printed_and_in_the_document(hip: Path):
    assert "the camera pans right by 35.2 degrees" in CliRunner().invoke(scene, [str(hip), "--facts"]).stdout
    document = json.loads(CliRunner().invoke(scene, [str(hip), "--facts", "--json"]).stdout)
    assert document["facts"]["camera_move"]["word"] == "pan"
    assert "facts" not in json.loads(CliRunner().invoke(scene, [str(hip), "--json"]).stdout)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["caption"], "give a video or a folder, or --install or --fetch"),
        (["caption", "x.mp4", "--frames", "0"], "frames = 0; allowed: 1 to 64"),
        (["caption", "x.mp4", "--model", "nowhere/at/all"], "there is no model folder nowhere/at/all"),
        (["write-prompt", "nothing.hip"], "there is no scene nothing.hip"),
        (["create-spec", "name", "prompt"], "give NAME, PROMPT and --input-video, or --from-metadata DIR"),
        (["create-batch", "x.spec.json", "--words", "a"], "--words 'a'; allowed: NAME=one|another, or NAME=@FILE"),
    ],
)
@pytest.mark.usefixtures("hip")
def test_bad_input_is_one_line_and_exit_code_2(words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]):
    assert main(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert sentence in line
