"""The particles that statistics are computed from: their sizes and shapes, and for how many each counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from autoseg.measurement.plots import counted_particles, weighted_median
from autoseg.measurement.sizes import SizeOptions, size_column

SHAPES = ("aspect_ratio", "circularity")


class Weighted(NamedTuple):
    """Values (particles,), and for how many particles each of them counts."""

    values: np.ndarray
    weights: np.ndarray


class Largest(NamedTuple):
    """The particle with the most volume, and what share of the volume of all it has."""

    size: float
    share: float


def needed_columns(table: pd.DataFrame, options: SizeOptions) -> pd.DataFrame:
    """The columns that statistics are computed from: all that is kept of many images."""
    wanted = (size_column(table, options.column), "touches_edge", "edge_weight", "occlusion", *SHAPES)
    return table[[name for name in wanted if name in table]]


def counted(table: pd.DataFrame, column: str, options: SizeOptions) -> Weighted:
    """The values in a column, of the particles that count."""
    kept, weights = counted_particles(table, options)
    return Weighted(kept[column].to_numpy(float), weights)


def medians(table: pd.DataFrame, options: SizeOptions) -> dict[str, float]:
    """Of each shape, by number; nothing where no particle counts."""
    return dict(_medians({shape: counted(table, shape, options) for shape in SHAPES}))


def _medians(shapes: dict[str, Weighted]) -> Iterator[tuple[str, float]]:
    for shape, (values, weights) in shapes.items():
        if len(values):
            yield shape, weighted_median(values, weights)


def find_largest(sizes: Weighted) -> Largest | None:
    """The particle with the most volume, if any counts."""
    if not sizes.values.size:
        return None
    volumes = sizes.weights * sizes.values**3
    return Largest(float(sizes.values[volumes.argmax()]), float(volumes.max() / volumes.sum()))
