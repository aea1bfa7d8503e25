from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from cosmos_houdini.cli.spec import create_run, create_spec
from cosmos_houdini.errors import BadInput
from cosmos_houdini.specs.files import load_prompt_spec, load_run_spec
from support.media.transfer_clips import write_clips


def call(command: click.Command, *words: object) -> Result:
    """Run a command; what it raises reaches the test."""
    return CliRunner().invoke(command, [str(word) for word in words], catch_exceptions=False)


@pytest.fixture
def clips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    monkeypatch.chdir(tmp_path)
    return write_clips(tmp_path, "color", "depth", "seg")


@pytest.fixture
def spec_file(clips: dict[str, Path]) -> Path:
    call(
        create_spec,
        "street",
        "at night",
        "--input-video",
        "color.mp4",
        "--control",
        "depth=depth.mp4",
        "--control",
        f"seg={clips['seg']}",
    )
    return clips["color"].parent / "street.spec.json"


def test_a_spec_is_written_beside_the_working_folder_and_names_its_videos(spec_file: Path, clips: dict[str, Path]):
    spec = load_prompt_spec(spec_file)
    assert (spec.name, spec.prompt, spec.input_video) == ("street", "at night", clips["color"])
    assert {str(kind): path for kind, path in spec.controls.items()} == {k: clips[k] for k in ("depth", "seg")}


def test_a_nasty_prompt_reaches_the_file_byte_for_byte(clips: dict[str, Path]):
    prompt = 'a "quote"\n$(touch x); `id` größe'
    call(create_spec, "s", prompt, "--input-video", clips["color"], "-o", "sub/s.json")
    assert load_prompt_spec(Path("sub/s.json")).prompt == prompt


def test_the_path_is_all_that_stands_on_standard_output(clips: dict[str, Path]):
    done = call(create_spec, "s", "p", "--input-video", clips["color"], "-o", "a b.json")
    assert done.stdout == "a b.json\n"
    assert "next: cosmos-houdini create-run 'a b.json'" in done.stderr


def test_json_is_all_that_stands_on_standard_output(clips: dict[str, Path]):
    done = call(create_spec, "s", "p", "--input-video", clips["color"], "--json")
    assert json.loads(done.stdout)["input_video"] == str(clips["color"])
    assert "wrote s.spec.json" in done.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["bad/name", "p", "--input-video", "color.mp4"], "name = 'bad/name'"),
        (["s", "  ", "--input-video", "color.mp4"], "prompt = '  '"),
        (["s", "p", "--input-video", "nothing.mp4"], "nothing.mp4 is no file"),
        (["s", "p", "--input-video", "color.mp4", "--control", "dept=depth.mp4"], "did you mean 'depth'?"),
        (["s", "p", "--input-video", "color.mp4", "--control", "depth"], "--control 'depth'; allowed: KEY=VALUE"),
        (["s", "p", "--input-video", "color.mp4", "--control", "seg=a", "--control", "seg=b"], "names seg twice"),
        (["s", "p", "--input-video", "color.mp4", "--control", "seg=short.mp4"], "seg (short.mp4) has 4 frames"),
    ],
)
def test_what_cannot_be_a_spec_is_refused_and_nothing_is_written(
    clips: dict[str, Path], words: list[str], sentence: str
):
    clips["color"].with_name("short.mp4").write_bytes(
        write_clips(clips["color"].parent, "edge", frames=4)["edge"].read_bytes()
    )
    with pytest.raises(BadInput) as caught:
        call(create_spec, *words)
    assert sentence in str(caught.value)
    assert not list(Path().glob("*.json"))


def test_a_run_holds_what_was_asked_for_and_no_more(spec_file: Path):
    call(
        create_run,
        spec_file,
        "--engine",
        "transfer1",
        "--weights",
        0,
        0,
        0.25,
        1,
        "--set",
        "seed=7",
        "--set",
        "guidance=6",
        "--set",
        "upsample_prompt=true",
        "--set",
        "canny_threshold=low",
    )
    run = load_run_spec(spec_file.with_name("street.run.json"))
    assert run.engine == "transfer1"
    assert run.spec == load_prompt_spec(spec_file)
    assert {str(kind): weight for kind, weight in run.weights.items()} == {
        "vis": 0.0,
        "edge": 0.0,
        "depth": 0.25,
        "seg": 1.0,
    }
    assert run.parameters == {"seed": 7, "guidance": 6.0, "upsample_prompt": True, "canny_threshold": "low"}
    assert [type(value) for value in run.parameters.values()] == [int, float, bool, str]


def test_without_an_engine_the_configured_one_is_taken(spec_file: Path, monkeypatch: pytest.MonkeyPatch):
    call(create_run, spec_file)
    assert load_run_spec(Path("street.run.json")).engine == "preview"
    monkeypatch.setenv("COSMOS_HOUDINI_DEFAULTS_ENGINE", "transfer1")
    call(create_run, spec_file)
    assert load_run_spec(Path("street.run.json")).engine == "transfer1"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--weights", 0, 0, 1.4, 0], "weights.depth = 1.4; allowed: a number from 0 to 1"),
        (["--weights", "nan", 0, 0, 0], "weights.vis = nan"),
        (["--set", "guidence=3"], "did you mean 'guidance'?"),
        (["--set", "guidance=x"], "parameter guidance = 'x' cannot be used; allowed: a number from 0 to 20"),
        (["--set", "num_steps=0"], "num_steps = 0 cannot be used; allowed: a whole number from 1 to 100"),
        (["--set", "seed=1", "--set", "seed=2"], "--set names seed twice: '1' and '2'"),
        (["--engine", "transfer"], "did you mean 'transfer1'?"),
    ],
)
def test_what_cannot_be_a_run_is_refused_and_nothing_is_written(spec_file: Path, words: list[str], sentence: str):
    with pytest.raises(BadInput) as caught:
        call(create_run, spec_file, *words)
    assert sentence in str(caught.value)
    assert list(Path().glob("*.json")) == [Path(spec_file.name)]


def test_a_run_of_a_video_that_went_away_is_refused(spec_file: Path, clips: dict[str, Path]):
    clips["seg"].unlink()
    with pytest.raises(BadInput, match=r"street\.spec\.json names .*seg\.mp4, which is no file"):
        call(create_run, spec_file)


@pytest.mark.parametrize(
    ("command", "name", "keys"),
    [(create_spec, "PromptSpec", {"prompt", "controls"}), (create_run, "RunSpec", {"engine", "weights", "parameters"})],
)
def test_the_json_schema_is_printed_without_any_other_argument(command: click.Command, name: str, keys: set[str]):
    schema: dict[str, Any] = json.loads(call(command, "--schema").stdout)
    assert schema["title"] == name
    assert "\n " not in schema["description"]
    assert keys | {"schema"} <= set(schema["properties"])
