"""The samplers: recorded values, and statistics over fixed seeds, so that nothing here ever fails by chance."""

from __future__ import annotations

from itertools import combinations, islice

import numpy as np
import pytest
from scipy import stats
from scipy.stats import qmc

from cosmos_houdini.model.batch import Sampler
from cosmos_houdini.sweeps.samplers import Points, unit_points

SAMPLERS: tuple[Sampler, ...] = ("random", "latin_hypercube", "sobol")
NAMES = ("edge", "depth", "guidance")


def drawn(sampler: Sampler, rows: int, *, seed: int = 0, names: tuple[str, ...] = NAMES) -> Points:
    return next(unit_points(sampler, names, rows, seed))


def correlation(points: Points) -> float:
    matrix = np.corrcoef(points.T)
    return float(np.abs(matrix - np.eye(len(matrix))).max())


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("seed", [0, 1, 2**64])
def test_values_fill_the_unit_interval_evenly_and_without_correlation(sampler: Sampler, seed: int):
    points = drawn(sampler, 4096, seed=seed)
    assert points.shape == (4096, 3)
    assert points.min() >= 0
    assert points.max() < 1
    for column in points.T:
        assert stats.kstest(column, "uniform").pvalue > 0.01
        assert stats.chisquare(np.histogram(column, bins=64, range=(0, 1))[0]).pvalue > 0.01
    assert correlation(points) < 0.05


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("seed", [0, 3])
def test_each_pair_of_dimensions_is_independent(sampler: Sampler, seed: int):
    """Values of one thing tell nothing of another's: a table of their joint counts is what chance, or less, makes."""
    points = drawn(sampler, 4096, seed=seed)
    for one, other in combinations(range(len(NAMES)), 2):
        counts, _, _ = np.histogram2d(points[:, one], points[:, other], bins=8, range=((0, 1), (0, 1)))
        # Of 18 such tables, one falls below a hundredth every fifth time by chance alone.
        assert stats.chi2_contingency(counts).pvalue > 0.001
        assert abs(stats.kendalltau(points[:, one], points[:, other]).statistic) < 0.04


@pytest.mark.parametrize("rows", [1, 2, 7, 100])
def test_a_latin_hypercube_has_one_point_in_each_slice(rows: int):
    for block in islice(unit_points("latin_hypercube", NAMES, rows, 5), 3):
        for column in block.T:
            assert sorted((column * rows).astype(int)) == list(range(rows))


def test_sobol_points_are_a_net():
    """Of the first 256 points of two dimensions, each box of 1/256 holds one, whatever its shape."""
    points = drawn("sobol", 256, names=("edge", "depth"))
    for power in range(9):
        columns, rows = 2**power, 2 ** (8 - power)
        cells = (points[:, 0] * columns).astype(int) * rows + (points[:, 1] * rows).astype(int)
        assert len(set(cells.tolist())) == 256


def test_spread_samplers_fill_the_cube_better_than_random_ones():
    discrepancy = {sampler: qmc.discrepancy(drawn(sampler, 128)) for sampler in SAMPLERS}
    assert discrepancy["sobol"] < discrepancy["latin_hypercube"] < discrepancy["random"]


@pytest.mark.parametrize("sampler", ["random", "sobol"])
def test_more_points_begin_with_the_same_ones(sampler: Sampler):
    long = drawn(sampler, 24)
    blocks = list(islice(unit_points(sampler, NAMES, 8, 0), 3))
    assert np.array_equal(np.concatenate(blocks), long)


@pytest.mark.parametrize("sampler", ["random", "latin_hypercube"])
def test_one_more_dimension_leaves_the_others_as_they_were(sampler: Sampler):
    assert np.array_equal(drawn(sampler, 9)[:, :2], drawn(sampler, 9, names=("edge", "depth")))


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_another_seed_gives_other_points(sampler: Sampler):
    assert not np.isclose(drawn(sampler, 16, seed=1), drawn(sampler, 16, seed=2)).any()


RECORDED = {
    "random": [
        [0.928430833457035, 0.055432522825321184],
        [0.5938146194283764, 0.048508854839239834],
        [0.2966817636221035, 0.2739174220946766],
    ],
    "latin_hypercube": [
        [0.9350437948484299, 0.3500409639401047],
        [0.3802083066223088, 0.04134750753488629],
        [0.04419947725766208, 0.9153693180850188],
    ],
    "sobol": [
        [0.9284308333881199, 0.055432523135095835],
        [0.42843083338811994, 0.5554325231350958],
        [0.17843083338811994, 0.30543252313509583],
    ],
}


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_seed_gives_these_very_points_on_every_machine(sampler: Sampler):
    assert drawn(sampler, 3, seed=7, names=("edge", "depth")).tolist() == RECORDED[sampler]
