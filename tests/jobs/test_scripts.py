"""The scripts that ask a host for results and their provenance, as shellcheck reads them."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from cosmos_houdini.jobs.collect import inventory_script
from cosmos_houdini.jobs.store.provenance import provenance_script
from support.shellcheck import complaints

FOLDER = PurePosixPath("/data/it's/jobs/sea-1f2e3d4c5b")


@pytest.mark.shellcheck
@pytest.mark.parametrize(
    "text",
    [inventory_script({FOLDER / "out/a b.mp4": 10, FOLDER / "out/log": 20}), provenance_script(FOLDER)],
    ids=["inventory", "provenance"],
)
def test_shellcheck_finds_nothing(text: str):
    assert complaints(text) == ""
