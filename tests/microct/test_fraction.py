"""Intervals of volume fractions hold what they promise, also where neighbouring slices are alike."""

import numpy as np
from scipy import ndimage

from autoseg.microct.fraction import describe_fraction


def series(seed, smoothing):
    noise = np.random.default_rng(seed).standard_normal(400)
    smooth = ndimage.gaussian_filter1d(noise, smoothing, mode="wrap") if smoothing else noise
    return 0.12 + 0.02 * smooth / smooth.std()


def coverage(smoothing):
    found = [describe_fraction(series(seed, smoothing)[:200]) for seed in range(200)]
    return np.mean([one.low <= 0.12 <= one.high for one in found])


def test_intervals_hold():
    assert coverage(0) > 0.92
    assert coverage(3) > 0.88  # taken for independent, slices so alike would hold in 60 % of the cases


def test_alike_slices_count_less():
    independent, alike = (describe_fraction(series(0, smoothing)) for smoothing in (0, 5))
    assert independent.effective_slices > 200 > 60 > alike.effective_slices


def test_a_few_slices_tell_no_interval():
    assert describe_fraction(np.array([0.3])).low is None
    assert describe_fraction(np.full(9, 0.3)).low is None
    assert round(describe_fraction(np.linspace(0.1, 0.3, 9)).value, 6) == 0.2
