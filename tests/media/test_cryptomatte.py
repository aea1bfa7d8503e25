from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.pictures.cryptomatte import Manifest, coverage, rank_sentence, read_manifest, strongest
from cosmos_houdini.media.pictures.layer_passes import choose_layers
from cosmos_houdini.media.pictures.layers import Layer, read_header
from cosmos_houdini.media.pictures.picture_io import read_passes
from cosmos_houdini.model.control import Pass
from support.media.exr_files import cryptomatte, object_id, write_exr

rng = np.random.default_rng(11)
NAMES = ["/obj/car/wheel", "/obj/car/body", "/obj/größe 映画", "/obj/tree"]


def shares() -> dict[str, np.ndarray]:
    parts = rng.random((5, 9, 13)) ** 4
    parts[:, 0] = 0
    parts[0, 0, :7] = 1
    parts[4, 0, 7:] = 1
    return dict(zip(NAMES, (parts / parts.sum(axis=0)).astype(np.float32), strict=False))


def written(path: Path, given: dict[str, np.ndarray], **options: object) -> tuple[Manifest, np.ndarray]:
    channels, attributes = cryptomatte("CryptoObject", given, **options)
    path = write_exr(path, channels, attributes=attributes)
    header = read_header(path)
    layers = choose_layers(header)
    return read_manifest(header, layers[Pass.SEG]), read_passes(path, layers)[Pass.SEG]


def test_highest_coverage_wins_in_every_pixel(tmp_path: Path):
    given = shares()
    manifest, ranks = written(tmp_path / "a.exr", given)
    everything = np.stack([*given.values(), 1 - np.sum(list(given.values()), axis=0)])
    expected = np.array([*map(object_id, NAMES), 0])[everything.argmax(axis=0)]
    assert np.array_equal(strongest(ranks), expected)
    assert {manifest.key(code) for code in np.unique(expected) if code} == set(NAMES)


def test_ranks_out_of_order_do_not_matter(tmp_path: Path):
    _, ranks = written(tmp_path / "a.exr", shares())
    assert np.array_equal(strongest(ranks[..., [4, 5, 0, 1, 6, 7, 2, 3]]), strongest(ranks))


def test_manifest_beside_the_frame_is_read(tmp_path: Path):
    manifest, _ = written(tmp_path / "a.exr", shares(), sidecar=tmp_path / "names.json")
    assert manifest.names == {object_id(name): name for name in NAMES}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "names the manifest .*names.json, which cannot be read"),
        ("{", "manifest of Cryptomatte CryptoObject cannot be read"),
        ("[1, 2]", "is no table of names and ids"),
        ("[" * 100_000, "manifest of Cryptomatte CryptoObject cannot be read"),
    ],
)
def test_a_missing_or_broken_manifest_costs_the_names(tmp_path: Path, text: str | None, words: str):
    sidecar = tmp_path / "names.json"
    written(tmp_path / "a.exr", shares(), sidecar=sidecar)
    header = read_header(tmp_path / "a.exr")
    sidecar.unlink()
    if text is not None:
        sidecar.write_text(text, encoding="utf-8")
    manifest = read_manifest(header, choose_layers(header)[Pass.SEG])
    assert re.search(words, manifest.trouble)
    assert manifest.key(0xAB) == "0x000000ab"
    with pytest.raises(BadInput, match=words):
        manifest.select(["*"])


def test_a_manifest_that_is_no_text_costs_the_names(tmp_path: Path):
    sidecar = tmp_path / "names.json"
    written(tmp_path / "a.exr", shares(), sidecar=sidecar)
    sidecar.write_bytes(b"\xff\xfe{")
    header = read_header(tmp_path / "a.exr")
    assert "is no UTF-8" in read_manifest(header, choose_layers(header)[Pass.SEG]).trouble


def test_the_whole_names_of_a_manifest_are_kept(tmp_path: Path):
    sidecar = tmp_path / "names.json"
    written(tmp_path / "a.exr", shares(), sidecar=sidecar)
    sidecar.write_text(json.dumps({"a": "3f800001", "b": "no id", "c": 7, "d": "123456789"}), encoding="utf-8")
    header = read_header(tmp_path / "a.exr")
    manifest = read_manifest(header, choose_layers(header)[Pass.SEG])
    assert manifest.names == {0x3F800001: "a"}
    assert "has 3 names without an id" in manifest.trouble


def without_channels(path: Path, *left_out: str, given: dict[str, np.ndarray]) -> tuple[Layer, np.ndarray]:
    channels, attributes = cryptomatte("CryptoObject", given)
    kept = {name: plane for name, plane in channels.items() if name not in left_out}
    header = read_header(write_exr(path, kept, attributes=attributes))
    layers = choose_layers(header)
    return layers[Pass.SEG], read_passes(path, layers)[Pass.SEG]


def test_a_rank_without_its_partner_is_left_aside(tmp_path: Path):
    given = shares()
    layer, ranks = without_channels(tmp_path / "a.exr", "CryptoObject01.A", given=given)
    _, whole = written(tmp_path / "b.exr", given)
    assert layer.lacking == ("CryptoObject01.B",)
    assert np.array_equal(strongest(ranks), strongest(whole[..., :6]))
    assert "lacks parts of its ranks (CryptoObject01.B)" in rank_sentence(layer)


def test_a_missing_first_rank_is_told(tmp_path: Path):
    lost = [f"CryptoObject00.{letter}" for letter in "RGBA"]
    layer, _ = without_channels(tmp_path / "a.exr", *lost, given=shares())
    assert layer.lacking == ("CryptoObject00",)


def test_a_cryptomatte_without_a_whole_rank_is_none(tmp_path: Path):
    lost = [f"CryptoObject0{rank}.{letter}" for rank in "01" for letter in "GA"]
    layer, _ = without_channels(tmp_path / "a.exr", *lost, given=shares())
    assert not layer.is_whole
    assert "has no whole rank" in rank_sentence(layer)


def test_names_are_selected_by_pattern(tmp_path: Path):
    manifest, ranks = written(tmp_path / "a.exr", shares())
    assert manifest.select(["/obj/car/*"]) == {object_id(NAMES[0]), object_id(NAMES[1])}
    assert manifest.select(["*tree", "*映?"]) == {object_id(NAMES[2]), object_id(NAMES[3])}
    given = shares_of_file = coverage(ranks, manifest.select(["/obj/car/*"]))
    assert given.shape == (9, 13)
    assert shares_of_file[0].tolist() == [1] * 7 + [0] * 6


def test_coverage_of_several_objects_adds_up(tmp_path: Path):
    given = shares()
    manifest, ranks = written(tmp_path / "a.exr", given)
    assert coverage(ranks, manifest.select(["/obj/car/*"])) == pytest.approx(given[NAMES[0]] + given[NAMES[1]])


def test_pattern_that_fits_nothing_names_the_nearest():
    manifest = Manifest(layer="CryptoObject", names={n: f"/obj/tree{n}" for n in range(30)})
    with pytest.raises(
        BadInput, match=r"no object of Cryptomatte CryptoObject fits '/obj/treee1'.*and 20 more; did you"
    ):
        manifest.select(["/obj/tree1", "/obj/treee1"])


def test_file_without_names_has_ids_for_keys():
    manifest = Manifest(layer="CryptoObject", names={})
    assert manifest.key(0xAB) == "0x000000ab"
    with pytest.raises(BadInput, match="brings no names; render it with its manifest"):
        manifest.select(["*"])


def test_ids_stored_with_sixteen_bits_are_refused():
    with pytest.raises(BadInput, match="stored as float16, which loses its ids; allowed: float32"):
        strongest(np.zeros((2, 2, 4), np.float16))


def test_layer_that_no_header_names_has_no_manifest(tmp_path: Path):
    header = read_header(write_exr(tmp_path / "a.exr", {"Z": np.zeros((2, 2), np.float32)}))
    assert read_manifest(header, Layer(name="crypto", channels=(), channel_type="float")).names == {}
