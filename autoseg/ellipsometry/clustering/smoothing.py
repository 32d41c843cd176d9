"""Zones without single pixels of other zones in them."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import uniform_filter


def smooth_labels(labels: np.ndarray, radius: int, row_step: float = 1.0) -> np.ndarray:
    """Each pixel gets the zone that most pixels around it have, itself included; at a tie it keeps its own.

    `radius` is in columns; with `row_step`, the window is as high as it is wide. 0 is no zone: it
    stays, and has no vote.

    >>> smooth_labels(np.array([[1, 1, 1, 2, 1, 1, 0]]), 1)
    array([[1, 1, 1, 1, 1, 1, 0]])
    """
    if radius < 1:
        return labels
    window = (2 * max(1, round(radius / row_step)) + 1, 2 * radius + 1)
    smoothed, votes = labels.copy(), np.zeros(labels.shape)
    area = window[0] * window[1]
    for zone in range(1, int(labels.max()) + 1):
        member = labels == zone
        found = np.rint(uniform_filter(member.astype(float), window, mode="constant") * area) + 0.5 * member
        better = found > votes
        smoothed[better], votes[better] = zone, found[better]
    smoothed[labels == 0] = 0
    return smoothed
