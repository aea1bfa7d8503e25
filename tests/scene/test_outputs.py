"""Render nodes and the files that they write."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.render_outputs import offered_outputs
from cosmos_houdini.model.scene import RenderOutput
from cosmos_houdini.scene import expand_picture, find_output, picture_pattern, read_scene
from cosmos_houdini.scene.picture import picture_patterns
from support.houdini import hip_files
from support.houdini.solaris import RENDER, SETTINGS, write_stage

ROP: dict[str, Sequence[object]] = {
    "trange": ['"normal"'],
    "f": [1, 48, 2],
    "camera": ["/obj/cam1"],
    "vm_picture": ["$HIP/$F4.exr"],
}


def output_of(folder: Path, type_: str, values: dict[str, Sequence[object]], chn: str = "") -> RenderOutput:
    (output,) = read_scene(hip_files.write_hip(folder, hip_files.node("out/rop1", type_, values, chn))).outputs
    return output


@pytest.mark.parametrize(
    ("type_", "picture", "camera"),
    [
        ("ifd", "vm_picture", "camera"),
        ("karma", "picture", "camera"),
        ("karma::2.0", "picture", "camera"),
        ("karmarenderproperties", "picture", "camera"),
        ("karmarendersettings", "picture", "camera"),
        ("usdrender", "outputimage", "override_camera"),
        ("usdrender_rop", "outputimage", "override_camera"),
        ("opengl", "picture", "camera"),
        ("Redshift_ROP", "RS_outputFileNamePrefix", "RS_renderCamera"),
        ("arnold", "ar_picture", "camera"),
        ("vray_renderer", "SettingsOutput_img_file_path", "render_camera"),
        ("Octane_ROP", "HO_img_fileName", "HO_renderCamera"),
        ("renderproduct", "productName", "camera"),
        ("rop_image", "copoutput", None),
        ("rop_comp", "copoutput", None),
        ("comp", "copoutput", None),
    ],
)
def test_each_renderer_tells_picture_and_camera(tmp_path: Path, type_: str, picture: str, camera: str | None):
    values: dict[str, Sequence[object]] = {picture: ["$HIP/a.$F4.exr"], **({camera: ["/obj/cam1"]} if camera else {})}
    assert output_of(tmp_path, type_, values).document() == {
        "path": "/out/rop1",
        "type": type_,
        "picture": "$HIP/a.$F4.exr",
        "camera": "/obj/cam1" if camera else None,
        "frame_range": None,
    }


def test_nodes_that_write_geometry_are_no_outputs(tmp_path: Path):
    nodes = [
        hip_files.node(f"out/{type_}", type_, ROP)
        for type_ in ("geometry", "rop_geometry", "rop_fbx", "alembic", "usd")
    ]
    assert read_scene(hip_files.write_hip(tmp_path, *nodes)).outputs == ()


def test_the_range_of_a_node_that_renders_one(tmp_path: Path):
    assert output_of(tmp_path, "ifd", ROP).frame_range == (1, 48, 2)
    assert output_of(tmp_path, "ifd", {**ROP, "trange": ['"off"']}).frame_range is None
    assert output_of(tmp_path, "ifd", {**ROP, "f": [1.5, 48, 0.25]}).frame_range == (1.5, 48, 0.25)


def test_the_global_range_is_put_in_for_its_variables(tmp_path: Path):
    chn = hip_files.channels(
        f1="segment { length = 0 expr = $FSTART }",
        f2="segment { length = 0 expr = $FEND }",
        f3=r"segment { length = 0 expr = ch(\"step\") }",
    )
    assert output_of(tmp_path, "ifd", {**ROP, "f": [("f1", 0), ("f2", 0), ("f3", 5)]}, chn).frame_range == (1, 240, 5)


def test_a_picture_keyed_as_a_text_is_that_text_and_an_expression_keeps_the_saved_value(tmp_path: Path):
    literal = hip_files.channels(vm_picture=r"segment { length = 0 expr = \"$HIP/$OS.$F4.exr\" }")
    driven = {**ROP, "vm_picture": [("vm_picture", "/saved/a.0001.exr")]}
    assert output_of(tmp_path, "ifd", driven, literal).picture == "$HIP/$OS.$F4.exr"
    expression = hip_files.channels(vm_picture=r"segment { length = 0 expr = chs(\"../x\") }")
    assert output_of(tmp_path, "ifd", driven, expression).picture == "/saved/a.0001.exr"


def test_a_node_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path):
    nodes = [hip_files.node(f"out/{name}", "ifd", ROP) for name in ("mantra1", "beauty")]
    scene = read_scene(hip_files.write_hip(tmp_path, *nodes))
    assert find_output(scene, "/out/beauty").path == "/out/beauty"
    with pytest.raises(
        BadInput, match=r"no render node /out/mantra; allowed: /out/mantra1, /out/beauty; did you mean '/out/mantra1'"
    ):
        find_output(scene, "/out/mantra")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$HIP/render/$HIPNAME.$OS.$F4.exr", "{folder}/render/my shot.mantra1.####.exr"),
        ("${HIP}/${OS}_${F4}.png", "{folder}/mantra1_####.png"),
        ("$JOB/a.$F.png", "/jobs/a/a.#.png"),
        ("$HIPFILE.$F3.png", "{folder}/my shot.hip.###.png"),
        (r"$HIP/a.\$F4.exr", "{folder}/a.####.exr"),
        ("$SHOW/a.$F2.png", "{folder}/show/a.##.png"),
        ("/plain/größe 1.png", "/plain/größe 1.png"),
    ],
)
def test_picture_paths_are_expanded(tmp_path: Path, text: str, expected: str):
    variables = {"JOB": "/jobs/a", "SHOW": "$HIP/show", "HIP": "/elsewhere", "HIPNAME": "other"}
    hip = tmp_path / "my shot.hip"
    assert expand_picture(text, hip=hip, node_path="/out/mantra1", variables=variables) == expected.format(
        folder=tmp_path.resolve().as_posix()
    )


def test_scenes_of_houdini_13_have_the_suffix_in_their_name(tmp_path: Path):
    variables = {"HIPNAME": "camera_plane.hip"}
    assert (
        expand_picture("$HIPNAME.png", hip=tmp_path / "a.hip", node_path="/out/m", variables=variables) == "a.hip.png"
    )


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("$SHOT/a.$F4.exr", r"\$SHOT in"),
        ("$SHOT/$OS_a.${TAKE:r}.exr", r"\$SHOT, \$OS_a, \$TAKE:r in"),
        ("$HIP/a.$FF.exr", r"\$FF in"),
        ("$LOOP/a.exr", r"\$LOOP in"),
        ("$GROWING/a.exr", r"\$GROWING in"),
        ("$HIP/`chs('x')`.exr", "backquotes"),
    ],
)
def test_what_cannot_be_expanded_is_named_with_node_and_scene(tmp_path: Path, text: str, named: str):
    variables = {"LOOP": "$LOOP/x", "GROWING": "$GROWING" * 500}
    with pytest.raises(BadInput, match=named) as caught:
        expand_picture(text, hip=tmp_path / "a.hip", node_path="/out/mantra1", variables=variables)
    assert "/out/mantra1" in str(caught.value)
    assert str(tmp_path / "a.hip") in str(caught.value)


@pytest.mark.parametrize(("picture", "problem"), [("ip", "renders to a window"), ('""', "names no picture")])
def test_a_node_without_files_is_answered_with_those_that_write_some(tmp_path: Path, picture: str, problem: str):
    scene = read_scene(
        hip_files.write_hip(
            tmp_path,
            hip_files.node("out/view", "ifd", {**ROP, "vm_picture": [picture]}),
            hip_files.node("out/disk", "ifd", ROP),
        )
    )
    with pytest.raises(BadInput, match=rf"/out/view {problem}.*allowed: /out/disk"):
        picture_pattern(scene, "/out/view")
    assert picture_pattern(scene, "/out/disk") == f"{tmp_path.resolve().as_posix()}/####.exr"


def test_a_stage_tells_which_node_renders_which(tmp_path: Path) -> None:
    products = {"depth": ("$HIP/depth.$F4.exr", "depth")}
    scene = read_scene(write_stage(tmp_path, products, take=["night"]))
    documents = {output.path: output.document() for output in scene.outputs}
    assert documents[RENDER] == {
        "path": RENDER,
        "type": "usdrender_rop",
        "picture": None,
        "camera": None,
        "frame_range": [1001, 1003, 1],
        "delegate": "BRAY_HdKarmaXPU",
        "take": "night",
        "renders": [SETTINGS, "/stage/depth"],
    }
    assert documents[SETTINGS]["rendered_by"] == RENDER
    assert documents["/stage/depth"]["vars"] == ["depth"]
    assert [RenderOutput.of_document(documents[output.path]) for output in scene.outputs] == list(scene.outputs)
    assert [camera.prim for camera in scene.cameras] == ["/cameras/camera1"]
    [offered] = offered_outputs(scene.outputs)
    assert (offered.path, offered.picture) == (RENDER, "$HIP/render/$OS.$F4.png")
    assert (offered.camera, offered.take) == ("/cameras/camera1", "night")


def test_a_renderer_elsewhere_names_the_stage_and_the_settings_that_it_takes(tmp_path: Path) -> None:
    def settings(name: str, above: str, prim: str) -> list[tuple[hip_files.Body, hip_files.Body]]:
        values = {"primpath": [prim], "picture": [f"$HIP/{name}.$F4.exr"]}
        return hip_files.node(f"stage/{name}", "karmarendersettings", values, def_=hip_files.definition(above))

    values = {"loppath": ["../../stage/late"], "rendersettings": ["/Render/$OS"], "outputimage": ['""']}
    nodes = [
        settings("early", "", "/Render/$OS"),
        settings("late", "early", "/Render/$OS"),
        hip_files.node("out/early", "usdrender", {**values, "rendersettings": ["/Render/early"]}),
        hip_files.node("out/nearest", "usdrender", {**values, "rendersettings": ['""'], "loppath": ["/stage/late"]}),
    ]
    scene = read_scene(hip_files.write_hip(tmp_path, *nodes))
    renders = {output.path: output.renders for output in scene.outputs}
    assert renders["/out/early"] == ("/stage/early",)
    assert renders["/out/nearest"] == ("/stage/late",)
    assert picture_pattern(scene, "/out/early").endswith("/early.####.exr")


@pytest.mark.hips
def test_the_published_stage_is_offered_by_the_node_that_renders_it(hips: Path) -> None:
    scene = read_scene(hips / "sideeffects+SideFXLabs__karma_aovs_for_prman_denoiser.1.0.hip")
    assert [output.path for output in offered_outputs(scene.outputs)] == ["/stage/usdrender_rop3"]
    assert picture_pattern(scene, "/stage/usdrender_rop3") == picture_pattern(scene, "/stage/karmarendersettings")
    [camera] = [camera for camera in scene.cameras if camera.kind == "lop"]
    assert camera.prim == offered_outputs(scene.outputs)[0].camera == "/cameras/camera1"


def test_each_product_of_a_list_is_an_output_of_its_own(tmp_path: Path) -> None:
    in_list = {
        "far": (r"$HIP/$OS.`chs(\"primname_0\")`.$F4.png", "depth"),
        "unused": ("", "N"),
        "all": ("$HIP/all.$F4.png", ""),
    }
    scene = read_scene(write_stage(tmp_path, in_list=in_list))
    outputs = {output.path: output for output in scene.outputs if output.node_path == "/stage/list1"}
    assert list(outputs) == ["/stage/list1/productName_0", "/stage/list1/productName_2"]
    far, every = outputs.values()
    assert (far.picture, far.vars, far.camera) == ("$HIP/$OS.far.$F4.png", ("depth",), "/cameras/camera1")
    assert (every.vars, every.rendered_by) == ((), RENDER)
    patterns = [picture.pattern for picture in picture_patterns(scene, RENDER)]
    assert [Path(pattern).name for pattern in patterns] == [
        "karmarendersettings.####.png",
        "list1.far.####.png",
        "all.####.png",
    ]
