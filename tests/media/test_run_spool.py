from __future__ import annotations

from pathlib import Path

import numpy as np

from cosmos_houdini.media.videos.run_spool import RunSpool


def test_codes_come_back_in_order_and_by_number_and_take_little_room(tmp_path: Path):
    blocks = np.arange(12, dtype=np.int64).reshape(3, 4).repeat(240, 0).repeat(320, 1) << 40
    noise = np.random.default_rng(1).integers(0, 1 << 48, blocks.shape)
    flat = np.zeros_like(blocks)
    spool = RunSpool(tmp_path / "seg")
    sizes = []
    for frame in (blocks, noise, flat):
        spool.add(frame)
        sizes.append(spool.path.stat().st_size)
    assert spool.count == 3
    for got, meant in zip(spool, (blocks, noise, flat), strict=True):
        assert got.dtype == np.int64
        assert (got == meant).all()
    assert (spool[1] == noise).all()
    assert (spool[2] == flat).all()
    # The blocks make 4 runs in each of 720 rows, and a run takes 12 bytes. Noise never takes more than its pixels.
    assert sizes[0] == 720 * 4 * 12
    assert sizes[1] - sizes[0] == noise.nbytes
    assert sizes[2] - sizes[1] == 12
