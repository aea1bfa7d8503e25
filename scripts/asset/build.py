"""Writes the asset's folder."""

from __future__ import annotations

import shutil
from pathlib import Path

from asset.description import ASSET
from asset.library import library_files


def write(otls: Path) -> list[Path]:
    """Write ``<operator>.hda`` into a folder, in place of an earlier one, and return its files."""
    folder = otls / f"{ASSET.operator}.hda"
    shutil.rmtree(folder, ignore_errors=True)
    written = []
    for name, text in library_files(ASSET).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8"))
        written.append(path)
    return written
