"""The SDK of the Model Context Protocol is an extra; an error names a command that installs it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from importlib.machinery import ModuleSpec

import pytest

from cosmos_houdini.agents.sdk import install_argv, require_sdk
from cosmos_houdini.errors import BadInput


def hide(monkeypatch: pytest.MonkeyPatch, hidden: str) -> None:
    """Let a package look as if it were not installed."""
    found = importlib.util.find_spec

    def find_spec(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == hidden else found(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)


def test_the_command_in_the_error_installs_into_this_environment(monkeypatch: pytest.MonkeyPatch):
    hide(monkeypatch, "mcp")
    with pytest.raises(BadInput, match="needs the package mcp") as caught:
        require_sdk()
    argv = install_argv()
    assert all(word in str(caught.value) for word in argv)
    assert sys.executable in argv
    # The tests' environment has the package, so that the installer needs no network to say that nothing is to be done.
    done = subprocess.run([*argv, "--dry-run"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "ould install" not in done.stdout + done.stderr


def test_uv_installs_where_there_is_no_pip(monkeypatch: pytest.MonkeyPatch):
    hide(monkeypatch, "pip")
    assert install_argv()[1:] == ["pip", "install", "--python", sys.executable, "mcp~=2.0"]


def test_nothing_is_said_where_the_sdk_is_there():
    require_sdk()
