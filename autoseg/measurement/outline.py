"""Measures from the outlines of all particles of an image: perimeters, and how much of them touches a neighbour."""

from __future__ import annotations

from itertools import product

import numpy as np

_STEPS = [step for step in product((-1, 0, 1), repeat=2) if step != (0, 0)]
_REACH = 2  # pixels: particles that are parted by a line of one pixel still touch


def measure_outlines(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Perimeter in pixels, and fraction of it that touches another particle, of each particle.

    `labels` has shape (rows, columns) and is numbered from 1 without a gap. Both results have one value a particle.
    The perimeter is Crofton's: the steps that leave a particle along rows, columns and both diagonals are counted,
    and weighted by the distance between such lines. The rims of holes belong to it.

    >>> perimeters, contacts = measure_outlines(np.array([[0, 1, 1, 0, 2, 2]]))
    >>> perimeters.round(2).tolist(), contacts.round(2).tolist()
    ([4.58, 4.58], [0.09, 0.09])
    """
    padded = np.pad(labels, _REACH)
    flat, width = padded.ravel(), padded.shape[1]
    rim = _rim(flat, width)
    own = flat[rim]
    count = int(labels.max(initial=0))
    perimeters, contacts = np.zeros(count + 1), np.zeros(count + 1)
    for row, column in _STEPS:
        step = row * width + column
        near, far = flat[rim + step], flat[rim + _REACH * step]
        leaves = near != own
        touches = leaves & ((near > 0) | ((far > 0) & (far != own)))
        weight = np.pi / 8 / np.hypot(row, column)
        perimeters += weight * np.bincount(own, leaves, count + 1)
        contacts += weight * np.bincount(own, touches, count + 1)
    return perimeters[1:], contacts[1:] / perimeters[1:]


def _rim(flat: np.ndarray, width: int) -> np.ndarray:
    """Indices of the particles' pixels with a neighbour, of eight, that is not of the same particle."""
    rim = np.zeros(flat.size, bool)
    for step in (1, width - 1, width, width + 1):
        different = flat[step:] != flat[:-step]
        rim[step:] |= different
        rim[:-step] |= different
    return np.flatnonzero(rim & (flat > 0))
