"""A data pass that is constant along every row comes out constant along every row: nothing dithers it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

from cosmos_houdini.cli.convert import convert_sequence
from support.media.clips import decoded
from support.media.exr_files import write_exr
from support.media.pictures import write

WIDTH, HEIGHT = 96, 241
PASSES = ("depth", "seg", "mask", "edge")


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def rows(pass_: str, dtype: type[np.number]) -> NDArray[np.number]:
    """Return grey rows over the whole range; segmentation has bands of few values, as an id pass has."""
    share = np.linspace(0, 1, HEIGHT)
    if pass_ == "seg":  # noqa: S105 - no password
        share = np.floor(share * 6) / 6
    top = 65535 if dtype is np.uint16 else 1
    return np.repeat((share * top).astype(dtype)[:, None, None], WIDTH, 1).repeat(3, 2)


def converted(folder: Path, pass_: str, *options: str) -> NDArray[np.uint8]:
    out = folder.parent / "out"
    arguments = [str(folder), "-o", str(out), "--json", *options]
    document = json.loads(CliRunner().invoke(convert_sequence, arguments, catch_exceptions=False).stdout)
    return decoded(Path(document["videos"][pass_]["path"]))


@pytest.mark.parametrize(("suffix", "fit"), [(".png", "none"), (".tif", "none"), (".dpx", "none"), (".png", "crop")])
@pytest.mark.parametrize("pass_", PASSES)
def test_rows_of_16_bit_pictures_stay_constant(tmp_path: Path, pass_: str, suffix: str, fit: str):
    for frame in (1, 2, 3):
        (tmp_path / "in").mkdir(exist_ok=True)
        write(tmp_path / f"in/{pass_}.{frame:04d}{suffix}", rows(pass_, np.uint16))
    video = converted(tmp_path / "in", pass_, "--fit", fit)
    assert_constant(video)


@pytest.mark.parametrize("pass_", PASSES)
def test_rows_of_exr_stay_constant(tmp_path: Path, pass_: str):
    (tmp_path / "in").mkdir()
    for frame in (1, 2, 3):
        plane = rows(pass_, np.float32)[..., 0]
        write_exr(tmp_path / f"in/{pass_}.{frame:04d}.exr", {"R": plane, "G": plane, "B": plane})
    assert_constant(converted(tmp_path / "in", pass_, "--fit", "none"))


def assert_constant(video: NDArray[np.uint8]) -> None:
    for frame in video:
        luma = frame[..., 1].astype(int)
        spans = np.ptp(luma, axis=1)
        # The encoder itself changes a few rows by a level or two. Dither changes two rows of three.
        assert spans.max() <= 3
        assert np.count_nonzero(spans) <= len(spans) // 20
        assert np.ptp(luma[:, 0]) > 60
