"""Lens, lights, materials, objects and time of day, from made-up and from published scenes."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosmos_houdini.facts.daylight import sun_elevation
from cosmos_houdini.facts.framing import describe_framing
from cosmos_houdini.facts.lens import describe_lens
from cosmos_houdini.facts.read import read_described_scene, read_facts
from cosmos_houdini.model.contents import Light, SceneContents
from cosmos_houdini.scene.reader import read_scene, read_scene_contents
from support.houdini import hip_files
from support.houdini.camera_paths import TRANSFORM

HIDDEN = "flags =  lock off model off template off footprint off xray off bypass off display off render on \n"


@pytest.mark.parametrize(
    ("focal", "aperture", "words", "full_frame"),
    [
        (18.0, 36.0, "ultra-wide-angle lens", 18.0),
        (18.0, 23.6, "wide-angle lens", 27.46),
        (50.0, 41.4214, "standard lens", 43.46),
        (85.0, 36.0, "short telephoto lens", 85.0),
        (200.0, 36.0, "telephoto lens", 200.0),
        (400.0, 20.955, "super-telephoto lens", 687.2),
    ],
)
def test_lenses_have_the_words_of_photographers(focal: float, aperture: float, words: str, full_frame: float):
    lens = describe_lens(focal, aperture)
    assert lens is not None
    assert (lens.words, lens.full_frame_mm) == (words, pytest.approx(full_frame, rel=1e-3))


def test_a_lens_without_a_film_has_no_words():
    lens = describe_lens(50.0, None)
    assert lens is not None
    assert (lens.words, lens.view_deg) == ("", None)
    assert describe_lens(None, 36.0) is None


def scene_with(folder: Path, *nodes: list[tuple[hip_files.Body, hip_files.Body]]) -> Path:
    return hip_files.write_hip(folder, hip_files.node("obj/cam1", "cam", hip_files.CAM_PARMS), *nodes)


@pytest.mark.parametrize(
    ("type_", "parms", "kind"),
    [
        ("hlight::2.0", {"light_type": ["point"]}, "point"),
        ("hlight", {"light_type": [7]}, "distant"),
        ("hlight", {"light_type": ['"sun"']}, "sun"),
        ("envlight", {}, "environment"),
        ("rslight", {"light_type": [3]}, "area"),
        ("domelight::3.0", {}, "environment"),
        ("light::2.0", {"lighttype": ["UsdLuxRectLight"]}, "area"),
        ("hlight", {"light_type": ["neon"]}, "light"),
    ],
)
def test_lights_are_told_by_kind(tmp_path: Path, type_: str, parms: dict[str, list[object]], kind: str):
    _, facts = read_facts(scene_with(tmp_path, hip_files.node("obj/key", type_, {**TRANSFORM, **parms})))
    assert [(light.name, light.kind) for light in facts.lights] == [("key", kind)]


def test_a_light_that_is_off_is_not_told(tmp_path: Path):
    off = hip_files.node("obj/key", "hlight", {**TRANSFORM, "light_type": ["sun"], "light_enable": ['"off"']})
    assert read_facts(scene_with(tmp_path, off))[1].lights == ()


@pytest.mark.parametrize(
    ("tilt", "words"),
    [
        (10, "night"),
        (3, "twilight"),
        (-3, "golden hour"),
        (-15, "low sun, morning or afternoon"),
        (-70, "high sun, around midday"),
    ],
)
def test_the_time_of_day_follows_the_sun_through_its_parents(tmp_path: Path, tilt: float, words: str):
    sun = hip_files.node(
        "obj/sun1", "hlight", {**TRANSFORM, "light_type": ["sun"], "r": [tilt, 30, 0]}, def_=hip_files.definition("rig")
    )
    rig = hip_files.node("obj/rig", "null", {**TRANSFORM, "r": [0, 77, 0]})
    _, facts = read_facts(scene_with(tmp_path, sun, rig))
    assert (facts.elevation_deg, facts.time_of_day) == (pytest.approx(-tilt), words)


def test_the_altitude_of_a_sky_is_the_suns(tmp_path: Path):
    sky = hip_files.node("stage/sky1", "karmaphysicalsky", {"solar_altitude": [40]})
    assert read_facts(scene_with(tmp_path, sky))[1].time_of_day == "daytime"


def test_two_suns_at_different_heights_and_a_key_light_tell_no_time():
    def light(name: str, kind: str, height: float) -> Light:
        return Light(path=f"/obj/{name}", name=name, kind=kind, elevation_deg=height)

    assert sun_elevation([light("a", "sun", 10), light("b", "sun", 50)]) is None
    assert sun_elevation([light("key", "distant", 10)]) is None
    assert sun_elevation([light("sunlight", "distant", 10), light("key", "distant", 60)]) == 10


def test_materials_have_the_name_of_their_builder_and_words_by_their_numbers(tmp_path: Path):
    _, facts = read_facts(
        scene_with(
            tmp_path,
            hip_files.node("mat/chrome", "principledshader::2.0", {"metallic": [1], "rough": [0.05]}),
            hip_files.node("stage/lib1", "materiallibrary", {}),
            hip_files.node("stage/lib1/window", "subnet", {}),
            hip_files.node("stage/lib1/window/surface1", "mtlxstandard_surface", {"transmission": [1]}),
            hip_files.node("stage/lib1/window/surface2", "mtlxstandard_surface", {"metalness": [("metalness", 1)]}),
        )
    )
    assert [(one.name, one.looks) for one in facts.materials] == [
        ("chrome", ("metallic", "glossy")),
        ("window", ("transparent",)),
    ]


def test_objects_are_those_that_are_displayed_and_named(tmp_path: Path):
    _, facts = read_facts(
        scene_with(
            tmp_path,
            hip_files.node("obj/tower", "geo", {}),
            hip_files.node("obj/geo1", "geo", {}),
            hip_files.node("obj/proxy", "geo", {}, def_=hip_files.definition(extra=HIDDEN)),
            hip_files.node("obj/set", "subnet", {}),
            hip_files.node("obj/set/gate", "geo", {}),
            hip_files.node("obj/tower/inside", "geo", {}),
        )
    )
    assert facts.objects == ("tower", "gate")


def test_facts_without_a_camera_that_is_known_to_render(tmp_path: Path):
    path = scene_with(tmp_path, hip_files.node("obj/cam2", "cam", hip_files.CAM_PARMS))
    _, facts = read_facts(path)
    assert (facts.camera, facts.lens, facts.move, facts.duration_s) == (None, None, None, 10.0)
    assert read_facts(path, "/obj/cam2")[1].camera == "/obj/cam2"


def test_damage_in_a_light_does_not_keep_a_scene_from_being_read(tmp_path: Path):
    path = scene_with(tmp_path, hip_files.node("obj/key", "hlight", TRANSFORM, "{ channel tx { segment {"))
    assert read_described_scene(path) == read_scene(path)


def test_contents_survive_their_own_json(tmp_path: Path):
    path = scene_with(tmp_path, hip_files.node("obj/key", "hlight", {**TRANSFORM, "light_type": ["sun"]}))
    _, contents = read_scene_contents(path)
    assert SceneContents.from_document(contents.document()) == contents


@pytest.mark.parametrize(
    ("height", "words"),
    [(1.0, "close-up"), (0.8, "medium shot"), (0.5, "full shot"), (0.2, "wide shot"), (0.1, "extreme wide shot")],
)
def test_framing_follows_the_height_of_the_subject(height: float, words: str):
    framing = describe_framing({"hero": (height, 0.1), "ground": (0.6, 0.7), "gone": (0.0, 0.0)})
    assert framing is not None
    assert (framing.subject, framing.words, len(framing.objects)) == ("hero", words, 2)
    assert describe_framing({}) is None


@pytest.mark.hips
@pytest.mark.parametrize(
    ("file", "camera", "word", "materials", "lights"),
    [
        ("qLab+qLib__apply_xform_ql_SOP.hip", "/obj/cam1", "dolly", [], []),
        ("qLab+qLib__camera_plane_ql_SOP.hip", "/obj/cam1", "truck", [], []),
        (
            "sideeffects+SideFXLabs__ast_splatter.hip",
            "/obj/cam1",
            "static",
            ["Pig", "Eyes", "Pig_no_uv", "inside", "blood", "basicliquid"],
            [],
        ),
        (
            "sideeffects+SideFXLabs__karma_aovs_for_prman_denoiser.1.0.hip",
            "/stage/camera1",
            "static",
            ["aluminum", "fabric"],
            ["environment"],
        ),
        ("toadstorm+MOPS__type_demo.hip", "/obj/cam1", "static", [], []),
    ],
)
def test_published_scenes(hips: Path, file: str, camera: str, word: str, *, materials: list[str], lights: list[str]):
    _, facts = read_facts(hips / file)
    assert facts.move is not None
    assert (facts.camera, facts.move.word) == (camera, word)
    assert [one.name for one in facts.materials] == materials
    assert [light.kind for light in facts.lights] == lights
    assert facts.lens is not None
    assert facts.lens.words == "standard lens"


@pytest.mark.hips
def test_published_scenes_without_a_camera_say_their_duration_alone(hips: Path):
    told = {path.name: read_facts(path)[1] for path in sorted(hips.glob("*.hip*"))}
    assert len(told) == 11
    assert sum(facts.camera is None for facts in told.values()) == 6
    assert all(facts.time_of_day is None for facts in told.values())
    assert {facts.duration_s for facts in told.values()} == {10.0}
