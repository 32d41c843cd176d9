"""The peaks of a relief that stand out: of a range of mountains, those with a real valley between them."""

from __future__ import annotations

import numpy as np

from autoseg.segmentation.watershed import components

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
    heights, owners = relief.ravel()[places], seeds.ravel()[places]
    for level in LEVELS:
        pieces, total = components(foreground & (relief > level))
        pieces = pieces.ravel()[places]
        tops, owner = np.zeros(total + 1, relief.dtype), np.zeros(total + 1, owners.dtype)
        np.maximum.at(tops, pieces, heights)
        owner[pieces] = owners  # what is connected at this level was so at lower ones, and has one owner
        stands = (tops - level >= prominence) & (np.bincount(pieces, minlength=total + 1) >= smallest)
        stands[0] = False
        divided = np.bincount(owner[stands], minlength=count + 1) > 1
        divided[0] = False
        heirs = np.flatnonzero(stands & divided[owner])
        names = np.zeros(total + 1, owners.dtype)
        names[heirs] = count + 1 + np.arange(heirs.size)
        owners = np.where(divided[owners], names[pieces], owners)
        count += heirs.size
    seeds.ravel()[places] = owners
    return seeds
