"""Rows of dimers with known spacing and direction, under all that a scan does to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage


@dataclass(frozen=True, eq=False)
class Surface:
    """Heights, and the truth about their rows: distance in px, direction and shear in degrees."""

    heights: np.ndarray
    spacing: float
    angle: float
    shear: float
    "By which the dimers along the rows, or the rows of the other domain, are off the right angle, counter-clockwise."
    other_spacing: float
    "Distance of the rows of the other domain."


def rows(
    spacing: float,
    angle: float,
    rng: np.random.Generator,
    *,
    shape: tuple[int, int] = (400, 400),
    drift: tuple[float, float] = (0.0, 0.0),
    noise: float = 0.0,
    steps: int = 0,
    turned: float = 0.0,
    wobble: float = 0.0,
) -> Surface:
    """Rows `spacing` px apart along `angle` degrees (counter-clockwise as shown), as a drifting microscope sees them.

    `drift`: the shift of the surface, in px across and down, from one line to the next. `noise`: of each pixel, and
    a third of it of each line. `steps` terraces rise to the right; on the share `turned` of them the rows run in the
    other direction. `wobble`: a wave of so many px along the scan.
    """
    down, across = np.mgrid[: shape[0], : shape[1]].astype(float)
    direction = np.radians(angle + 90)
    right = np.array([-np.sin(direction), np.cos(direction)]) / spacing  # frequencies (down, across), across the rows
    along = np.array([-np.sin(direction + np.pi / 2), np.cos(direction + np.pi / 2)]) / spacing
    seen = np.array([[1 + drift[1], drift[0]], [0.0, 1.0]])  # frequencies on the surface to those in the picture
    first, second = seen @ right, seen @ along
    moved = across + wobble * np.sin(2 * np.pi * down / 60 + rng.uniform(0, 2 * np.pi))
    u, v = (down * vector[0] + moved * vector[1] for vector in (first, second))
    edges = np.sort(rng.uniform(0, shape[1], steps))
    level = np.searchsorted(edges, across + 6 * np.sin(down / 23))
    other = np.isin(level, np.flatnonzero(rng.random(steps + 1) < turned))
    heights = np.where(other, _profile(v, u), _profile(u, v)) + 1.5 * level
    heights += rng.normal(0, noise, shape) + rng.normal(0, noise / 3, (shape[0], 1))
    angles = [np.degrees(np.arctan2(-vector[0], vector[1])) for vector in (first, second)]
    shear = (angles[1] - angles[0]) % 180 - 90
    return Surface(heights, *(1 / np.hypot(*first), angles[0] + 90, shear, 1 / np.hypot(*second)))


def _profile(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """A flat top and a narrow trench between the rows, and dimers along them; about 1 high."""
    distance = np.abs(u % 1 - 0.5)
    return 1 / (1 + np.exp((distance - 0.32) / 0.04)) * (1 + 0.05 * np.cos(4 * np.pi * v))


def hexagonal(spacing: float, angle: float, shape: tuple[int, int] = (256, 256)) -> np.ndarray:
    """A hexagonal lattice, as 7x7 has it."""
    down, across = np.mgrid[: shape[0], : shape[1]].astype(float)
    turns = np.radians(angle + np.array([0, 60, 120]))
    return sum(np.cos(2 * np.pi * (across * np.cos(turn) - down * np.sin(turn)) / spacing) for turn in turns)


def streaks(shape: tuple[int, int], rng: np.random.Generator, count: int = 6) -> np.ndarray:
    """A mask of streaks along the scan lines, 1 to 3 lines wide."""
    marks = np.zeros(shape, bool)
    for _ in range(count):
        row, column = rng.integers(2, shape[0] - 5), rng.integers(0, shape[1] - 60)
        marks[row : row + rng.integers(1, 4), column : column + rng.integers(30, 60)] = True
    return marks


def smooth(shape: tuple[int, int], sigma: float, rng: np.random.Generator) -> np.ndarray:
    """A random surface of unit variance."""
    field = ndimage.gaussian_filter(rng.normal(size=shape), sigma)
    return field / field.std()
