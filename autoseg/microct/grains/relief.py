"""How deep each voxel of a foreground lies within it: exact distances, one slice after the other."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy import ndimage

from autoseg.images.distance import distance_inside
from autoseg.microct.grains.scratch import Scratch

Edges = tuple[float, float, float]
"Of a voxel, along slices, rows and columns, in any unit."


def write_relief(
    foreground: Iterable[np.ndarray], in_slices: Scratch, relief: Scratch, edges: Edges = (1, 1, 1)
) -> None:
    """Write into `relief` the distance of each foreground voxel to the nearest one outside, in the unit of `edges`.

    `foreground` gives a boolean slice (rows, columns) after the other; `in_slices` is room for distances within these.
    What lies beyond the volume is not known, and counts for nothing: a grain that it cuts is as deep as it seems.
    """
    for number, inside in enumerate(foreground):
        in_slices.write(number, _squares(inside, edges)[np.newaxis])
    for number in range(relief.shape[0]):
        relief.write(number, np.sqrt(_across(in_slices, number, edges[0]))[np.newaxis])


def _squares(inside: np.ndarray, edges: Edges) -> np.ndarray:
    """Squared distances within a slice; where nothing is outside, so large that other slices tell."""
    if not inside.any():
        return np.zeros(inside.shape, np.float32)
    if inside.all():
        return np.full(inside.shape, np.float32(1e12))
    if edges[1] == edges[2]:
        return (distance_inside(inside) * np.float32(edges[1])) ** 2
    return ndimage.distance_transform_edt(inside, sampling=edges[1:]).astype(np.float32) ** 2


def _across(in_slices: Scratch, number: int, edge: float) -> np.ndarray:
    """Squared distances in three dimensions: of the slices around, only those near enough can make them smaller."""
    least = in_slices.read(number, number + 1)[0]
    step, slices = 1, in_slices.shape[0]
    while (step * edge) ** 2 < least.max() and (number - step >= 0 or number + step < slices):
        for other in (number - step, number + step):
            if 0 <= other < slices:
                np.minimum(least, in_slices.read(other, other + 1)[0] + np.float32((step * edge) ** 2), out=least)
        step += 1
    return least
