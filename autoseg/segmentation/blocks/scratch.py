"""Arrays in files: only what is read or written is in memory, and only as long as that takes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from autoseg.segmentation.blocks.grid import bands


class Stored:
    """An array (rows, columns[, channels]) of zeros in a file, indexed like any other; each access opens the file anew.

    A map of a file that stays open would count as memory of this process.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     stored = Stored(Path(folder, "labels"), (3, 4), np.int32)
    ...     stored[1:3, 2] = 7
    ...     stored[2].tolist()
    [0, 0, 7, 0]
    """

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: Any):
        self.path, self.shape, self.dtype = path, shape, np.dtype(dtype)
        self._open("w+")

    def __getitem__(self, place: Any) -> np.ndarray:
        """A copy of a part."""
        return np.array(self._open("r")[place])

    def __setitem__(self, place: Any, values: Any) -> None:
        """Write a part."""
        self._open("r+")[place] = values

    def passing(self) -> Iterator[tuple[slice, np.ndarray]]:
        """All of it, band by band: the rows, and a copy of them."""
        for rows in bands((self.shape[0], self.shape[1])):
            yield rows, self[rows]

    def remove(self) -> None:
        """Delete the file."""
        self.path.unlink()

    def _open(self, mode: Any) -> np.memmap:
        return np.memmap(self.path, self.dtype, mode, shape=self.shape)
