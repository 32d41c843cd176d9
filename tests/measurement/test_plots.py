"""Figures show the numbers they are given, and leave matplotlib as they found it."""

import re

import matplotlib
import numpy as np
import pandas as pd
import pytest
from scipy import integrate, special

from autoseg.measurement.plots import (
    as_svg,
    counted_particles,
    draw_cumulative,
    draw_shape,
    draw_sizes,
    size_name,
    weighted_median,
)
from autoseg.measurement.sizes import SizeOptions, describe_sizes

SIZES = np.random.default_rng(0).lognormal(4, 0.3, 200)
WEIGHTS = np.random.default_rng(1).uniform(1, 2, 200)


def statistics_of(sizes, weights=None, unit="nm"):
    table = pd.DataFrame({f"equivalent_diameter_area_{unit}": sizes, "touches_edge": False})
    table["edge_weight"] = np.ones(len(table)) if weights is None else weights
    return describe_sizes(table, np.random.default_rng(0), resamples=100)


def lines(axes):
    return {line.get_label(): line for line in axes.lines}


@pytest.mark.parametrize("widen", [1, 4])
def test_histogram_and_fit_are_shares_of_all_particles(widen):
    sizes = SIZES**widen  # so wide a distribution stands on a logarithmic axis
    statistics = statistics_of(sizes, WEIGHTS)
    (axes,) = draw_sizes(sizes, WEIGHTS, statistics).axes
    assert axes.get_xscale() == ("linear" if widen == 1 else "log")
    assert sum(bar.get_height() for bar in axes.patches) == pytest.approx(100)
    ends = [axes.patches[0].get_x(), axes.patches[-1].get_x() + axes.patches[-1].get_width()]
    assert ends == pytest.approx([sizes.min(), sizes.max()])
    x, y = lines(axes)["log-normal fit"].get_data()
    places = x if widen == 1 else np.log(x)
    width = np.ptp(places) / len(axes.patches)
    fit = statistics.log_normal
    below = special.ndtr(np.log(np.array(ends) / fit.median) / np.log(fit.geometric_standard_deviation))
    assert integrate.trapezoid(y, places) / width == pytest.approx(100 * np.ptp(below), rel=1e-3)


def test_percentiles_stand_where_they_are():
    statistics = statistics_of(SIZES)
    (axes,) = draw_sizes(SIZES, np.ones(200), statistics).axes
    found = [line.get_xdata()[0] for line in axes.lines if len(line.get_xdata()) == 2]
    expected = [getattr(statistics.number, name).value for name in ("d10", "d50", "d90")]
    assert found == pytest.approx(expected)
    assert [text.get_text() for text in axes.texts] == ["$D_{10}$", "$D_{50}$", "$D_{90}$"]


def test_cumulative_curves_pass_through_the_percentiles():
    statistics = statistics_of(SIZES, WEIGHTS)
    (axes,) = draw_cumulative(SIZES, WEIGHTS, statistics).axes
    for label, distribution in (("by number ($Q_0$)", statistics.number), ("by volume ($Q_3$)", statistics.volume)):
        x, y = lines(axes)[label].get_data()
        assert np.all(np.diff(x) >= 0)
        assert np.all(np.diff(y) >= 0)
        assert (y[0], y[-1]) == pytest.approx((0, 100))
        for name, percentage in (("d10", 10), ("d50", 50), ("d90", 90)):
            assert np.interp(percentage, y, x) == pytest.approx(getattr(distribution, name).value)


@pytest.mark.parametrize("sizes", [[5.0], [5.0, 5.0, 5.0], [1.0, 1000.0]])
def test_few_or_equal_sizes_can_be_drawn(sizes):
    sizes, weights = np.array(sizes), np.ones(len(sizes))
    statistics = statistics_of(sizes)
    (axes,) = draw_sizes(sizes, weights, statistics).axes
    assert sum(bar.get_height() for bar in axes.patches) == pytest.approx(100)
    assert len(draw_cumulative(sizes, weights, statistics).axes) == 1


def test_shapes_above_one_are_not_cut_off():
    (axes,) = draw_shape(np.array([0.2, 0.9, 1.31]), np.array([1.0, 2.0, 1.0]), "circularity").axes
    assert [round(bar.get_height(), 6) for bar in axes.patches if bar.get_height()] == [25, 50, 25]
    assert axes.get_xlim()[1] >= 1.31


def test_units_and_names():
    for unit in ("nm", "px"):
        statistics = statistics_of([1.0, 2.0], unit=unit)
        assert size_name(statistics) == "equivalent circular diameter"
        (axes,) = draw_sizes(np.array([1.0, 2.0]), np.ones(2), statistics).axes
        assert axes.get_xlabel() == f"equivalent circular diameter / {unit}"
        assert axes.get_ylabel() == "share of particles / %"


def test_figures_are_reproducible_and_need_nothing_from_outside():
    first, second = (as_svg(draw_shape(SIZES / 100, WEIGHTS, "circularity")) for _ in range(2))
    assert first == second
    assert not re.search(rb'(href|src)="(?!#)', first)
    assert b"<image" not in first


def test_the_users_settings_of_matplotlib_neither_count_nor_change():
    plain = as_svg(draw_shape(SIZES / 100, WEIGHTS, "aspect_ratio"))
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "black"}):
        assert as_svg(draw_shape(SIZES / 100, WEIGHTS, "aspect_ratio")) == plain
        assert matplotlib.rcParams["font.size"] == 30


@pytest.mark.parametrize("edge", ["weight", "exclude", "keep"])
@pytest.mark.parametrize("max_occlusion", [None, 0.1])
def test_the_counted_particles_are_those_of_the_statistics(edge, max_occlusion):
    rng, count = np.random.default_rng(3), 60
    at_edge = rng.random(count) < 0.3
    table = pd.DataFrame(
        {
            "equivalent_diameter_area_px": rng.lognormal(3, 0.4, count),
            "touches_edge": at_edge,
            "edge_weight": np.where(at_edge, 0, rng.uniform(1, 2, count)),
            "occlusion": rng.choice([0.0, 0.1, 0.3], count),
        }
    )
    options = SizeOptions(edge=edge, max_occlusion=max_occlusion, resamples=100)
    statistics = describe_sizes(table, np.random.default_rng(0), options)
    kept, weights = counted_particles(table, options)
    assert len(kept) == len(weights) == statistics.count
    sizes = kept["equivalent_diameter_area_px"].to_numpy()
    assert weighted_median(sizes, weights) == pytest.approx(statistics.number.d50.value)
