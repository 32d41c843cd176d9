"""Colours for particles: those of neighbours differ, also for the colour-blind."""

from __future__ import annotations

import heapq

import cv2
import numpy as np

PALETTE = np.array(
    [
        (230, 159, 0),  # orange
        (86, 180, 233),  # sky blue
        (240, 228, 66),  # yellow
        (204, 121, 167),  # reddish purple
        (0, 158, 115),  # bluish green
        (213, 94, 0),  # vermillion
        (0, 114, 178),  # blue
    ],
    np.uint8,
)
"RGB, told apart with every kind of colour vision (after Okabe and Ito)."
_NEAR = 3  # pixels of background between particles that still count as neighbours


def choose_colours(labels: np.ndarray) -> np.ndarray:
    """An index into PALETTE for each label, shape (largest label + 1,), different for neighbouring particles.

    Particles in one piece never get a neighbour's colour. Pieces of one particle that lie scattered among others can
    have more neighbours than there are colours; then the colour that is rarest among them is taken.
    """
    colours = np.full(int(labels.max()) + 1, -1)
    neighbours = _neighbours(labels) if labels.any() else {}
    for label in reversed(_fewest_first(neighbours)):
        given = colours[list(neighbours[label])]
        used = np.bincount(given[given >= 0], minlength=len(PALETTE))
        # Begin at another colour for each label: all are in use, not only the first few.
        colours[label] = (np.argmin(np.roll(used, -label)) + label) % len(PALETTE)
    return colours


def _neighbours(labels: np.ndarray) -> dict[int, set[int]]:
    neighbours: dict[int, set[int]] = {label: set() for label in np.unique(labels[labels > 0]).tolist()}
    wide = _widened(labels)
    for one, other in ((wide[1:], wide[:-1]), (wide[:, 1:], wide[:, :-1])):
        touching = (one != other) & (one > 0) & (other > 0)
        for first, second in np.unique(np.stack([one[touching], other[touching]], axis=1), axis=0).tolist():
            neighbours[first].add(second)
            neighbours[second].add(first)
    return neighbours


def _widened(labels: np.ndarray) -> np.ndarray:
    """Labels, at least one above 0, that take in the background near them, each pixel the label nearest to it."""
    background = (labels == 0).astype(np.uint8)
    distance, nearest = cv2.distanceTransformWithLabels(background, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    label_of = np.zeros(nearest.max() + 1, labels.dtype)
    label_of[nearest[labels > 0]] = labels[labels > 0]
    return np.where(distance <= _NEAR, label_of[nearest], 0)


def _fewest_first(neighbours: dict[int, set[int]]) -> list[int]:
    """Labels in the order in which they go if, again and again, the one with the fewest neighbours left is removed.

    In a map of connected areas that one never has more than five, so that six colours are enough when colours are
    given in the opposite order.
    """
    left = {label: len(others) for label, others in neighbours.items()}
    queue = sorted((number, label) for label, number in left.items())
    order = []
    while queue:
        number, label = heapq.heappop(queue)
        if left.get(label) != number:
            continue  # taken away already, or waiting once more with fewer neighbours
        order.append(label)
        del left[label]
        for other in neighbours[label] & left.keys():
            left[other] -= 1
            heapq.heappush(queue, (left[other], other))
    return order
