"""A result goes to comp: over the plate to the pixel, with its numbers and names, in files that others read."""

from __future__ import annotations

import hashlib
import json
import subprocess
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import OpenImageIO
import PyOpenColorIO as OCIO  # noqa: N814 - as its own documents write it
import pytest
from numpy.typing import NDArray

import cosmos_houdini as cosmos
from cosmos_houdini.cli import main
from cosmos_houdini.media.control_settings import ColorSettings
from cosmos_houdini.media.delivery.exr import Compression
from cosmos_houdini.media.pictures.color import display_transform
from cosmos_houdini.media.pictures.geometry import Geometry
from cosmos_houdini.media.videos.probe import inspect_video, sha256_of
from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.ratings import key_of
from support.media import FFMPEG
from support.recorder import Recorder

SIZE = (320, 192)
HELD = 1003
NUMBERS = (1001, 1002, 1003, 1004, 1005)
PROMPT = "A street in the rain."


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A project with a shot of EXR, and a job whose result shows exactly the plate."""

    project: cosmos.Project
    job: cosmos.Job
    light: dict[int, NDArray[np.float32]]

    @property
    def results(self) -> Path:
        return self.job.result().folder

    def shown(self, number: int) -> NDArray[np.uint8]:
        return display_transform(ColorSettings()).apply_exactly(self.light[number])


@pytest.fixture(scope="module")
def shot(tmp_path_factory: pytest.TempPathFactory) -> Delivered:
    folder = tmp_path_factory.mktemp("project")
    light = {number: _light(number) for number in NUMBERS}
    (folder / "render").mkdir()
    for number in NUMBERS:
        if number != HELD:
            _write_plate(folder / "render" / f"sh010_beauty.{number}.exr", light[number], number)
    project = cosmos.Project.open(folder)
    shot = project.shot(renders=folder / "render", fps=23.976, on_gap="hold")
    job = project.submit(shot, prompt=PROMPT, parameters={"seed": 7})
    made = Delivered(project=project, job=job, light=light)
    _show_the_plate(job.wait(), made)
    return made


def _light(number: int) -> NDArray[np.float32]:
    y, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]].astype(np.float32)
    red = 0.05 + 0.3 * x / SIZE[0] + 0.04 * (number - 1001)
    return (
        np.stack([red, 0.05 + 0.25 * y / SIZE[1], np.full_like(x, 0.18)], axis=-1).astype(np.float16).astype(np.float32)
    )


def _write_plate(path: Path, light: NDArray[np.float32], number: int) -> None:
    window = (np.array([8, 4], np.int32), np.array([8 + SIZE[0] - 1, 4 + SIZE[1] - 1], np.int32))
    header = {
        "compression": OpenEXR.ZIP_COMPRESSION,
        "type": OpenEXR.scanlineimage,
        "dataWindow": window,
        "displayWindow": window,
        "timeCode": OpenEXR.TimeCode(1, 0, 0, number - 1001, *[False] * 6, *[0] * 8),
        "framesPerSecond": Fraction(24000, 1001),
        "owner": "the studio",
    }
    channels = {name: np.ascontiguousarray(light[..., index], np.float16) for index, name in enumerate("RGB")}
    with OpenEXR.File(header, channels) as file:
        file.write(str(path))


def _show_the_plate(result: cosmos.Result, made: Delivered) -> None:
    """Put a video of the plate in the place of the result, as a model would make that changes nothing."""
    frame = json.loads((result.folder / "conversion.json").read_text(encoding="utf-8"))["frame"]
    geometry = Geometry.from_document(frame)
    raw = b"".join(geometry.forward(made.shown(number), Pass.COLOR).tobytes() for number in NUMBERS)
    size = "x".join(map(str, geometry.engine))
    to_yuv = "scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd+full_chroma_inp,format=yuv444p"
    tags = "setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709"
    argv = [
        FFMPEG.program,
        "-v",
        "error",
        "-y",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-s",
        size,
        "-r",
        "24",
        "-i",
        "-",
    ]
    argv += ["-vf", f"{to_yuv},{tags}", "-c:v", "libx264", "-qp", "0", "-preset", "ultrafast", str(result.video)]
    subprocess.run(argv, input=raw, check=True)
    note = result.folder / "result.json"
    document = json.loads(note.read_text(encoding="utf-8"))
    (output,) = [each for each in document["outputs"] if each["path"] == "result.mp4"]
    output.update(sha256=sha256_of(result.video), size=list(geometry.engine))
    note.write_text(json.dumps(document), encoding="utf-8")


def read(path: Path, kind: str = "float") -> tuple[NDArray[Any], dict[str, Any]]:
    """Return pixels and attributes as OpenImageIO reads them."""
    file = OpenImageIO.ImageInput.open(str(path))
    assert file is not None, OpenImageIO.geterror()
    spec, pixels = file.spec(), file.read_image(0, 0, 0, 3, kind)
    file.close()
    attributes = {each.name: each.value for each in spec.extra_attribs}
    return pixels, {**attributes, "window": (spec.x, spec.y, spec.width, spec.height, spec.full_x, spec.full_y)}


def assert_shows(levels: NDArray[Any], plate: NDArray[np.uint8], *, most: float = 2.5) -> None:
    """Compare levels of 0 to 255 with a plate that went through 8-bit YUV and two changes of size."""
    error = np.abs(np.rint(levels) - plate)
    assert np.percentile(error, 99) <= 1
    assert error.max() <= most


@pytest.mark.parametrize("compression", ["zip", "dwaa"])
def test_exr_lies_over_the_plate_and_names_plate_and_run(
    shot: Delivered, tmp_path: Path, compression: Compression
) -> None:
    out = tmp_path / "sh010_cosmos.####.exr"
    (made,) = shot.project.deliver(shot.job, to="exr", output=out, compression=compression)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"sh010_cosmos.{n}.exr" for n in NUMBERS if n != HELD]
    assert (made.frames, made.held, made.size) == ((1001, 1002, 1004, 1005), (HELD,), SIZE)
    for file, number in zip(made.files, made.frames, strict=True):
        pixels, header = read(file)
        assert_shows(pixels * 255, shot.shown(number), most=2.5 if compression == "zip" else 4.5)
        assert header["window"] == (8, 4, *SIZE, 8, 4)
        assert header["framesPerSecond"] == (24000, 1001)
        assert header["smpte:TimeCode"][0] & 0xFF == number - 1001
        assert header["Copyright"] == "the studio"
        assert header["oiio:ColorSpace"] == "srgb_rec709_display"
        assert (header["cosmos/job"], header["cosmos/seed"]) == (shot.job.id, 7)
        assert header["cosmos/prompt_sha256"] == hashlib.sha256(PROMPT.encode()).hexdigest()
        assert header["compression"] == compression


def test_linear_exr_is_the_light_that_the_view_showed(shot: Delivered, tmp_path: Path) -> None:
    (linear,) = shot.project.deliver(shot.job, to="exr-linear", output=tmp_path / "light.####.exr")
    (shown,) = shot.project.deliver(shot.job, to="exr", output=tmp_path / "shown.####.exr")
    view = display_transform(ColorSettings())
    for file, display, number in zip(linear.files, shown.files, linear.frames, strict=True):
        light, header = read(file)
        assert header["oiio:ColorSpace"] == "lin_ap1_scene"
        colors = read(display)[0]
        assert np.abs(view.apply_exactly(light).astype(float) - colors * 255).max() < 1.1
        assert np.abs(light - inverted(colors)).max() < 1e-3
        # The result was 8-bit YUV: a level of it is up to three thousandths of light here.
        assert np.median(np.abs(light - shot.light[number])) < 2e-3
    assert "ACEScg" in linear.color


def inverted(colors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the light of display colours by an inverse that the test asks of OpenColorIO itself."""
    view = display_transform(ColorSettings())
    back = OCIO.DisplayViewTransform(view.input_space, view.display, view.view, direction=OCIO.TRANSFORM_DIR_INVERSE)
    light = np.ascontiguousarray(colors)
    view.opened.getProcessor(back).getDefaultCPUProcessor().applyRGB(light)
    return light


@pytest.mark.parametrize("kind", ["png", "png16", "tiff"])
def test_pictures_have_the_plates_numbers_and_pixels(shot: Delivered, tmp_path: Path, kind: str) -> None:
    ending = ".tif" if kind == "tiff" else ".png"
    (made,) = shot.project.deliver(shot.job, to=kind, output=tmp_path / f"a.%04d{ending}")
    assert [path.name for path in made.files] == [f"a.{number}{ending}" for number in made.frames]
    for file, number in zip(made.files, made.frames, strict=True):
        pixels, header = read(file, "uint8" if kind == "png" else "uint16")
        levels = pixels.astype(float) if kind == "png" else pixels / 257
        assert_shows(levels, shot.shown(number))
        assert header.get("PixelAspectRatio", 1.0) == pytest.approx(1.0)


def test_png_is_what_restore_writes_to_the_bit(shot: Delivered, tmp_path: Path) -> None:
    (made,) = shot.project.deliver(shot.job, to="png", output=tmp_path / "a.####.png")
    conversion = shot.results / "conversion.json"
    restored = shot.project.restore(shot.results / "result.mp4", conversion, tmp_path / "b.####.png")
    by_number = dict(zip(NUMBERS, restored, strict=True))
    for file, number in zip(made.files, made.frames, strict=True):
        assert file.read_bytes() == by_number[number].read_bytes()


@pytest.mark.parametrize(
    ("kind", "codec", "pix_fmt"),
    [
        ("prores", "prores", "yuv422p10le"),
        ("prores4444", "prores", "yuv444p12le"),
        ("dnxhr", "dnxhd", "yuv422p10le"),
        ("mp4", "h264", "yuv420p"),
    ],
)
def test_movies_have_the_plates_rate_timecode_and_tags(
    shot: Delivered, tmp_path: Path, kind: str, codec: str, pix_fmt: str
) -> None:
    out = tmp_path / ("a.mp4" if kind == "mp4" else "a.mov")
    (made,) = shot.project.deliver(shot.job, to=kind, output=out)
    facts = inspect_video(out, ffmpeg=FFMPEG)
    assert (facts.codec, facts.pix_fmt, facts.clip.frames, facts.clip.size) == (codec, pix_fmt, 5, SIZE)
    assert facts.clip.fps == pytest.approx(24000 / 1001, rel=1e-4)
    assert (facts.color.matrix, facts.color.primaries, facts.color.transfer) == ("bt709", "bt709", "bt709")
    said = subprocess.run([FFMPEG.program, "-i", str(out)], capture_output=True, text=True, check=False).stderr
    assert "timecode        : 01:00:00:00" in said
    assert shot.job.id in said
    assert (made.frames, made.held, made.timecode) == (NUMBERS, (HELD,), "01:00:00:00")


@pytest.mark.parametrize(
    ("to", "output", "words"),
    [
        ("prores", "a.mp4", "promises another format than prores; allowed: a name that ends in .mov"),
        ("exr", "a.####.png", "promises another format than exr"),
        ("exr", "a.exr", "has no place for frame numbers; allowed: such as a.####.exr"),
        ("exrs", None, "did you mean 'exr'?"),
    ],
)
def test_a_name_that_promises_another_format_is_refused(
    shot: Delivered, tmp_path: Path, to: str, output: str | None, words: str
) -> None:
    with pytest.raises(cosmos.BadInput) as caught:
        shot.project.deliver(shot.job, to=to, output=tmp_path / output if output else None)
    assert words in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_the_plate_is_never_overwritten(shot: Delivered) -> None:
    plate = shot.project.folder / "render" / "sh010_beauty.####.exr"
    before = sha256_of(plate.with_name("sh010_beauty.1001.exr"))
    with pytest.raises(cosmos.BadInput, match="is the plate itself"):
        shot.project.deliver(shot.job, to="exr", output=plate)
    assert sha256_of(plate.with_name("sh010_beauty.1001.exr")) == before


def test_several_results_need_names_of_their_own(shot: Delivered, tmp_path: Path) -> None:
    with pytest.raises(cosmos.BadInput, match=r"the results of .* would go to"):
        shot.project.deliver(shot.job, shot.job, to="exr", output=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_two_shots_into_one_folder_have_the_names_of_their_plates(shot: Delivered, tmp_path: Path) -> None:
    (tmp_path / "render").mkdir()
    for number in (1001, 1002):
        _write_plate(tmp_path / "render" / f"sh020_beauty.{number}.exr", shot.light[number], number)
    other = shot.project.submit(shot.project.shot(renders=tmp_path / "render", fps=23.976), prompt=PROMPT)
    other.wait()
    made = shot.project.deliver(shot.job, other, to="png", output=tmp_path / "comp")
    assert [each.files[0].name for each in made] == ["sh010_beauty.1001.png", "sh020_beauty.1001.png"]
    assert len(list((tmp_path / "comp").iterdir())) == len(NUMBERS) - 1 + 2


def test_what_a_reviewer_picked_is_delivered(shot: Delivered, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = {"run": "a", "key": key_of(shot.job.id), "rating": None, "picked": True, "note": "", "at": "2026-11-30"}
    ratings = {"schema": "cosmos-houdini/ratings/1", "report": "r", "saved_at": "2026-11-30", "runs": [run]}
    (tmp_path / "ratings.json").write_text(json.dumps(ratings), encoding="utf-8")
    monkeypatch.chdir(shot.project.folder)
    out = str(tmp_path / "{run}.####.png")
    assert main(["deliver", "--picked", str(tmp_path / "ratings.json"), "--to", "png", "-o", out]) == 0
    assert len(list(tmp_path.glob("sh010.*.png"))) == len(NUMBERS) - 1
    assert main(["deliver", "--to", "png"]) == 2


def test_a_plate_that_is_gone_is_told_and_its_result_is_delivered(shot: Delivered, tmp_path: Path) -> None:
    recorder = Recorder()
    project = cosmos.Project.open(shot.project.folder, reporter=recorder)
    renders = shot.project.folder / "render"
    renders.rename(renders.with_name("moved"))
    try:
        (made,) = project.deliver(shot.job.id, to="png", output=tmp_path)
    finally:
        renders.with_name("moved").rename(renders)
    assert made.files[0].name == "sh010_beauty.1001.png"
    assert "is not there any more" in made.remarks[0]
    assert any("is not there any more" in sentence for sentence in recorder.sentences)


def test_a_result_that_has_changed_is_not_delivered(shot: Delivered, tmp_path: Path) -> None:
    video = shot.results / "result.mp4"
    before = video.read_bytes()
    video.write_bytes(before + b"x")
    try:
        with pytest.raises(cosmos.BadInput, match="has changed since it was verified"):
            shot.project.deliver(shot.job, to="png", output=tmp_path)
    finally:
        video.write_bytes(before)
    assert list(tmp_path.iterdir()) == []


def test_a_view_that_is_gone_is_told(shot: Delivered, tmp_path: Path) -> None:
    path = shot.results / "conversion.json"
    before = path.read_text(encoding="utf-8")
    document = json.loads(before)
    document["sources"]["color"]["display"]["config"] = str(tmp_path / "studio.ocio")
    path.write_text(json.dumps(document), encoding="utf-8")
    try:
        with pytest.raises(cosmos.BadInput, match=r"studio.ocio, with which the plate was shown, is no file any more"):
            shot.project.deliver(shot.job, to="exr-linear", output=tmp_path / "out")
    finally:
        path.write_text(before, encoding="utf-8")
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []
