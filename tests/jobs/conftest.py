from __future__ import annotations

from support.jobs.fixtures import (
    _fake_engine,
    any_shop,
    clip,
    one_attempt,
    remote_shop,
    server,
    shop,
    slurm,
    slurm_shop,
)

__all__ = ["_fake_engine", "any_shop", "clip", "one_attempt", "remote_shop", "server", "shop", "slurm", "slurm_shop"]
