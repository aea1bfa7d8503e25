"""Fixtures that every test file may use: folders with hostile names, and a user whose own settings are never read."""

from __future__ import annotations

from pathlib import Path

import pytest

HIPS = Path(__file__).resolve().parents[2] / "shared" / "hips"


@pytest.fixture(autouse=True)
def _no_user_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the user's configuration, SSH files and secrets out of every test."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    for name in ("COSMOS_HOUDINI_CONFIG", "HF_TOKEN", "SSH_AUTH_SOCK"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=["plain", "with space", "it's \"quoted\"", "größe 映画", "$(touch x);`id`"])
def weird_path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return an empty folder whose name is hard on shells."""
    folder = tmp_path / str(request.param)
    folder.mkdir()
    return folder


@pytest.fixture
def hips() -> Path:
    """Return the folder of published scenes, or skip."""
    if not HIPS.is_dir():
        pytest.skip("the folder shared/hips with published scenes does not stand beside the checkout")
    return HIPS
