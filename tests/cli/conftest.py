"""The Docker Engine for commands that run in one."""

from __future__ import annotations

from dockerd import docker_engine

__all__ = ["docker_engine"]
