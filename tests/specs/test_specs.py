from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.spec import PromptSpec, RunSpec
from cosmos_houdini.specs.files import load_prompt_spec, load_run_spec, save_prompt_spec, save_run_spec, spec_document
from cosmos_houdini.specs.values import validate_spec

NASTY = 'a "quoted"\nline; $(touch x) `id` \\ \t größe 映画 \U0001f600 \x00 end'


def spec_in(folder: Path, **changes: object) -> PromptSpec:
    data = {"name": "street", "prompt": "at night", "input_video": folder / "color.mp4"} | changes
    return validate_spec(PromptSpec, data, "test")


def changed(path: Path, **changes: object) -> Path:
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | changes), "utf-8")
    return path


@pytest.fixture
def prompt_file(tmp_path: Path) -> Path:
    path = tmp_path / "street.spec.json"
    save_prompt_spec(spec_in(tmp_path, controls={"depth": tmp_path / "depth.mp4"}), path)
    return path


def test_specs_come_back_as_they_were_written(weird_path: Path):
    spec = spec_in(weird_path, prompt=NASTY, controls={"depth": weird_path / "d e.mp4", "seg": Path("/else/where.mp4")})
    save_prompt_spec(spec, weird_path / "s.json")
    assert load_prompt_spec(weird_path / "s.json") == spec
    run = RunSpec(
        name="r",
        engine="preview",
        spec=spec,
        weights={Control.SEG: 0.25},
        parameters={"seed": 7, "use_distilled": True},
    )
    save_run_spec(run, weird_path / "r.json")
    back = load_run_spec(weird_path / "r.json")
    assert back == run
    assert [type(value) for value in back.parameters.values()] == [int, bool]


def test_a_parameter_may_be_called_as_a_key_of_the_file_is(tmp_path: Path):
    run = {"name": "r", "engine": "preview", "spec": spec_in(tmp_path), "parameters": {"name": "a b", "prompt": ""}}
    assert validate_spec(RunSpec, run, "test").parameters == {"name": "a b", "prompt": ""}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(min_size=1).filter(str.strip))
def test_any_prompt_survives_its_file_byte_for_byte(tmp_path: Path, prompt: str):
    save_prompt_spec(spec_in(tmp_path, prompt=prompt), tmp_path / "s.json")
    assert load_prompt_spec(tmp_path / "s.json").prompt.encode() == prompt.encode()


def test_a_folder_with_its_spec_can_be_moved(tmp_path: Path):
    old = tmp_path / "old"
    (old / "videos").mkdir(parents=True)
    save_prompt_spec(
        spec_in(old, input_video=old / "videos" / "c.mp4", controls={"seg": tmp_path / "shared.mp4"}), old / "s.json"
    )
    written = json.loads((old / "s.json").read_text("utf-8"))
    assert written["input_video"] == "videos/c.mp4"
    shutil.move(old, tmp_path / "new")
    spec = load_prompt_spec(tmp_path / "new" / "s.json")
    assert spec.input_video == tmp_path / "new" / "videos" / "c.mp4"
    assert spec.controls[Control.SEG] == tmp_path / "shared.mp4"


def test_a_spec_names_its_schema(prompt_file: Path):
    assert json.loads(prompt_file.read_text("utf-8"))["schema"] == "cosmos-houdini/prompt-spec/1"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"promt": "x"}, ["'promt'", "did you mean 'prompt'?"]),
        ({"prompt": ""}, ["prompt = ''", "not empty"]),
        ({"prompt": " \n"}, ["not empty"]),
        ({"prompt": 5}, ["prompt = 5", "allowed: text"]),
        ({"name": "a/b"}, ["name = 'a/b'", "letters, digits"]),
        ({"name": ".."}, ["name = '..'", "letters, digits"]),
        ({"name": "x" * 81}, ["name = ", "1 to 80"]),
        ({"name": "line\n"}, ["letters, digits"]),
        ({"controls": {"dept": "d.mp4"}}, ["'controls.dept'", "did you mean 'depth'?"]),
        ({"controls": ["d.mp4"]}, ["controls = "]),
        ({"schema": "cosmos-houdini/run-spec/1"}, ["which is made by create-run", "create-spec makes such a file"]),
        ({"schema": None}, ["schema = None"]),
    ],
)
def test_a_mistake_in_a_prompt_spec_is_named_with_its_file(
    prompt_file: Path, changes: dict[str, Any], words: list[str]
):
    with pytest.raises(BadInput) as caught:
        load_prompt_spec(changed(prompt_file, **changes))
    for word in [str(prompt_file), *words]:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"weights": {"edge": 1.4}}, ["weights.edge = 1.4", "a number from 0 to 1"]),
        ({"weights": {"edge": -0.1}}, ["weights.edge = -0.1"]),
        ({"weights": {"edge": "0.5"}}, ["weights.edge = '0.5'", "a number from 0 to 1"]),
        ({"weights": {"edge": float("nan")}}, ["weights.edge = nan"]),
        ({"weights": {"blur": 0.5}}, ["unknown control 'weights.blur'", "vis, edge, depth, seg"]),
        ({"parameters": {"seed": [1]}}, ["parameters.seed = [1]", "finite number"]),
        ({"parameters": {"guidance": float("inf")}}, ["parameters.guidance = inf"]),
        ({"num_gpu": 0}, ["num_gpu = 0", "a whole number from 1 to 64"]),
        ({"weight": {}}, ["unknown key 'weight'", "did you mean 'weights'?"]),
        ({"engine": None}, ["engine = None", "allowed: text"]),
        ({"weights": {"edge": True}}, ["weights.edge = True"]),
        ({"weights": 0.5}, ["weights = 0.5", "a mapping of names to values"]),
        ({"num_gpu": 1.0}, ["num_gpu = 1.0"]),
        ({"spec": {"schema": "cosmos-houdini/run-spec/1"}}, ["spec.schema = 'cosmos-houdini/run-spec/1'"]),
        ({"spec": {"name": "a", "prompt": "b"}}, ["'spec.input_video' is missing"]),
        ({"spec": {"name": "a", "prompt": "b", "input_video": 3}}, ["spec.input_video = 3", "the path of a file"]),
    ],
)
def test_a_mistake_in_a_run_spec_is_named_with_its_file(tmp_path: Path, changes: dict[str, Any], words: list[str]):
    path = tmp_path / "r.json"
    save_run_spec(RunSpec(name="r", engine="preview", spec=spec_in(tmp_path)), path)
    with pytest.raises(BadInput) as caught:
        load_run_spec(changed(path, **changes))
    for word in [str(path), *words]:
        assert word in str(caught.value)


def test_an_unknown_key_of_the_snapshot_is_compared_with_its_own_keys(tmp_path: Path):
    path = tmp_path / "r.json"
    save_run_spec(RunSpec(name="r", engine="preview", spec=spec_in(tmp_path)), path)
    data = json.loads(path.read_text("utf-8"))
    data["spec"]["input_vidio"] = "x"
    path.write_text(json.dumps(data))
    with pytest.raises(BadInput, match="did you mean 'input_video'"):
        load_run_spec(path)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff\xfe", b'"text"', b"null"])
def test_a_file_that_is_no_spec_is_refused(tmp_path: Path, data: bytes):
    (tmp_path / "s.json").write_bytes(data)
    with pytest.raises(BadInput, match=r"s\.json"):
        load_prompt_spec(tmp_path / "s.json")


def test_a_missing_file_is_refused(tmp_path: Path):
    with pytest.raises(BadInput, match=r"nothing\.json cannot be read: No such file"):
        load_prompt_spec(tmp_path / "nothing.json")


def test_a_failed_write_leaves_the_old_file_and_no_other(prompt_file: Path, monkeypatch: pytest.MonkeyPatch):
    before = prompt_file.read_bytes()

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="No space"):
        save_prompt_spec(spec_in(prompt_file.parent, prompt="other"), prompt_file)
    assert prompt_file.read_bytes() == before
    assert list(prompt_file.parent.iterdir()) == [prompt_file]


@pytest.mark.parametrize("key", ["prompt", "negative_prompt", "input_video"])
def test_text_that_no_file_can_hold_is_refused(tmp_path: Path, key: str):
    data = {"name": "a", "prompt": "b", "input_video": "x", key: "\udcff"}
    with pytest.raises(BadInput, match="UTF-8"):
        save_prompt_spec(validate_spec(PromptSpec, data, "test"), tmp_path / "s.json")
    assert not list(tmp_path.iterdir())


def test_the_document_is_what_stands_in_the_file_but_for_paths(prompt_file: Path):
    spec = load_prompt_spec(prompt_file)
    assert spec_document(spec)["controls"] == {"depth": str(prompt_file.parent / "depth.mp4")}
