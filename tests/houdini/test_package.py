"""houdini_package.json as Houdini's documents describe a package."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from cosmos_houdini.houdini.environment import ROOT
from cosmos_houdini.installation import PACKAGE_NAME, installed_text, is_supported

DOCUMENTED = {"env", "enable", "load_package_once", "process_order", "package_path", "path", "recommends", "requires"}
SEEN_IN_SHIPPED_PACKAGES = {"hpath", "version"}
METHODS = {"prepend", "append", "replace"}


@pytest.fixture
def package() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((ROOT / PACKAGE_NAME).read_text(encoding="utf-8"))
    return document


def test_only_known_keys_are_used(package: dict[str, Any]) -> None:
    assert set(package) <= DOCUMENTED | SEEN_IN_SHIPPED_PACKAGES
    for entry in package["env"]:
        [value] = entry.values()
        assert isinstance(value, str) or (set(value) == {"value", "method"} and value["method"] in METHODS)


def expanded(package: dict[str, Any]) -> tuple[dict[str, str], list[str]]:
    """Return the variables and HOUDINI_PATH entries that the package sets when it lies in the checkout."""
    known = {"HOUDINI_PACKAGE_PATH": str(ROOT)}

    def expand(text: str) -> str:
        return re.sub(r"\$(\w+)", lambda match: known[match[1]], text)

    for entry in package["env"]:
        for name, value in entry.items():
            known[name] = expand(value if isinstance(value, str) else value["value"])
    return known, [expand(text) for text in package["hpath"]]


def test_every_folder_that_it_names_exists(package: dict[str, Any]) -> None:
    variables, path = expanded(package)
    assert (ROOT / variables["PYTHONPATH"] / "cosmos_houdini").is_dir()
    assert path == [str(ROOT), str(ROOT / "pdg_types")]
    assert all((ROOT / folder).is_dir() for folder in path)


@pytest.mark.parametrize("is_installed", [False, True])
def test_houdini_finds_shelf_icons_nodes_and_asset_on_its_path(package: dict[str, Any], *, is_installed: bool) -> None:
    if is_installed:
        package = json.loads(installed_text(ROOT, ROOT / ".venv" / "bin" / "python"))
    _, path = expanded(package)
    for name in (
        "toolbar/cosmos.shelf",
        "config/Icons/COSMOS_doctor.svg",
        "otls/cosmos_transfer.1.0.hda/INDEX__SECTION",
        "OPcustomize",
        "OPmenu.xml",
        "PARMmenu.xml",
        "python_panels/cosmos_jobs.pypanel",
        "scripts/externaldragdrop.py",
        "pdg/types/cosmos_houdini_nodes.py",
    ):
        assert [entry for entry in path if (Path(entry) / name).is_file()], name


@pytest.mark.parametrize(
    ("version", "wanted"),
    [("19.5", False), ("20.0", True), ("20.5", True), ("21.0", True), ("23.5", True)],
)
def test_it_is_enabled_in_the_versions_that_the_installer_serves(
    package: dict[str, Any], *, version: str, wanted: bool
) -> None:
    # Without an upper bound: a newer Houdini would have no shelf and no nodes, and no word about it.
    clause = re.fullmatch(r"houdini_version >= '([\d.]+)'", package["enable"])
    assert clause
    low = tuple(map(int, clause[1].split(".")))
    assert (low <= tuple(map(int, version.split(".")))) is wanted
    assert is_supported(ROOT / f"houdini{version}") is wanted


def test_no_other_json_lies_at_the_top_where_houdini_would_read_it_too() -> None:
    assert [path.name for path in ROOT.glob("*.json")] == [PACKAGE_NAME]


def test_no_script_has_the_name_of_a_houdini_event() -> None:
    events = {"123", "456", "pythonrc", "ready", "houdinicore", "hescape", "beforescenesave", "afterscenesave"}
    for path in (ROOT / "scripts").iterdir():
        assert path.stem.lower() not in events
        assert not re.match(r"On[A-Z]", path.stem)
