"""Which file and layer of a shot feeds which pass, by the evidence of names, layers and channels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.controls.pass_sources import PassSettings, feeding_sentences, resolve_layers
from cosmos_houdini.media.sequences.discover import find_sequences
from cosmos_houdini.media.sequences.verify import verify
from cosmos_houdini.model.control import Pass
from support.media.exr_files import write_exr, write_parts

PLANE = np.linspace(1, 9, 48, dtype=np.float32).reshape(6, 8)
RGB = dict.fromkeys("RGB", PLANE)
RGBA = dict.fromkeys("RGBA", PLANE)
FULL = {"C": RGBA, "depth": {"Z": PLANE}, "N": dict.fromkeys("XYZ", PLANE)}

Parts = Mapping[str, Mapping[str, np.ndarray]]


def write(folder: Path, name: str, parts: Parts) -> None:
    for frame in ("0001", "0002"):
        path = folder / name.replace("#", frame)
        path.parent.mkdir(parents=True, exist_ok=True)
        if "" in parts:
            write_exr(path, parts[""])
        else:
            write_parts(path, parts)


def fed(folder: Path, files: Mapping[str, Parts], settings: PassSettings | None = None) -> dict[str, tuple[str, str]]:
    """Return the file and the layer of each pass of the only shot in a folder."""
    for name, parts in files.items():
        write(folder, name, parts)
    settings = settings or PassSettings()
    sequences = verify(find_sequences(folder, settings.words))
    assert len({sequence.shot for sequence in sequences}) == 1
    found = resolve_layers(sequences, settings)
    assert all(each.why for each in found)
    return {
        str(each.pass_): (Path(each.pattern).relative_to(folder).as_posix(), each.layer)
        for each in found
        if each.pass_ not in {Pass.UNKNOWN, Pass.NORMAL}
    }


@pytest.mark.parametrize("folder", ["N010", "sh010_depth_v2", "vis_dev", "edge_of_tomorrow", "n1", "normal", "comp"])
def test_named_layers_count_before_the_name_of_the_folder(tmp_path: Path, folder: str):
    assert fed(tmp_path / folder, {"shot.#.exr": FULL}) == {
        "color": ("shot.####.exr", "C"),
        "depth": ("shot.####.exr", "depth"),
    }


def test_a_folder_tells_what_nameless_layers_show(tmp_path: Path):
    files = {"beauty/sh.#.exr": {"": RGB}, "depth/sh.#.exr": {"": RGB}}
    assert fed(tmp_path, files) == {
        "color": ("beauty/sh.####.exr", "rgba"),
        "depth": ("depth/sh.####.exr", "rgba"),
    }


def test_a_file_named_after_its_pass_feeds_it_before_a_layer_of_another_file(tmp_path: Path):
    files = {"sh_beauty.#.exr": FULL, "sh_depth.#.exr": {"": {"Y": PLANE}}}
    assert fed(tmp_path, files)["depth"] == ("sh_depth.####.exr", "rgba")


def test_a_file_that_holds_more_than_its_name_says_gives_what_no_other_has(tmp_path: Path):
    assert fed(tmp_path, {"sh_depth.#.exr": FULL}) == {
        "color": ("sh_depth.####.exr", "C"),
        "depth": ("sh_depth.####.exr", "depth"),
    }
    assert fed(tmp_path, {"sh_beauty.#.exr": {"": RGB}})["color"] == ("sh_beauty.####.exr", "rgba")


def test_a_nameless_picture_in_a_file_of_normals_is_no_colour(tmp_path: Path):
    assert fed(tmp_path, {"sh_N.#.exr": {"": RGB}, "sh_Z.#.exr": {"": {"Z": PLANE}}}) == {
        "depth": ("sh_Z.####.exr", "Z"),
    }


def test_position_feeds_no_depth_unless_somebody_names_its_channel(tmp_path: Path):
    files = {"shot.#.exr": {"C": RGBA, "P": dict.fromkeys("xyz", PLANE)}}
    assert set(fed(tmp_path, files)) == {"color"}
    for settings in (PassSettings(layers={"depth": "P.z"}), PassSettings(words={"depth": ("P.z",)})):
        assert fed(tmp_path, files, settings)["depth"] == ("shot.####.exr", "P.z")


@pytest.mark.parametrize("name", ["aux.red,aux.green,aux.blue", "aux"])
def test_colour_can_be_named_by_its_channels(tmp_path: Path, name: str):
    files = {"shot.#.exr": {"aux": dict.fromkeys(("red", "green", "blue"), PLANE), "C": RGBA}}
    assert fed(tmp_path, files, PassSettings(layers={"color": name}))["color"] == ("shot.####.exr", name)


def test_a_layer_is_found_in_whichever_file_has_it(tmp_path: Path):
    files = {"shot.#.exr": {"": RGB}, "shot_tech.#.exr": {"": {**RGB, "far_away": PLANE}}}
    found = fed(tmp_path, files, PassSettings(layers={"depth": "far_away"}, words={"color": ("shot.####.exr",)}))
    assert found["depth"] == ("shot_tech.####.exr", "far_away")


def test_a_layer_that_no_file_has_is_refused_with_those_there_are(tmp_path: Path):
    with pytest.raises(BadInput, match=r"no layer 'zz'; allowed: C, depth, N, or one of their channels"):
        fed(tmp_path, {"shot.#.exr": FULL}, PassSettings(layers={"depth": "zz"}))


def test_a_pass_can_be_switched_off(tmp_path: Path):
    assert set(fed(tmp_path, {"shot.#.exr": FULL}, PassSettings(off=frozenset({"depth"})))) == {"color"}


def test_each_pass_is_one_readable_line(tmp_path: Path):
    write(tmp_path, "shot.#.exr", {"": RGB})
    write(tmp_path, "shot.VRayZDepth.#.exr", {"": RGB})
    found = resolve_layers(verify(find_sequences(tmp_path, {})), PassSettings())
    assert list(feeding_sentences(found)) == [
        "color is layer 'rgba' of shot.####.exr: it is the picture itself",
        "depth is layer 'rgba' of shot.VRayZDepth.####.exr: 'VRayZDepth' stands before the frame number",
    ]
