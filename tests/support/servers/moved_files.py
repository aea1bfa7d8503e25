"""Files that go to a host and come back."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from cosmos_houdini.hosts import Host, Transfer


def assert_moves_files(host: Host, folder: Path, size: int = 3_000_000) -> None:
    """Send a file, alone and among many, and fetch it in both ways."""
    host.run(":")
    data = os.urandom(size)
    (folder / "file").write_bytes(data)
    host.put(folder / "file", host.root / "alone")
    host.get(host.root / "alone", folder / "back")
    assert (folder / "back").read_bytes() == data
    digest = hashlib.sha256(data).hexdigest()
    remote = host.root / "many"
    host.put_many([Transfer(local=folder / "file", remote=remote, bytes=size, sha256=digest)])
    host.get_many([Transfer(local=folder / "many", remote=remote, bytes=size, sha256=digest)])
    assert (folder / "many").read_bytes() == data
