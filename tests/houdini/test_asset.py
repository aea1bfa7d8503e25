"""The digital assets in otls/: written from descriptions, of the form, and sound; read by a reader of its own."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from asset.build import write

from cosmos_houdini.houdini.environment import ROOT
from cosmos_houdini.houdini.tops.node_assets import TRANSFER_SWEEP, operator_of
from cosmos_houdini.houdini.tops.parms import REPORT, SHOT, SWEEP, TRANSFER, NodeType
from support.houdini.expanded_asset.asset import Asset, read_assets
from support.houdini.expanded_asset.library import FormError, unmangled
from support.houdini.expanded_asset.soundness import complaints, referred

NAMED = {"shot": SHOT, "transfer": TRANSFER, "sweep": SWEEP, "report": REPORT}
LIBRARIES = sorted((ROOT / "otls").iterdir())
LIBRARY = ROOT / "otls" / "cosmos_transfer_sweep.1.0.hda"
OPERATOR = "cosmos_8_8Top_1transfer__sweep_8_81.0"
SINGLE = {type_.label: (type_, f"cosmos_{name}.1.0.hda") for name, type_ in NAMED.items()}
INNER = {"shot": SHOT, "wedge": SWEEP, "sweep": SWEEP, "transfer": TRANSFER, "report": REPORT}


@pytest.fixture(scope="module")
def asset() -> Asset:
    [found] = read_assets(LIBRARY)
    return found


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(LIBRARY, tmp_path / LIBRARY.name))


def test_what_is_committed_is_what_the_program_writes(tmp_path: Path) -> None:
    written = write(tmp_path)
    there = {
        path.relative_to(ROOT / "otls"): path.read_bytes() for path in (ROOT / "otls").rglob("*") if path.is_file()
    }
    assert {path.relative_to(tmp_path): path.read_bytes() for path in written} == there, "run scripts/build_asset.py"


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda path: path.name)
def test_it_is_of_the_form_and_names_nothing_that_is_not_there(library: Path) -> None:
    [found] = read_assets(library)
    assert complaints(found) == []
    index = found.operator.index
    namespace, name, version = index.operator.split("::")
    assert (namespace, index.table, index.inputs) == ("cosmos", "Top", (0, 1))
    assert unmangled(found.operator.folder.name) == f"cosmos::Top/{name}::{version}"
    assert library.name == f"cosmos_{name}.{version}.hda"


def test_every_step_has_an_asset_of_its_label_and_an_icon_of_its_own() -> None:
    found = [asset for library in LIBRARIES for asset in read_assets(library)]
    assert {asset.operator.index.operator for asset in found} == {*map(operator_of, NAMED.values()), TRANSFER_SWEEP}
    assert {asset.dialog.label for asset in found} == {*SINGLE, "Cosmos Transfer Sweep"}
    assert len({asset.operator.text("IconSVG") for asset in found}) == len(found)


@pytest.mark.parametrize(("type_", "library"), SINGLE.values(), ids=SINGLE)
def test_an_asset_of_one_step_shows_the_table_in_its_tabs(type_: NodeType, library: str) -> None:
    [found] = read_assets(ROOT / "otls" / library)
    tabs = [part.label for part in found.dialog.parts if part.kind == "group"]
    assert tabs == list(dict.fromkeys(parm.folder for parm in type_.parms))
    parms = found.dialog.parms()
    shown = {name: part for name, part in parms.items() if part.type != "button"}
    assert set(shown) == {parm.name for parm in type_.parms}
    for parm in type_.parms:
        part = shown[parm.name]
        assert (part.label, part.help) == (parm.label, parm.help)
        assert part.defaults[0].text == str(parm.default) or float(part.defaults[0].text) == parm.default
        assert part.conditions.get("disablewhen", "") == parm.disable_when
        assert (part.tags.get("editor") == "1") is parm.is_multiline
        assert (part.type == "toggle") is parm.is_toggle
        assert bool(part.range) is (parm.limits is not None)
    assert found.contents
    module = library.removeprefix("cosmos_").partition(".")[0]
    followed = referred(found.contents.nodes[module])
    assert {name: target for name, (_, target) in followed.items()} == {parm.name: parm.name for parm in type_.parms}


MENUS = [
    ("shot", "nodes", "menutoggle", "render_node_items"),
    ("shot", "cameras", "menutoggle", "camera_items"),
    ("shot", "takes", "menutoggle", "take_items"),
    ("transfer", "engine", "menureplace", "engine_items"),
    ("transfer", "host", "menureplace", "host_items"),
    ("sweep", "engine", "menureplace", "engine_items"),
]


@pytest.mark.parametrize(("name", "parm", "kind", "call"), MENUS)
def test_menus_come_from_the_scene_and_the_configuration(name: str, parm: str, kind: str, call: str) -> None:
    [found] = read_assets(ROOT / "otls" / f"cosmos_{name}.1.0.hda")
    menu = found.dialog.parms()[parm].menu
    assert menu
    assert menu.kind == kind
    assert call in menu.script[-1]


def test_the_report_waits_for_all_work_items_above_by_a_partition() -> None:
    [found] = read_assets(ROOT / "otls" / "cosmos_report.1.0.hda")
    assert found.contents
    wait, report = found.contents.nodes["wait"], found.contents.nodes["report"]
    assert wait.type == "waitforall"
    assert [wire.source for wire in wait.wires] == [None]
    assert [wire.source for wire in report.wires] == ["wait"]


def test_scenes_with_the_name_of_before_find_the_asset() -> None:
    lines = (ROOT / "OPcustomize").read_text(encoding="utf-8").splitlines()
    commands = [line.split() for line in lines if not line.startswith("//")]
    assert commands == [["opalias", "Top", TRANSFER_SWEEP, "cosmos_transfer_sweep"]]


def test_the_interface_has_the_folders_and_buttons_of_an_artist(asset: Asset) -> None:
    assert [part.name for part in asset.dialog.parts if part.kind == "parm"] == ["cook", "open_report", "job_monitor"]
    tabs = [part.label for part in asset.dialog.parts if part.kind == "group"]
    assert tabs == ["Shot", "Look", "Variation", "Engine", "Report"]
    parms = asset.dialog.parms()
    assert parms["variation"].menu
    assert [token for token, _ in parms["variation"].menu.items] == ["none", "wedge", "sweep"]
    assert parms["count"].conditions["disablewhen"] == "{ variation != sweep }"
    assert parms["vary_guidance"].conditions["disablewhen"] == "{ variation == none }"
    assert parms["guidance"].conditions["disablewhen"] == '{ variation != none vary_guidance != "" }'


def test_the_network_goes_from_the_shot_by_a_wedge_or_a_sweep_to_the_report(asset: Asset) -> None:
    assert asset.contents
    wires = {path: [wire.source for wire in node.wires] for path, node in asset.contents.nodes.items() if path}
    assert wires == {
        "shot": [None],
        "wedge": ["shot"],
        "sweep": ["shot"],
        "variation": ["shot", "wedge", "sweep"],
        "transfer": ["variation"],
        "wait": ["transfer"],
        "report": ["wait"],
        "output0": ["report"],
    }
    switch = asset.dialog.parms()["variation"].menu
    assert switch
    assert len(switch.items) == len(wires["variation"])


@pytest.mark.parametrize(("path", "type_"), INNER.items())
def test_a_node_inside_has_every_parameter_of_its_type_with_the_table_s_default(
    asset: Asset, path: str, type_: NodeType
) -> None:
    assert asset.contents
    node = asset.contents.nodes[path]
    own = {part.name: part for part in node.spare if "baseparm" not in part.flags}
    assert list(own) == [parm.name for parm in type_.parms]
    followed = referred(node)
    for parm in type_.parms:
        fixed = {"wedge": {"sampler", "count", "sweep_seed"}, "transfer": {"measure", "videos"}}.get(path, set())
        assert (parm.name in followed) is (parm.name not in fixed), parm.name
        if parm.name in followed:
            shown = asset.dialog.parms()[followed[parm.name][1]]
            default = shown.defaults[0].text
            expected = {"seeds": ""}.get(parm.name, parm.default)
            assert (default if parm.kind == "String" else float(default)) == expected
            assert (shown.label, shown.help) == (parm.label, parm.help)


def test_the_icon_is_a_drawing(asset: Asset) -> None:
    root = ET.fromstring(asset.operator.text("IconSVG"))  # noqa: S314 - our own
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert len(root) > 3


def test_the_help_page_is_of_the_node(asset: Asset) -> None:
    lines = asset.operator.text("Help").splitlines()
    assert lines[0] == "= Cosmos Transfer Sweep ="
    assert {"#type: node", "#context: top", "#internal: cosmos::transfer_sweep::1.0"} <= set(lines)


def replaced(path: str, old: str, new: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        text = (folder / path).read_text(encoding="utf-8")
        assert old in text
        (folder / path).write_text(text.replace(old, new, 1), encoding="utf-8", newline="\n")

    return damage


DIALOG = f"{OPERATOR}/DialogScript"
MIME = f"{OPERATOR}/Contents.dir/Contents.mime"
REFUSED = {
    "index key": (replaced("INDEX__SECTION", "Table:", "Tabel:"), "the keys are"),
    "index path": (replaced("INDEX__SECTION", "?cosmos::Top", "?cosmos::Sop"), "the list has"),
    "mangling": (replaced("Sections.list", "INDEX__SECTION", "INDEX_SECTION"), "Sections.list:2"),
    "first line of a list": (replaced(f"{OPERATOR}/Sections.list", '""', ""), 'not a first line ""'),
    "missing section": (replaced(f"{OPERATOR}/Sections.list", "Help\tHelp", "Halp\tHalp"), "there is no Halp"),
    "brace": (
        replaced(
            DIALOG,
            "    }\n",
            "",
        ),
        "DialogScript:",
    ),
    "quotation mark": (replaced(DIALOG, '"Cook"', '"Cook'), "DialogScript:"),
    "keyword": (replaced(DIALOG, "joinnext", "joinall"), "the keyword 'joinall' is unknown"),
    "type": (replaced(DIALOG, "type    directory", "type    nodelist"), "the type 'nodelist' is unknown"),
    "defaults": (replaced(DIALOG, 'default { "0.5" }', 'default { "0.5" "1" }'), "2 defaults for 1 values"),
    "range": (replaced(DIALOG, "range   { 0! 1 }", "range   { none 1 }"), "'none' is no number"),
    "twice": (replaced(DIALOG, '"open_report"', '"cook"'), "cook is there twice"),
    "MIME": (replaced(MIME, "Content-Type: text/plain", "Content-Type: text/html"), "text/html"),
    "end of MIME": (replaced(MIME, "BOUNDARY--\n", "BOUNDARY\n"), "multipart"),
    "wire": (replaced(MIME, "0 \tshot 0 1", "0 \tshut 0 1"), "a wire from shut, which is not there"),
    "definition": (replaced(MIME, "inputs\n{\n0 \t(0) 0 1", "inputs\n{\n0 (0) 0 1"), "'0 (0) 0 1'"),
    "options": (replaced(f"{OPERATOR}/TypePropertiesOptions", ":= 1;", ":= yes;"), "TypePropertiesOptions:1"),
    "JSON": (replaced(f"{OPERATOR}/ExtraFileOptions", "true", '"yes"'), "is no bool"),
    "creation": (replaced(f"{OPERATOR}/CreateScript", "endif", ""), "not the beginning of a creation script"),
    "tools": (replaced(f"{OPERATOR}/Tools.shelf", "</tool>", ""), "mismatched tag"),
}
UNSOUND = {
    "rule of a stranger": (replaced(DIALOG, "variation != sweep", "variety != sweep"), "names variety"),
    "rule of no choice": (replaced(DIALOG, "variation != sweep", "variation != swept"), "with 'swept'"),
    "rule that is none": (replaced(DIALOG, "variation != sweep", "variation is sweep"), "not a row of"),
    "default of no choice": (replaced(DIALOG, 'default { "none" }', 'default { "one" }'), "the default 'one'"),
    "default out of range": (replaced(DIALOG, 'default { "35" }', 'default { "0" }'), "not in the range"),
    "no tooltip": (replaced(DIALOG, 'help    "Diffusion steps."', 'help    ""'), "num_steps has no tooltip"),
    "callback": (replaced(DIALOG, "phm().cook(", "phm().bake("), "bake"),
    "reference": (replaced(MIME, r"chs(\"../hip\")", r"chs(\"../scene\")"), "chs of scene, which is nothing"),
    "reference of another type": (replaced(MIME, r"ch(\"../fps\")", r"chs(\"../fps\")"), "chs of fps, which is float"),
    "channel": (replaced(MIME, "channel hip {", "channel hop {"), "channels are"),
    "connector": (
        replaced(MIME, '0 \tvariation 3 1 "input1"', '0 \tvariation 1 1 "input1"'),
        "connector 1 of variation",
    ),
    "dead end": (replaced(MIME, "2 \tsweep 0 1", "2 \twedge 0 1"), "two lists of wires differ"),
    "icon": (replaced("INDEX__SECTION", "?IconSVG", "?IconPNG"), "is no section"),
    "HScript": (replaced(f"{OPERATOR}/ExtraFileOptions", "true", "false"), "would be read as HScript"),
    "help": (replaced(f"{OPERATOR}/Help", "#id: prompt", "#id: prompts"), "the help page describes"),
    "another operator": (replaced(f"{OPERATOR}/CreateScript", "for cosmos::", "for cosmic::"), "CreateScript is of"),
}


@pytest.mark.parametrize(("damage", "reason"), REFUSED.values(), ids=REFUSED)
def test_the_reader_refuses_another_form(copy: Path, damage: Callable[[Path], None], reason: str) -> None:
    damage(copy)
    with pytest.raises(FormError) as refusal:
        read_assets(copy)
    assert reason in str(refusal.value)


@pytest.mark.parametrize(("damage", "reason"), UNSOUND.values(), ids=UNSOUND)
def test_what_names_nothing_is_found(copy: Path, damage: Callable[[Path], None], reason: str) -> None:
    damage(copy)
    [found] = read_assets(copy)
    assert any(reason in sentence for sentence in complaints(found)), complaints(found)


def test_the_reader_shares_no_code_with_the_writer() -> None:
    files = list((ROOT / "tests" / "support" / "houdini" / "expanded_asset").glob("*.py"))
    assert files
    for path in files:
        imports = [
            node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.ImportFrom)
        ]
        assert "asset" not in {(node.module or "").partition(".")[0] for node in imports}, path
