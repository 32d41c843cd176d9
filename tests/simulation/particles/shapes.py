"""Outlines that are made here, with known areas."""

import numpy as np


def disc(radius):
    """A disc of odd width, whose centre is a pixel."""
    rows, columns = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    return rows**2 + columns**2 <= radius**2


def ellipse(height, width):
    rows, columns = (np.arange(length) - (length - 1) / 2 for length in (height, width))
    return (2 * rows[:, None] / height) ** 2 + (2 * columns / width) ** 2 <= 1


def triangle(edge):
    """The lower left half of a square."""
    return np.tri(edge, dtype=bool)
