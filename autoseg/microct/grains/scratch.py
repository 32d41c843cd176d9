"""Arrays that are larger than the memory: files that are read and written in slabs of slices."""

from __future__ import annotations

from pathlib import Path

import numpy as np


class Scratch:
    """Numbers (slices, rows, columns) in a file of its own, which begins as zeros.

    Plain reading and writing, no memory map: what was used a while ago takes no memory.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     scratch = Scratch(Path(folder) / "a", (4, 2, 3), "int32")
    ...     scratch.write(1, np.arange(6).reshape(1, 2, 3))
    ...     scratch.read(1, 2).tolist(), scratch.at(np.array([7, 0])).tolist()
    ([[[0, 1, 2], [3, 4, 5]]], [1, 0])
    """

    def __init__(self, path: Path, shape: tuple[int, int, int], dtype: str):
        self.path, self.shape, self.dtype = path, shape, np.dtype(dtype)
        with path.open("wb") as file:
            file.truncate(shape[0] * self._bytes)

    @property
    def _bytes(self) -> int:
        """Of a slice."""
        return self.shape[1] * self.shape[2] * self.dtype.itemsize

    def read(self, first: int, last: int) -> np.ndarray:
        """The slices from the first up to, but without, the last."""
        count = (last - first) * self.shape[1] * self.shape[2]
        return np.fromfile(self.path, self.dtype, count, offset=first * self._bytes).reshape(-1, *self.shape[1:])

    def write(self, first: int, slices: np.ndarray) -> None:
        """Put slices in place, from the first on."""
        with self.path.open("r+b") as file:
            file.seek(first * self._bytes)
            file.write(np.ascontiguousarray(slices, self.dtype).data)

    def at(self, places: np.ndarray) -> np.ndarray:
        """The numbers at these places, counted through all slices, rows and columns."""
        values = np.empty(places.shape, self.dtype)
        numbers, within = np.divmod(places, self.shape[1] * self.shape[2])
        for number in np.unique(numbers):
            chosen = numbers == number
            values[chosen] = self.read(number, number + 1).ravel()[within[chosen]]
        return values
