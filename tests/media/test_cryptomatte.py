from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.pictures.cryptomatte import Manifest, coverage, read_manifest, strongest
from cosmos_houdini.media.pictures.layers import Layer, choose_layers, read_header
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


def test_missing_and_broken_manifests_are_named(tmp_path: Path):
    sidecar = tmp_path / "names.json"
    written(tmp_path / "a.exr", shares(), sidecar=sidecar)
    header = read_header(tmp_path / "a.exr")
    layer = choose_layers(header)[Pass.SEG]
    sidecar.write_text("{", encoding="utf-8")
    with pytest.raises(BadInput, match=r"names\.json: the Cryptomatte manifest cannot be read"):
        read_manifest(header, layer)
    sidecar.unlink()
    with pytest.raises(BadInput, match=r"a\.exr names the manifest .*names\.json, which is no file; bring it"):
        read_manifest(header, layer)


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
