"""How far the predicted size distribution is from the true one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from autoseg.evaluation.intervals import (
    PERCENTILES,
    Interval,
    draw_images,
    find_intervals,
    resample_images,
    resample_particles,
)

_SEED = 0  # the same sizes have the same intervals, always


class Percentile(NamedTuple):
    """A diameter that so many per cent of the particles do not exceed, and its error, with 95 % bootstrap intervals.

    None on a side without particles; there is no interval of a single particle, nor where only one of several images
    has any.
    """

    predicted: float | None
    true: float | None
    relative_error: float | None
    predicted_interval: Interval | None
    true_interval: Interval | None
    relative_error_interval: Interval | None


@dataclass(frozen=True)
class Sizes:
    """Equivalent diameters (of the circle of equal area) of the predicted and of the true particles, smallest first.

    They are not paired: what counts is the distribution, as a user of the statistics sees it.

    >>> sizes = Sizes(predicted=(8.0, 9.0, 10.0), true=(10.0, 10.0, 10.0))
    >>> sizes.relative_error(50), round(sizes.kolmogorov_smirnov, 3)
    (-0.1, 0.667)
    >>> sizes.percentiles[50].predicted_interval
    Interval(low=8.0, high=10.0)
    """

    predicted: tuple[float, ...]
    true: tuple[float, ...]
    images: tuple[Sizes, ...] = ()
    "Those of each image, where several are pooled: particles of one image are not independent of each other."

    def relative_error(self, percentile: float) -> float | None:
        """Predicted over true percentile of the diameter, less 1; none if one side has no particles."""
        predicted, true = _percentile(self.predicted, percentile), _percentile(self.true, percentile)
        return None if predicted is None or true is None else (predicted - true) / true

    @property
    def kolmogorov_smirnov(self) -> float:
        """Greatest distance between the two cumulative distributions, 0 to 1; 0 if both are empty, 1 if one is."""
        if not (self.predicted and self.true):
            return float(bool(self.predicted or self.true))
        everywhere = self.predicted + self.true
        predicted, true = (
            np.searchsorted(sizes, everywhere, side="right") / len(sizes) for sizes in (self.predicted, self.true)
        )
        return float(np.abs(predicted - true).max())

    @cached_property
    def percentiles(self) -> dict[int, Percentile]:
        """Each of PERCENTILES with its intervals, computed when they are first asked for.

        Of one image the particles are drawn, independently on both sides, as they are not paired: the interval of the
        error is rather too wide, as both sides show the same particles. Of several images, images are drawn, with
        all that is predicted and true in them.
        """
        drawn = self._draw_images() if self.images else self._draw_particles()
        values = [np.percentile(sizes, PERCENTILES) if sizes else None for sizes in (self.predicted, self.true)]
        unknown = [None] * len(PERCENTILES)
        columns = [unknown if column is None else column.tolist() for column in (*values, _error(*values))]
        columns += [unknown if column is None else find_intervals(column) for column in (*drawn, _error(*drawn))]
        return {percentile: Percentile(*row) for percentile, *row in zip(PERCENTILES, *columns, strict=True)}

    def scaled(self, factor: float) -> Sizes:
        """The diameters multiplied by a factor, such as the size of a pixel in nanometres."""
        predicted, true = (tuple(factor * size for size in sizes) for sizes in (self.predicted, self.true))
        return Sizes(predicted, true, tuple(image.scaled(factor) for image in self.images))

    def to_dict(self) -> dict[str, Any]:
        """Percentiles d10 to d90, their intervals, and distances as plain numbers, ready for JSON."""
        percentiles = {
            f"d{percentile}": {
                name: list(value) if isinstance(value, Interval) else value for name, value in found._asdict().items()
            }
            for percentile, found in self.percentiles.items()
        }
        return percentiles | {"kolmogorov_smirnov": self.kolmogorov_smirnov}

    def _draw_particles(self) -> list[np.ndarray | None]:
        rng = np.random.default_rng(_SEED)
        sides = [np.array(sizes) for sizes in (self.predicted, self.true)]
        return [resample_particles(sizes, rng) if len(sizes) > 1 else None for sizes in sides]

    def _draw_images(self) -> list[np.ndarray | None]:
        times = draw_images(len(self.images), np.random.default_rng(_SEED))
        sides = [image.predicted for image in self.images], [image.true for image in self.images]
        return [resample_images(sizes, times) if sum(map(bool, sizes)) > 1 else None for sizes in sides]


def find_sizes(predicted_areas: np.ndarray, true_areas: np.ndarray) -> Sizes:
    """The diameters in pixels of particles whose areas (P,) and (T,) are given in pixels."""
    predicted, true = (np.sqrt(4 / np.pi * np.sort(areas)) for areas in (predicted_areas, true_areas))
    return Sizes(tuple(predicted.tolist()), tuple(true.tolist()))


def pool_sizes(several: Sequence[Sizes]) -> Sizes:
    """The diameters of several images together; in which order, and in which groups before, does not matter."""
    images = sorted(
        (image for sizes in several for image in sizes.images or (sizes,)),
        key=lambda image: (image.predicted, image.true),
    )
    if len(images) == 1:
        return images[0]
    predicted = sorted(size for image in images for size in image.predicted)
    return Sizes(tuple(predicted), tuple(sorted(size for image in images for size in image.true)), tuple(images))


def _percentile(sizes: tuple[float, ...], percentile: float) -> float | None:
    return float(np.percentile(sizes, percentile)) if sizes else None


def _error(predicted: np.ndarray | None, true: np.ndarray | None) -> np.ndarray | None:
    return None if predicted is None or true is None else (predicted - true) / true
