"""The scenes of the faults."""

from __future__ import annotations

from disks import small_disk
from dockerd import docker_engine
from fault_scenes import clip, docker, here, image, server, ssh, surroundings

__all__ = ["clip", "docker", "docker_engine", "here", "image", "server", "small_disk", "ssh", "surroundings"]
