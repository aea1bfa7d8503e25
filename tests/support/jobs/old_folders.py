"""What ``clean`` tells of a host, and folders that look old enough for it."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from pathlib import Path

import pytest

from support.jobs.job_project import Shop

DAY_S = 86400


def grow_old(*paths: Path, days: float = 20) -> None:
    """Let folders look as if nobody had touched them for days."""
    when = time.time() - days * DAY_S
    for path in paths:
        for entry in [*path.rglob("*"), path]:
            # A job that lives, or has just ended, takes files of its own away.
            with suppress(FileNotFoundError):
                os.utime(entry, (when, when), follow_symlinks=False)


def cleaned(shop: Shop, capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, object]:
    """Return what ``clean --json`` prints."""
    capsys.readouterr()
    assert shop.main("clean", "--json", *options) == 0
    document: dict[str, object] = json.loads(capsys.readouterr().out)
    return document


def names(document: dict[str, object], kind: str) -> list[str]:
    remote = document["remote"]
    assert isinstance(remote, list)
    return [thing["name"] for thing in remote if thing["kind"] == kind]
