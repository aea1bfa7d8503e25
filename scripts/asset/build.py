"""Writes the folders of all assets."""

from __future__ import annotations

import shutil
from pathlib import Path

from asset.description import ASSET
from asset.library import library_files
from asset.node_assets import NODE_ASSETS

ASSETS = (*NODE_ASSETS, ASSET)


def write(otls: Path) -> list[Path]:
    """Write each asset's library into a folder, in place of earlier ones, and return all files."""
    for earlier in otls.glob("cosmos_*.hda"):
        shutil.rmtree(earlier)
    written = []
    for asset in ASSETS:
        for name, text in library_files(asset).items():
            path = otls / asset.file / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode("utf-8"))
            written.append(path)
    return written
