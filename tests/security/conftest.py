"""The scenes of the faults."""

from __future__ import annotations

from support.faults.fault_fixtures import clip, docker, here, image, server, ssh, surroundings
from support.servers.dockerd import docker_engine
from support.servers.full_disk import small_disk

__all__ = ["clip", "docker", "docker_engine", "here", "image", "server", "small_disk", "ssh", "surroundings"]
