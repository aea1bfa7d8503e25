from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosmos_houdini.engines.cosmos.chunks import Chunking
from cosmos_houdini.engines.cosmos.frame_size import generated_size, stretch

TRANSFER1 = {"frames_per_chunk": 121, "overlap": 1}


@pytest.mark.parametrize(
    ("frames", "chunks", "seams", "padding"),
    [
        (2, 1, (), 119),
        (120, 1, (), 1),
        (121, 1, (), 0),
        (122, 2, (121,), 119),
        (241, 2, (121,), 0),
        (242, 3, (121, 241), 119),
        (361, 3, (121, 241), 0),
    ],
)
def test_one_frame_more_than_a_chunk_costs_a_whole_one(frames: int, chunks: int, seams: tuple[int, ...], padding: int):
    cut = Chunking(frames=frames, **TRANSFER1)
    assert (cut.chunks, cut.seams, cut.padding) == (chunks, seams, padding)


@given(st.integers(2, 5000))
def test_chunks_cover_the_video_and_no_chunk_is_superfluous(frames: int):
    cut = Chunking(frames=frames, **TRANSFER1)
    assert 0 <= cut.padding < 120
    assert cut.chunks * 120 + 1 == frames + cut.padding
    assert all(0 < seam < frames for seam in cut.seams)
    assert len(cut.seams) == cut.chunks - 1


@pytest.mark.parametrize("frames", [122, 130, 243])
def test_a_last_chunk_opened_for_a_few_frames_is_called_wasted(frames: int):
    cut = Chunking(frames=frames, **TRANSFER1)
    assert cut.wasted
    shorter = Chunking(frames=cut.shorter, **TRANSFER1)
    assert (shorter.chunks, shorter.padding) == (cut.chunks - 1, 0)


@pytest.mark.parametrize("frames", [49, 121, 200, 241])
def test_a_well_filled_or_only_chunk_is_not_wasted(frames: int):
    assert not Chunking(frames=frames, **TRANSFER1).wasted


@pytest.mark.parametrize(
    ("size", "generated"),
    [
        ((1920, 1080), (1280, 704)),
        ((1280, 704), (1280, 704)),
        ((2048, 858), (1280, 704)),
        ((1998, 1080), (1280, 704)),
        ((1440, 1080), (960, 704)),
        ((1024, 1024), (960, 960)),
        ((1080, 1440), (704, 960)),
        ((1080, 1920), (704, 1280)),
        # Nearest in plain difference, not in proportion: 1.55 lies nearer 4:3 by difference, nearer 16:9 by ratio.
        ((1550, 1000), (960, 704)),
    ],
)
def test_the_nearest_of_the_five_frame_sizes_is_taken(size: tuple[int, int], generated: tuple[int, int]):
    assert generated_size(size) == generated


def test_the_stretch_of_scope_is_told():
    assert stretch((2390, 1000), (1280, 704)) == pytest.approx(0.76, abs=0.005)
