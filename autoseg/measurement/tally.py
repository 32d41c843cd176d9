"""Statistics of very many particles, from sums: the memory that they take does not grow with their number.

Sizes are counted in classes that are 0.2 % wide, shapes in classes of 0.001, so that a percentile is wrong by half of
that at most. The bootstrap is Poisson's: how often an image is drawn is a Poisson variable of mean 1, and how often the
particles in a class are drawn within it, one of mean as many as there are. The sum of Poisson variables is one itself:
so it is enough to keep, for each resample and class, how many particles are expected.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from autoseg.measurement.counted import SHAPES, Largest, Weighted, counted
from autoseg.measurement.distribution import number_and_volume
from autoseg.measurement.sizes import SizeOptions, SizeStatistics, left_out, size_column, summarize_sizes

WIDTH = 0.002
"Of a class of sizes, in their logarithm."
_SHAPE_WIDTH, _HIGHEST_SHAPE = 0.001, 4.0
_GROWS = 512
_POINTS = 20_000
"So many values stand for all of them in figures."


class Tally:
    """Takes the particles of one image after the other, and keeps sums."""

    def __init__(self, options: SizeOptions, seed: int):
        self.options, self.seed = options, seed
        self.column = ""
        self.images, self.count, self.at_edge, self.occluded = 0, 0, 0, 0
        self._lowest = 0
        self._found = np.zeros((3, 0))  # particles, their weights, and their weights times volumes, in each class
        self._expected = np.zeros((options.resamples, 0), np.float32)
        self._shapes = {shape: np.zeros(round(_HIGHEST_SHAPE / _SHAPE_WIDTH) + 1) for shape in SHAPES}
        self._largest: tuple[float, float] = (0.0, 0.0)  # weight times size cubed, and size

    def add(self, place: int, table: pd.DataFrame) -> None:
        """The particles of the image at a place in the batch."""
        self.column = size_column(table, self.options.column)
        at_edge, occluded = left_out(table, self.options)
        self.at_edge += int(at_edge.sum())
        self.occluded += int((occluded & ~at_edge).sum())
        sizes, weights = counted(table, self.column, self.options)
        if not sizes.size:
            return
        self.count, self.images = self.count + sizes.size, self.images + 1
        self._add_sizes(place, sizes, weights)
        for shape, sums in self._shapes.items():
            values = counted(table, shape, self.options).values
            places = np.clip(np.rint(values / _SHAPE_WIDTH), 0, len(sums) - 1).astype(int)
            np.add.at(sums, places, weights)

    def _add_sizes(self, place: int, sizes: np.ndarray, weights: np.ndarray) -> None:
        volumes = weights * sizes**3
        self._largest = max(self._largest, (float(volumes.max()), float(sizes[volumes.argmax()])))
        classes, inverse, many = np.unique(
            np.floor(np.log(sizes) / WIDTH).astype(int), return_inverse=True, return_counts=True
        )
        self._make_room(int(classes[0]), int(classes[-1]))
        classes -= self._lowest
        self._found[0, classes] += many
        for row, added in ((1, weights), (2, volumes)):
            self._found[row, classes] += np.bincount(inverse, added)
        drawn = np.random.default_rng([self.seed, place]).poisson(1, self.options.resamples)
        self._expected[:, classes] += drawn[:, None] * many.astype(np.float32)

    def _make_room(self, lowest: int, highest: int) -> None:
        """For classes that did not occur before."""
        width = self._found.shape[1]
        if not width:
            self._lowest = lowest
        before = max(0, self._lowest - lowest) and self._lowest - lowest + _GROWS
        after = max(0, highest + 1 - self._lowest - width) and highest + 1 - self._lowest - width + _GROWS
        if before or after:
            self._lowest -= before
            self._found = np.pad(self._found, ((0, 0), (before, after)))
            self._expected = np.pad(self._expected, ((0, 0), (before, after)))

    def statistics(self) -> SizeStatistics:
        """What `describe_sizes` would tell about all these particles together."""
        sizes = self._classes()
        low, high = self._intervals() if self.count > 1 else (None, None)
        return summarize_sizes(
            self.column,
            sizes,
            (self.count, self.images, self.at_edge, self.occluded),
            None if low is None or high is None else (low, high),
            self.options,
        )

    def _classes(self) -> Weighted:
        """The sizes that stand for all in a class, and how many particles these count for."""
        used = self._found[0] > 0
        middles = np.exp((np.flatnonzero(used) + self._lowest + 0.5) * WIDTH)
        return Weighted(middles, self._found[1, used])

    def _intervals(self) -> tuple[np.ndarray, np.ndarray]:
        sizes, weights = self._classes()
        used = self._found[0] > 0
        each = weights / self._found[0, used]
        rng = np.random.default_rng(self.seed)
        described = []
        for rates in self._expected[:, used]:
            drawn = rng.poisson(rates if self.images > 1 else self._found[0, used])
            if drawn.any():  # of few images, all may be left out at once
                described.append(number_and_volume(sizes, drawn * each))
        tail = (1 - self.options.confidence) / 2
        low, high = np.quantile(np.stack(described, axis=-1), [tail, 1 - tail], axis=-1)
        return low, high

    def sizes(self) -> Weighted:
        """Sizes that stand for all of them, as a figure shows them."""
        return _spread(self._classes())

    def shapes(self) -> dict[str, Weighted]:
        """The same of the shapes."""
        return {
            shape: _spread(Weighted(np.flatnonzero(sums) * _SHAPE_WIDTH, sums[sums > 0]))
            for shape, sums in self._shapes.items()
        }

    def largest(self) -> Largest | None:
        """The particle with the most volume."""
        volume, size = self._largest
        return Largest(size, volume / float(self._found[2].sum())) if self.count else None


def _spread(classes: Weighted) -> Weighted:
    """Values at evenly spaced shares of the whole weight, all of which count the same."""
    if not classes.values.size:
        return classes
    reached = np.cumsum(classes.weights) / classes.weights.sum()
    wanted = (np.arange(_POINTS) + 0.5) / _POINTS
    values = classes.values[np.searchsorted(reached, wanted).clip(max=len(reached) - 1)]
    return Weighted(values, np.ones(len(values)))
