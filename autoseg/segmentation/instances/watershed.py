"""Part a foreground into particles by flooding from seeds, and draw lines between particles that touch.

Particles are 4-connected everywhere: what only meets at corners of pixels is apart.
"""

from __future__ import annotations

import cv2
import numpy as np
from skimage.measure import label
from skimage.segmentation import watershed

_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)
_SQUARE = np.ones((3, 3), np.uint8)


def components(region: np.ndarray) -> tuple[np.ndarray, int]:
    """The 4-connected components of a bool array: int32 labels, and how many there are.

    >>> components(np.array([[True, False], [False, True]]))[1]
    2
    """
    count, labels = cv2.connectedComponents(region.view(np.uint8), connectivity=4)
    return labels, count - 1


def flood(relief: np.ndarray, seeds: np.ndarray, foreground: np.ndarray) -> np.ndarray:
    """Share the foreground out among seeds, from the highest relief downwards; components without one stay whole.

    `relief` is float (rows, columns), `seeds` int32 with one number for each 4-connected seed, `foreground` bool.
    Returns int32 labels of the foreground's size, each of them 4-connected.

    >>> relief = np.array([[3.0, 2.0, 1.0, 1.5, 4.0, 0.0, 2.0]])
    >>> flood(relief, np.array([[1, 0, 0, 0, 2, 0, 0]], np.int32), relief > 0).tolist()
    [[1, 1, 1, 2, 2, 0, 4]]
    """
    labels = np.maximum(_undisputed(seeds, foreground), seeds)
    # Flooding is slow, pixel by pixel: spare it whatever is settled, but for the shore from which labels spread.
    disputed = foreground & (labels == 0)
    shore = (cv2.dilate(disputed.view(np.uint8), _CROSS) > 0) & (labels > 0)
    flooded = watershed(-relief, np.where(shore, labels, 0), mask=disputed | shore)
    return np.where(disputed, flooded, labels)


def _undisputed(seeds: np.ndarray, foreground: np.ndarray) -> np.ndarray:
    """Labels of the foreground's components: that of the only seed, a new one where there is none, 0 for several."""
    pieces, count = components(foreground)
    places = np.flatnonzero(seeds > 0)
    items, claims = pieces.ravel()[places], seeds.ravel()[places]
    only_seed = sole_claims(items, claims, count)
    seedless = np.bincount(items, minlength=count + 1) == 0
    seedless[0] = False
    only_seed[seedless] = claims.max(initial=0) + np.flatnonzero(seedless)
    return np.take(only_seed, pieces)


def sole_claims(items: np.ndarray, claims: np.ndarray, count: int) -> np.ndarray:
    """For the items 0 to `count`, the only label that claims each; 0 where nothing or more than one label does.

    Pairs of an item and the label that claims it come as two arrays. Item 0, the background, is nobody's.

    >>> sole_claims(np.array([1, 1, 2, 2]), np.array([7, 7, 7, 8]), 3).tolist()
    [0, 7, 0, 0]
    """
    sole = np.zeros(count + 1, claims.dtype)
    sole[items] = claims
    sole[items[sole[items] != claims]] = 0
    sole[0] = 0
    return sole


def draw_lines(labels: np.ndarray) -> np.ndarray:
    """Take away the pixels of a particle that touch, be it at a corner, one with a larger label.

    What is left can be told apart in the binary mask: its 4-connected and its 8-connected components are the
    particles of the returned labels. A particle that the line breaks becomes several.

    >>> draw_lines(np.array([[1, 1, 2, 2]])).tolist()
    [[1, 0, 2, 2]]
    """
    while True:
        grey = labels.astype(np.float32)  # OpenCV dilates no 32-bit integers; these are exact up to 16 million
        touching = (labels > 0) & (cv2.dilate(grey, _SQUARE) > grey)
        if not touching.any():
            return labels
        labels = label((labels > 0) & ~touching, connectivity=1)
