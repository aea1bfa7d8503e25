"""The reader of expanded assets against those that others have published in that form."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from expanded_asset.asset import read_assets
from expanded_asset.library import FormError, mangled
from expanded_asset.rules import parse_rule

VARIABLE = "COSMOS_HOUDINI_PUBLISHED_ASSETS"


@pytest.fixture(scope="module")
def libraries() -> list[Path]:
    """Return every expanded library below the checkouts that the environment names."""
    folders = [Path(folder) for folder in os.environ.get(VARIABLE, "").split(os.pathsep) if folder]
    if not folders:
        pytest.skip(f"${VARIABLE} names no checkout of SideFXLabs or another repository with expanded assets")
    return sorted(path.parent for folder in folders for path in folder.rglob(mangled("INDEX_SECTION")))


def test_every_published_asset_is_accepted(libraries: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    refused, assets, nodes, parms, rules, loose = [], 0, 0, 0, 0, []
    for library in libraries:
        try:
            found = read_assets(library)
        except FormError as error:
            refused.append(str(error))
            continue
        assets += len(found)
        for asset in found:
            nodes += len(asset.contents.nodes) if asset.contents else 0
            parms += len(asset.dialog.parms())
            for rule in (rule for part in asset.dialog.all() for rule in part.conditions.values()):
                rules += 1
                try:
                    parse_rule(rule)
                except ValueError as error:
                    loose.append(f"{library.name}: {error}")
    with capsys.disabled():
        counts = f"{assets} assets, {nodes} nodes, {parms} parameters, {rules} rules of which {len(loose)} are no rules"
        print(f"\n{len(libraries)} libraries, {len(refused)} refused: {counts}")  # noqa: T201 - what the run is for
    assert not refused
    # SideFX ships a few rules that Houdini cannot read either.
    assert len(loose) <= rules / 1000, loose


def test_there_is_something_to_read(libraries: list[Path]) -> None:
    assert libraries
