"""The SDK of the Model Context Protocol, which is an extra: whether it is there, and how it is installed."""

from __future__ import annotations

import importlib.util
import shlex
import shutil
import sys
from pathlib import Path

from cosmos_houdini.errors import BadInput

_SDK = "mcp~=2.0"


def require_sdk() -> None:
    """Do nothing where the SDK is installed.

    Raises:
        BadInput: it is not; the error names the command that installs it into the environment of this process.
    """
    if importlib.util.find_spec("mcp") is None:
        command = " ".join(shlex.quote(word) for word in install_argv())
        raise BadInput("the MCP server needs the package mcp, which is not installed", action=f"run: {command}")


def install_argv() -> list[str]:
    """Return the command that installs the SDK beside this package: by pip, else by uv."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", "install", _SDK]
    # Where uv is not on PATH, the setup has put it into the environment.
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"
    return [uv, "pip", "install", "--python", sys.executable, _SDK]
