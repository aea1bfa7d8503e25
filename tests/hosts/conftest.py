"""One SSH server for all tests of the room, and both kinds of host."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cosmos_houdini.hosts import Host, open_host
from cosmos_houdini.hosts.settings import HostConfig
from support.servers.full_disk import small_disk
from support.servers.sshd import Sshd, running_sshd

__all__ = ["small_disk"]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with running_sshd(tmp_path_factory.mktemp("sshd")) as running:
        yield running


@pytest.fixture
def ssh_host(server: Sshd, tmp_path: Path) -> Iterator[Host]:
    host = open_host("gpu01", server.config(tmp_path / "root"), project=tmp_path)
    yield host
    host.close()


@pytest.fixture(params=["local", pytest.param("ssh", marks=pytest.mark.sshd)])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Host:
    """Return a host whose root is the folder ``root`` of the test's own."""
    if request.param == "ssh":
        found: Host = request.getfixturevalue("ssh_host")
        return found
    return open_host("local", HostConfig(root=str(tmp_path / "root")), project=tmp_path)
