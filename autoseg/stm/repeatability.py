"""Which defects are found in the forward and in the backward scan of one surface: how repeatable a count is."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from autoseg.stm.classes import DEFECTS, LEGEND
from autoseg.stm.counts import share_interval
from autoseg.stm.defects import Defects


def compare(forward: Defects, backward: Defects, reach: float) -> list[dict[str, Any]]:
    """A row for each class: how many defects both scans show, and how many only one of them does.

    Defects of one class are the same if their centres are no more than `reach` px apart, each counted once. The share
    of all that are seen in both comes with its 95 % interval.

    >>> from autoseg.stm.defects import find_defects
    >>> classes = np.zeros((40, 40), np.uint8)
    >>> classes[5:15, 5:15] = 1
    >>> row = compare(find_defects(classes), find_defects(np.roll(classes, 2, axis=1)), reach=9)[0]
    >>> row["both"], row["forward_only"], row["repeatability"]
    (1, 0, 1.0)
    """
    rows = []
    for kind in DEFECTS:
        first, second = (_centres(one, kind) for one in (forward, backward))
        both = _count_pairs(first, second, reach)
        seen = len(first) + len(second) - both
        row: dict[str, Any] = {
            "class": LEGEND[kind].name,
            "both": both,
            "forward_only": len(first) - both,
            "backward_only": len(second) - both,
        }
        if seen:
            low, high = share_interval(both, seen)
            row |= {"repeatability": both / seen, "repeatability_low": low, "repeatability_high": high}
        rows.append(row)
    return rows


def _centres(defects: Defects, kind: int) -> np.ndarray:
    """Row and column of each defect of a class, shape (n, 2)."""
    numbers = 1 + np.flatnonzero(defects.kinds == kind)
    inside = defects.labels > 0
    return np.array(ndimage.center_of_mass(inside, defects.labels, numbers)).reshape(-1, 2)


def _count_pairs(first: np.ndarray, second: np.ndarray, reach: float) -> int:
    """How many points have a partner within reach, one to one."""
    if not (len(first) and len(second)):
        return 0
    near = cdist(first, second) <= reach
    return int(near[linear_sum_assignment(near, maximize=True)].sum())
