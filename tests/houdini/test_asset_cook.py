"""The asset, read from its files, cooked by the played scheduler through the real worker; and its buttons."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from cosmos_houdini.houdini.environment import ROOT
from cosmos_houdini.houdini.tops import project as top_project
from support.houdini import fake_pdg
from support.houdini.asset_network import Instance
from support.houdini.expanded_asset.asset import Asset, read_assets
from support.houdini.top_network import STATE, Network, node_types
from support.media.shot_files import ShotOnDisk, make_shot

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the scheduler that is played here is that of Linux")
LOOK = {"prompt": "a street in the rain", "engine": "preview", "frame_range": "1-2"}


@pytest.fixture(autouse=True)
def _asked_anew() -> None:
    top_project._read_project.cache_clear()


@pytest.fixture
def shot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ShotOnDisk:
    return make_shot(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def asset() -> Asset:
    [found] = read_assets(ROOT / "otls" / "cosmos_transfer_sweep.1.0.hda")
    return found


def test_a_wedge_is_cooked_to_the_report_of_the_asset_s_name(shot: ShotOnDisk, asset: Asset) -> None:
    values = {"variation": "wedge", "vary_guidance": "4 8", "weight_depth": 0.3, **LOOK}
    with Network(shot.folder, shot.hip) as network:
        made = Instance(network, asset, "rainy", **values)
        transfer = made.tops["transfer"]
        assert network.cook(), [(top.errors, top.states) for top in network.tops]
    requests = [request(network, item) for item in transfer.items]
    assert [asked["parameters"]["guidance"] for asked in requests] == [4.0, 8.0]
    assert {asked["parameters"]["seed"] for asked in requests} == {1}
    assert {asked["controls"]["depth"]["weight"] for asked in requests} == {0.3}
    assert {asked["prompt"] for asked in requests} == {LOOK["prompt"]}
    assert (shot.folder / "cosmos_out" / "rainy" / "report" / "index.html").is_file()
    assert made.output.states == [STATE.CookedSuccess]
    assert "sweep" not in made.tops


def request(network: Network, item: object) -> dict:
    [path] = [network.path(file) for file in item.outputFiles if file.path.endswith("result.json")]
    return json.loads(path.read_text(encoding="utf-8"))["request"]


@pytest.mark.parametrize(
    ("values", "runs", "varied"),
    [
        ({}, 1, set()),
        ({"variation": "sweep", "count": 3}, 3, {"seed"}),
        ({"variation": "sweep", "count": 3, "vary_guidance": "5-12", "sampler": "latin_hypercube"}, 3, {"guidance"}),
        ({"variation": "sweep", "count": 2, "seeds": "random", "vary_num_steps": "20 35"}, 2, {"seed", "num_steps"}),
        (
            {"variation": "wedge", "vary_weight_depth": "0.1-0.5:0.2", "vary_num_steps": "9 12"},
            6,
            {"weight_depth", "num_steps"},
        ),
        (
            {"variation": "wedge", "vary_parameters": "blur_strength = low high\nfps = 12 24"},
            4,
            {"blur_strength", "fps"},
        ),
    ],
)
def test_the_variation_says_how_many_transfers_there_are(
    shot: ShotOnDisk, asset: Asset, values: dict[str, object], runs: int, varied: set[str]
) -> None:
    network = Network(shot.folder, shot.hip)
    made = Instance(network, asset, "rainy", **LOOK, **values)
    assert network.generate(), [top.errors for top in network.tops]
    items = made.tops["transfer"].items
    assert len(items) == runs
    names = {name for item in items for name in item.attribNames()}
    assert {name for name in names if not name.startswith(("shot_", "cosmos_"))} == varied
    assert len(made.tops["report"].items) == 1
    assert len({item.attribValue("cosmos_order") for item in items}) == runs


def test_another_sweep_seed_makes_other_runs(shot: ShotOnDisk, asset: Asset) -> None:
    network = Network(shot.folder, shot.hip)
    values = {"variation": "sweep", "count": 4, "vary_guidance": "5-12", **LOOK}
    made = [Instance(network, asset, f"rainy{seed}", sweep_seed=seed, **values) for seed in (7, 8)]
    assert network.generate()
    one, other = ([item.attribValue("guidance") for item in each.tops["sweep"].items] for each in made)
    assert one != other


def test_what_is_missing_is_said_on_the_node_that_misses_it(shot: ShotOnDisk, asset: Asset) -> None:
    network = Network(shot.folder, shot.hip)
    made = Instance(network, asset, "rainy", engine="preview")
    assert not network.generate()
    [error] = made.tops["transfer"].errors
    assert "there is no prompt" in error


def test_the_assets_of_single_steps_make_the_network_that_the_one_asset_holds(shot: ShotOnDisk) -> None:
    network = Network(shot.folder, shot.hip)
    above: Instance | None = None
    made = {}
    for name, values in {"shot": {}, "sweep": {"count": 3}, "transfer": LOOK, "report": {}}.items():
        [asset] = read_assets(ROOT / "otls" / f"cosmos_{name}.1.0.hda")
        known = {key: value for key, value in values.items() if key in asset.dialog.parms()}
        made[name] = above = Instance(network, asset, name, above=above and above.output, **known)
    assert network.generate(), [top.errors for top in network.tops]
    assert {name: len(each.output.items) for name, each in made.items()} == {
        "shot": 1,
        "sweep": 3,
        "transfer": 3,
        "report": 1,
    }
    [partition] = made["report"].tops["wait"].items
    assert len(partition.partitionItems) == 3
    order = json.loads(made["report"].output.items[0].attribValue("cosmos_order"))
    assert len(order["job_links"]) == 3
    assert order["options"]["output"].endswith("cosmos_out/report/report")


def test_the_registered_report_waits_below_nodes_that_generate_while_they_cook() -> None:
    options = fake_pdg.NodeOptions()
    report = node_types()["Cosmos Report (Basic)"](None)
    assert report.onConfigureNode(options) == fake_pdg.result.Success
    assert options.requiresGeneratedInputs
