"""The Docker Engine for commands that run in one, and projects that run jobs."""

from __future__ import annotations

from support.jobs.fixtures import _fake_engine, clip, one_attempt, shop
from support.servers.dockerd import docker_engine

__all__ = ["_fake_engine", "clip", "docker_engine", "one_attempt", "shop"]
