"""Files may hold every number that a half can: no warning of NumPy reaches a user, and no conversion stops."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from cosmos_houdini.cli.check import check
from cosmos_houdini.cli.convert import convert_sequence
from cosmos_houdini.errors import CosmosError
from support.media.exr_files import Array, write_exr

HALVES = np.arange(1 << 16, dtype=np.uint16).view(np.float16).reshape(256, 256)


def bursts() -> Array:
    """Return a picture of numbers near the end of float32, infinities and NaN."""
    plane = np.full((64, 64), 1e30, np.float32)
    plane[::3], plane[1::3], plane[5], plane[2, :9] = np.nan, np.inf, -3e38, -np.inf
    return plane


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("plane", [HALVES, HALVES.astype(np.float32), bursts()], ids=["half", "float", "bursts"])
@pytest.mark.parametrize("pass_", ["color", "depth", "seg", "mask", "edge", "vis"])
def test_numpy_warns_of_nothing(tmp_path: Path, pass_: str, plane: Array):
    # A warning is an error in these tests, also in the threads that read and encode.
    (tmp_path / "in").mkdir()
    for frame in (1, 2):
        write_exr(tmp_path / f"in/{pass_}.{frame:04d}.exr", dict.fromkeys("RGB", plane))
    for command, more in ((check, ["--every-frame"]), (convert_sequence, ["-o", "out", "--edge", "low"])):
        result = CliRunner().invoke(command, [str(tmp_path / "in"), *more])
        # Passes of noise have too many objects, or no near and far: that is refused in a sentence.
        assert result.exception is None or isinstance(result.exception, (CosmosError, SystemExit)), result.exception
        assert "Warning" not in result.stderr
