"""A render counts only when it happened: by the node's own errors, and by files that were written since the start."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cosmos_houdini.errors import BadInput, ToolError
from cosmos_houdini.houdini import rendering
from cosmos_houdini.houdini.open_outputs import output_paths, read_open_outputs
from support.houdini import fake_hou, hip_files
from support.houdini.houdini_session import Session
from support.houdini.solaris import RENDER, SETTINGS, write_stage
from support.houdini.solaris import ROP as ROP_OF_STAGE

ROP = {
    "soho_foreground": ['"off"'],
    "trange": ['"normal"'],
    "f": [1, 3, 1],
    "take": ["_current_"],
}
MANTRA = {**ROP, "vm_picture": ["$HIP/render/a.$F4.exr"], "camera": ["/obj/cam1"]}
IMAGE = {**ROP, "execute": [0], "copoutput": [r"$HIP/render/comp.\$F4.exr"]}
RENDERERS = {
    "ifd": ("vm_picture", "/out/rop1"),
    "karma": ("picture", "/out/rop1"),
    "usdrender": ("outputimage", "/out/rop1"),
    "Redshift_ROP": ("RS_outputFileNamePrefix", "/out/rop1"),
    "arnold": ("ar_picture", "/out/rop1"),
    "vray_renderer": ("SettingsOutput_img_file_path", "/out/rop1"),
    "Octane_ROP": ("HO_img_fileName", "/out/rop1"),
    "opengl": ("picture", "/out/rop1"),
    "usdrender_rop": ("outputimage", "/stage/rop1"),
    "rop_image": ("copoutput", "/img/net/rop1"),
}


@pytest.fixture
def mantra(houdini: Session, tmp_path: Path) -> Session:
    """Return Houdini with a Mantra node that writes three frames."""
    houdini.load(str(hip_files.write_hip(tmp_path, hip_files.node("out/mantra1", "ifd", MANTRA))))
    return houdini


def solaris(houdini: Session, folder: Path) -> None:
    """Open a scene whose stage is rendered."""
    houdini.load(str(write_stage(folder, f=[1, 3, 1])))


def writer(folder: Path, *frames: int, name: str = "a", ending: str = "exr") -> Callable[[str], None]:
    """Return a renderer that writes these frames."""

    def write(_: str) -> None:
        folder.mkdir(exist_ok=True)
        for frame in frames:
            (folder / f"{name}.{frame:04d}.{ending}").write_bytes(os.urandom(8))

    return write


@pytest.mark.parametrize("type_", RENDERERS)
def test_every_kind_of_render_node_is_rendered_in_the_foreground_and_its_files_are_returned(
    houdini: Session, tmp_path: Path, type_: str
) -> None:
    picture, path = RENDERERS[type_]
    values = {**ROP, "execute": [0], "RS_nonBlockingRendering": [1], picture: ["$HIP/render/a.$F4.exr"]}
    houdini.load(str(hip_files.write_hip(tmp_path, hip_files.node(path[1:], type_, values))))
    houdini.on_render = writer(tmp_path / "render", 1, 2, 3)
    files = rendering.render(path, None)
    assert [file.name for file in files] == ["a.0001.exr", "a.0002.exr", "a.0003.exr"]
    assert houdini.rendered == [(path, (1, 3, 1))]
    node = houdini.nodes[path]
    # Afterwards the scene is as it was.
    assert [value.text for value in (*node.parms["soho_foreground"], *node.parms["trange"])] == ["off", "normal"]
    assert node.parms["RS_nonBlockingRendering"][0].text in {"1", "1.0"}


def test_a_node_that_keeps_an_error_did_not_render_although_it_returned(mantra: Session, tmp_path: Path) -> None:
    writer(tmp_path / "render", 1, 2, 3)("")
    mantra.nodes["/out/mantra1"].errors.append("husk exited with code 1: no licence")
    with pytest.raises(ToolError, match="/out/mantra1 did not render: husk exited with code 1: no licence"):
        rendering.render("/out/mantra1", None)


def test_frames_of_an_earlier_render_are_not_taken_for_the_new_ones(mantra: Session, tmp_path: Path) -> None:
    writer(tmp_path / "render", 1, 2, 3)("")
    mantra.on_render = writer(tmp_path / "render", 1)
    with pytest.raises(ToolError) as caught:
        rendering.render("/out/mantra1", None, wait_s=0)
    assert "2 of 3 frames were not written: a.0002.exr, a.0003.exr: files of an earlier render are there" in str(
        caught.value
    )
    assert "licence" in caught.value.action


def test_a_late_writer_is_waited_for_until_its_file_grows_no_more(mantra: Session, tmp_path: Path) -> None:
    folder = tmp_path / "render"
    said: list[str] = []

    def late() -> None:
        time.sleep(0.3)
        writer(folder, 2)("")
        with (folder / "a.0003.exr").open("wb", buffering=0) as file:
            for _ in range(8):
                file.write(b"row")
                time.sleep(0.1)

    def render(_: str) -> None:
        writer(folder, 1)("")
        threading.Thread(target=late).start()

    mantra.on_render = render
    rendering.render("/out/mantra1", None, say=said.append)
    assert said[-1] == "waiting for 2 frames to be written"
    assert (folder / "a.0003.exr").stat().st_size == 24


def test_an_empty_file_is_no_frame(mantra: Session, tmp_path: Path) -> None:
    writer(tmp_path / "render", 1, 2)("")

    def render(_: str) -> None:
        writer(tmp_path / "render", 1, 2)("")
        (tmp_path / "render" / "a.0003.exr").touch()

    mantra.on_render = render
    with pytest.raises(ToolError, match="1 of 3 frames were not written"):
        rendering.render("/out/mantra1", None, wait_s=0.5)


@pytest.mark.parametrize(
    ("change", "problem", "action"),
    [
        ({"trange": ['"off"']}, "renders the current frame alone", "--range A-B"),
        ({"f": [1, 3, 0.5]}, "renders frames 1 to 3 by 0.5", "Start/End/Inc"),
        ({"vm_picture": ["$HIP/a.exr"]}, "writes every frame to", r"\$F4"),
        ({"vm_picture": ["ip"]}, "writes no picture file, but 'ip'", "picture path"),
        ({"vm_picture": ['""']}, "writes no picture file", "picture path"),
    ],
)
def test_a_render_that_cannot_be_checked_is_refused_before_it_starts(
    houdini: Session, tmp_path: Path, change: dict[str, list[object]], problem: str, action: str
) -> None:
    houdini.load(str(hip_files.write_hip(tmp_path, hip_files.node("out/mantra1", "ifd", {**MANTRA, **change}))))
    with pytest.raises(BadInput, match=problem) as caught:
        rendering.render("/out/mantra1", None)
    assert action.replace("\\", "") in caught.value.action
    assert houdini.rendered == []


def test_the_nodes_step_and_take_are_those_of_the_render(houdini: Session, tmp_path: Path) -> None:
    values = {**MANTRA, "f": [1, 6, 2], "take": ["night"], "vm_picture": ["$HIP/render/$ACTIVETAKE.$F4.exr"]}
    houdini.load(str(hip_files.write_hip(tmp_path, hip_files.node("out/mantra1", "ifd", values))))
    houdini.takes = ("Main", "night")
    houdini.variables["ACTIVETAKE"] = "Main"
    houdini.on_render = writer(tmp_path / "render", 1, 3, 5, name="night")
    assert [file.name for file in rendering.render("/out/mantra1", None)] == [
        "night.0001.exr",
        "night.0003.exr",
        "night.0005.exr",
    ]
    assert houdini.variables["ACTIVETAKE"] == "Main"
    assert houdini.rendered == [("/out/mantra1", (1, 6, 2))]


@pytest.mark.parametrize("path", [SETTINGS, RENDER])
def test_settings_are_rendered_by_the_node_below_them(houdini: Session, tmp_path: Path, path: str) -> None:
    solaris(houdini, tmp_path)
    houdini.on_render = writer(tmp_path / "render", 1, 2, 3, name="karmarendersettings", ending="png")
    assert len(rendering.render(path, None)) == 3
    assert houdini.rendered == [(RENDER, (1, 3, 1))]
    houdini.rendered.clear()
    houdini.on_render = writer(tmp_path / "render", 7, 8, name="karmarendersettings", ending="png")
    assert [file.name for file in rendering.render(path, (7, 8))] == [
        "karmarendersettings.0007.png",
        "karmarendersettings.0008.png",
    ]
    assert houdini.rendered == [(RENDER, (7, 8, 1))]
    assert [value.number for value in houdini.nodes[RENDER].parms["f"]] == [1, 3, 1]


def test_settings_that_nothing_renders_are_refused(houdini: Session, tmp_path: Path) -> None:
    houdini.load(
        str(hip_files.write_hip(tmp_path, hip_files.node("stage/a", "karmarendersettings", {"picture": ["a.$F.exr"]})))
    )
    with pytest.raises(BadInput, match="nothing renders /stage/a") as caught:
        rendering.render("/stage/a", (1, 2))
    assert "USD Render ROP" in caught.value.action


def test_an_unknown_node_is_answered_with_those_that_write_pictures(houdini: Session, tmp_path: Path) -> None:
    solaris(houdini, tmp_path)
    with pytest.raises(BadInput, match="no render node /stage/usdrender_rop2") as caught:
        rendering.render("/stage/usdrender_rop2", None)
    assert (caught.value.allowed, caught.value.action) == (RENDER, f"did you mean {RENDER!r}?")


def test_a_node_that_names_no_picture_is_not_offered(houdini: Session, tmp_path: Path) -> None:
    entries = [
        hip_files.node("out/a", "usdrender", ROP_OF_STAGE),
        hip_files.node("out/window", "ifd", {**MANTRA, "vm_picture": ["ip"]}),
        hip_files.node("out/b", "ifd", MANTRA),
        hip_files.node("img/net/comp", "rop_image", IMAGE),
    ]
    houdini.load(str(hip_files.write_hip(tmp_path, *entries)))
    assert output_paths() == ("/out/b", "/img/net/comp")
    assert len(read_open_outputs()) == 4


def test_a_failure_of_the_call_is_told_with_the_nodes_own_errors(mantra: Session) -> None:
    def fail(_: str) -> None:
        mantra.nodes["/out/mantra1"].errors.append("no camera")
        raise fake_hou.OperationFailed("Error rendering child: /out/mantra1")

    mantra.on_render = fail
    with pytest.raises(ToolError, match="did not render: Error rendering child: /out/mantra1; no camera"):
        rendering.render("/out/mantra1", None)


def test_every_product_of_a_stage_has_to_be_written(houdini: Session, tmp_path: Path) -> None:
    products = {"depth": ("$HIP/render/depth.$F4.png", "depth")}
    in_list = {"ids": ("$HIP/render/ids.$F4.png", "segmentation")}
    houdini.load(str(write_stage(tmp_path, products, in_list, f=[1, 2, 1])))
    folder = tmp_path / "render"

    def render(*names: str) -> Callable[[str], None]:
        return lambda path: [writer(folder, 1, 2, name=name, ending="png")(path) for name in names]

    houdini.on_render = render("karmarendersettings", "depth", "ids")
    assert len(rendering.render(RENDER, None)) == 2
    houdini.on_render = render("karmarendersettings", "depth")
    with pytest.raises(ToolError, match="2 of 6 frames were not written"):
        rendering.render(RENDER, None, wait_s=0)
