"""How certain the percentiles of sizes are: bootstrap intervals, from the percentiles of resampled sizes.

Of one image the particles are drawn. Of several, the images are drawn, each with all of its particles: those of one
image lie at one place of the sample and were recorded and segmented alike, so that they are too large or too small
together. Taken for independent, they would make the intervals too narrow. A handful of images, however, cannot tell how
much images differ: with fewer than ENOUGH_IMAGES, the intervals are too narrow all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

PERCENTILES = (10, 25, 50, 75, 90)
CONFIDENCE = 0.95
RESAMPLES = 1000
ENOUGH_IMAGES = 10
"At least about this many images are needed to see how much images differ."

_FRACTIONS = np.array(PERCENTILES) / 100


class Interval(NamedTuple):
    """Ends of an interval that a value lies in with a probability of CONFIDENCE."""

    low: float
    high: float


def find_intervals(resampled: np.ndarray) -> tuple[Interval, ...]:
    """An interval for each percentile, from its values in all resamples (RESAMPLES, percentiles); NaN is left out."""
    tail = (1 - CONFIDENCE) / 2
    known = resampled[~np.isnan(resampled).any(axis=1)]
    return tuple(Interval(*map(float, ends)) for ends in np.quantile(known, [tail, 1 - tail], axis=0).T)


def draw_images(count: int, rng: np.random.Generator) -> np.ndarray:
    """How often each of `count` images is drawn when as many are drawn with replacement, shape (RESAMPLES, count)."""
    return rng.multinomial(count, np.full(count, 1 / count), RESAMPLES)


def resample_particles(sizes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """PERCENTILES (RESAMPLES, percentiles) of as many particles as there are, drawn with replacement.

    `sizes` (particles,) are ascending. Uniform random numbers in ascending order have exponentially distributed gaps,
    and sums of these are gamma distributed: so the few ranks around the percentiles are drawn without all the others.

    >>> found = resample_particles(np.arange(1.0, 102.0), np.random.default_rng(0))
    >>> found.shape, np.median(found, axis=0).round(-1).tolist()
    ((1000, 5), [10.0, 30.0, 50.0, 80.0, 90.0])
    """
    count = len(sizes)
    before, after, part = _ranks(np.array(count))
    ranks, places = np.unique([before, after], return_inverse=True)
    gaps = np.diff([-1, *ranks, count])
    reached = rng.standard_gamma(gaps, (RESAMPLES, len(gaps))).cumsum(axis=1)
    drawn = sizes[np.minimum(count * reached[:, :-1] / reached[:, -1:], count - 1).astype(int)]
    below, above = (drawn[:, place] for place in places.reshape(2, -1))
    return below + part * (above - below)


def resample_images(images: Sequence[Sequence[float]], times: np.ndarray) -> np.ndarray:
    """PERCENTILES (resamples, percentiles) of the particles of all images, each taken `times` (resamples, images).

    `images` holds the sizes (particles,) of each; where those that are taken have none, the percentiles are NaN.

    >>> images = [(1.0, 3.0), (2.0,), ()]
    >>> resample_images(images, np.array([[1, 2, 0], [0, 1, 2], [0, 0, 3]]))[:, 2]
    array([ 2.,  2., nan])
    """
    counts = np.array([len(sizes) for sizes in images])
    sizes, image = np.concatenate(images), np.repeat(np.arange(len(images)), counts)
    order = np.argsort(sizes)
    reached = np.cumsum(image[order, None] == np.arange(len(images)), axis=0, dtype=np.int32)
    totals = times @ counts
    before, after, part = _ranks(totals[:, None])
    below, above = (sizes[order][_search(reached, times, ranks)] for ranks in (before, after))
    return np.where(totals[:, None] > 0, below + part * (above - below), np.nan)


def _search(reached: np.ndarray, times: np.ndarray, ranks: np.ndarray) -> np.ndarray:
    """Which particle has each of the `ranks` (resamples, ranks), counted from 0 in ascending order.

    `reached` (particles, images) says how many particles of each image there are up to this one. Bisection takes a
    fifth of the time that counting up to each particle of each resample would.
    """
    low, high = np.zeros(ranks.shape, int), np.full(ranks.shape, len(reached) - 1)
    for _ in range(len(reached).bit_length()):
        middle = (low + high) // 2
        is_reached = np.einsum("rki,ri->rk", reached[middle], times) > ranks
        low, high = np.where(is_reached, low, np.minimum(middle + 1, high)), np.where(is_reached, middle, high)
    return high


def _ranks(count: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Between which ranks, from 0, the PERCENTILES of so many numbers lie, and how far from the first to the second."""
    place = _FRACTIONS * (count - 1)
    before = np.floor(place).astype(int)
    return before, np.minimum(before + 1, count - 1), place - before
