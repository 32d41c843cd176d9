"""Defects on a canvas: where they are tried, which are refused, and what they leave in picture and masks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from autoseg.stm.classes import DEFECTS, SINGLE
from autoseg.stm.simulation.cell import LENGTH, WIDTH
from autoseg.stm.simulation.layout import Layout
from autoseg.stm.simulation.signatures import LENGTHS, SHARES, Outline, draw_signature, mask_of

CLEARANCE = 18
"Pixels around a defect's box that must be of its terrace, too."
_CLOCKWISE = 3


class Box(NamedTuple):
    """Pixels of a canvas."""

    top: int
    left: int
    height: int
    width: int

    def window(self, margin: int = 0) -> tuple[slice, slice]:
        """The box, widened by a margin as far as there is canvas above and to the left."""
        first = max(self.top - margin, 0), max(self.left - margin, 0)
        last = self.top + self.height + margin, self.left + self.width + margin
        return slice(first[0], last[0]), slice(first[1], last[1])

    def is_within(self, shape: tuple[int, ...]) -> bool:
        """Whether no pixel of it lies off a canvas of this shape."""
        return (
            min(self.top, self.left) >= 0 and self.top + self.height <= shape[0] and self.left + self.width <= shape[1]
        )


class Place(NamedTuple):
    """Where a defect is put."""

    checked: Box
    "What is compared with the terraces."
    drawn: Box
    "Where it is drawn."
    quarters: int
    "Quarter turns, counter-clockwise, of the defect."


Draw = Callable[[int, int, int, Layout, np.random.Generator], Place]
"The place of a defect of a class near a pixel (row, column)."


@dataclass(frozen=True, eq=False)
class Canvas:
    """A picture in the making, and what it shows; all arrays have one shape."""

    grey: np.ndarray = field(repr=False)
    "uint8."
    classes: np.ndarray = field(repr=False)
    "uint8: the class of the defect at each pixel, 0 where there is none."
    instances: np.ndarray = field(repr=False)
    "uint16: the number of that defect, from 1."

    @classmethod
    def of(cls, grey: np.ndarray) -> Canvas:
        """A surface without defects."""
        return cls(grey, np.zeros(grey.shape, np.uint8), np.zeros(grey.shape, np.uint16))

    def try_defects(
        self,
        count: int,
        layout: Layout,
        draw: Draw,
        outline: Outline,
        rng: np.random.Generator,
        *,
        on_one_terrace: bool = True,
        apart: bool = False,
    ) -> None:
        """Put defects on the canvas, but not off it, and, if so asked, neither near an edge nor on each other."""
        chances = [SHARES[kind] for kind in DEFECTS]
        for _ in range(count):
            kind = int(rng.choice(DEFECTS, p=chances))
            row, column = (int(rng.integers(length)) for length in self.grey.shape)
            place, factors = draw(kind, row, column, layout, rng), draw_signature(kind, rng)
            if not (place.checked.is_within(self.grey.shape) and place.drawn.is_within(self.grey.shape)):
                continue
            if on_one_terrace and np.ptp(layout.numbers[place.checked.window(CLEARANCE)]):
                continue
            if not (apart and self.instances[place.drawn.window()].any()):
                mask = mask_of(factors, kind, outline)
                self._mark(place.drawn, np.rot90(factors, place.quarters), np.rot90(mask, place.quarters), kind)

    def _mark(self, box: Box, factors: np.ndarray, mask: np.ndarray, kind: int) -> None:
        window = box.window()
        self.grey[window] = np.clip(self.grey[window] * factors, 0, 255).astype(np.uint8)
        self.classes[window][mask] = kind
        self.instances[window][mask] = self.instances.max() + 1


def on_any_dimer(kind: int, row: int, column: int, layout: Layout, rng: np.random.Generator) -> Place:
    """On the dimers nearest to a pixel, in the direction of their row."""
    terrace = layout.numbers[row, column]
    turned, start = layout.turned[terrace], layout.starts[terrace]
    size = (LENGTHS[kind], WIDTH) if turned % 2 == 0 else (WIDTH, LENGTHS[kind])
    grid = (LENGTH, WIDTH) if turned % 2 == 0 else (WIDTH, LENGTH)
    top, left = (
        first + round((middle - length / 2 - first) / step) * step
        for middle, length, first, step in zip((row, column), size, start, grid, strict=True)
    )
    box = Box(int(top), int(left), *size)
    return Place(box, box, turned)


def on_published_grid(kind: int, row: int, column: int, layout: Layout, rng: np.random.Generator) -> Place:
    """As the published code does: on every third or fourth dimer; and on turned terraces beside the box it checks."""
    length, turned = LENGTHS[kind], bool(layout.turned[layout.numbers[row, column]])
    shift = int(rng.integers(-1, 1, endpoint=True)) if kind == SINGLE else 0
    if not turned:
        box = Box(row // length * length + shift, column // WIDTH * WIDTH, length, WIDTH)
        return Place(box, box, 0)
    box = Box(row // WIDTH * WIDTH, column // length * length + shift, WIDTH, length)
    return Place(box, box._replace(left=box.left - length + 1), _CLOCKWISE)


def on_published_cells(kind: int, row: int, column: int, layout: Layout, rng: np.random.Generator) -> Place:
    """As the published code does on its plane: on any dimer of unturned rows, whatever terrace lies below."""
    box = Box(row // LENGTH * LENGTH, column // WIDTH * WIDTH, LENGTHS[kind], WIDTH)
    return Place(box, box, 0)
