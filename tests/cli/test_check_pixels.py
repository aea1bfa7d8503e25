"""What ``check`` notices in the pixels, and the layers that it lists."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from cosmos_houdini.cli import main
from cosmos_houdini.cli.check import check
from support.media import exr_files
from support.media.clips import write_picture

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


def test_exr_frames_that_cannot_be_decoded_are_named_and_the_json_stays_whole(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    noise = np.random.default_rng(1).random(SIZE).astype(np.float32)
    for number in range(1, 6):
        file = exr_files.write_exr(tmp_path / f"sh.{number}.exr", dict.fromkeys("RGB", noise))
        if number in {2, 4}:
            data = bytearray(file.read_bytes())
            data[len(data) // 2 : len(data) // 2 + 64] = bytes(64)
            file.write_bytes(data)
    assert main(["check", str(tmp_path), "--pixels", "--json"]) == 1
    document = json.loads(capfd.readouterr().out)
    assert document["ok"] is False
    assert [bad["frame"] for bad in document["sequences"][0]["corrupt"]] == [2, 4]
    assert "frames 2, 4: each is cut short or damaged" in document["problems"][0]


def test_exr_headers_that_the_reader_refuses_are_damage_too(tmp_path: Path):
    key = b"pixelAspectRatio\0float\0\4\0\0\0"
    for number in (1, 2, 3):
        file = exr_files.write_exr(tmp_path / f"sh.{number}.exr", dict.fromkeys("RGB", np.ones(SIZE, np.float32)))
        if number != 3:
            data = file.read_bytes()
            at = data.index(key) + len(key)
            file.write_bytes(data[:at] + np.float32(np.nan).tobytes() + data[at + 4 :])
    document = run(tmp_path)
    assert document["ok"] is False
    assert [bad["frame"] for bad in document["sequences"][0]["corrupt"]] == [1, 2]  # type: ignore[index]


def test_more_objects_than_colours_are_told(tmp_path: Path):
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    ids = (rows // 4 * (SIZE[1] // 4) + columns // 4 + 1).astype(np.float32)
    for number in (1, 2, 3):
        exr_files.write_exr(
            tmp_path / f"sh.{number}.exr", {**dict.fromkeys("RGB", np.ones(SIZE, np.float32)), "primid": ids}
        )
    notes = run(tmp_path)["notes"]
    assert f"{SIZE[0] * SIZE[1] // 16} objects in frame 1, and there are 195 colours" in str(notes)


@pytest.mark.parametrize(
    ("name", "picture", "words"),
    [
        ("depth", ramp(0, 255), ""),
        ("depth", ramp(255, 0), "seems to be near-dark"),
        ("depth", np.full(SIZE, 99, np.uint8), "constant in all 3 frames that were looked at"),
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
        exr_files.write_parts(tmp_path / f"sh.{frame:04d}.exr", parts)
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
        exr_files.write_exr(tmp_path / f"sh.{frame:04d}.exr", dict.fromkeys("RGB", plane))
    assert "holds NaN" in str(run(tmp_path)["notes"])


BOX = (64, 36)


def write_exrs(folder: Path, size: tuple[int, int], settings: dict[str, Any]) -> Path:
    """Write three frames with a beauty, camera Z and a Cryptomatte of the type ``ids``."""
    width, height = size
    column = np.linspace(30, 5, height, dtype=np.float16)[:, None].repeat(width, 1)
    ranks, attributes = exr_files.cryptomatte("CryptoObject", {"/obj/floor": np.ones((height, width), np.float32)})
    with np.errstate(over="ignore"):
        ids = {name: plane.astype(settings.get("ids", np.float32)) for name, plane in ranks.items()}
    channels = {**dict.fromkeys("RGB", column / 30), "Pz": column, **ids}
    folder.mkdir(exist_ok=True)
    for number in range(1001, 1004):
        exr_files.write_exr(
            folder / f"sh.{number}.exr",
            channels,
            at=settings.get("at", (0, 0)),
            display=settings.get("display"),
            attributes={**attributes, "pixelAspectRatio": settings.get("aspect", 1.0)},
        )
    return folder


@pytest.mark.parametrize(
    ("size", "settings", "words"),
    [
        (BOX, {}, None),
        ((84, 46), {"at": (-10, -5), "display": (0, 0, *BOX)}, "reach up to 10 pixels beyond the picture (overscan)"),
        ((30, 20), {"at": (4, 4), "display": (0, 0, *BOX)}, "frame 1001 holds 30x20 of the 64x36 pixels"),
        (BOX, {"at": (500, 0), "display": (0, 0, *BOX)}, "frame 1001 holds no pixel of the picture"),
        (BOX, {"aspect": 2.0}, "2 times as wide as high: 64x36 is shown as 128x36"),
        (BOX, {"ids": np.float16}, "is a Cryptomatte of float16, which loses its ids"),
    ],
    ids=["plain", "overscan", "region", "beside", "anamorphic", "half ids"],
)
def test_oddities_of_an_exr_are_a_note_each(
    tmp_path: Path, size: tuple[int, int], settings: dict[str, Any], words: str | None
):
    document = run(write_exrs(tmp_path / "shot", size, settings))
    notes = list(document["notes"])  # type: ignore[call-overload]
    assert document["ok"] is True
    assert notes == [] if words is None else len([note for note in notes if words in note]) == 1


def test_a_frame_of_another_type_or_pixel_aspect_is_a_problem(tmp_path: Path):
    folder = write_exrs(tmp_path / "shot", BOX, {})
    column = np.ones((36, 64), np.float32)
    exr_files.write_exr(folder / "sh.1004.exr", dict.fromkeys("RGB", column), attributes={"pixelAspectRatio": 2.0})
    (problem,) = run(folder)["problems"]  # type: ignore[misc]
    assert "frame 1004 is 64x36 32-bit float EXR of pixel aspect 2 with 3 channels" in problem
    assert "the others 64x36 16-bit half EXR with 12 channels" in problem
