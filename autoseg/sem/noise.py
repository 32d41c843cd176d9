"""Smooth random fields: simplex noise in the plane."""

from __future__ import annotations

import numpy as np

SKEW = (np.sqrt(3) - 1) / 2
"Shears the plane so that its equilateral triangles become halves of unit squares, whose corners are easily found."
UNSKEW = (3 - np.sqrt(3)) / 6
"Shears it back."
PERIOD = 256
"So many triangles further the field repeats."
AMPLITUDE = 99.204
"Brings the highest value that three unit gradients can give to 1."


def simplex_noise(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Values in -1..1 of a new smooth random field at `points`, shape (..., 2): shape (...).

    The field has zero mean over many draws and no preferred direction. Along any line it has 0.7 bumps per unit of
    length; multiply the points by a frequency to have as many times more.

    >>> along_a_line = np.column_stack([np.linspace(0, 1, 101), np.zeros(101)])
    >>> values = simplex_noise(along_a_line, np.random.default_rng(0))
    >>> bool(np.abs(np.diff(values)).max() < 0.1)
    True
    """
    points = np.asarray(points, float)
    permutation = rng.permutation(PERIOD)
    angles = rng.uniform(0, 2 * np.pi, PERIOD)
    gradients = np.stack([np.cos(angles), np.sin(angles)], axis=-1)

    first = np.floor(points + SKEW * points.sum(axis=-1, keepdims=True)).astype(int)
    offset = points - first + UNSKEW * first.sum(axis=-1, keepdims=True)
    row_first = offset[..., 0] > offset[..., 1]  # which half of the square the point lies in
    second = np.stack([row_first, ~row_first], axis=-1).astype(int)
    value = np.zeros(points.shape[:-1])
    for step in (np.zeros_like(second), second, np.ones_like(second)):
        corner = (first + step) % PERIOD
        distance = offset - step + UNSKEW * step.sum(axis=-1, keepdims=True)
        gradient = gradients[permutation[(corner[..., 0] + permutation[corner[..., 1]]) % PERIOD]]
        weight = np.maximum(0.5 - (distance**2).sum(axis=-1), 0) ** 4
        value += weight * (gradient * distance).sum(axis=-1)
    return AMPLITUDE * value
