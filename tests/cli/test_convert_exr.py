"""``convert-sequence`` on multi-layer EXR with known depth and ids, through the whole way and back after decoding."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from cosmos_houdini.cli.convert import convert_sequence
from cosmos_houdini.demo.hip import write_scene
from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.controls.palette import UPSTREAM
from support.media import exr_files
from support.media.clips import decoded, write_picture
from support.media.shot_files import CAMERA, NODE

WIDTH, HEIGHT, FRAMES = 128, 72, 6
NAMES = ("/obj/ground", "/obj/car", "/obj/tree")


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OCIO", raising=False)
    return tmp_path


def scene(frame: int) -> tuple[np.ndarray, np.ndarray]:
    """Return depth, infinite in the sky, and the number of the object that is seen, 0 in the sky."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    depth = np.where(y > 30, 90.0 / np.maximum(y - 28, 1), np.inf)
    owner = np.where(y > 30, 1, 0)
    for number, (left, near) in enumerate(((15 + 9 * frame, 4.0), (100, 6.5)), 2):
        box = (abs(x - left) < 13) & (y > 18) & (y < 55)
        depth[box], owner[box] = near + frame / 8, number
    return depth.astype(np.float32), owner


def write_shot(folder: Path, *, first: int = 1001, pixel_aspect: float = 1.0, **changed: np.ndarray) -> Path:
    """Write multi-layer frames as a renderer does: beauty, camera-space Z and a Cryptomatte; return their folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for frame in range(FRAMES):
        depth, owner = scene(frame)
        shares = {name: (owner == number).astype(np.float32) for number, name in enumerate(NAMES, 1)}
        ranks, attributes = exr_files.cryptomatte("CryptoObject", shares)
        ramp = np.linspace(0.02, 1.5, WIDTH, dtype=np.float16)[None].repeat(HEIGHT, 0)
        beauty = {"R": ramp, "G": ramp, "B": np.where(owner == 2, ramp, ramp / 2).astype(np.float16)}
        exr_files.write_exr(
            folder / f"sh010.{first + frame}.exr",
            {**beauty, "Pz": -depth, **ranks, **changed},
            attributes={**attributes, "pixelAspectRatio": float(pixel_aspect)},
        )
    return folder


def convert(*arguments: object) -> Result:
    return CliRunner().invoke(
        convert_sequence, [str(argument) for argument in arguments], catch_exceptions=False, standalone_mode=False
    )


def converted(*arguments: object) -> dict[str, Any]:
    return dict(json.loads(convert(*arguments, "--json").stdout))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the document of one conversion that several tests look at."""
    folder = tmp_path_factory.mktemp("base")
    (folder / "cosmos-houdini.yaml").write_text("depth: {percentiles: [0, 100]}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("OCIO", raising=False)
        return converted(write_shot(folder / "render"), "-o", folder / "out")


def frames_of(document: dict[str, Any], pass_: str) -> np.ndarray:
    return decoded(Path(document["videos"][pass_]["path"])).astype(int)


def test_one_exr_sequence_feeds_color_depth_and_seg(base: dict[str, Any]):
    result = base
    assert list(result["videos"]) == ["color", "depth", "seg"]
    assert (result["frames"], result["size"]) == (FRAMES, [WIDTH, HEIGHT])
    assert {source["first"] for source in result["sources"].values()} == {1001}


def test_depth_comes_back_within_a_level_of_the_one_range_of_the_shot(base: dict[str, Any]):
    result = base
    truth = np.stack([1 / scene(n)[0].astype(float) for n in range(FRAMES)])
    low, high = truth[truth > 0].min(), truth.max()
    found = result["sources"]["depth"]["depth_range"]
    assert (found["far"], found["near"]) == pytest.approx((low, high), rel=1e-5)
    exact = np.clip((truth - low) / (high - low) * 255, 0, 255)
    error = frames_of(result, "depth")[..., 0] - exact
    assert np.abs(error).mean() < 1.5
    assert frames_of(result, "depth")[:, 5].max() <= 2, "sky is black"


def test_every_decoded_pixel_of_seg_is_nearest_to_its_own_objects_color(base: dict[str, Any]):
    result = base
    colors = {name: tuple(map(int, rgb.split(","))) for rgb, name in result["sources"]["seg"]["colors"].items()}
    assert set(colors) == set(NAMES)
    assert set(colors.values()) <= set(UPSTREAM)
    table = np.array([(0, 0, 0), *(colors[name] for name in NAMES)])
    distances = np.square(frames_of(result, "seg")[:, :, :, None] - table).sum(axis=-1)
    assert np.array_equal(distances.argmin(axis=-1), np.stack([scene(n)[1] for n in range(FRAMES)]))


def test_a_reader_of_the_engines_sees_the_same_colors_in_seg(base: dict[str, Any]):
    # The engines read with imageio or OpenCV, which bring FFmpegs of their own.
    video = cv2.VideoCapture(base["videos"]["seg"]["path"])
    frames = [video.read()[1][..., ::-1] for _ in range(FRAMES)]
    video.release()
    assert np.array_equal(np.stack(frames), frames_of(base, "seg"))


def test_objects_keep_their_colors_in_the_next_shot_of_the_show(tmp_path: Path):
    one = converted(write_shot(tmp_path / "a"), "-o", tmp_path / "out1", "--objects", "*/tree")
    two = converted(write_shot(tmp_path / "b"), "-o", tmp_path / "out2")
    assert list(one["sources"]["seg"]["colors"].values()) == ["/obj/tree"]
    assert one["sources"]["seg"]["colors"].items() <= two["sources"]["seg"]["colors"].items()


def test_linear_color_is_shown_by_opencolorio_and_what_was_applied_is_written_down(
    base: dict[str, Any], tmp_path: Path
):
    shot, result = write_shot(tmp_path / "render"), base
    assert result["sources"]["color"]["display"]["input_space"]
    brighter = converted(shot, "-o", tmp_path / "bright", "--exposure", "1")
    assert frames_of(brighter, "color").mean() > frames_of(result, "color").mean() + 10
    with pytest.raises(BadInput, match=r"allowed: .*ACES"):
        convert(shot, "-o", tmp_path / "out", "--view", "nosuch")


def test_a_frozen_range_is_taken_over(base: dict[str, Any], tmp_path: Path):
    shot, whole = write_shot(tmp_path / "render"), base
    metadata = Path(whole["videos"]["depth"]["path"]).with_name("metadata.json")
    part = converted(shot, "-o", tmp_path / "part", "--range", "1001-1002", "--depth-range", metadata)
    assert part["sources"]["depth"]["depth_range"] == whole["sources"]["depth"]["depth_range"]
    apart = np.abs(frames_of(part, "depth") - frames_of(whole, "depth")[:2])
    assert apart.mean() < 1


def test_a_mask_of_named_objects_is_black_and_white(tmp_path: Path):
    result = converted(write_shot(tmp_path / "render"), "-o", tmp_path / "out", "--mask-objects", "/obj/c*")
    white = frames_of(result, "mask")[..., 0] > 127
    assert np.array_equal(white, np.stack([scene(n)[1] == 2 for n in range(FRAMES)]))
    assert result["sources"]["mask"]["objects"] == ["/obj/car"]


def test_a_rendered_mask_is_black_and_white_at_one_half(tmp_path: Path):
    share = np.linspace(0, 255, WIDTH).astype(np.uint8)[None, :].repeat(HEIGHT, 0)
    for frame in (1, 2):
        write_picture(tmp_path / f"sh.color.{frame}.png", np.full((HEIGHT, WIDTH, 3), 90, np.uint8))
        write_picture(tmp_path / f"sh.mask.{frame}.png", share)
    result = converted(tmp_path, "-o", tmp_path / "out")
    mask = frames_of(result, "mask")[1, ..., 0].astype(int)
    assert mask[:, : WIDTH // 2 - 4].max() <= 2
    assert mask[:, WIDTH // 2 + 4 :].min() >= 253


def test_configured_layers_stand_before_the_usual_names(tmp_path: Path):
    shot = write_shot(tmp_path / "render", near=np.full((HEIGHT, WIDTH), 2.0, np.float32))
    (tmp_path / "cosmos-houdini.yaml").write_text("passes: {layers: {depth: near}}\n")
    assert "constant" in convert(shot, "-o", tmp_path / "out").stderr
    (tmp_path / "cosmos-houdini.yaml").write_text("passes: {layers: {depth: nea}}\n")
    with pytest.raises(BadInput, match=r"no layer 'nea'.*did you mean 'near'"):
        convert(shot, "-o", tmp_path / "out")
    (tmp_path / "cosmos-houdini.yaml").write_text("passes: {layers: {deph: near}}\n")
    with pytest.raises(BadInput, match="did you mean 'depth'"):
        convert(shot, "-o", tmp_path / "out")
    assert not (tmp_path / ".converting").exists()


def write_depth(folder: Path, values: np.ndarray) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for frame in (1, 2):
        channels = dict.fromkeys("RGB", np.full(values.shape, 0.2, np.float16))
        exr_files.write_exr(folder / f"sh.{frame}.exr", {**channels, "distance": values})
    return folder


def test_a_segmentation_without_one_flat_area_is_told(tmp_path: Path):
    noise = np.random.default_rng(2).random((64, 96)).astype(np.float32) + 1
    grey = np.full((64, 96), 0.2, np.float16)
    (tmp_path / "render").mkdir()
    for frame in (1, 2):
        exr_files.write_exr(tmp_path / f"render/sh.{frame}.exr", {**dict.fromkeys("RGB", grey), "primid": noise})
    assert "the seg pass shows no object in any frame" in convert(tmp_path / "render", "-o", tmp_path / "out").stderr


def test_ray_distances_become_depth_with_the_camera_of_the_scene(tmp_path: Path):
    write_scene(tmp_path / "s.hip", fps=24, frames=(1, 2), camera=CAMERA, rop=NODE, picture="$HIP/sh.$F.exr")
    x = ((np.arange(96) + 0.5) / 96 * 2 - 1) * CAMERA.aperture_mm / CAMERA.focal_mm / 2
    y = ((np.arange(64) + 0.5) / 64 * 2 - 1) * CAMERA.aperture_mm / CAMERA.focal_mm / 2 * 64 / 96
    length = np.sqrt(1 + x[None] ** 2 + y[:, None] ** 2)
    wall = np.where(np.arange(64)[:, None] < 32, 20.0, 10.0) * length
    shot = write_depth(tmp_path / "render", wall.astype(np.float32))
    with pytest.raises(BadInput, match="no camera is known at frame 1"):
        convert(shot, "-o", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    result = converted(shot, "-o", tmp_path / "out", "--hip", tmp_path / "s.hip")
    depth = frames_of(result, "depth")[0, ..., 0]
    assert result["sources"]["depth"]["depth_range"]["kind"] == "ray-distance"
    assert depth[:30].max() <= 2
    assert depth[34:].min() >= 253
    with pytest.raises(BadInput, match=r"no camera /obj/cam2; allowed: /obj/cam1"):
        convert(shot, "-o", tmp_path / "out", "--hip", tmp_path / "s.hip", "--camera", "/obj/cam2")


def test_infinity_nan_and_what_lies_behind_the_camera_are_sky(tmp_path: Path):
    values = np.full((64, 96), 5.0, np.float32)
    values[:, 48:] = 9.0
    for row, odd in enumerate((np.inf, -np.inf, np.nan, -3.0, 0.0)):
        values[row * 8 : row * 8 + 8] = odd
    shot = write_depth(tmp_path / "render", values)
    result = converted(shot, "-o", tmp_path / "out", "--depth-kind", "camera-z")
    depth = frames_of(result, "depth")[0, ..., 0]
    assert depth[:39].max() <= 2
    assert depth[42:, :46].min() >= 253


def test_near_dark_pictures_are_warned_about_and_inverted_when_asked(tmp_path: Path):
    column = np.linspace(250, 5, HEIGHT).astype(np.uint8)[:, None].repeat(WIDTH, 1)
    for frame in (1, 2, 3):
        write_picture(tmp_path / f"sh.depth.{frame}.png", column)
    told = convert(tmp_path / "sh.depth.#.png", "-o", tmp_path / "out").stderr
    assert "seems to be near-dark" in told
    assert "is darker than the upper third" in told
    result = converted(tmp_path / "sh.depth.#.png", "-o", tmp_path / "out", "--depth-kind", "near-dark")
    assert np.abs(frames_of(result, "depth")[0, ..., 0] - (255 - column)).max() <= 2


def test_flat_colors_of_the_palette_are_kept_and_antialiased_edges_are_not(tmp_path: Path):
    flat = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    flat[20:, :40], flat[20:, 40:] = UPSTREAM[5], (10, 200, 30)
    blended = flat.copy()
    blended[20:, 40] = (132, 100, 142)
    for frame in (1, 2, 3):
        write_picture(tmp_path / f"sh.seg.{frame}.png", blended)
    result = converted(tmp_path / "sh.seg.#.png", "-o", tmp_path / "out")
    assert result["sources"]["seg"]["colors"] == {"255,0,255": "255,0,255", "255,0,0": "10,200,30"}
    found = {tuple(color) for color in frames_of(result, "seg")[0].reshape(-1, 3)}
    near = {
        min([(0, 0, 0), UPSTREAM[5], UPSTREAM[0]], key=lambda c: sum(abs(a - b) for a, b in zip(c, f, strict=True)))
        for f in found
    }
    assert near == {(0, 0, 0), UPSTREAM[5], UPSTREAM[0]}
    assert all(any(max(abs(a - b) for a, b in zip(c, f, strict=True)) <= 4 for c in near) for f in found)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--depth-range", "nosuch.json"], "nosuch.json"),
        (["--objects", "/obj/none*"], "no object of Cryptomatte"),
        (["--mask-objects", "/obj/none*"], "no object of Cryptomatte"),
        (["--display", "nosuch"], "has no display 'nosuch'"),
        (["--input-space", "nosuch"], "no colour space 'nosuch'"),
    ],
)
def test_a_wrong_choice_is_refused_in_one_line_and_nothing_is_written(tmp_path: Path, options: list[str], words: str):
    with pytest.raises(BadInput, match=words) as caught:
        convert(write_shot(tmp_path / "render"), "-o", tmp_path / "out", *options)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_shot_of_mixed_files_takes_each_pass_where_its_name_says(tmp_path: Path):
    shot = write_shot(tmp_path / "render")
    for frame in range(FRAMES):
        seg = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        seg[30:] = UPSTREAM[3]
        write_picture(shot / f"sh010_seg.{1001 + frame}.png", seg)
    result = converted(shot, "-o", tmp_path / "out")
    assert result["sources"]["seg"]["pattern"].endswith("sh010_seg.####.png")
    assert result["sources"]["depth"]["pattern"].endswith("sh010.####.exr")


def test_an_exr_of_normals_is_left_out_and_named(tmp_path: Path):
    shot = write_shot(tmp_path / "render")
    for frame in range(FRAMES):
        exr_files.write_exr(
            shot / f"sh010_normal.{1001 + frame}.exr", dict.fromkeys("RGB", np.zeros((4, 4), np.float16))
        )
    result = convert(shot, "-o", tmp_path / "out", "--range", "1001-1002")
    assert "'normal' stands before the frame number, and no control is made of normals" in result.stderr
