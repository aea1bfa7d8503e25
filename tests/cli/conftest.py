"""The Docker Engine for commands that run in one."""

from __future__ import annotations

from support.servers.dockerd import docker_engine

__all__ = ["docker_engine"]
