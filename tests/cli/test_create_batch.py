from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from cosmos_houdini.cli.batch import create_batch
from cosmos_houdini.cli.spec import create_spec
from cosmos_houdini.errors import BadInput
from cosmos_houdini.specs.batch_file import load_batch
from support.media.transfer_clips import write_clips

HOW = """
control_weights: {min: 0.1, max: 0.9, step: 0.1}
num_steps: [1, 35, 50]
guidance_scale: {min: 5.0, max: 12.0}
seeds: random
"""


def call(command: click.Command, *words: object) -> Result:
    """Run a command; what it raises reaches the test."""
    return CliRunner().invoke(command, [str(word) for word in words], catch_exceptions=False)


def runs(*words: object) -> list[dict[str, Any]]:
    document: dict[str, Any] = json.loads(call(create_batch, *words, "--json").stdout)
    assert document.keys() == {"schema", "runs"}
    return document["runs"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a working folder with two prompt specs and a randomization file."""
    monkeypatch.chdir(tmp_path)
    write_clips(tmp_path, "color", "depth", "edge")
    for name in ("street", "alley"):
        videos = ["--input-video", "color.mp4", "--control", "depth=depth.mp4", "--control", "edge=edge.mp4"]
        call(create_spec, name, "at night", *videos)
    (tmp_path / "how.yaml").write_text(HOW, encoding="utf-8")
    return tmp_path


def test_json_lists_every_run_with_all_its_parameters_in_order(folder: Path):
    listed = runs("street.spec.json", "--randomization", "how.yaml", "--count", 5)
    assert [run["name"] for run in listed] == [f"street-000{n}" for n in range(1, 6)]
    for run in listed:
        assert run.keys() == {"name", "spec", "engine", "parameters"}
        assert (run["spec"], run["engine"]) == (str(folder / "street.spec.json"), "preview")
        assert run["parameters"].keys() >= {"seed", "num_steps", "guidance", "weights", "sigma_max"}
        assert run["parameters"]["weights"].keys() == {"edge", "depth"}
        assert run["parameters"]["sigma_max"] == 70
        assert "fps" not in run["parameters"]
    assert len({run["parameters"]["seed"] for run in listed}) == 5


def test_the_count_is_that_of_each_spec():
    listed = runs("street.spec.json", "alley.spec.json", "--count", 2, "--engine", "transfer1")
    assert [run["name"] for run in listed] == ["street-0001", "street-0002", "alley-0001", "alley-0002"]
    assert {run["engine"] for run in listed} == {"transfer1"}


def test_options_go_before_the_file_and_the_same_seed_gives_the_same_runs(folder: Path):
    (folder / "how.yaml").write_text(HOW + "count: 9\nseed: 3\n", encoding="utf-8")
    words = ["street.spec.json", "--randomization", "how.yaml"]
    first = runs(*words)
    assert len(first) == 9
    assert runs(*words) == first
    assert runs(*words, "--count", 4) == first[:4]
    assert runs(*words, "--seed", 4) != first


def test_the_file_that_is_written_holds_the_same_runs_for_whoever_reads_it(folder: Path):
    done = call(create_batch, "street.spec.json", "--randomization", "how.yaml", "--count", 3, "-o", "sub/b.yaml")
    assert done.stdout == "sub/b.yaml\n"
    assert "with 3 runs; next: cosmos-houdini run-batch sub/b.yaml" in done.stderr
    batch = load_batch(folder / "sub" / "b.yaml")
    assert batch.name == "b"
    assert batch.randomization.count == 3
    assert [item.spec for item in batch.items] == [folder / "street.spec.json"]
    assert call(create_batch, "street.spec.json").stdout == "street.batch.yaml\n"
    assert load_batch(folder / "street.batch.yaml").name == "street"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nothing.json"], "nothing.json cannot be read"),
        (["street.spec.json", "--engine", "transfer"], "did you mean 'transfer1'?"),
        (["street.spec.json", "--randomization", "street.spec.json"], "street.spec.json"),
        (["street.spec.json", "--randomization", "bad.yaml"], "guidance = 30 cannot be used"),
        (["gone.spec.json"], "gone.mp4, which is no file"),
    ],
)
def test_what_cannot_be_a_batch_is_refused_and_nothing_is_written(folder: Path, words: list[str], sentence: str):
    (folder / "bad.yaml").write_text("guidance: {min: 5, max: 30}", encoding="utf-8")
    text = (folder / "street.spec.json").read_text("utf-8").replace("edge.mp4", "gone.mp4")
    (folder / "gone.spec.json").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        call(create_batch, *words)
    assert sentence in str(caught.value)
    assert not list(folder.glob("*batch*"))


@pytest.mark.parametrize("words", [["--count", "0"], ["--count", "-1"], ["--seed", "-1"], ["--count", "x"]])
def test_numbers_that_mean_nothing_are_bad_usage(words: list[str]):
    assert call(create_batch, "street.spec.json", *words).exit_code == 2


def test_the_json_schema_is_printed_without_any_other_argument():
    schema = json.loads(call(create_batch, "--schema").stdout)
    assert schema["title"] == "BatchSpec"
    assert {"schema", "items", "randomization"} <= set(schema["properties"])
