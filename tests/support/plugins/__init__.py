"""Packages that add an engine, a launcher or a host by an entry point, each with its own pyproject.toml."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

PLUGINS = Path(__file__).resolve().parent


def install_plugin(name: str, folder: Path) -> Path:
    """Install a package of this folder, and return the folder to put on the path of Python."""
    source = Path(shutil.copytree(PLUGINS / name, folder / "source"))
    site = folder / "site"
    pip = [sys.executable, "-m", "pip"] if importlib.util.find_spec("pip") else ["uv", "pip"]
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", str(site)]
    subprocess.run([*pip, "install", *options, str(source)], check=True)
    return site
