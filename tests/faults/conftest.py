"""The scenes of the faults."""

from __future__ import annotations

from support.faults.fault_fixtures import clip, cluster, docker, far_cluster, here, image, server, ssh, surroundings
from support.servers.dockerd import docker_engine
from support.servers.full_disk import small_disk
from support.servers.slurmd import slurm

__all__ = [
    "clip",
    "cluster",
    "docker",
    "docker_engine",
    "far_cluster",
    "here",
    "image",
    "server",
    "slurm",
    "small_disk",
    "ssh",
    "surroundings",
]
