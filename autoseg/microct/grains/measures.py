"""Sizes and shapes of grains, gathered slab by slab.

A table has one grain a row; lengths end in _nm where the voxel size is known, else in _px, voxels:

- grain: its number in the labels.
- voxels, volume: how much of it there is.
- equivalent_diameter: that of the ball with its volume.
- surface: by Crofton's formula, from what lines in the 13 directions of neighbours cross; faces that lie along the
  voxels come out up to a tenth too small, others within a few percent.
- sphericity: surface of the ball with its volume over its own; it can exceed 1 for small grains.
- centre_slice, _row, _column: its centre of mass, counted from 0.
- first_slice, last_slice, first_row and so on: the box around it, both ends included.
- touches_edge: whether it reaches the border of the volume, so that it may be cut.
- edge_weight: for how many grains of this size one counts that lies wholly inside (Miles and Lantuejoul); 0 for
  grains that touch the edge.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.spatial import SphericalVoronoi

from autoseg.images.volumes.volume import VoxelSize
from autoseg.microct.grains.merging import FORWARD, Step, shifted
from autoseg.microct.grains.parting import PartedGrains

AXES = ("slice", "row", "column")


class GrainMeasures:
    """What is known of grains, once all slabs were added.

    >>> measures = GrainMeasures(1, (3, 3, 3))
    >>> labels = np.zeros((3, 3, 3), int)
    >>> labels[1, 1, 1] = 1
    >>> measures.add(0, 3, labels)
    >>> measures.table(None)[["voxels", "first_row", "touches_edge"]].values.tolist()
    [[1, 1, False]]
    """

    def __init__(self, count: int, shape: tuple[int, int, int]):
        self.shape = shape
        self._voxels = np.zeros(count + 1, np.int64)
        self._sums = np.zeros((3, count + 1))
        self._first = np.full((3, count + 1), max(shape), np.int64)
        self._last = np.full((3, count + 1), -1, np.int64)
        self._crossings = np.zeros((len(FORWARD), count + 1), np.int64)

    def add(self, first: int, last: int, labels: np.ndarray) -> None:
        """Take in the slices from `first` to before `last`; where there is one more, it follows in `labels`."""
        own = labels[: last - first]
        counts = np.bincount(own.ravel(), minlength=len(self._voxels))
        self._voxels += counts
        places = np.nonzero(own)
        numbers = own[places]
        for axis, place in enumerate(places):
            along = place + first if axis == 0 else place
            self._sums[axis] += np.bincount(numbers, along, minlength=len(self._voxels))
            np.minimum.at(self._first[axis], numbers, along)
            np.maximum.at(self._last[axis], numbers, along)
        for number, step in enumerate(FORWARD):
            self._crossings[number] += self._crossed(labels, step, last - first, first == 0)

    def table(self, voxel_size: VoxelSize | None) -> pd.DataFrame:
        """One grain a row, in nm where the size of a voxel (x, y, z) is known."""
        unit = "px" if voxel_size is None else "nm"
        x, y, z = voxel_size or (1.0, 1.0, 1.0)
        volume = self._voxels[1:] * (x * y * z)
        surface = (self._crossings[:, 1:] * _crofton_weights((z, y, x))[:, None]).sum(axis=0)
        columns = {
            "grain": np.arange(1, len(volume) + 1),
            "voxels": self._voxels[1:],
            f"volume_{unit}3": volume,
            f"equivalent_diameter_{unit}": np.cbrt(6 * volume / np.pi),
            f"surface_{unit}2": surface,
            "sphericity": np.cbrt(np.pi) * np.cbrt(6 * volume) ** 2 / surface,
        }
        for axis, name in enumerate(AXES):
            columns[f"centre_{name}"] = self._sums[axis, 1:] / np.maximum(self._voxels[1:], 1)
        for axis, name in enumerate(AXES):
            columns[f"first_{name}"], columns[f"last_{name}"] = self._first[axis, 1:], self._last[axis, 1:]
        return pd.DataFrame(columns | self._edges())

    def _crossed(self, labels: np.ndarray, step: Step, own: int, begins: bool) -> np.ndarray:
        """How often lines along a step enter or leave each grain, those at the border of the volume included.

        Each pair of voxels is counted once: with the slab that its first voxel lies in.
        """
        block = labels[: own + step[0]] if step[0] and len(labels) > own else labels[:own]
        ends = step[0] and len(labels) == own
        framed = np.pad(block, ((int(bool(step[0] and begins)), int(bool(ends))), (1, 1), (1, 1)))
        here, there = shifted(framed, step)
        apart = here != there
        count = len(self._voxels)
        return np.bincount(here[apart], minlength=count) + np.bincount(there[apart], minlength=count)

    def _edges(self) -> dict[str, np.ndarray]:
        lengths = np.array(self.shape)[:, None]
        first, last = self._first[:, 1:], self._last[:, 1:]
        touches = ((first == 0) | (last == lengths - 1)).any(axis=0)
        # In how many places a box of this size lies inside without touching, of all places in the volume.
        free = np.prod(lengths - 2 - (last - first), axis=0)
        weight = np.divide(float(np.prod(self.shape)), free, out=np.zeros(len(free)), where=~touches & (free > 0))
        return {"touches_edge": touches, "edge_weight": weight}


def measure_grains(grains: PartedGrains, voxel_size: VoxelSize | None = None) -> pd.DataFrame:
    """Measure all grains: one a row, columns as described in this module; voxel size x, y, z in nm."""
    measures = GrainMeasures(grains.count, grains.shape)
    for first, last, labels in grains.slabs():
        measures.add(first, last, labels)
    return measures.table(voxel_size)


def _crofton_weights(edges: tuple[float, float, float]) -> np.ndarray:
    """The surface that each crossing along the steps of `FORWARD` stands for; edges of a voxel along z, y and x.

    A surface is twice the mean, over directions, of what lines cross, times the area that each line stands for: the
    volume of a voxel over the length of the step. Each direction counts by how much of the sphere is nearest to it.
    """
    steps = np.array(FORWARD) * edges
    lengths = np.linalg.norm(steps, axis=1)
    directions = steps / lengths[:, None]
    shares = SphericalVoronoi(np.vstack([directions, -directions])).calculate_areas() / (4 * np.pi)
    return 2 * (shares[: len(steps)] + shares[len(steps) :]) * np.prod(edges) / lengths
