"""The unit cell of the 2x1 surface as pixels: a row of dimers and its trough, on the length of a dimer."""

from __future__ import annotations

import numpy as np

LENGTH, WIDTH = 9, 18
"Pixels of the cell along the rows (down) and across them: the distances of dimers and of rows."


def cell() -> np.ndarray:
    """Heights of the cell, shape (9, 18): rows run down, and the middle of one is the middle of the cell.

    An analytic form of the published cell, which it follows within 0.002; the highest is 0.097.

    >>> heights = cell()
    >>> heights.shape, round(float(heights.max()), 3), bool(np.allclose(heights, heights[:, ::-1]))
    ((9, 18), 0.097, True)
    """
    across = np.abs(np.arange(WIDTH) - 8.5)
    along = np.cos(2 * np.pi * (np.arange(LENGTH) - 4) / LENGTH)[:, None]
    row = 0.0755 * (1 + 0.022 * along) / (1 + np.exp((across - 5.77) / 0.65))
    return row + 0.0063 + 0.0080 * along + 0.0065 * np.exp(-(((across - 3) / 1.6) ** 2))


def row_of_cell() -> np.ndarray:
    """Where the cell holds the row, bool (9, 18): its higher half.

    >>> int(row_of_cell().sum())
    82
    """
    half_width = np.where(np.abs(np.arange(LENGTH) - 4) < 3, 5, 4)
    return np.abs(np.arange(WIDTH) - 8.5) < half_width[:, None]


def modulated_cell(rng: np.random.Generator) -> np.ndarray:
    """The cell as some tip shows it, grey uint8 from 0 to 255: the row is lowered at random, at its sides most."""
    depth, shift = rng.uniform(0, 30), rng.uniform(0, 1)
    place = np.arange(1, WIDTH + 1)
    dip = depth * (_bell(place - 5 - shift) + _bell(place - 14 + shift) - 0.0414)
    return grey(cell() / (1 + dip))


def grey(heights: np.ndarray) -> np.ndarray:
    """Heights as uint8, the lowest 0 and the highest 255."""
    low, high = heights.min(), heights.max()
    return ((heights - low) / (high - low) * 255).astype(np.uint8)


def _bell(distance: np.ndarray) -> np.ndarray:
    return np.exp(-2 * (distance / 7) ** 2) / (7 * np.sqrt(np.pi / 2))
