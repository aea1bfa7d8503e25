"""Passes told by the names of files and folders."""

from __future__ import annotations

import pytest

from cosmos_houdini.media.sequences.pass_words import file_words, find_words
from cosmos_houdini.media.sequences.passes import Name, tell, tell_folder
from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.sequence import Evidence

KNOWN = file_words({})


def told(*names: str, **words: list[str]) -> list[tuple[Pass | None, str]]:
    """Return what names tell, each given as a path with # for the frame number."""
    parts = [name.split("/") for name in names]
    found = tell([Name(file, tuple(folders)) for *folders, file in parts], file_words(words))
    return [(each.pass_, each.shot) for each in found]


@pytest.mark.parametrize(
    ("name", "pass_", "shot"),
    [
        ("zebra_beauty.#", Pass.COLOR, "zebra"),
        ("zebraBeauty.#", Pass.COLOR, "zebra"),
        ("zebra.RGBA.#", Pass.COLOR, "zebra"),
        ("sh010-Depth#", Pass.DEPTH, "sh010"),
        ("sh010_Pz.#", Pass.DEPTH, "sh010"),
        ("sh010_Z.#", Pass.DEPTH, "sh010"),
        ("sh010_zDepth_v003.#", Pass.DEPTH, "sh010_v003"),
        ("sh010_depth_v003_1920x1080_left.#", Pass.DEPTH, "sh010_v003_1920x1080_left"),
        ("sh010.#.depth", Pass.DEPTH, "sh010"),
        ("hitPz.#", Pass.DEPTH, ""),
        ("shot.VRayZDepth.#", Pass.DEPTH, "shot"),
        ("shot.VRayWireColor.#", Pass.UNKNOWN, "shot"),
        ("sh010_segmentation.#", Pass.SEG, "sh010"),
        ("sh010_object_id.#", Pass.SEG, "sh010"),
        ("sh010_CryptoObject00.#", Pass.SEG, "sh010"),
        ("crypto_material.#", Pass.SEG, ""),
        ("shot.edges.#", Pass.EDGE, "shot"),
        ("shot_vis.#", Pass.VIS, "shot"),
        ("shot_N.#", Pass.NORMAL, "shot"),
        ("n.#", Pass.NORMAL, ""),
        ("hero_matte.#", Pass.MASK, "hero"),
        ("depth_charge_beauty.#", Pass.COLOR, "depth_charge"),
        ("cam_c_depth.#", Pass.DEPTH, "cam_c"),
        ("sh010_comp_v003_Z_#", Pass.DEPTH, "sh010_comp_v003"),
        ("shot_albedo.#", Pass.UNKNOWN, "shot"),
        ("größe_映画_depth.#", Pass.DEPTH, "größe_映画"),
    ],
)
def test_the_word_before_the_frame_number_tells_the_pass_and_the_rest_is_the_shot(name: str, pass_: Pass, shot: str):
    assert told(name) == [(pass_, shot)]


@pytest.mark.parametrize(
    "name",
    [
        *(
            "zebra.#",
            "identity.#",
            "colorado.#",
            "n010.#",
            "N#",
            "Z020_plate.#",
            "edge_of_tomorrow.#",
            "mask_man_010.#",
        ),
        *(
            "vis_dev.#",
            "visDev_v02.#",
            "pre_vis.#",
            "previs.#",
            "edge_010.#",
            "N_01.#",
            "depth_of_field.#",
            "c130_shot.#",
        ),
        *("matte_painting.#", "normal_street_020.#", "sh010_reflection.#", "pole_position.#", "N010/plate.#"),
        *("Z020/plate.#", "vis_dev/plate.#", "edge_of_tomorrow/sh.#", "mask_man_010/sh.#", "Z/sh.#", "seg_0010/sh.#"),
    ],
)
def test_a_word_elsewhere_is_that_of_a_shot(name: str):
    assert told(name)[0][0] is None


@pytest.mark.parametrize(
    ("name", "pass_", "shot"),
    [
        ("sh010/depth/zebra.#", Pass.DEPTH, "sh010_zebra"),
        ("sh010/beauty/zebra.#", Pass.COLOR, "sh010_zebra"),
        ("depth/beauty/zebra.#", Pass.COLOR, "zebra"),
        ("comp/zebra_depth.#", Pass.DEPTH, "zebra"),
        ("depth/cam_c.#", Pass.DEPTH, "cam_c"),
        ("zebra_seg_v2/frame.#", Pass.SEG, "zebra_v2_frame"),
        ("renders/zebra.#", None, "renders_zebra"),
    ],
)
def test_the_file_decides_before_its_folders_and_the_nearest_before_the_others(name: str, pass_: Pass, shot: str):
    assert told(name) == [(pass_, shot)]


@pytest.mark.parametrize(
    ("names", "passes", "shot"),
    [
        (("beauty_sh010.#", "depth_sh010.#"), (Pass.COLOR, Pass.DEPTH), "sh010"),
        (("sh010.#", "depth_sh010.#", "light_sh010.#"), (None, Pass.DEPTH, Pass.UNKNOWN), "sh010"),
        (("Image#", "Depth#", "Z#"), (Pass.COLOR, Pass.DEPTH, Pass.DEPTH), ""),
        (("C/sh010.#", "Z/sh010.#", "N/sh010.#"), (Pass.COLOR, Pass.DEPTH, Pass.NORMAL), "sh010"),
        (("plate_010.#", "mask_010.#"), (Pass.COLOR, Pass.MASK), "010"),
    ],
)
def test_names_that_differ_in_one_word_tell_passes_by_it(names: tuple[str, ...], passes: tuple[Pass, ...], shot: str):
    assert told(*names) == [(pass_, shot) for pass_ in passes]


@pytest.mark.parametrize(
    "names", [("mask_man.#", "edge_man.#"), ("N010/plate.#", "Z010/plate.#"), ("N/plate.#", "Z/plate.#")]
)
def test_shots_without_a_colour_among_them_are_no_passes(names: tuple[str, ...]):
    assert [pass_ for pass_, _ in told(*names)] == [None] * len(names)


def test_configured_words_tell_a_pass_in_any_spelling_and_place():
    words = {"depth": ["cam_dist"], "mask": ["holdout"], "color": []}
    assert told("zebra_camDist_old.#", **words) == [(Pass.DEPTH, "zebra_old")]
    assert told("HOLDOUT.#", **words) == [(Pass.MASK, "")]
    assert told("zebra_cam.#", **words) == [(None, "zebra_cam")]
    assert tell([Name("a_camdist.#")], file_words(words))[0].evidence is Evidence.NAMED


def test_a_configured_word_wins_over_a_built_in_one():
    assert told("shot_albedo_depth.#", color=["albedo"]) == [(Pass.COLOR, "shot_depth")]


def test_the_longest_word_counts():
    assert [word.word for word in find_words("crypto_object_id", KNOWN)] == ["cryptoobject", "id"]
    assert tell_folder("renders_zdepth", KNOWN) == (Pass.DEPTH, "renders")
