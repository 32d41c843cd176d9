"""The summits of a relief, and which of them each voxel leads up to. What a slab finds does not depend on its size.

A voxel leads to its highest neighbour, of equally high ones to the last in reading order, and so on up to a summit.
This is told by the voxel's surroundings alone; a way that leaves the slab is gone on with in the next one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from autoseg.microct.grains.scratch import Scratch


@dataclass(frozen=True, eq=False)
class Basins:
    """The summits in reading order, and how the numbers in a scratch of labels lead to them."""

    summits: np.ndarray
    "(n,) int64: where each summit lies, counted through all slices, rows and columns."
    heights: np.ndarray
    "(n,) float32: the relief at each."
    lookup: np.ndarray
    "What a number in the scratch stands for: 0 for nothing, else 1 + the index of a summit."


def slabs(slices: int, thickness: int) -> Iterator[tuple[int, int]]:
    """Where slabs of so many slices begin and end.

    >>> list(slabs(5, 2))
    [(0, 2), (2, 4), (4, 5)]
    """
    return ((first, min(first + thickness, slices)) for first in range(0, slices, thickness))


def find_basins(relief: Scratch, labels: Scratch, thickness: int) -> Basins:
    """Write into `labels` a number for each voxel whose relief is above 0; the result tells its summit."""
    shape, known = relief.shape, 0
    summits: list[np.ndarray] = []
    numbers: list[np.ndarray] = []
    ways: list[tuple[np.ndarray, np.ndarray]] = []
    for first, last in slabs(shape[0], thickness):
        before, after = max(first - 1, 0), min(last + 1, shape[0])
        found, roots = _climb(relief.read(before, after), first - before, last - before)
        labels.write(first, np.where(found, found + known, 0))
        places = roots + before * shape[1] * shape[2]
        number = known + 1 + np.arange(len(roots))
        within = (places >= first * shape[1] * shape[2]) & (places < last * shape[1] * shape[2])
        summits.append(places[within])
        numbers.append(number[within])
        ways.append((number[~within], places[~within]))
        known += len(roots)
    return _resolve(relief, labels, np.concatenate(summits), np.concatenate(numbers), ways, known)


def _resolve(
    relief: Scratch,
    labels: Scratch,
    summits: np.ndarray,
    numbers: np.ndarray,
    ways: list[tuple[np.ndarray, np.ndarray]],
    known: int,
) -> Basins:
    """Follow the ways that left their slabs, always upwards, to their ends."""
    leads = np.arange(known + 1, dtype=np.int64)
    for number, places in ways:
        leads[number] = labels.at(places)
    while not np.array_equal(further := leads[leads], leads):
        leads = further
    order = np.argsort(summits)
    rank = np.zeros(known + 1, np.int32)
    rank[numbers[order]] = np.arange(1, len(order) + 1)
    return Basins(summits[order], relief.at(summits[order]), rank[leads])


def _climb(relief: np.ndarray, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    """For the slices `first` to `last` of a slab, numbers of where voxels lead to, and the places of these ends.

    Ends are summits, or voxels of the slices around, which only the neighbouring slabs can tell more about.
    """
    padded = np.pad(relief, 1)
    flat, (_, rows, columns) = padded.ravel(), padded.shape
    voxels = np.flatnonzero(flat > 0)
    numbers = np.zeros(flat.size, np.int32)
    numbers[voxels] = np.arange(len(voxels), dtype=np.int32)
    highest, leads = np.zeros(len(voxels), np.float32), np.zeros(len(voxels), np.int32)
    for z, y, x in product((-1, 0, 1), repeat=3):  # in reading order, so that the last of equals is taken
        neighbours = voxels + (z * rows + y) * columns + x
        values = flat[neighbours]
        better = values >= highest
        highest[better], leads[better] = values[better], numbers[neighbours[better]]
    slices = voxels // (rows * columns) - 1
    own = (slices >= first) & (slices < last)
    leads = np.where(own, leads, np.arange(len(voxels), dtype=np.int32))
    while not np.array_equal(further := leads[leads], leads):
        leads = further
    ends, found = np.unique(leads[own], return_inverse=True)
    result = np.zeros(flat.size, np.int32)
    result[voxels[own]] = found + 1
    result = result.reshape(padded.shape)[1 + first : 1 + last, 1:-1, 1:-1]
    return result, _unpadded(voxels[ends], rows, columns)


def _unpadded(places: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Places in a slab, by those in the slab with a margin of one voxel."""
    z, rest = np.divmod(places.astype(np.int64), rows * columns)
    y, x = np.divmod(rest, columns)
    return ((z - 1) * (rows - 2) + y - 1) * (columns - 2) + x - 1
