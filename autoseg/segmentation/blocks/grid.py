"""Blocks that an image is cut into, and what is seen around each of them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

Window = tuple[slice, slice]
Shape = tuple[int, int]
BAND = 2**24
"Pixels of a band of rows, as which arrays are passed through."


class Block(NamedTuple):
    """A rectangle of an image: together they cover it, and none overlap."""

    core: Window
    seen: Window
    "The core with a halo around it, as far as the image reaches."

    @property
    def inner(self) -> Window:
        """The core, in pixels of what is seen."""
        rows, columns = (
            slice(core.start - seen.start, core.stop - seen.start)
            for core, seen in zip(self.core, self.seen, strict=True)
        )
        return rows, columns


def cut(shape: Shape, edge: int, halo: int, multiple: int = 1) -> Iterator[Block]:
    """Blocks of an image of this shape, row by row; they and what is seen begin at multiples of some pixels.

    >>> [block.seen for block in cut((10, 6), edge=6, halo=2)]
    [(slice(0, 8, None), slice(0, 6, None)), (slice(4, 10, None), slice(0, 6, None))]
    """
    edge, halo = edge + -edge % multiple, halo + -halo % multiple
    for starts in product(*(range(0, length, edge) for length in shape)):
        rows, columns = (slice(start, min(start + edge, length)) for start, length in zip(starts, shape, strict=True))
        yield Block((rows, columns), (_widened(rows, halo, shape[0]), _widened(columns, halo, shape[1])))


def bands(shape: Shape) -> Iterator[slice]:
    """The rows of an image in bands of few pixels.

    >>> list(bands((3, 2**24)))
    [slice(0, 1, None), slice(1, 2, None), slice(2, 3, None)]
    """
    height = max(1, BAND // max(shape[1], 1))
    for start in range(0, shape[0], height):
        yield slice(start, min(start + height, shape[0]))


def _widened(side: slice, halo: int, length: int) -> slice:
    return slice(max(side.start - halo, 0), min(side.stop + halo, length))
