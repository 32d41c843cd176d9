"""Measures from the convex hull of one particle: Feret diameters, rectangles, convex area and perimeter.

Diameters are those of the polygon whose every side runs halfway between the hull of the pixels' centres and the next
line of pixels outside. Upright sides so run along the corners of the pixels, which are unit squares, and slanted ones
through the middle of the steps: around all corners, a slanted rod would be more than a pixel too wide.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from scipy.spatial import HalfspaceIntersection

_UPRIGHT = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]])


class Hull(NamedTuple):
    """Measures of a convex hull, in pixels."""

    feret_diameter_max: float
    "Largest distance between two corners of the polygon."
    feret_diameter_min: float
    "Smallest distance between two parallel lines around the polygon."
    min_feret_rectangle_length: float
    "Length of the rectangle that is as wide as the smallest Feret diameter."
    min_area_rectangle_length: float
    min_area_rectangle_width: float
    area_convex: float
    "Number of pixels whose centres lie in or on the hull of the particle's pixel centres."
    perimeter_convex: float
    "Crofton perimeter, in four directions, of these pixels."


def measure_hull(mask: np.ndarray) -> Hull:
    """Measure the convex hull of a mask of shape (rows, columns) with at least one pixel.

    >>> single = measure_hull(np.ones((1, 1), bool))
    >>> print(f"{single.feret_diameter_max:.3f} {single.feret_diameter_min:.3f} {single.area_convex}")
    1.414 1.000 1.0
    """
    hull = _hull_of_centres(mask)
    steps = np.roll(hull, -1, axis=0) - hull
    parts = np.gcd(*steps.T)  # of a side between one pixel and the next
    corners, normals = _polygon(hull, steps[parts > 0] // parts[parts > 0, None])
    rectangles = _rectangles(corners, normals)
    narrowest = rectangles[rectangles[:, 1].argmin()]
    smallest = rectangles[(rectangles[:, 0] * rectangles[:, 1]).argmin()]
    return Hull(
        feret_diameter_max=_longest(corners),
        feret_diameter_min=narrowest[1],
        min_feret_rectangle_length=narrowest[0],
        min_area_rectangle_length=smallest.max(),
        min_area_rectangle_width=smallest.min(),
        area_convex=_pixels_inside(hull, steps, parts),
        perimeter_convex=_crofton_perimeter(hull),
    )


def _hull_of_centres(mask: np.ndarray) -> np.ndarray:
    """Vertices (x, y) of the convex hull of the pixels' centres, of all pieces together."""
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return cv2.convexHull(np.concatenate(outlines))[:, 0].astype(np.int64)


def _polygon(hull: np.ndarray, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Corners of the polygon around a hull, in no order, and unit normals of its sides.

    `steps` lead along the sides from one pixel to the next. A line of pixels is where a step's normal times (x, y)
    is a whole number, so that the next one is 1 away, whatever the direction.
    """
    normals = np.concatenate([steps[:, ::-1] * (1, -1), _UPRIGHT])
    bounds = (normals @ hull.T).max(axis=1) + 0.5
    lengths = np.hypot(*normals.T)
    sides = np.column_stack([normals, -bounds]) / lengths[:, None]
    return HalfspaceIntersection(sides, hull.mean(axis=0)).intersections, sides[:, :2]


def _rectangles(corners: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """Length along and width across each side of a polygon: one of these rectangles is the narrowest."""
    directions = np.concatenate([normals[:, ::-1] * (-1, 1), normals])
    projected = corners @ directions.T
    return (projected.max(axis=0) - projected.min(axis=0)).reshape(2, -1).T


def _longest(corners: np.ndarray) -> float:
    x, y = corners.T
    return float(np.sqrt(((x[:, None] - x) ** 2 + (y[:, None] - y) ** 2).max()))


def _pixels_inside(hull: np.ndarray, steps: np.ndarray, parts: np.ndarray) -> float:
    """How many pixel centres lie in or on the hull, after Pick's theorem; exact, also for a single point or a line."""
    (x, y), (step_x, step_y) = hull.T, steps.T
    return float(abs(np.sum(x * step_y - step_x * y)) / 2 + parts.sum() / 2 + 1)


def _crofton_perimeter(hull: np.ndarray) -> float:
    """Each row, column and diagonal that meets a convex shape crosses its outline twice."""
    x, y = hull.T
    along_x, along_y, rising, falling = np.ptp([x, y, x + y, x - y], axis=1) + 1
    return float(np.pi / 4 * (along_x + along_y + (rising + falling) / np.sqrt(2)))
