"""Which particles stay: by size, place and brightness; and holes closed in those that do."""

from __future__ import annotations

import cv2
import numpy as np
from skimage.filters import threshold_li

from autoseg.images.polarity import Polarity, Side
from autoseg.images.segmentation import edge_labels
from autoseg.segmentation.instances.watershed import sole_claims


def find_holes(foreground: np.ndarray, size: int | None = None) -> np.ndarray:
    """Labels, int32, of the 8-connected components of background that stay clear of the image's edge.

    Not those with more than `size` pixels, where that is given.

    >>> find_holes(np.array([[1, 1, 1, 0], [1, 0, 1, 0], [1, 1, 1, 0]], bool)).any(axis=0).tolist()
    [False, True, False, False]
    """
    count, gaps = cv2.connectedComponents((~foreground).view(np.uint8), connectivity=8)
    holes = np.ones(count, bool) if size is None else np.bincount(gaps.ravel()) <= size
    holes[edge_labels(gaps)] = False
    return select_labels(gaps, holes)


def fill_holes(labels: np.ndarray) -> np.ndarray:
    """Fill the holes of each particle, but not those in which another particle lies, nor gaps between particles.

    >>> ring = np.array([[3, 3, 3], [3, 0, 3], [3, 3, 3]])
    >>> fill_holes(ring).tolist()
    [[3, 3, 3], [3, 3, 3], [3, 3, 3]]
    """
    holes = find_holes(labels > 0)
    inside = np.flatnonzero(holes > 0)
    width = labels.shape[1]
    neighbours = labels.ravel()[inside[:, None] + [-width, -1, 1, width]]
    rows, sides = np.nonzero(neighbours)
    filled = sole_claims(holes.ravel()[inside[rows]], neighbours[rows, sides], int(holes.max()))
    return labels + np.take(filled, holes)


def select_labels(labels: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Remove the particles whose label has no true value in `kept`, bool of shape (largest label + 1,).

    >>> select_labels(np.array([[1, 2, 3]]), np.array([False, True, False, True])).tolist()
    [[1, 0, 3]]
    """
    table = np.where(kept, np.arange(kept.size), 0).astype(labels.dtype)
    return np.take(table, labels)


def keep_sizes(labels: np.ndarray, minimum: int = 1, maximum: int | None = None) -> np.ndarray:
    """Remove particles with fewer or more pixels than these.

    >>> keep_sizes(np.array([[1, 2, 2, 3, 3, 3]]), 2, 2).tolist()
    [[0, 2, 2, 0, 0, 0]]
    """
    areas = np.bincount(labels.ravel())
    return select_labels(labels, (areas >= minimum) & (areas <= (labels.size if maximum is None else maximum)))


def drop_edge(labels: np.ndarray) -> np.ndarray:
    """Remove particles with a pixel in the outermost rows and columns.

    >>> drop_edge(np.array([[1, 1, 0], [0, 2, 0], [0, 0, 0]])).tolist()
    [[0, 0, 0], [0, 2, 0], [0, 0, 0]]
    """
    kept = np.ones(labels.max(initial=0) + 1, bool)
    kept[edge_labels(labels)] = False
    return select_labels(labels, kept)


def keep_contrasting(labels: np.ndarray, image: np.ndarray, factor: float, polarity: Side | Polarity) -> np.ndarray:
    """Keep particles whose mean grey value in the image is above Li's threshold (below, for dark particles).

    `factor` multiplies the threshold for bright particles, and divides it for dark ones: below 1 more of them stay.

    >>> keep_contrasting(np.array([[1, 0, 2]]), np.array([[9, 1, 2]]), 1.0, "bright").tolist()
    [[1, 0, 0]]
    """
    sums, areas = np.bincount(labels.ravel(), image.ravel()), np.bincount(labels.ravel())
    means, threshold = sums / np.maximum(areas, 1), threshold_li(image)
    return select_labels(labels, means > threshold * factor if polarity == "bright" else means < threshold / factor)
