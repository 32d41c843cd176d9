"""How far the predicted size distribution is from the true one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

PERCENTILES = (10, 25, 50, 75, 90)


@dataclass(frozen=True)
class Sizes:
    """Equivalent diameters (of the circle of equal area) of the predicted and of the true particles, smallest first.

    They are not paired: what counts is the distribution, as a user of the statistics sees it.

    >>> sizes = Sizes(predicted=(8.0, 9.0, 10.0), true=(10.0, 10.0, 10.0))
    >>> sizes.relative_error(50), round(sizes.kolmogorov_smirnov, 3)
    (-0.1, 0.667)
    """

    predicted: tuple[float, ...]
    true: tuple[float, ...]

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

    def scaled(self, factor: float) -> Sizes:
        """The diameters multiplied by a factor, such as the size of a pixel in nanometres."""
        return Sizes(tuple(factor * size for size in self.predicted), tuple(factor * size for size in self.true))

    def to_dict(self) -> dict[str, Any]:
        """Percentiles d10 to d90 and distances as plain numbers, ready for JSON."""
        percentiles = {
            f"d{percentile}": {
                "predicted": _percentile(self.predicted, percentile),
                "true": _percentile(self.true, percentile),
                "relative_error": self.relative_error(percentile),
            }
            for percentile in PERCENTILES
        }
        return percentiles | {"kolmogorov_smirnov": self.kolmogorov_smirnov}


def find_sizes(predicted_areas: np.ndarray, true_areas: np.ndarray) -> Sizes:
    """The diameters in pixels of particles whose areas (P,) and (T,) are given in pixels."""
    predicted, true = (np.sqrt(4 / np.pi * np.sort(areas)) for areas in (predicted_areas, true_areas))
    return Sizes(tuple(predicted.tolist()), tuple(true.tolist()))


def pool_sizes(several: Sequence[Sizes]) -> Sizes:
    """The diameters of several images together."""
    return Sizes(
        predicted=tuple(sorted(size for sizes in several for size in sizes.predicted)),
        true=tuple(sorted(size for sizes in several for size in sizes.true)),
    )


def _percentile(sizes: tuple[float, ...], percentile: float) -> float | None:
    return float(np.percentile(sizes, percentile)) if sizes else None
