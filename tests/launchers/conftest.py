"""The Docker Engine of the tests, for this folder."""

from __future__ import annotations

from dockerd import docker_engine

__all__ = ["docker_engine"]
