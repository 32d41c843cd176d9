"""Where a curve bends: the published rule (kneedle, sensitivity 1, offline, without smoothing)."""

from __future__ import annotations

import numpy as np


def find_elbow(places: np.ndarray, scores: np.ndarray, falling: bool) -> int | None:
    """The place of the bend: of a falling convex curve, or of a rising concave one; None if there is none.

    >>> find_elbow(np.arange(2, 7), np.array([100.0, 40.0, 30.0, 25.0, 22.0]), falling=True)
    3
    """
    if len(places) < 3 or np.ptp(scores) == 0 or not np.isfinite(scores).all():
        return None
    x = (places - places[0]) / np.ptp(places)
    y = (scores - scores.min()) / np.ptp(scores)
    above = (1 - y if falling else y) - x
    peaks = _extrema(above)
    dips = _extrema(-above)
    step, threshold, candidate = np.diff(x).mean(), 0.0, None
    for place in range(len(x) - 1):
        if place in peaks:
            candidate, threshold = place, above[place] - step
        elif place in dips:
            threshold = 0.0
        if candidate is not None and above[place + 1] < threshold:
            return int(places[candidate])
    return None


def _extrema(values: np.ndarray) -> set[int]:
    """Places no lower than their neighbours; at an end, than the one there is."""
    left, right = np.append(-np.inf, values[:-1]), np.append(values[1:], -np.inf)
    return set(np.flatnonzero((values >= left) & (values >= right)).tolist())
