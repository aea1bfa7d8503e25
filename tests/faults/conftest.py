"""The scenes of the faults."""

from __future__ import annotations

from disks import small_disk
from dockerd import docker_engine
from fault_scenes import clip, cluster, docker, far_cluster, here, image, server, ssh, surroundings
from slurmd import slurm

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
