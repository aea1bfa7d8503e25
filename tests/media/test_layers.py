from __future__ import annotations

from pathlib import Path

import numpy as np
import OpenEXR
import pytest

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.pictures.layer_passes import choose_layers
from cosmos_houdini.media.pictures.layers import read_header
from cosmos_houdini.media.pictures.window import Window
from cosmos_houdini.model.control import Pass
from support.media.exr_files import cryptomatte, write_exr, write_parts

HALF = np.zeros((4, 6), np.float16)
FLOAT = np.zeros((4, 6), np.float32)
UINT = np.zeros((4, 6), np.uint32)
RGBA = {"R": HALF, "G": HALF, "B": HALF, "A": HALF}


def vector(name: str, letters: str = "XYZ") -> dict[str, np.ndarray]:
    return {f"{name}.{letter}": FLOAT for letter in letters}


def chosen(path: Path) -> dict[Pass, str]:
    return {pass_: layer.name for pass_, layer in choose_layers(read_header(path)).items()}


def test_channels_are_grouped_into_layers_in_the_order_red_green_blue_alpha(tmp_path: Path):
    path = write_exr(tmp_path / "a.exr", {**RGBA, "Pz": FLOAT, **vector("N"), "Op_Id": UINT})
    layers = {layer.name: layer for layer in read_header(path).layers}
    assert set(layers) == {"rgba", "Pz", "N", "Op_Id"}
    assert [channel.name for channel in layers["rgba"].channels] == ["R", "G", "B", "A"]
    assert [channel.name for channel in layers["N"].channels] == ["N.X", "N.Y", "N.Z"]
    assert {name: layer.channel_type for name, layer in layers.items()} == {
        "rgba": "half",
        "Pz": "float",
        "N": "float",
        "Op_Id": "uint",
    }


@pytest.mark.parametrize(
    ("channels", "expected"),
    [
        pytest.param({**RGBA, "Pz": FLOAT, "Op_Id": FLOAT, **vector("N")}, ("rgba", "Pz", "Op_Id", "N"), id="mantra"),
        pytest.param(
            {**vector("C", "RGBA"), "depth.Z": FLOAT, "primid": FLOAT, **vector("hitN")},
            ("C", "depth", "primid", "hitN"),
            id="karma",
        ),
        pytest.param(
            {**RGBA, "Z": FLOAT, "ObjectID": FLOAT, **vector("Normals"), **vector("DiffuseFilter", "RGB")},
            ("rgba", "Z", "ObjectID", "Normals"),
            id="redshift",
        ),
        pytest.param(
            {**RGBA, "Z": FLOAT, "id": UINT, **vector("N"), **vector("P")}, ("rgba", "Z", "id", "N"), id="arnold"
        ),
        pytest.param(
            {**vector("RGB_color", "RGB"), "VRayZDepth.Z": FLOAT, "VRayRenderID": UINT, **vector("VRayNormals")},
            ("RGB_color", "VRayZDepth", "VRayRenderID", "VRayNormals"),
            id="v-ray",
        ),
    ],
)
def test_default_names_of_renderers_choose_color_depth_ids_and_normals(
    tmp_path: Path, channels: dict[str, np.ndarray], expected: tuple[str, ...]
):
    path = write_exr(tmp_path / "a.exr", channels)
    assert chosen(path) == dict(zip((Pass.COLOR, Pass.DEPTH, Pass.SEG, Pass.NORMAL), expected, strict=True))


def test_parts_give_layers_their_names(tmp_path: Path):
    parts = {"C": RGBA, "depth": {"Z": FLOAT}, "primid": {"Y": UINT}, "N": {"X": HALF, "Y": HALF, "Z": HALF}}
    path = write_parts(tmp_path / "a.exr", parts)
    assert chosen(path) == {Pass.COLOR: "C", Pass.DEPTH: "depth", Pass.SEG: "primid", Pass.NORMAL: "N"}
    assert choose_layers(read_header(path))[Pass.DEPTH].channels[0].part == 1


def test_cryptomatte_of_objects_stands_before_ids_and_materials(tmp_path: Path):
    objects, object_attributes = cryptomatte("CryptoObject", {"/obj/a": FLOAT + 1})
    materials, material_attributes = cryptomatte("CryptoMaterial", {"/mat/a": FLOAT + 1})
    preview = vector("CryptoObject", "RGB")
    path = write_exr(
        tmp_path / "a.exr",
        {**RGBA, "id": UINT, **preview, **materials, **objects},
        attributes={**object_attributes, **material_attributes},
    )
    assert sorted(layer.name for layer in read_header(path).layers) == ["CryptoMaterial", "CryptoObject", "id", "rgba"]
    seg = choose_layers(read_header(path))[Pass.SEG]
    assert (seg.name, seg.cryptomatte) == ("CryptoObject", True)
    assert [channel.name[-4:] for channel in seg.channels] == [f"{r}.{c}" for r in ("00", "01") for c in "RGBA"]


def test_cryptomatte_ranks_in_parts_of_their_own_are_one_layer(tmp_path: Path):
    channels, attributes = cryptomatte("crypto_asset", {"a": FLOAT + 1})
    parts = {"rgba": RGBA}
    for name, plane in channels.items():
        part, _, letter = name.rpartition(".")
        parts.setdefault(part, {})[letter] = plane
    path = write_parts(tmp_path / "a.exr", parts, attributes={"crypto_asset00": attributes})
    seg = choose_layers(read_header(path))[Pass.SEG]
    assert [(channel.part, channel.name) for channel in seg.channels] == [(p, c) for p in (1, 2) for c in "RGBA"]


def test_override_stands_before_the_default(tmp_path: Path):
    path = write_exr(tmp_path / "a.exr", {**RGBA, "Z": FLOAT, "ray_length": FLOAT})
    layers = choose_layers(read_header(path), {Pass.DEPTH: "RAY_LENGTH"})
    assert layers[Pass.DEPTH].name == "ray_length"


def test_unknown_override_names_the_nearest_layer(tmp_path: Path):
    path = write_exr(tmp_path / "a.exr", {**RGBA, "Zdepth": FLOAT})
    with pytest.raises(
        BadInput, match=r"no layer 'zdept'.*allowed: rgba, Zdepth, or one of their channels; did you mean 'Zdepth'"
    ):
        choose_layers(read_header(path), {Pass.DEPTH: "zdept"})


def test_layer_without_three_channels_is_no_color(tmp_path: Path):
    path = write_exr(tmp_path / "a.exr", {**RGBA, "Z": FLOAT})
    with pytest.raises(BadInput, match=r"layer 'Z' has no red, green and blue"):
        choose_layers(read_header(path), {Pass.COLOR: "Z"})


def test_header_tells_display_window_and_pixel_aspect(tmp_path: Path):
    path = write_exr(tmp_path / "a.exr", RGBA, at=(-2, 3), display=(0, 0, 20, 10), attributes={"pixelAspectRatio": 2.0})
    header = read_header(path)
    assert header.display == Window(x=0, y=0, width=20, height=10)
    assert header.pixel_aspect == 2.0


def test_deep_exr_is_refused_with_a_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = write_exr(tmp_path / "a.exr", RGBA)
    monkeypatch.setattr(OpenEXR, "deepscanline", OpenEXR.scanlineimage)
    with pytest.raises(BadInput, match="is a deep EXR; allowed: flat EXR; flatten it"):
        read_header(path)


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n", b"\x76\x2f\x31\x01\x02\x00\x00\x00chan"])
def test_no_exr_is_named_in_one_line(tmp_path: Path, content: bytes):
    path = tmp_path / "a.exr"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"a\.exr cannot be read as EXR") as error:
        read_header(path)
    assert "\n" not in str(error.value)


def test_missing_file_is_named(tmp_path: Path):
    with pytest.raises(BadInput, match=r"none\.exr is no file"):
        read_header(tmp_path / "none.exr")
