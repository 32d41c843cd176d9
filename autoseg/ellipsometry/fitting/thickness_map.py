"""The thickness of a film at every pixel, from a table of what each thickness reflects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from autoseg.ellipsometry.clustering.distances import masked_distances
from autoseg.ellipsometry.errors import FitError
from autoseg.ellipsometry.features import make_table
from autoseg.ellipsometry.fitting.structure import Structure
from autoseg.ellipsometry.map_set import MapSet
from autoseg.errors import OptionsError

_ROWS = 2048  # pixels at a time


@dataclass(frozen=True, eq=False)
class ThicknessMap:
    """The thickness that fits best, and how well it does; NaN where nothing was measured."""

    thickness: np.ndarray
    "float32, shape (rows, columns), in nm."
    rms: np.ndarray
    "Of the residuals in N, C and S; float32, shape (rows, columns). Where it is large, the model does not hold."


def map_thickness(
    maps: MapSet,
    structure: Structure,
    film: int = 0,
    thinnest: float = 0.0,
    thickest: float = 200.0,
    steps: int = 1000,
    angle: float | None = None,
) -> ThicknessMap:
    """Look up each pixel, over what was measured of it, in a table of thicknesses in nm, and go between its steps."""
    angle = maps.angle if angle is None else angle
    if angle is None:
        raise FitError("the angle of incidence is not known", advice="Give it.")
    if not 0 <= thinnest < thickest or steps < 3:
        raise FitError("a table needs at least 3 rising thicknesses", advice="Give a larger range.")
    if not 0 <= film < len(structure.films):
        raise OptionsError(f"there is no film {film}", advice=f"From the top, there are {len(structure.films)} films.")
    tried = np.linspace(thinnest, thickest, steps)
    references = structure.reflect_many(maps.wavelengths, angle, film, tried).reshape(steps, -1)
    table = make_table(maps)
    found = np.full((2, maps.shape[0] * maps.shape[1]), np.nan, np.float32)
    for begin in range(0, len(table), _ROWS):
        rows = slice(begin, begin + _ROWS)
        mask = table.measured[rows].astype(np.float32)
        squares = masked_distances(table.values[rows], mask, references)
        best = squares.argmin(axis=1)
        found[0, table.places[rows]] = tried[best] + (tried[1] - tried[0]) * _between(squares, best)
        nearest = np.take_along_axis(squares, best[:, None], axis=1)[:, 0]
        found[1, table.places[rows]] = np.sqrt(nearest / (table.channels * mask.sum(axis=1)))
    return ThicknessMap(*found.reshape(2, *maps.shape))


def _between(squares: np.ndarray, best: np.ndarray) -> np.ndarray:
    """Where between the steps a parabola through the best one and its neighbours is lowest, from -0.5 to 0.5."""
    inner = np.clip(best, 1, squares.shape[1] - 2)
    before, here, after = (np.take_along_axis(squares, (inner + k)[:, None], axis=1)[:, 0] for k in (-1, 0, 1))
    bend = before - 2 * here + after
    shift = np.where(bend > 0, (before - after) / (2 * np.where(bend > 0, bend, 1)), 0)
    return np.where(inner == best, np.clip(shift, -0.5, 0.5), 0)
