"""``--pass``, and the line that each pass gets in check, convert-sequence and their JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner, Result

from cosmos_houdini.cli.check import check
from cosmos_houdini.cli.convert import convert_sequence
from cosmos_houdini.errors import BadInput
from support.media.clips import decoded
from support.media.exr_files import cryptomatte, write_exr, write_parts

HEIGHT, WIDTH = 48, 64
RAMP = np.linspace(0.05, 0.9, WIDTH, dtype=np.float32)[None].repeat(HEIGHT, 0)
RGB = dict.fromkeys("RGB", RAMP)
DEPTH = np.linspace(90, 9, HEIGHT, dtype=np.float32)[:, None].repeat(WIDTH, 1)


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OCIO", raising=False)
    return tmp_path


def write(folder: Path, name: str, channels: dict[str, np.ndarray]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for frame in ("0001", "0002"):
        write_exr(folder / name.replace("#", frame), channels)


def run(command: click.Command, *arguments: object) -> Result:
    return CliRunner(catch_exceptions=False).invoke(command, [str(each) for each in arguments], standalone_mode=False)


def converted(*arguments: object) -> dict[str, Any]:
    result = run(convert_sequence, *arguments, "--json")
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_a_channel_of_another_layer_is_taken_where_it_is_named(tmp_path: Path):
    parts = {"C": RGB, "depth": {"Z": RAMP}, "P": {"x": RAMP, "y": RAMP, "z": DEPTH}}
    for frame in (1, 2):
        write_parts(tmp_path / f"sh.{frame:04}.exr", parts)
    document = converted(tmp_path, "-o", tmp_path / "out", "--pass", "depth=P.z")
    assert document["sources"]["depth"]["layer"] == "P.z"
    assert document["sources"]["depth"]["why"] == "'P.z' is named as depth"
    shown = decoded(Path(document["videos"]["depth"]["path"]))[0, ..., 0].astype(int)
    assert shown[-1].min() > 250
    assert np.ptp(shown, axis=1).max() <= 2


@pytest.mark.parametrize("pattern", ["*zed*", "aux/zed.####.exr", "aux/zed.%04d.exr", "aux/zed.0001.exr", "aux/"])
def test_files_are_taken_where_a_pattern_names_them(tmp_path: Path, pattern: str):
    write(tmp_path / "in", "sh.#.exr", RGB)
    write(tmp_path / "in" / "aux", "zed.#.exr", {"Y": DEPTH})
    document = converted(tmp_path / "in", "-o", tmp_path / "out", "--pass", f"depth={pattern}")
    assert sorted(document["videos"]) == ["color", "depth"]
    assert document["sources"]["depth"]["pattern"].endswith("zed.####.exr")


def test_files_outside_of_the_searched_path_can_be_named(tmp_path: Path):
    write(tmp_path / "in", "sh.#.exr", RGB)
    write(tmp_path / "elsewhere", "zed.#.exr", {"Y": DEPTH})
    named = f"depth={tmp_path}/elsewhere/zed.####.exr"
    document = converted(tmp_path / "in" / "sh.####.exr", "-o", tmp_path / "out", "--pass", named)
    assert sorted(document["videos"]) == ["color", "depth"]


def test_the_configuration_names_files_layers_and_channels_for_good(tmp_path: Path):
    text = "passes: {color: '*final*', depth: [P.z], layers: {seg: 'ids.X'}}\n"
    (tmp_path / "cosmos-houdini.yaml").write_text(text, encoding="utf-8")
    write(tmp_path / "in", "sh_final.#.exr", {**RGB, "P.x": RAMP, "P.z": DEPTH, "ids.X": RAMP, "ids.W": DEPTH})
    taken = json.loads(run(check, tmp_path / "in", "--json").stdout)["taken"]
    assert {each["pass"]: each["layer"] for each in taken} == {"color": "rgba", "depth": "P.z", "seg": "ids.X"}


def test_every_pass_is_a_line_and_json_has_the_same(tmp_path: Path):
    write(tmp_path, "out.RGB_color.#.exr", RGB)
    write(tmp_path, "out.VRayZDepth.#.exr", {"Z": DEPTH})
    write(tmp_path, "out.VRayReflection.#.exr", RGB)
    lines = [
        "color is layer 'rgba' of out.RGB_color.####.exr: 'RGB_color' stands before the frame number",
        "depth is layer 'Z' of out.VRayZDepth.####.exr: 'VRayZDepth' stands before the frame number",
    ]
    printed = run(check, tmp_path).stdout
    document = json.loads(run(check, tmp_path, "--json").stdout)
    said = run(convert_sequence, tmp_path, "-o", tmp_path / "out").stderr
    for line in lines:
        assert line in printed
        assert line in said
    assert [(each["pass"], each["layer"]) for each in document["taken"]] == [("color", "rgba"), ("depth", "Z")]
    assert "out.VRayReflection.####.exr is left out: 'VRayReflection' stands before the frame number" in said


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ("depth=zed.####.exr", r"--pass depth=zed.####.exr fits no file; allowed: .*sh\.####\.exr"),
        ("depth=zed", r"no layer 'zed'; allowed: rgba, or one of their channels"),
        ("dept=Z", r"unknown name 'dept'; .* did you mean 'depth'"),
        ("depth", r"--pass 'depth'; allowed: KEY=VALUE"),
    ],
)
def test_a_name_that_fits_nothing_is_refused_and_nothing_is_written(tmp_path: Path, named: str, words: str):
    write(tmp_path / "in", "sh.#.exr", RGB)
    with pytest.raises(BadInput, match=words):
        run(convert_sequence, tmp_path / "in", "-o", tmp_path / "out", "--pass", named)
    assert not (tmp_path / "out").exists()


def test_a_broken_cryptomatte_can_be_left_out(tmp_path: Path):
    write(tmp_path / "in", "sh.#.exr", {**RGB, "crypto_object00.R": RAMP})
    with pytest.raises(BadInput, match=r"crypto_object has no whole rank.*--pass seg=none"):
        run(convert_sequence, tmp_path / "in", "-o", tmp_path / "out")
    assert list(converted(tmp_path / "in", "-o", tmp_path / "out", "--pass", "seg=none")["videos"]) == ["color"]


@pytest.mark.parametrize("manifest", ['{"a": "3f80', None])
def test_a_cryptomatte_without_its_names_is_converted_with_a_warning(tmp_path: Path, manifest: str | None):
    covered = {"a": (RAMP > 0.5).astype(np.float32), "b": (RAMP <= 0.5).astype(np.float32)}
    channels, attributes = cryptomatte("CryptoObject", covered)
    (key,) = [name for name in attributes if name.endswith("/manifest")]
    del attributes[key]
    attributes |= {key: manifest} if manifest else {key.replace("manifest", "manif_file"): "gone.json"}
    for frame in (1, 2):
        write_exr(tmp_path / f"sh.{frame:04}.exr", {**RGB, **channels}, attributes=attributes)
    result = run(convert_sequence, tmp_path, "-o", tmp_path / "out", "--json")
    assert sorted(json.loads(result.stdout)["videos"]) == ["color", "seg"]
    assert "Cryptomatte CryptoObject cannot be read" in run(check, tmp_path).stdout or manifest is None
    assert all(key.startswith("0x") for key in json.loads(result.stdout)["sources"]["seg"]["colors"].values())
    assert "such objects are called by their ids" in result.stderr


def test_shots_that_differ_by_a_letter_are_warned_about(tmp_path: Path):
    write(tmp_path / "in", "sh010.#.exr", RGB)
    write(tmp_path / "in", "sh010Z.#.exr", RGB)
    assert "differ by the letter 'Z' alone" in run(check, tmp_path / "in").stdout
    assert "differ by the letter 'Z' alone" in run(convert_sequence, tmp_path / "in", "-o", tmp_path / "out").stderr


@pytest.mark.parametrize("channels", [{"Y": RAMP}, {"Y": RAMP, "A": RAMP}, dict.fromkeys("rgb", RAMP)])
def test_a_grey_or_oddly_spelled_picture_is_colour(tmp_path: Path, channels: dict[str, np.ndarray]):
    write(tmp_path / "in", "sh.#.exr", channels)
    write(tmp_path / "known", "sh.#.exr", RGB)
    documents = [converted(tmp_path / name, "-o", tmp_path / f"{name}_out") for name in ("in", "known")]
    shown = [decoded(Path(document["videos"]["color"]["path"])) for document in documents]
    assert np.array_equal(*shown)
