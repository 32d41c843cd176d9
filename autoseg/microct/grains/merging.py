"""Which summits belong to one grain: those without a neck between them."""

from __future__ import annotations

from itertools import product

import numpy as np

from autoseg.microct.grains.basins import Basins, slabs
from autoseg.microct.grains.scratch import Scratch

Step = tuple[int, int, int]
FORWARD: list[Step] = [step for step in product((-1, 0, 1), (-1, 0, 1), (-1, 0, 1)) if step > (0, 0, 0)]
"Steps (slices, rows, columns) to the half of a voxel's neighbours that follow it in reading order."


def find_passes(relief: Scratch, labels: Scratch, basins: Basins, thickness: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of neighbouring basins (n, 2), as numbers from 1, and the height of the highest pass between them (n,)."""
    pairs, heights, count = np.zeros(0, np.int64), np.zeros(0, np.float32), len(basins.summits) + 1
    for first, last in slabs(relief.shape[0], thickness):
        end = min(last + 1, relief.shape[0])
        found = basins.lookup[labels.read(first, end)]
        depth = relief.read(first, end)
        keys, passes = [pairs], [heights]
        for step in FORWARD:
            here, there = shifted(found, step)
            apart = (here != there) & (here > 0) & (there > 0)
            low, high = np.minimum(here[apart], there[apart]), np.maximum(here[apart], there[apart])
            keys.append(low.astype(np.int64) * count + high)
            passes.append(np.minimum(*(view[apart] for view in shifted(depth, step))))
        pairs, heights = _highest(np.concatenate(keys), np.concatenate(passes))
    return np.column_stack(np.divmod(pairs, count)), heights


def merge_summits(basins: Basins, pairs: np.ndarray, passes: np.ndarray, neck: float, depth: float) -> np.ndarray:
    """The grain of each basin, as numbers from 1 by index; 0 for the background, index 0.

    From the highest pass downwards, two grains become one unless the pass is a neck: lower than `neck` times the lower
    of their highest summits, and by at least `depth` lower than it.

    >>> basins = Basins(np.array([0, 4, 8]), np.array([5.0, 5.0, 5.0]), np.arange(4))
    >>> merge_summits(basins, np.array([[1, 2], [2, 3]]), np.array([4.5, 2.0]), neck=0.8, depth=1.0).tolist()
    [0, 1, 1, 2]
    """
    leader = list(range(len(basins.summits) + 1))
    heights = [0.0, *basins.heights.tolist()]

    def find(number: int) -> int:
        while leader[number] != number:
            leader[number] = leader[leader[number]]
            number = leader[number]
        return number

    order = np.lexsort((pairs[:, 1], pairs[:, 0], -passes))
    for one, other, height in zip(*pairs[order].T.tolist(), passes[order].tolist(), strict=True):
        # Of equal summits the first leads, so that nothing depends on how the passes were found.
        high, low = sorted((find(one), find(other)), key=lambda number: (-heights[number], number))
        if height >= neck * heights[low] or heights[low] - height < depth:
            leader[low] = high
    leaders = np.array([find(number) for number in range(len(leader))])
    return np.unique(leaders, return_inverse=True)[1]


def shifted(array: np.ndarray, step: Step) -> tuple[np.ndarray, np.ndarray]:
    """Two views of an array (slices, rows, columns): voxels, and those that lie a step further.

    >>> [view.ravel().tolist() for view in shifted(np.arange(6).reshape(1, 2, 3), (0, 1, -1))]
    [[1, 2], [3, 4]]
    """
    here = tuple(slice(max(-by, 0), length - max(by, 0)) for by, length in zip(step, array.shape, strict=True))
    there = tuple(slice(max(by, 0), length - max(-by, 0)) for by, length in zip(step, array.shape, strict=True))
    return array[here], array[there]


def _highest(keys: np.ndarray, heights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each key once, with the greatest of its heights."""
    order = np.lexsort((heights, keys))
    keys, heights = keys[order], heights[order]
    last = np.append(keys[1:] != keys[:-1], True)[: len(keys)]
    return keys[last], heights[last]
