"""Weighted distributions of sizes: percentiles, moments, their intervals, a log-normal fit.

Arrays hold sizes along their last axis, so that thousands of resampled distributions are described at once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import special

from autoseg.measurement.resampling import draw_in_images

_AT_ONCE = 2_000_000  # sizes drawn at a time, to bound the memory


class Moments(NamedTuple):
    """Percentiles, and the moments of a distribution and of its logarithm."""

    d10: np.ndarray
    d50: np.ndarray
    d90: np.ndarray
    mean: np.ndarray
    standard_deviation: np.ndarray
    geometric_mean: np.ndarray
    geometric_standard_deviation: np.ndarray


def describe(sizes: np.ndarray, weights: np.ndarray) -> Moments:
    """Describe distributions of positive `sizes` that count as `weights`, both of shape (..., particles).

    The moments are those of the distribution itself, without a correction for few particles. The cumulative
    distribution, from which the percentiles are read, runs straight between the sizes, and passes at each size through
    the share of smaller particles and half of its own.

    >>> describe(np.array([1.0, 2.0, 4.0]), np.ones(3)).geometric_mean.round(6).tolist()
    2.0
    """
    return _describe_sorted(*_sorted(sizes, weights))


def _sorted(sizes: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """By size, and equal sizes by weight: the order in which they come shall not count."""
    order = np.lexsort((weights, sizes), axis=-1)
    return np.take_along_axis(sizes, order, axis=-1), np.take_along_axis(weights, order, axis=-1)


def _describe_sorted(sizes: np.ndarray, weights: np.ndarray) -> Moments:
    shares = weights / weights.sum(axis=-1, keepdims=True)
    below = np.cumsum(shares, axis=-1) - shares / 2
    d10, d50, d90 = (_percentile(sizes, below, wanted) for wanted in (0.1, 0.5, 0.9))
    mean, deviation = _mean_and_deviation(sizes, shares)
    log_mean, log_deviation = _mean_and_deviation(np.log(sizes), shares)
    return Moments(d10, d50, d90, mean, deviation, np.exp(log_mean), np.exp(log_deviation))


def _percentile(sizes: np.ndarray, below: np.ndarray, wanted: float) -> np.ndarray:
    """Where `below`, which rises along the last axis, reaches a share: as numpy.interp, for many rows at once."""
    after = np.sum(below < wanted, axis=-1, keepdims=True)
    ends = [np.clip(place, 0, sizes.shape[-1] - 1) for place in (after - 1, after)]
    (start, end), (low, high) = ([np.take_along_axis(a, place, axis=-1) for place in ends] for a in (below, sizes))
    part = np.divide(wanted - start, end - start, out=np.zeros_like(start), where=end > start)
    return np.minimum(low + part * (high - low), high)[..., 0]  # not by rounding beyond the largest size


def _mean_and_deviation(values: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean = np.sum(shares * values, axis=-1)
    return mean, np.sqrt(np.sum(shares * (values - mean[..., None]) ** 2, axis=-1))


def number_and_volume(sizes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Number-weighted (q0) and volume-weighted (q3) moments, shape (2, moments, ...); volumes go with size cubed."""
    return _number_and_volume_sorted(*_sorted(sizes, weights))


def _number_and_volume_sorted(sizes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return np.array([_describe_sorted(sizes, weights), _describe_sorted(sizes, weights * sizes**3)])


def intervals(
    sizes: np.ndarray,
    weights: np.ndarray,
    rng: np.random.Generator,
    resamples: int,
    confidence: float,
    images: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper ends of the bootstrap intervals (percentile method) of `number_and_volume`, shape (2, moments).

    Each resample draws as many particles as there are, with replacement; each keeps its weight. Where `images`, whole
    numbers from 0 without a gap, name several, it draws as many images as there are, and then particles in each.
    """
    if images is not None and images.max() > 0:
        order = np.lexsort((images, weights, sizes))
        return _intervals_of_images(sizes[order], weights[order], images[order], rng, resamples, confidence)
    sizes, weights = _sorted(sizes, weights)

    def describe_drawn(places: np.ndarray) -> np.ndarray:
        places = np.sort(places, axis=-1)  # faster than sorting the sizes themselves, again and again
        return _number_and_volume_sorted(sizes[places], weights[places])

    # As scipy.stats.bootstrap, whose import takes longer than this.
    batch = max(1, _AT_ONCE // sizes.size)
    counts = [min(batch, resamples - done) for done in range(0, resamples, batch)]
    drawn = [describe_drawn(rng.integers(0, sizes.size, (count, sizes.size))) for count in counts]
    tail = (1 - confidence) / 2
    low, high = np.quantile(np.concatenate(drawn, axis=-1), [tail, 1 - tail], axis=-1)
    return low, high


def _intervals_of_images(
    sizes: np.ndarray,
    weights: np.ndarray,
    images: np.ndarray,
    rng: np.random.Generator,
    resamples: int,
    confidence: float,
) -> tuple[np.ndarray, np.ndarray]:
    """As `intervals`, of several images, with sizes in ascending order."""
    at_once, found = max(1, _AT_ONCE // sizes.size), []
    for start in range(0, resamples, at_once):
        places, drawn = draw_in_images(images, min(at_once, resamples - start), rng)
        is_drawn = np.arange(places.shape[1]) < drawn[:, None]
        found.append(_number_and_volume_sorted(sizes[places], weights[places] * is_drawn))
    tail = (1 - confidence) / 2
    low, high = np.quantile(np.concatenate(found, axis=-1), [tail, 1 - tail], axis=-1)
    return low, high


def distance_to_log_normal(sizes: np.ndarray, weights: np.ndarray, mean: float, deviation: float) -> float:
    """Largest distance between a cumulative distribution and the log-normal one (Kolmogorov and Smirnov).

    `mean` and `deviation`, which must not be 0, are those of the logarithm.
    """
    order = np.argsort(sizes)
    reached = np.cumsum(weights[order]) / weights.sum()
    model = special.ndtr((np.log(sizes[order]) - mean) / deviation)
    before = np.concatenate([[0.0], reached[:-1]])
    return float(max(np.abs(reached - model).max(), np.abs(model - before).max()))
