"""The error of the size distribution, and how sure it is."""

import json

import numpy as np
import pytest
from scipy.stats import ks_2samp

from autoseg.evaluation import Sizes, evaluate
from autoseg.evaluation.intervals import (
    PERCENTILES,
    RESAMPLES,
    draw_images,
    find_intervals,
    resample_images,
    resample_particles,
)
from autoseg.evaluation.sizes import find_sizes, pool_sizes
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


def log_normal(rng, median, count):
    return tuple(np.sort(rng.lognormal(np.log(median), 0.3, count)).tolist())


@pytest.fixture(scope="module")
def images():
    """Twelve images, found 10 % too large; the particles of an image are alike, those of another image are not."""
    rng = np.random.default_rng(1)
    true = [log_normal(rng, rng.uniform(20, 60), count) for count in rng.integers(30, 80, 12)]
    return [Sizes(tuple(1.1 * size for size in sizes), sizes) for sizes in true]


@pytest.mark.parametrize("count", [2, 3, 40])
def test_percentiles_of_drawn_particles_are_distributed_as_those_of_real_drawing(count):
    rng = np.random.default_rng(0)
    sizes = np.array(log_normal(rng, 30, count))
    found = np.concatenate([resample_particles(sizes, rng) for _ in range(20)])
    expected = np.percentile(rng.choice(sizes, (*found.shape[:1], count)), PERCENTILES, axis=1).T
    assert found.mean(axis=0) == pytest.approx(expected.mean(axis=0), rel=0.01)
    assert np.cov(found.T) == pytest.approx(np.cov(expected.T), rel=0.1, abs=0.02 * sizes.var())


def test_percentiles_of_drawn_images_are_those_of_their_particles_one_after_the_other(images):
    sides = [image.true for image in images]
    times = draw_images(len(sides), np.random.default_rng(3))
    assert times.shape == (RESAMPLES, len(sides)) and set(times.sum(axis=1)) == {len(sides)}
    for row, found in zip(times[:50], resample_images(sides, times[:50]), strict=True):
        together = np.concatenate([np.repeat(side, often) for side, often in zip(sides, row, strict=True)])
        assert found == pytest.approx(np.percentile(together, PERCENTILES), rel=1e-12)


def test_an_interval_holds_95_per_cent_and_leaves_out_what_is_not_known():
    column = np.append(np.random.default_rng(0).permutation(np.arange(1001.0)), np.nan)
    assert find_intervals(column[:, None])[0] == pytest.approx((25, 975))


def test_intervals_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(4)
    intervals = [Sizes((), log_normal(rng, 50, 60)).percentiles[50].true_interval for _ in range(200)]
    assert 0.9 <= np.mean([low <= 50 <= high for low, high in intervals]) <= 0.99


def test_alike_particles_in_different_images_are_less_sure_than_as_many_independent_ones(images):
    pooled = pool_sizes(images)
    as_one = Sizes(pooled.predicted, pooled.true)
    widths = [
        sizes.percentiles[50].true_interval.high - sizes.percentiles[50].true_interval.low for sizes in (pooled, as_one)
    ]
    assert pooled.percentiles[50].true == as_one.percentiles[50].true and widths[0] > 2 * widths[1]


def test_the_error_of_several_images_is_that_of_the_same_images(images):
    """All are 10 % too large, so that it does not matter which of them are drawn."""
    for found in pool_sizes(images).percentiles.values():
        assert found.relative_error == pytest.approx(0.1)
        assert found.relative_error_interval == pytest.approx((0.1, 0.1))
        assert found.predicted_interval.low < 1.1 * found.true < found.predicted_interval.high


def test_values_lie_in_their_intervals(images):
    for sizes in (*images, pool_sizes(images)):
        for found in sizes.percentiles.values():
            for value, (low, high) in zip(found[:3], found[3:], strict=True):
                assert low - 1e-9 <= value <= high + 1e-9


def test_intervals_are_always_the_same_and_scale_with_the_pixel_size(images):
    pooled = pool_sizes(images)
    again = pool_sizes([pool_sizes(images[5:]), *images[4::-1]])
    assert again == pooled and again.percentiles == pooled.percentiles
    for sizes in (images[0], pooled):
        nm, px = sizes.scaled(2.5).percentiles[25], sizes.percentiles[25]
        assert nm.true_interval == pytest.approx(2.5 * np.array(px.true_interval))
        assert nm.relative_error_interval == pytest.approx(px.relative_error_interval)


def test_where_too_few_particles_or_images_tell_nothing_there_is_no_interval():
    none, one, two = Sizes((), ()), Sizes((3.0,), (4.0,)), Sizes((3.0, 4.0), (3.0, 5.0))
    assert none.percentiles[50] == (None,) * 6
    assert one.percentiles[50] == (3, 4, -0.25, None, None, None)
    assert pool_sizes([two]) == two and two.percentiles[90].true_interval == (3, 5)
    assert pool_sizes([two, none, none]).percentiles[10][3:] == (None, None, None)
    half = pool_sizes([two, Sizes((9.0,), ()), none]).percentiles[10]
    assert half.predicted_interval.high == 9 and half.true_interval is half.relative_error_interval is None


def test_json_has_the_intervals_beside_the_percentiles(images):
    found = pool_sizes(images).to_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert list(found) == [f"d{percentile}" for percentile in PERCENTILES] + ["kolmogorov_smirnov"]
    assert list(found["d50"]) == ["predicted", "true", "relative_error"] + [
        f"{name}_interval" for name in ("predicted", "true", "relative_error")
    ]
    assert Sizes((), (1.0,)).to_dict()["d50"]["true_interval"] is None
