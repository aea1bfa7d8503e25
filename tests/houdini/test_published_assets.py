"""The reader of expanded assets against those that others have published in that form."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from asset.dialog import parts_text
from asset.houdini_json import houdini_json
from asset.model import Field, Folder
from asset.model import Part as Written

from support.houdini.expanded_asset.asset import Asset, read_assets
from support.houdini.expanded_asset.interface import Menu, Part
from support.houdini.expanded_asset.library import FormError, mangle
from support.houdini.expanded_asset.rules import parse_rule

VARIABLE = "COSMOS_HOUDINI_PUBLISHED_ASSETS"
WRITTEN = ["name", "label", "type", "invisible", "nolabel", "joinnext", "size"]
WRITTEN += ["default", "help", "disablewhen", "hidewhen", "menu", "menureplace", "range", "parmtag", "grouptag"]
"""The keywords that our writer knows, in Houdini's order; some files were written by hand in another."""


@pytest.fixture(scope="module")
def libraries() -> list[Path]:
    """Return every expanded library below the checkouts that the environment names."""
    folders = [Path(folder) for folder in os.environ.get(VARIABLE, "").split(os.pathsep) if folder]
    if not folders:
        pytest.skip(f"${VARIABLE} names no checkout of SideFXLabs or another repository with expanded assets")
    found = sorted(path.parent for folder in folders for path in folder.rglob(mangle("INDEX_SECTION")))
    assert found
    return found


@pytest.fixture(scope="module")
def reading(libraries: list[Path]) -> tuple[list[Asset], list[str]]:
    """Return the assets, and why a library was refused."""
    found = [read_or_refuse(library) for library in libraries]
    refused = [each for each in found if isinstance(each, str)]
    return [asset for each in found if not isinstance(each, str) for asset in each], refused


def read_or_refuse(library: Path) -> tuple[Asset, ...] | str:
    try:
        return read_assets(library)
    except FormError as error:
        return str(error)


def test_every_published_asset_is_accepted(
    libraries: list[Path], reading: tuple[list[Asset], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assets, refused = reading
    nodes = sum(len(asset.contents.nodes) for asset in assets if asset.contents)
    parms = sum(len(asset.dialog.parms()) for asset in assets)
    rules = [rule for asset in assets for part in asset.dialog.all() for rule in part.conditions.values()]
    loose = list(filter(is_no_rule, rules))
    with capsys.disabled():
        counts = f"{len(assets)} assets, {nodes} nodes, {parms} parameters, {len(rules)} rules"
        print(f"\n{len(libraries)} libraries, {len(refused)} refused: {counts}, {len(loose)} of them none")  # noqa: T201 - what the run is for
    assert not refused
    # SideFX ships a few rules that Houdini cannot read either.
    assert len(loose) <= len(rules) / 1000, loose


def is_no_rule(text: str) -> bool:
    try:
        parse_rule(text)
    except ValueError:
        return True
    return False


def test_our_writer_lays_out_published_parameters_byte_for_byte_as_houdini_did(
    reading: tuple[list[Asset], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    same, other = 0, []
    for asset in reading[0]:
        # One was committed on Windows, and has its line breaks.
        text = asset.operator.text("DialogScript").replace("\r\n", "\n")
        for part in filter(is_known, asset.dialog.parts):
            if parts_text([as_written(part)]) in text:
                same += sum(1 for _ in part.walk())
            else:
                other.append(f"{asset.operator.folder.name}: {part.name}")
    with capsys.disabled():
        print(f"\n{same} published parameters and folders laid out alike, {len(other)} otherwise")  # noqa: T201 - likewise
    assert same
    assert not other


def test_our_writer_lays_out_published_json_byte_for_byte_as_houdini_did(libraries: list[Path]) -> None:
    names = {"ExtraFileOptions", "InternalFileOptions", "Contents.createtimes", "Contents.houdini_versions"}
    texts = [
        path.read_text(encoding="utf-8") for library in libraries for path in library.rglob("*") if path.name in names
    ]
    assert texts
    assert [text for text in texts if houdini_json(json.loads(text)) != text] == []


def is_known(part: Part) -> bool:
    """Whether our writer knows everything that a part has, and Houdini wrote it."""
    keywords = list(dict.fromkeys(part.keywords))
    return (
        part.kind in {"parm", "group", "groupsimple"}
        and keywords == [keyword for keyword in WRITTEN if keyword in keywords]
        and not (part.kind != "parm" and (part.conditions or "parmtag" in keywords))
        and not any(default.language for default in part.defaults)
        and (part.menu is None or is_known_menu(part.menu))
        and ("help" in keywords) == bool(part.help)
        and all(map(is_known, part.children))
    )


def is_known_menu(menu: Menu) -> bool:
    if menu.kind == "menureplace":
        return bool(menu.script) and menu.language == "python"
    return menu.kind == "menu" and bool(menu.items) and not menu.script


def as_written(part: Part) -> Written:
    if part.kind != "parm":
        children = tuple(map(as_written, part.children))
        return Folder(kind=part.kind, name=part.name, label=part.label, children=children, tags=part.tags)
    return Field(
        name=part.name,
        label=part.label,
        type=part.type,
        defaults=tuple(default.text for default in part.defaults),
        help=part.help,
        menu=part.menu.items if part.menu else (),
        menu_script=part.menu.script if part.menu else (),
        range=part.range,
        disable_when=part.conditions.get("disablewhen", ""),
        hide_when=part.conditions.get("hidewhen", ""),
        tags=part.tags,
        size=part.size if "size" in part.keywords else None,
        has_label="nolabel" not in part.flags,
        joins_next="joinnext" in part.flags,
        is_invisible="invisible" in part.flags,
    )
