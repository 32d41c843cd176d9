"""Packings of grains: as large, as many and as close as they are asked for, and alike in every slab."""

import numpy as np
from scipy import ndimage

from autoseg.simulation.grains.packing import PackingOptions, pack
from autoseg.simulation.grains.polyhedra import draw_polyhedron

SHAPE, CORNERS = (40, 60, 70), np.ones((3, 3, 3))


def packed(seed=0, **options):
    return pack(SHAPE, np.random.default_rng(seed), PackingOptions(radius=6, spread=0.2, **options))


def touching_pairs(labels):
    pairs = set()
    for axis in range(3):
        here, there = np.moveaxis(labels, axis, 0)[:-1], np.moveaxis(labels, axis, 0)[1:]
        apart = (here != there) & (here > 0) & (there > 0)
        pairs |= set(map(tuple, np.sort(np.column_stack([here[apart], there[apart]]), axis=1).tolist()))
    return pairs


def test_a_grain_has_the_volume_of_the_ball_that_was_asked_for():
    points = np.stack(np.meshgrid(*[np.arange(-24, 25.0)] * 3, indexing="ij"), axis=-1)
    for seed in range(3):
        grain = draw_polyhedron(np.random.default_rng(seed), 11, irregularity=0.3)
        inside = grain.gauge(points) < 1
        assert abs((3 * inside.sum() / (4 * np.pi)) ** (1 / 3) / 11 - 1) < 0.03
        assert np.linalg.norm(points[inside], axis=1).max() < grain.reach


def test_grains_take_the_fraction_that_was_asked_for():
    fractions = [(packed(seed, fraction=0.15).labels() > 0).mean() for seed in range(4)]
    assert abs(np.mean(fractions) - 0.15) < 0.03


def test_grains_touch_only_where_they_are_to():
    apart, together = packed(touching=0).labels(), packed(touching=0.7).labels()
    assert not touching_pairs(apart)
    assert len(touching_pairs(together)) > 3
    for labels in (apart, together):
        assert all(ndimage.label(labels == number, CORNERS)[1] <= 1 for number in range(1, labels.max() + 1))


def test_slices_are_those_of_the_whole():
    packing = packed()
    np.testing.assert_array_equal(packing.labels(20, 23), packing.labels()[20:23])
    np.testing.assert_array_equal(packing.labels(), packed().labels())
    assert (packing.labels() != packed(seed=1).labels()).any()
