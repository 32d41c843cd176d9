"""Bootstrap intervals of several images: images that differ make them wider, as wide as the truth asks for."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from autoseg.evaluation.intervals import ENOUGH_IMAGES
from autoseg.measurement.distribution import describe, intervals, number_and_volume
from autoseg.measurement.resampling import draw_in_images
from autoseg.measurement.sizes import describe_sizes

IMAGES = np.repeat([0, 1, 2, 3], [5, 1, 9, 3])


def table_of(sizes, images):
    known = {"touches_edge": False, "edge_weight": 1.0, "image": images}
    return pd.DataFrame({"equivalent_diameter_area_nm": sizes, **known})


def summary(table, seed=0):
    return describe_sizes(table, np.random.default_rng(seed), resamples=100)


def test_whole_images_are_drawn_and_every_particle_as_often_as_any_other():
    places, drawn = draw_in_images(IMAGES, 20_000, np.random.default_rng(0))
    is_drawn = np.arange(places.shape[1]) < drawn[:, None]
    counts = np.array([np.bincount(row[kept], minlength=18) for row, kept in zip(places, is_drawn, strict=True)])
    of_images = np.add.reduceat(counts, [0, 5, 6, 15], axis=1) / [5, 1, 9, 3]
    assert np.all(of_images == of_images.round()) and np.all(of_images.sum(axis=1) == 4)
    np.testing.assert_allclose(counts.mean(axis=0), 1, atol=0.05)
    assert np.all(np.diff(places, axis=1) >= 0)


def test_what_is_drawn_in_an_image_differs_each_time():
    places, _ = draw_in_images(np.repeat([0, 1], 50), 500, np.random.default_rng(1))
    unique = np.array([len(np.unique(row)) for row in places])
    once, twice = 50 * (1 - (1 - 1 / 50) ** 50), 50 * (1 - (1 - 1 / 50) ** 100)
    assert unique.mean() == pytest.approx((2 * once + twice) / 2, rel=0.02)  # both images, or one of them twice


def test_weights_and_volumes_count_as_in_the_particles_that_were_drawn():
    rng = np.random.default_rng(2)
    sizes, weights = np.sort(rng.lognormal(3, 0.5, len(IMAGES))), rng.uniform(1, 3, len(IMAGES))
    found = intervals(sizes, weights, np.random.default_rng(3), 200, 0.9, IMAGES)
    resampled = []
    for row, count in zip(*draw_in_images(IMAGES, 200, np.random.default_rng(3)), strict=True):
        size, weight = sizes[row[:count]], weights[row[:count]]
        resampled.append([describe(size, weight), describe(size, weight * size**3)])
    np.testing.assert_allclose(found, np.quantile(resampled, [0.05, 0.95], axis=0), rtol=1e-6, atol=1e-9)


def test_one_image_is_resampled_as_if_there_were_no_images():
    sizes = np.sort(np.random.default_rng(4).lognormal(3, 0.4, 60))
    weights = np.linspace(1, 2, 60)
    expected = stats.bootstrap(
        (np.arange(60),),
        lambda places, axis: number_and_volume(sizes[places], weights[places]),
        n_resamples=300,
        vectorized=True,
        method="percentile",
        rng=np.random.default_rng(5),
    ).confidence_interval
    for images in (None, np.zeros(60, int)):
        found = intervals(sizes, weights, np.random.default_rng(5), 300, 0.95, images)
        np.testing.assert_allclose(found, [expected.low, expected.high], rtol=1e-9)
    table = table_of(sizes, "a.tif")
    assert summary(table) == summary(table.drop(columns="image"))


def test_the_interval_holds_the_truth_where_particles_of_an_image_are_alike():
    rng, simulations, count = np.random.default_rng(6), 200, 20
    images = np.repeat(np.arange(count), 15)
    hits = {"images": 0, "particles": 0}
    for _ in range(simulations):
        factors = rng.normal(0, 0.2, count)[images]  # one for all particles of an image
        sizes, weights = np.exp(factors + rng.normal(0, 0.3, len(images))), np.ones(len(images))
        for name, given in (("images", images), ("particles", None)):
            low, high = (ends[0, 1] for ends in intervals(sizes, weights, rng, 200, 0.95, given))
            hits[name] += low < 1 < high
    assert 0.9 <= hits["images"] / simulations <= 0.98
    assert hits["particles"] / simulations < 0.75


def test_images_that_do_not_differ_leave_the_intervals_about_as_they_are():
    sizes = np.random.default_rng(7).lognormal(3, 0.3, 2000)
    widths = []
    for images in (None, np.repeat(np.arange(40), 50)):
        low, high = intervals(sizes, np.ones(2000), np.random.default_rng(8), 1000, 0.95, images)
        widths.append(high[0, 3] - low[0, 3])
    assert 1 <= widths[1] / widths[0] < 1.7  # particles that differ are drawn twice: sqrt(2) at most, and chance


def test_the_order_of_the_rows_does_not_matter():
    rng = np.random.default_rng(9)
    table = table_of(rng.integers(3, 9, 80).astype(float), rng.choice(["a", "b", "c"], 80))
    assert summary(table.sample(frac=1, random_state=1)) == summary(table)


def test_few_images_are_warned_of_and_counted_where_particles_are_left():
    sizes = np.full(60, 4.0)
    few = summary(table_of(sizes, np.arange(60) % 4))
    assert few.images == 4
    assert few.warnings == (
        f"The intervals of the sizes are too narrow, as there are only 4 images: about {ENOUGH_IMAGES} are needed to "
        "see how much images differ.",
    )
    assert summary(table_of(sizes, np.arange(60) % ENOUGH_IMAGES)).warnings == ()
    assert summary(table_of(sizes, "a")).warnings == ()
    at_edge = table_of(sizes, np.arange(60) % 4).assign(touches_edge=np.arange(60) % 4 > 0)
    assert (summary(at_edge).images, summary(at_edge).warnings) == (1, ())
