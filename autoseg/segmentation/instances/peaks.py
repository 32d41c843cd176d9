"""The peaks of a relief that stand out: of a range of mountains, those with a real valley between them."""

from __future__ import annotations

import numpy as np

from autoseg.segmentation.instances.watershed import components

LEVELS = np.arange(20) / 20
"Heights at which a relief of 0..1 is cut: valleys are known to the next one below."


def find_prominent(relief: np.ndarray, foreground: np.ndarray, prominence: float, smallest: int) -> np.ndarray:
    """A label, int32, for each peak that rises by its prominence above the valley which parts it from a higher one.

    `relief` is float (rows, columns) in 0..1, `foreground` bool. Where only one peak of a component of the foreground
    stands out, the whole component is labelled, else of each peak what lies above the valley; if that is less than the
    smallest number of pixels, it is no peak. Components are 4-connected.

    >>> relief = np.array([[0.9, 0.5, 0.8, 0.7, 0.8, 0.0, 0.2]])
    >>> find_prominent(relief, relief > 0, prominence=0.25, smallest=1).tolist()
    [[3, 0, 4, 4, 4, 0, 2]]
    """
    seeds, count = components(foreground)
    places = np.flatnonzero(foreground)
    places = places[np.argsort(relief.ravel()[places])]  # what lies above a level is the end, and the top comes last
    heights, regions = relief.ravel()[places], seeds.ravel()[places]
    parted: list[np.ndarray] = []
    for level in LEVELS[float(heights.max(initial=0)) - LEVELS >= prominence]:
        above = slice(int(np.searchsorted(heights, level, side="right")), None)
        pieces, total = components(foreground & (relief > level))
        pieces = pieces.ravel()[places[above]]
        tops, parent = np.zeros(total + 1, relief.dtype), np.zeros(total + 1, regions.dtype)
        tops[pieces] = heights[above]  # of several heights the last one stays
        parent[pieces] = regions[above]  # what is connected at this level was so at lower ones, in a single region
        stands = (tops - level >= prominence) & (np.bincount(pieces, minlength=total + 1) >= smallest)
        divided = np.bincount(parent[stands], minlength=count + 1) > 1
        divided[0] = False
        parted.append(np.flatnonzero(divided))
        children = np.flatnonzero(stands & divided[parent])
        numbers = np.zeros(total + 1, regions.dtype)
        numbers[children] = count + 1 + np.arange(children.size)
        regions[above] = np.where(divided[regions[above]], numbers[pieces], regions[above])
        count += children.size
    left = np.arange(count + 1, dtype=regions.dtype)
    left[np.concatenate([[], *parted]).astype(int)] = 0  # of what was divided, only the children are left
    seeds.ravel()[places] = left[regions]
    return seeds
