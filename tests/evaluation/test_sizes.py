"""The error of the size distribution."""

import numpy as np
import pytest
from scipy.stats import ks_2samp

from autoseg.evaluation import Sizes, evaluate
from autoseg.evaluation.sizes import PERCENTILES, find_sizes
from tests.evaluation.scenes import rectangles


def test_diameters_are_those_of_circles_of_equal_area():
    sizes = find_sizes(np.array([400, 100]), np.array([100]))
    assert sizes.predicted == pytest.approx((np.sqrt(400 / np.pi), 2 * np.sqrt(400 / np.pi)))
    assert sizes.true == pytest.approx((np.sqrt(400 / np.pi),))


def test_twice_as_wide_and_high_is_twice_the_diameter():
    scores = evaluate(rectangles((0, 0, 20, 20)), rectangles((0, 0, 10, 10)), pixel_size=2.5)
    for percentile in PERCENTILES:
        assert scores.sizes_px.relative_error(percentile) == pytest.approx(1)
        assert scores.sizes_nm.relative_error(percentile) == pytest.approx(1)
    assert scores.sizes_nm.true[0] == 2.5 * scores.sizes_px.true[0]


def test_percentiles():
    sizes = Sizes(predicted=tuple(range(0, 202, 2)), true=tuple(range(101)))
    assert [entry["true"] for entry in list(sizes.to_dict().values())[:-1]] == list(PERCENTILES)
    assert {sizes.relative_error(percentile) for percentile in PERCENTILES} == {1}


def test_the_distance_between_distributions_is_scipys():
    rng = np.random.default_rng(0)
    predicted, true = rng.integers(1, 30, 40), rng.integers(5, 40, 70)  # with ties
    sizes = Sizes(tuple(sorted(predicted)), tuple(sorted(true)))
    assert sizes.kolmogorov_smirnov == pytest.approx(ks_2samp(predicted, true).statistic)
