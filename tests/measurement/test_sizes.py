"""Statistics of sizes against hand calculations, known distributions and simulated fields of view."""

import dataclasses
import json
import math
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from autoseg.errors import AutosegError, OptionsError
from autoseg.measurement.distribution import describe, distance_to_log_normal, intervals, number_and_volume
from autoseg.measurement.shape import measure_labels
from autoseg.measurement.sizes import SizeOptions, describe_sizes, needed_count

SIZE = "equivalent_diameter_area_nm"


def table_of(sizes, **columns):
    sizes = np.asarray(sizes, float)
    return pd.DataFrame({SIZE: sizes, **{"touches_edge": False, "edge_weight": 1.0, "occlusion": 0.0, **columns}})


def summary(table, seed=0, **changes):
    return describe_sizes(table, np.random.default_rng(seed), **{"resamples": 100, **changes})


def test_a_hand_calculation():
    # Volumes 1, 8, 27 of 36 in all: at the three sizes the shares below are 1/72, 10/72 and 45/72.
    volume = summary(table_of([1, 2, 3])).volume
    assert volume.d10.value == pytest.approx(1 + (7.2 - 1) / (10 - 1))
    assert volume.d50.value == pytest.approx(2 + (36 - 10) / (45 - 10))
    assert volume.d90.value == 3
    assert volume.mean.value == pytest.approx((1**4 + 2**4 + 3**4) / 36)
    assert volume.geometric_mean.value == pytest.approx((2**8 * 3**27) ** (1 / 36))


def test_by_number_it_is_what_numpy_says():
    sizes = np.random.default_rng(0).lognormal(3, 0.4, 101)
    number = summary(table_of(sizes)).number
    for name, share in (("d10", 0.1), ("d50", 0.5), ("d90", 0.9)):
        assert getattr(number, name).value == pytest.approx(np.quantile(sizes, share, method="hazen"))
    assert number.mean.value == pytest.approx(sizes.mean())
    assert number.standard_deviation.value == pytest.approx(sizes.std())
    assert number.geometric_mean.value == pytest.approx(stats.gmean(sizes))
    assert number.geometric_standard_deviation.value == pytest.approx(math.exp(np.log(sizes).std()))


def test_volume_weighting_shifts_a_log_normal_distribution_as_theory_says():
    mean, deviation = 3.0, 0.25
    sizes = np.exp(stats.norm(mean, deviation).ppf((np.arange(20_000) + 0.5) / 20_000))
    number, volume = (
        dict(zip(describe(sizes, sizes)._fields, row, strict=True))
        for row in number_and_volume(sizes, np.ones_like(sizes))
    )
    assert np.log(number["d50"]) == pytest.approx(mean, abs=1e-3)
    assert np.log(volume["d50"]) == pytest.approx(mean + 3 * deviation**2, abs=1e-3)
    assert np.log(volume["geometric_standard_deviation"]) == pytest.approx(deviation, rel=0.01)
    assert np.log(volume["mean"]) == pytest.approx(mean + 3.5 * deviation**2, abs=2e-3)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.floats(0.5, 100), st.integers(1, 4)), min_size=1, max_size=12))
@example([(1.0, 1), (1.0, 1), (1.0, 3), (2.0, 1)])
@example([(1.0, 1), (1.0, 3), (1.8515481134093896, 4), (34.24624154206895, 2)])
def test_order_scale_and_rows_do_not_matter(pairs):
    sizes, weights = np.array(pairs, float).T
    found = np.array(describe(sizes, weights))
    reverse = np.array(describe(np.stack([sizes[::-1]] * 2), np.stack([weights[::-1]] * 2)))
    np.testing.assert_allclose(reverse, np.stack([found] * 2, axis=1), rtol=1e-6, atol=1e-6)
    scaled = np.array(describe(7 * sizes, 3 * weights))
    np.testing.assert_allclose(scaled[:-1], 7 * found[:-1], rtol=1e-6, atol=1e-5)
    d10, d50, d90 = found[:3]
    assert sizes.min() <= d10 <= d50 <= d90 <= sizes.max()


def test_the_log_normal_fit_finds_the_parameters():
    sizes = np.random.default_rng(1).lognormal(math.log(50), math.log(1.4), 20_000)
    fit = summary(table_of(sizes)).log_normal
    assert fit.median == pytest.approx(50, rel=0.01)
    assert fit.geometric_standard_deviation == pytest.approx(1.4, rel=0.01)
    assert fit.distance < 0.01
    uniform = summary(table_of(np.linspace(1, 100, 500))).log_normal
    assert uniform.distance > 0.1


def test_the_distance_is_that_of_kolmogorov_and_smirnov():
    sizes = np.random.default_rng(2).gamma(4, size=60)
    expected = stats.kstest(np.log(sizes), stats.norm(1.2, 0.5).cdf).statistic
    assert distance_to_log_normal(sizes, np.ones(60), 1.2, 0.5) == pytest.approx(expected)
    twice = distance_to_log_normal(sizes, np.full(60, 2.0), 1.2, 0.5)
    assert twice == pytest.approx(expected)


def test_miles_and_lantuejoul_mend_the_bias_of_the_edge():
    rng = np.random.default_rng(3)
    tables, true = [], []
    y, x = np.mgrid[:60, :60]
    for _ in range(400):
        radius, (row, column) = rng.choice([3.0, 12.0]), rng.uniform(-15, 75, 2)
        disc = np.hypot(y - row, x - column) <= radius
        true.append(2 * radius)
        tables.append(measure_labels(disc.astype(np.uint8), disc))
    table = pd.concat(tables)
    means = {edge: summary(table, edge=edge).number.mean for edge in ("weight", "exclude")}
    assert means["weight"].low < 15 < means["weight"].high
    assert means["exclude"].high < 15
    assert means["weight"].value == pytest.approx(np.mean(true), rel=0.1)


def test_particles_are_left_out_and_counted():
    at_edge, weight = [True, True, False, False, False], [0, 0, 1, 1, 2]
    table = table_of([1, 2, 3, 4, 5], touches_edge=at_edge, edge_weight=weight, occlusion=[0.5, 0, 0.5, 0, 0])
    found = {edge: summary(table, edge=edge) for edge in ("weight", "exclude", "keep")}
    assert [one.count for one in found.values()] == [3, 3, 5]
    assert [one.left_out_at_edge for one in found.values()] == [2, 2, 0]
    assert [one.number.mean.value for one in found.values()] == pytest.approx([17 / 4, 4, 3])
    visible = summary(table, max_occlusion=0.1)
    assert (visible.count, visible.left_out_at_edge, visible.left_out_occluded) == (2, 2, 1)
    assert visible.number.mean.value == pytest.approx(14 / 3)


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    rng, hits, simulations = np.random.default_rng(4), np.zeros(2), 300
    truth = np.array([math.exp(0.3**2 / 2), 1.0])  # mean and median of the distribution
    for _ in range(simulations):
        sizes = rng.lognormal(0, 0.3, 60)
        low, high = (ends[0, [3, 1]] for ends in intervals(sizes, np.ones(60), rng, 200, 0.9))
        hits += (low < truth) & (truth < high)
    assert np.all(hits / simulations > 0.84)
    assert np.all(hits / simulations < 0.95)


def test_one_seed_gives_one_interval_in_whatever_order_the_particles_come():
    table = table_of(np.random.default_rng(5).lognormal(3, 0.2, 50))
    assert summary(table, seed=1) == summary(table, seed=1)
    assert summary(table, seed=1) != summary(table, seed=2)
    assert summary(table[::-1], seed=1) == summary(table, seed=1)


@pytest.mark.parametrize("power", [0, 3])
def test_the_needed_number_of_particles_keeps_the_wanted_error(power):
    factor, error = 1.2, 0.1
    count = needed_count(factor, error, 0.95, power)
    logs = np.random.default_rng(6).normal(0, math.log(factor), (20_000, count))
    estimate = logs.mean(axis=1) + (power + 0.5) * logs.var(axis=1, ddof=1)
    errors = np.abs(estimate - (power + 0.5) * math.log(factor) ** 2)
    assert np.mean(errors < error) == pytest.approx(0.95, abs=0.02)


def test_wide_distributions_precise_means_and_volumes_need_more_particles():
    assert needed_count(1.1) < needed_count(1.5) < needed_count(1.5, power=3) < needed_count(1.5, 0.02, power=3)
    assert needed_count(1.0) == 2


def test_too_few_particles_are_warned_of():
    sizes = np.random.default_rng(7).lognormal(3, math.log(1.5), 300)
    found = summary(table_of(sizes))
    assert found.needed_for_number_mean < 300 < found.needed_for_volume_mean
    assert len(found.warnings) == 1
    assert "300 particles are too few" in found.warnings[0]
    assert f"{found.needed_for_volume_mean} are needed for a volume-weighted mean" in found.warnings[0]
    assert summary(table_of(sizes), wanted_error=0.5).warnings == ()


@pytest.fixture
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.usefixtures("no_warnings")
def test_no_particles_and_one_particle_are_said_plainly():
    empty = summary(measure_labels(np.zeros((5, 5), int), np.zeros((5, 5)), pixel_size=1.0))
    assert (empty.count, empty.number, empty.volume, empty.log_normal) == (0, None, None, None)
    assert empty.needed_for_number_mean is empty.needed_for_volume_mean is None
    assert "No particle" in empty.warnings[0]
    single = summary(table_of([4.0]))
    assert single.number == single.volume
    assert dataclasses.astuple(single.number.d50) == (4.0, None, None)
    assert dataclasses.astuple(single.number.geometric_standard_deviation) == (None, None, None)
    assert single.log_normal is None
    assert "One particle" in single.warnings[0]


@pytest.mark.usefixtures("no_warnings")
def test_equal_sizes_have_no_spread():
    equal = summary(table_of([4.0] * 5))
    assert dataclasses.astuple(equal.number.standard_deviation) == (0, 0, 0)
    assert dataclasses.astuple(equal.volume.d90) == (4, 4, 4)
    assert equal.log_normal is None
    assert equal.warnings == ()


def test_statistics_are_ready_for_json():
    for sizes in ([], [4.0], [1.0, 2.0, 3.0]):
        statistics = dataclasses.asdict(summary(table_of(sizes)))
        assert json.loads(json.dumps(statistics, allow_nan=False)) == {
            **statistics,
            "warnings": list(statistics["warnings"]),
        }


def test_any_length_can_be_the_size():
    table = table_of([1, 2, 3]).assign(feret_diameter_min_px=[2.0, 4.0, 6.0])
    for name in ("feret_diameter_min", "feret_diameter_min_px"):
        found = summary(table, column=name)
        assert (found.column, found.unit, found.number.d50.value) == ("feret_diameter_min_px", "px", 4)
    assert summary(table, options=SizeOptions(column="feret_diameter_min")).unit == "px"


def test_sizes_that_cannot_be_used_are_refused():
    with pytest.raises(OptionsError, match='Did you mean "equivalent_diameter_area_nm"'):
        summary(table_of([1]), column="equivalent_diameter")
    both = pd.concat([table_of([1]), pd.DataFrame({"equivalent_diameter_area_px": [1.0], "touches_edge": False})])
    for column in ("equivalent_diameter_area", SIZE):
        with pytest.raises(AutosegError, match="in nm for some particles and in pixels for others"):
            summary(both, column=column)
    with pytest.raises(AutosegError, match="is 0 for some particles"):
        summary(table_of([0, 1]))
    with pytest.raises(AutosegError, match='no column "edge_weight"'):
        summary(table_of([1]).drop(columns="edge_weight"))
