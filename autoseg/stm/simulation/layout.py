"""Terraces of a canvas: which pixel belongs to which, and how rows run on each."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from autoseg.stm.simulation.cell import LENGTH, WIDTH, row_of_cell


@dataclass(frozen=True, eq=False)
class Layout:
    """The terraces of a canvas, numbered upwards."""

    numbers: np.ndarray = field(repr=False)
    "uint8 (height, width): the terrace of each pixel; they are numbered from 0 without a gap."
    turned: tuple[int, ...]
    "Quarter turns, counter-clockwise, of each terrace's rows: 0, they run down; 1 or 3, they run across."
    starts: tuple[tuple[int, int], ...]
    "Row and column of the pixel of each terrace at which cells begin."

    @property
    def count(self) -> int:
        """How many terraces there are."""
        return len(self.turned)

    def paint(self, cells: list[np.ndarray]) -> np.ndarray:
        """The canvas, filled on each terrace with its own cell (9, 18), turned as its rows run."""
        canvas = np.zeros(self.numbers.shape, cells[0].dtype)
        for number, cell in enumerate(cells):
            np.copyto(canvas, self._tiled(cell, number), where=self.numbers == number)
        return canvas

    def rows(self) -> np.ndarray:
        """Where rows of dimers are: uint8 (height, width), 1 on rows and 0 in troughs."""
        return self.paint([row_of_cell().view(np.uint8)] * self.count)

    def _tiled(self, cell: np.ndarray, number: int) -> np.ndarray:
        turned = np.rot90(cell, self.turned[number])
        # Cells begin at the start, and go on before it.
        turned = np.roll(turned, self.starts[number], axis=(0, 1))
        height, width = self.numbers.shape
        return np.tile(turned, (-(-height // turned.shape[0]), -(-width // turned.shape[1])))[:height, :width]


def cells_in(size: int) -> tuple[int, int]:
    """How many unturned cells, the last one cut off, a canvas of `size` px holds down and across.

    >>> cells_in(852)
    (95, 48)
    """
    return -(-size // LENGTH), -(-size // WIDTH)


def blown_up(numbers: np.ndarray, size: int) -> np.ndarray:
    """Numbers of unturned cells (rows, columns) as pixels of a canvas of `size`."""
    return np.repeat(np.repeat(numbers, LENGTH, axis=0), WIDTH, axis=1)[:size, :size].astype(np.uint8)
