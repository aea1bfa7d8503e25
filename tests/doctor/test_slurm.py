"""``doctor --host`` against a real Slurm, behind a real SSH server."""

from __future__ import annotations

import pytest

from support.jobs.doctor_project import Clinic
from support.servers.slurmd import Slurm, slurm

__all__ = ["slurm"]

pytestmark = [pytest.mark.sshd, pytest.mark.slurm]


def test_a_real_cluster_passes_and_a_partition_that_it_lacks_is_told(clinic: Clinic, slurm: Slurm) -> None:
    clinic.configure("preview", launcher="slurm", partition="gpu", env=slurm.env)
    code, checks = clinic.host_checks()
    assert code == 0, checks
    assert checks["slurm"]["seen"].startswith("slurm")
    assert checks["partition"]["seen"].startswith("gpu up 1 ")
    assert "gpu:4" in checks["partition"]["seen"]
    clinic.configure("preview", launcher="slurm", partition="absent", env=slurm.env)
    code, checks = clinic.host_checks()
    assert (code, checks["partition"]["seen"]) == (1, "there is no partition 'absent'")
