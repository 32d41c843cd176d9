"""The foreground of a volume, slice by slice, and what smoothing makes of slices that are alone in what they say."""

import numpy as np
import pytest

from autoseg.images.volumes.volume import Volume
from autoseg.microct.foreground import Foreground, smoothed


def foreground(values, smoothing, broken=()):
    array = np.array(values, float).reshape(-1, 1, 1) * np.ones((1, 2, 3))
    array[list(broken)] = np.nan
    return Foreground(Volume.of_array(array), lambda pixels: pixels.astype(np.float32), 0.5, True, smoothing)


def test_one_slice_against_its_neighbours_is_not_believed():
    alone, missing = [0, 0, 0, 1, 0, 0, 0], [1, 1, 1, 0, 1, 1, 1]
    for values, expected in ((alone, 0), (missing, 1)):
        assert [one.all() for one in foreground(values, 1.0)] == [expected] * 7
        assert [one.all() for one in foreground(values, 0.0)] == values


def test_smoothing_is_a_gaussian_whose_weight_at_the_ends_goes_to_what_is_there():
    rng, width = np.random.default_rng(0), 1.5
    slices = [(np.zeros((4, 5)), rng.random((4, 5), np.float32)) for _ in range(20)]
    found = np.stack([probability for _, probability in smoothed(iter(slices), width)])
    steps = np.arange(20)[:, None] - np.arange(20)
    weights = np.where(np.abs(steps) <= 5, np.exp(-((steps / width) ** 2) / 2), 0)
    expected = np.tensordot(weights / weights.sum(axis=1, keepdims=True), np.stack([one for _, one in slices]), axes=1)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_slices_that_were_passed_over_stay_empty_and_weigh_nothing():
    several = foreground([1, 1, 1, 1, 1], 1.0, broken=[2])
    assert [one.all() for one in several] == [True, True, False, True, True]
    assert several.shares == pytest.approx([1, 1, np.nan, 1, 1], nan_ok=True) and len(several.failures) == 1
