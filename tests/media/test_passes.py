"""Passes told by words in names."""

from __future__ import annotations

import pytest

from cosmos_houdini.media.sequences.passes import tell, words
from cosmos_houdini.model.control import Pass


@pytest.mark.parametrize(
    ("name", "pass_", "shot"),
    [
        ("zebra_beauty", Pass.COLOR, "zebra"),
        ("zebraBeauty", Pass.COLOR, "zebra"),
        ("zebra.RGBA", Pass.COLOR, "zebra"),
        ("sh010-Depth", Pass.DEPTH, "sh010"),
        ("sh010_Pz", Pass.DEPTH, "sh010"),
        ("sh010_Z", Pass.DEPTH, "sh010"),
        ("sh010_zDepth_v003", Pass.DEPTH, "sh010_v003"),
        ("hitPz", Pass.DEPTH, ""),
        ("sh010_segmentation", Pass.SEG, "sh010"),
        ("sh010_object_id", Pass.SEG, "sh010"),
        ("sh010_CryptoObject00", Pass.SEG, "sh010"),
        ("crypto_material", Pass.SEG, ""),
        ("shot.edges", Pass.EDGE, "shot"),
        ("shot_vis", Pass.VIS, "shot"),
        ("shot_blur", Pass.VIS, "shot"),
        ("shot_N", Pass.NORMAL, "shot"),
        ("hero_matte", Pass.MASK, "hero"),
        ("depth_charge_beauty", Pass.COLOR, "depth_charge"),
        ("cam_c_depth", Pass.DEPTH, "cam_c"),
        ("shot_albedo", Pass.UNKNOWN, "shot"),
        ("shot_diffuseColor", Pass.UNKNOWN, "shot"),
        ("zebra", None, "zebra"),
        ("identity", None, "identity"),
        ("colorado", None, "colorado"),
        ("größe_映画_depth", Pass.DEPTH, "größe_映画"),
        ("", None, ""),
    ],
)
def test_words_in_a_file_name_tell_the_pass_and_the_rest_is_the_shot(name: str, pass_: Pass | None, shot: str):
    assert tell(name, [], words({})) == (pass_, shot)


@pytest.mark.parametrize(
    ("folders", "name", "pass_", "shot"),
    [
        (["sh010", "depth"], "zebra", Pass.DEPTH, "sh010_zebra"),
        (["sh010", "beauty"], "zebra", Pass.COLOR, "sh010_zebra"),
        (["depth", "beauty"], "zebra", Pass.COLOR, "zebra"),
        (["comp"], "zebra_depth", Pass.DEPTH, "zebra"),
        (["depth"], "cam_c", Pass.DEPTH, "cam_c"),
        (["zebra_seg_v2"], "frame", Pass.SEG, "zebra_v2_frame"),
        (["sh010", "Z"], "sh010_zebra", Pass.DEPTH, "sh010_zebra"),
        (["renders"], "zebra", None, "renders_zebra"),
    ],
)
def test_the_file_decides_before_its_folders_and_the_nearest_before_the_others(
    folders: list[str], name: str, pass_: Pass | None, shot: str
):
    assert tell(name, folders, words({})) == (pass_, shot)


def test_configured_words_tell_a_pass_in_any_spelling():
    known = words({"depth": ["cam_dist"], "mask": ["holdout"], "color": []})
    assert tell("zebra_camDist", [], known) == (Pass.DEPTH, "zebra")
    assert tell("HOLDOUT", [], known) == (Pass.MASK, "")
    assert tell("zebra_cam", [], known) == (None, "zebra_cam")


def test_a_configured_word_wins_over_a_built_in_one():
    assert tell("shot_albedo", [], words({"color": ["albedo"]})) == (Pass.COLOR, "shot")
