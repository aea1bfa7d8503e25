from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.batch import BATCH_SPEC_SCHEMA, Range
from cosmos_houdini.specs.batch_file import load_batch, load_randomization, save_batch
from support.jobs.batches_in_memory import batch_of

HOW: dict[str, object] = {
    "control_weights": {"edge": {"min": 0.1, "max": 0.9, "step": 0.1}, "seg": [0, 1]},
    "guidance_scale": {"min": 5, "max": 12.5},
    "canny_threshold": ["low", "high"],
    "seeds": "random",
    "constraints": {"max_weight_sum": 1},
    "exclude": [{"num_steps": 1, "control_weights": {"edge": 0.5}}],
}


def written(path: Path, data: object) -> Path:
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    return path


def test_a_batch_comes_back_as_it_was_written_from_yaml_and_from_json(weird_path: Path):
    items = [{"spec": weird_path / "sub" / "a b.json", "weights": {"edge": 0}}, {"spec": "/else/where.json"}]
    batch = batch_of(HOW, items=items, parameters={"upsample_prompt": True, "num_steps": 5}, num_gpu=2)
    save_batch(batch, weird_path / "b.yaml")
    assert load_batch(weird_path / "b.yaml") == batch
    as_json = json.dumps(yaml.safe_load((weird_path / "b.yaml").read_text("utf-8")), indent="\t")
    (weird_path / "b.json").write_text(as_json, encoding="utf-8")
    assert load_batch(weird_path / "b.json") == batch


def test_a_folder_with_its_batch_can_be_moved(tmp_path: Path):
    (tmp_path / "old").mkdir()
    save_batch(batch_of(items=[{"spec": tmp_path / "old" / "sub" / "s.json"}]), tmp_path / "old" / "b.yaml")
    shutil.move(tmp_path / "old", tmp_path / "new")
    assert load_batch(tmp_path / "new" / "b.yaml").items[0].spec == tmp_path / "new" / "sub" / "s.json"


def test_a_batch_may_be_called_by_its_date_and_what_stands_there_twice_is_refused(tmp_path: Path):
    file = tmp_path / "b.yaml"
    text = f"schema: {BATCH_SPEC_SCHEMA}\nname: 2026-11-23\nengine: preview\nitems: [{{spec: s.json, name: 010}}]\n"
    file.write_text(text, encoding="utf-8")
    batch = load_batch(file)
    assert (batch.name, batch.items[0].name) == ("2026-11-23", "010")
    file.write_text(f"{text}randomization:\n  num_steps: [1]\n  num_steps: [2]\n", encoding="utf-8")
    with pytest.raises(BadInput, match="line 7, column 3: 'num_steps' is a duplicate key"):
        load_batch(file)


def test_randomization_stands_in_a_file_of_its_own_or_in_a_batch(tmp_path: Path):
    alone = load_randomization(written(tmp_path / "r.yaml", HOW))
    assert alone.parameters["guidance_scale"] == Range(min=5, max=12.5)
    assert load_randomization(written(tmp_path / "under.yaml", {"randomization": HOW})) == alone
    save_batch(batch_of(HOW), tmp_path / "b.yaml")
    assert load_randomization(tmp_path / "b.yaml") == alone
    with pytest.raises(BadInput, match="randomization = "):
        load_randomization(written(tmp_path / "both.yaml", {"randomization": HOW, "count": 3}))


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"num_steps": 35}, ["num_steps = 35", "a list of values, or {min: A, max: B}"]),
        ({"num_steps": []}, ["num_steps = []", "a list of values"]),
        ({"num_steps": [[1]]}, ["num_steps.0 = [1]", "numbers, texts, true or false"]),
        ({"guidance": {"min": 2, "max": 1}}, ["guidance = ", "a min that is not above max"]),
        ({"guidance": {"min": 1, "max": 2, "step": 3}}, ["a step that is not above max - min"]),
        ({"guidance": {"min": 1, "max": 2, "step": 0}}, ["guidance.step = 0", "greater than 0"]),
        ({"guidance": {"min": 1, "max": 2, "stp": 1}}, ["unknown key 'guidance.stp'", "did you mean 'step'?"]),
        ({"guidance": {"min": 1}}, ["'guidance.max' is missing"]),
        ({"guidance": {"min": float("nan"), "max": 1}}, ["guidance.min = nan", "a finite number"]),
        ({"control_weights": {"edg": [1]}}, ["unknown control 'control_weights.edg'", "did you mean 'edge'?"]),
        ({"control_weights": 0.5}, ["control_weights = 0.5", "a list of values"]),
        ({"seeds": "rnd"}, ["seeds = 'rnd'", "random, a list of values"]),
        ({"seeds": 3}, ["seeds = 3", "random, a list of values"]),
        ({"sampler": "gird"}, ["sampler = 'gird'", "did you mean 'grid'?"]),
        ({"sampler": "halton"}, ["sampler = 'halton'", "'sobol' or 'adaptive'"]),
        ({"count": 0}, ["count = 0", "greater than or equal to 1"]),
        ({"count": 1.5}, ["count = 1.5", "a whole number"]),
        ({"clamp": "yes"}, ["clamp = 'yes'", "true or false"]),
        ({"constraints": {"weight_sum": 1}}, ["'constraints.weight_sum'", "did you mean 'max_weight_sum'?"]),
        ({"exclude": [3]}, ["exclude.0 = 3", "a mapping of names to values"]),
        ({"exclude": [{"num_steps": None}]}, ["exclude.0.num_steps = None", "numbers, texts"]),
        ([1], ["[1]", "a mapping"]),
        ({3: 4}, ["{3: 4}", "a mapping"]),
    ],
)
def test_a_mistake_in_what_is_varied_is_named_with_its_file(tmp_path: Path, how: object, words: list[str]):
    with pytest.raises(BadInput) as caught:
        load_randomization(written(tmp_path / "r.yaml", how))
    for word in [str(tmp_path / "r.yaml"), *words]:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"schema": "cosmos-houdini/run-spec/1"}, ["schema = ", BATCH_SPEC_SCHEMA, "create-batch makes"]),
        ({"items": []}, ["items = []", "{spec: FILE}"]),
        ({"items": [{"spec": "a", "nme": "x"}]}, ["'items.0.nme'", "did you mean 'name'?"]),
        ({"items": [{"spec": "a", "name": "a/b"}]}, ["items.0.name = 'a/b'", "1 to 80 letters"]),
        ({"itms": []}, ["unknown key 'itms'", "did you mean 'items'?"]),
        ({"engine": None}, ["engine = None"]),
        ({"weights": {"edge": 2}}, ["weights.edge = 2", "a number from 0 to 1"]),
        ({"randomization": {"sampler": "sobl"}}, ["randomization.sampler = 'sobl'", "did you mean 'sobol'?"]),
    ],
)
def test_a_mistake_in_a_batch_is_named_with_its_file(tmp_path: Path, changes: dict[str, Any], words: list[str]):
    data = {"schema": BATCH_SPEC_SCHEMA, "engine": "preview", "items": [{"spec": "s.json"}]}
    with pytest.raises(BadInput) as caught:
        load_batch(written(tmp_path / "b.yaml", data | changes))
    for word in [str(tmp_path / "b.yaml"), *words]:
        assert word in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"[", b"\xff\xfe", b"text", b"!!python/object:os.system {}"])
def test_a_file_that_is_no_batch_is_refused(tmp_path: Path, data: bytes):
    (tmp_path / "b.yaml").write_bytes(data)
    with pytest.raises(BadInput, match=r"b\.yaml"):
        load_batch(tmp_path / "b.yaml")


def test_a_missing_file_is_refused(tmp_path: Path):
    with pytest.raises(BadInput, match=r"nothing\.yaml cannot be read: No such file"):
        load_batch(tmp_path / "nothing.yaml")
