"""Part a foreground into grains: the same ones, whatever the memory allows to look at in one go."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
import psutil
from pydantic import Field

from autoseg.microct.grains.basins import find_basins, slabs
from autoseg.microct.grains.merging import find_passes, merge_summits
from autoseg.microct.grains.relief import Edges, write_relief
from autoseg.microct.grains.scratch import Scratch
from autoseg.options import Options

BYTES = 96
"So many are needed for each voxel of a slab, where all of it is foreground."
AVAILABLE_SHARE = 0.25
"Of the memory that is free, how much a slab may take."
MemoryLimit = Literal["auto"] | float
"In GiB; auto: as much as is free allows."


class PartingOptions(Options):
    """How grains that touch are parted, and which of them count."""

    neck: float = Field(0.9, ge=0, le=1)
    """Two grains are parted where they join in a neck whose radius is less than this, as a fraction of the radius of
    the smaller one; 0: whatever touches is one grain."""
    minimum_depth: float = Field(0.3, ge=0)
    "By how many voxels a neck must be narrower, at least, in its radius: what is rough is not parted."
    minimum_size: int = Field(30, ge=1)
    "What has fewer voxels is a speck, and no grain."


@contextmanager
def part(
    foreground: Iterable[np.ndarray],
    shape: tuple[int, int, int],
    options: PartingOptions | None = None,
    edges: Edges = (1, 1, 1),
    folder: Path | None = None,
    memory_limit: MemoryLimit = "auto",
) -> Iterator[PartedGrains]:
    """Grains of a foreground, of which `foreground` gives a boolean slice (rows, columns) after the other.

    `edges` are those of a voxel along slices, rows and columns, in units of the last. Scratch files of 12 bytes a voxel
    lie in `folder` while the block lasts. Grains do not depend on the `memory_limit`, in GiB.

    >>> row = np.zeros((1, 3, 40), bool)
    >>> row[:, :, 2:18] = row[:, :, 22:38] = True
    >>> with part(iter(row), row.shape) as grains:
    ...     grains.count, np.unique(grains.slab(0, 1)).tolist()
    (2, [0, 1, 2])
    """
    options = options or PartingOptions()
    with tempfile.TemporaryDirectory(prefix=".grains-", dir=folder) as room:
        first, relief, labels = (
            Scratch(Path(room) / name, shape, dtype)
            for name, dtype in {"in_slices": "float32", "relief": "float32", "labels": "int32"}.items()
        )
        write_relief(foreground, first, relief, edges)
        first.path.unlink()
        thickness = choose_thickness(shape, memory_limit)
        basins = find_basins(relief, labels, thickness)
        pairs, passes = find_passes(relief, labels, basins, thickness)
        grains = merge_summits(basins, pairs, passes, options.neck, options.minimum_depth)[basins.lookup]
        relief.path.unlink()
        yield PartedGrains(labels, *_counted(labels, grains, thickness, options.minimum_size), thickness)


class PartedGrains:
    """Grains, numbered from the first slice to the last by where they are thickest; read in slabs of slices."""

    def __init__(self, labels: Scratch, lookup: np.ndarray, count: int, specks: np.ndarray, thickness: int):
        self._labels, self._lookup = labels, lookup
        self.shape, self.count, self.thickness = labels.shape, count, thickness
        self.specks = specks
        "(n,): voxels of each region that is too small for a grain; it is background."

    def slab(self, first: int, last: int) -> np.ndarray:
        """The number of each voxel's grain, int32 (slices, rows, columns); 0 is background."""
        return self._lookup[self._labels.read(first, last)]

    def slabs(self) -> Iterator[tuple[int, int, np.ndarray]]:
        """All slabs: where each begins and ends, and its numbers with those of one slice more, if there is one."""
        for first, last in slabs(self.shape[0], self.thickness):
            yield first, last, self.slab(first, min(last + 1, self.shape[0]))


def choose_thickness(shape: tuple[int, int, int], memory_limit: MemoryLimit) -> int:
    """Slices of a slab.

    >>> choose_thickness((1024, 1024, 1024), 2.0)
    19
    """
    limit = AVAILABLE_SHARE * psutil.virtual_memory().available if memory_limit == "auto" else memory_limit * 2**30
    return max(1, min(shape[0], int(limit / (BYTES * (shape[1] + 2) * (shape[2] + 2))) - 2))


def _counted(
    labels: Scratch, grains: np.ndarray, thickness: int, minimum_size: int
) -> tuple[np.ndarray, int, np.ndarray]:
    """What a number in the scratch stands for, once specks are left out; how many grains there are; and the specks."""
    sizes = np.zeros(int(grains.max(initial=0)) + 1, np.int64)
    for first, last in slabs(labels.shape[0], thickness):
        sizes += np.bincount(grains[labels.read(first, last)].ravel(), minlength=len(sizes))
    counted = sizes >= minimum_size
    counted[0] = False
    number = np.where(counted, np.cumsum(counted), 0).astype(np.int32)
    return number[grains], int(counted.sum()), sizes[1:][~counted[1:]]
