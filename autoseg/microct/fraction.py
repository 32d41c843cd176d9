"""The fraction of a volume that grains take, with an interval that knows that neighbouring slices are alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class VolumeFraction:
    """Of all slices together, in 0..1."""

    value: float
    low: float | None
    "Lower end of the interval; None where the slices are too alike, or too few, to tell."
    high: float | None
    confidence: float
    slices: int
    effective_slices: float
    "As many independent slices would tell as much: neighbours show the same grains."


def describe_fraction(shares: np.ndarray, confidence: float = 0.95) -> VolumeFraction:
    """The mean of the grains' shares of the slices, in 0..1, shape (slices,), and an interval of Student's t.

    The variance of the mean is that of a series of slices which are correlated: n slices count as n over the sum of
    the correlations at all distances, as far as these are positive (Geyer's initial sequence).

    >>> found = describe_fraction(np.array([0.1, 0.12, 0.08, 0.11, 0.09, 0.1, 0.12, 0.08]))
    >>> round(found.value, 3), bool(0.08 < found.low < 0.1 < found.high < 0.12)
    (0.1, True)
    """
    count, mean = len(shares), float(np.mean(shares))
    if count < 2 or np.ptp(shares) == 0:
        return VolumeFraction(mean, None, None, confidence, count, float(min(count, 1)))
    effective = count / _correlation_length(np.asarray(shares, float))
    if effective < 2:
        return VolumeFraction(mean, None, None, confidence, count, effective)
    error = float(np.std(shares, ddof=1)) / np.sqrt(effective)
    half = float(stats.t.ppf((1 + confidence) / 2, effective - 1) * error)
    return VolumeFraction(mean, max(mean - half, 0.0), min(mean + half, 1.0), confidence, count, effective)


def _correlation_length(series: np.ndarray) -> float:
    """The sum of the correlations at all distances, at least 1, by sums of neighbouring pairs that are positive."""
    centred = series - series.mean()
    full = np.correlate(centred, centred, "full")[len(series) - 1 :]
    correlation = full / full[0]
    pairs = correlation[1 : len(correlation) - 1 : 2] + correlation[2 : len(correlation) : 2]
    ends = np.flatnonzero(pairs <= 0)
    positive = pairs[: ends[0]] if len(ends) else pairs
    return float(np.clip(1 + 2 * positive.sum(), 1, len(series)))
