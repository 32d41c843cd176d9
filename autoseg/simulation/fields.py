"""Smooth random fields in the plane: of a pixel grid, and simplex noise at any points."""

from __future__ import annotations

import cv2
import numpy as np

SMOOTHEST = 4.0
"Fields with larger features, in pixels, are interpolated between nodes; finer ones are blurred noise."
SKEW = (np.sqrt(3) - 1) / 2
"Shears the plane so that its equilateral triangles become halves of unit squares, whose corners are easily found."
UNSKEW = (3 - np.sqrt(3)) / 6
"Shears it back."
PERIOD = 256
"The field repeats after this many triangles."
AMPLITUDE = 99.204
"Brings the highest value that three unit gradients can give to 1."


def smooth_field(shape: tuple[int, int], scale: float, rng: np.random.Generator) -> np.ndarray:
    """A random field, float32 (height, width), of zero mean and unit variance with features of `scale` pixels.

    >>> field = smooth_field((64, 96), 8, np.random.default_rng(0))
    >>> field.shape, field.dtype, bool(abs(field.std() - 1) < 1e-3)
    ((64, 96), dtype('float32'), True)
    """
    field: np.ndarray
    if scale <= SMOOTHEST:
        field = rng.standard_normal(shape, np.float32)
        field = cv2.GaussianBlur(field, (0, 0), scale / 2) if scale > 0.5 else field
    else:
        nodes = [int(np.ceil(length / scale)) + 3 for length in shape]
        coarse = rng.standard_normal(nodes, np.float32)
        top, left = rng.uniform(0, 1, 2)
        matrix = np.array([[1 / scale, 0, left + 1], [0, 1 / scale, top + 1]])
        size = shape[1], shape[0]
        field = cv2.warpAffine(
            coarse, matrix, size, flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REFLECT
        )
    return (field - field.mean()) / max(float(field.std()), 1e-6)


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
