"""Volumes of which it is known what they hold."""

import numpy as np


def balls(shape, places):
    """Labels (slices, rows, columns) of balls (z, y, x, radius); where they overlap, the nearer surface counts."""
    z, y, x = np.indices(shape, sparse=True)
    depth = np.stack([np.sqrt((z - a) ** 2 + (y - b) ** 2 + (x - c) ** 2) - r for a, b, c, r in places])
    return np.where(depth.min(axis=0) < 0, depth.argmin(axis=0) + 1, 0)
