"""Snapshots of models in the cache of Hugging Face on this machine, found as its own library finds them."""

from __future__ import annotations

import os
import re
from pathlib import Path

_COMMIT = re.compile(r"[0-9a-f]{40}")


def cache_folder() -> Path:
    """Return the cache's folder; it need not exist."""
    if hub := os.environ.get("HF_HUB_CACHE"):
        return Path(hub)
    home = os.environ.get("HF_HOME")
    return (Path(home) if home else Path.home() / ".cache" / "huggingface") / "hub"


def find_snapshot(name: str) -> Path | None:
    """Return the folder of a model's newest fetched revision, whose name is the commit; None where there is none.

    Args:
        name: for example ``nvidia/Cosmos-Guardrail1``.
    """
    cached = cache_folder() / f"models--{name.replace('/', '--')}"
    head = cached / "refs" / "main"
    revision = head.read_text(encoding="utf-8", errors="replace").strip() if head.is_file() else ""
    snapshot = cached / "snapshots" / revision
    return snapshot if _COMMIT.fullmatch(revision) and snapshot.is_dir() else None
