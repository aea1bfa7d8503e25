"""What ``check`` notices in the pixels, and the layers that it lists."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import exrs
from clips import write_picture
from cosmos_houdini.cli.check import check

SIZE = (64, 96)


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: object) -> dict[str, object]:
    done = CliRunner().invoke(check, [*map(str, arguments), "--json"], catch_exceptions=False, standalone_mode=False)
    return dict(json.loads(done.stdout))


def notes_of(folder: Path, name: str, pictures: list[np.ndarray], *options: str) -> str:
    for number, pixels in enumerate(pictures, 1):
        write_picture(folder / f"sh.{name}.{number:04d}.png", pixels)
    document = run(folder, *options)
    assert document["ok"] is True
    return "; ".join(document["notes"])  # type: ignore[arg-type]


def ramp(top: float, bottom: float) -> np.ndarray:
    column = np.linspace(top, bottom, SIZE[0]).astype(np.uint8)
    return np.repeat(column[:, None], SIZE[1], axis=1)


@pytest.mark.parametrize(
    ("name", "picture", "words"),
    [
        ("depth", ramp(0, 255), ""),
        ("depth", ramp(255, 0), "seems to be near-dark"),
        ("depth", np.full(SIZE, 99, np.uint8), "constant in all 3 frames"),
        ("depth", np.maximum(ramp(0, 255), 90), "clipped"),
        ("color", np.zeros((*SIZE, 3), np.uint8), "black in"),
        ("color", np.where(ramp(0, 255) > 200, 255, 4).astype(np.uint8)[..., None].repeat(3, 2), "seems to be linear"),
        ("seg", np.random.default_rng(1).integers(0, 255, (*SIZE, 3), np.uint8), "different values"),
    ],
    ids=["sound", "near-dark", "constant", "clipped", "black", "linear", "colors"],
)
def test_what_a_person_would_notice_is_a_note(tmp_path: Path, name: str, picture: np.ndarray, words: str):
    notes = notes_of(tmp_path, name, [picture] * 4)
    assert (words in notes) if words else notes == ""


def test_passes_out_of_step_are_noticed_when_every_frame_is_looked_at(tmp_path: Path):
    for frame in range(1, 13):
        for name, shown in (("color", frame), ("depth", frame + 1)):
            pixels = ramp(0, 120)
            left = 6 * shown
            pixels[20:50, left : left + 14] = 255
            write_picture(tmp_path / f"sh.{name}.{frame:04d}.png", pixels)
    assert "1 frame late" not in "".join(map(str, run(tmp_path)["notes"]))  # type: ignore[arg-type]
    assert "the color pass seems to be 1 frame late" in "".join(map(str, run(tmp_path, "--pixels")["notes"]))  # type: ignore[arg-type]


def test_layers_are_listed_with_the_pass_that_each_feeds(tmp_path: Path):
    plane = np.linspace(1, 40, SIZE[0] * SIZE[1], dtype=np.float32).reshape(SIZE)
    parts = {"beauty": dict.fromkeys("RGB", plane), "aux": {"Pz": -plane, "spec.R": plane}}
    for frame in (1, 2):
        exrs.write_parts(tmp_path / f"sh.{frame:04d}.exr", parts)
    (listed,) = run(tmp_path, "--layers")["layers"].values()  # type: ignore[attr-defined]
    assert {layer["name"]: (layer["part_name"], layer["feeds"]) for layer in listed} == {
        "beauty": ("beauty", "color"),
        "aux.Pz": ("aux", "depth"),
        "spec": ("aux", None),
    }


def test_nan_in_linear_color_is_a_note(tmp_path: Path):
    plane = np.full(SIZE, 0.5, np.float32)
    plane[:9, :9] = np.nan
    for frame in (1, 2):
        exrs.write_exr(tmp_path / f"sh.{frame:04d}.exr", dict.fromkeys("RGB", plane))
    assert "holds NaN" in str(run(tmp_path)["notes"])
