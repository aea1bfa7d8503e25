"""The Docker Engine of the tests."""

from __future__ import annotations

from support.servers.dockerd import docker_engine

__all__ = ["docker_engine"]
