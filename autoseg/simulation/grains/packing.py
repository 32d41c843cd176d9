"""Packings of grains in a box, some beside others that they touch, and the labels of any slices through them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, Field

from autoseg.images.geometry import ordered
from autoseg.options import Options
from autoseg.simulation.grains.polyhedra import Polyhedron, draw_polyhedron, random_direction

Radii = Annotated[tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]], AfterValidator(ordered)]
TRIES = 30
"So often a place for a grain is looked for."


class PackingOptions(Options):
    """How large grains are, how many, and how close."""

    radius: float = Field(14.5, gt=0)
    "Median radius of the grains in voxels."
    spread: float = Field(0.5, ge=0, le=1.5)
    "Standard deviation of the logarithm of the radii."
    radii: Radii = (3.0, 60.0)
    "No radius is smaller or larger, in voxels."
    fraction: float = Field(0.12, gt=0, le=0.6)
    "Of the volume that grains take."
    touching: float = Field(0.3, ge=0, le=1)
    "Share of the grains that are placed beside another one, which they touch."
    sintering: float = Field(0.06, ge=0, le=0.5)
    "How far touching grains grow into each other at most, as a fraction of the distance of their centres."
    faces: int = Field(18, ge=6)
    "Of a grain."
    irregularity: float = Field(0.2, ge=0, le=0.6)
    "How much grains differ from balls."


@dataclass(frozen=True, eq=False)
class PlacedGrain:
    """A grain in its place, (slice, row, column)."""

    shape: Polyhedron
    centre: np.ndarray


@dataclass(frozen=True, eq=False)
class Packing:
    """Grains in a box of (slices, rows, columns) voxels; those at its faces reach beyond it."""

    shape: tuple[int, int, int]
    grains: Sequence[PlacedGrain]

    def labels(self, first: int = 0, last: int | None = None) -> np.ndarray:
        """The grain of each voxel, int32 (slices, rows, columns) from 1, 0 for none, of the slices `first` to `last`.

        Where grains have grown into each other, each voxel is of that in which it lies deeper.
        """
        last = self.shape[0] if last is None else last
        labels = np.zeros((last - first, *self.shape[1:]), np.int32)
        least = np.ones(labels.shape, np.float32)
        for number, grain in enumerate(self.grains, start=1):
            window, gauge = _inside(grain, (first, 0, 0), labels.shape)
            nearer = gauge < least[window]
            least[window][nearer] = gauge[nearer]
            labels[window][nearer] = number
        return labels


def pack(shape: tuple[int, int, int], rng: np.random.Generator, options: PackingOptions | None = None) -> Packing:
    """Grains for a box of `shape` (slices, rows, columns) voxels.

    >>> packing = pack((40, 60, 60), np.random.default_rng(0), PackingOptions(radius=8, spread=0.2))
    >>> labels = packing.labels()
    >>> bool(0.05 < (labels > 0).mean() < 0.2), labels.shape
    (True, (40, 60, 60))
    """
    options = options or PackingOptions()
    placed = _Placed(shape)
    for shaped in _from_large_to_small(rng, options, shape):
        found = None
        if placed.grains and rng.random() < options.touching:
            found = _beside(shaped, placed, rng, options)
        found = found or _apart(shaped, placed, rng)
        if found is not None:
            placed.add(found)
    return Packing(shape, placed.grains)


class _Placed:
    """The grains that have a place in a box already."""

    def __init__(self, shape: tuple[int, int, int]):
        self.shape = np.array(shape)
        self.grains: list[PlacedGrain] = []
        self._centres, self._reaches = np.zeros((64, 3)), np.zeros(64)

    def add(self, grain: PlacedGrain) -> None:
        """One more."""
        count = len(self.grains)
        if count == len(self._centres):
            self._centres, self._reaches = np.tile(self._centres, (2, 1)), np.tile(self._reaches, 2)
        self._centres[count], self._reaches[count] = grain.centre, grain.shape.reach
        self.grains.append(grain)

    def leave(self, shaped: Polyhedron, centre: np.ndarray, gap: float, but: int = -1) -> bool:
        """Whether all grains, `but` one, leave a gap of so many voxels around a grain at this place."""
        count = len(self.grains)
        distances = np.linalg.norm(self._centres[:count] - centre, axis=1)
        near = np.flatnonzero(distances < self._reaches[:count] + shaped.reach + gap).tolist()
        return all(_gap(shaped, centre, self.grains[i]) > gap for i in near if i != but)


def _from_large_to_small(
    rng: np.random.Generator, options: PackingOptions, shape: tuple[int, int, int]
) -> list[Polyhedron]:
    """Grains that take the wanted fraction of the box; the large ones first, for which room is found best then."""
    radii: list[float] = []
    filled, wanted = 0.0, options.fraction * math.prod(shape)
    while filled < wanted:
        radius = float(np.clip(options.radius * np.exp(rng.normal(0, options.spread)), *options.radii))
        radii.append(radius)
        # Those at the faces are cut: their centres may lie outside by half of how far they reach.
        inside = math.prod(length / (length + 1.3 * radius) for length in shape)
        filled += 4 / 3 * math.pi * radius**3 * inside
    return [draw_polyhedron(rng, radius, options.faces, options.irregularity) for radius in sorted(radii)[::-1]]


def _apart(shaped: Polyhedron, placed: _Placed, rng: np.random.Generator) -> PlacedGrain | None:
    """A place without any contact, if one is found."""
    for _ in range(TRIES):
        centre = rng.uniform(-0.5 * shaped.reach, placed.shape + 0.5 * shaped.reach)
        if placed.leave(shaped, centre, gap=2):
            return PlacedGrain(shaped, centre)
    return None


def _beside(
    shaped: Polyhedron, placed: _Placed, rng: np.random.Generator, options: PackingOptions
) -> PlacedGrain | None:
    """A place where it touches one grain, and grows into no other."""
    for _ in range(TRIES):
        chosen = int(rng.integers(len(placed.grains)))
        other, direction = placed.grains[chosen], random_direction(rng)
        distance = other.shape.extent(direction) + shaped.extent(-direction)
        centre = other.centre + direction * distance * (1 - rng.uniform(0, options.sintering))
        beyond = np.maximum(-centre, centre - placed.shape).max()  # the box, by so many voxels
        if beyond < 0.5 * shaped.reach and placed.leave(shaped, centre, gap=0, but=chosen):
            return PlacedGrain(shaped, centre)
    return None


def _gap(shaped: Polyhedron, centre: np.ndarray, other: PlacedGrain) -> float:
    """Free voxels between two grains, on the line between their centres."""
    way = other.centre - centre
    distance = float(np.linalg.norm(way))
    if distance < 1e-6:
        return -1.0
    return distance - shaped.extent(way / distance) - other.shape.extent(-way / distance)


def _inside(
    grain: PlacedGrain, start: tuple[int, int, int], shape: tuple[int, ...]
) -> tuple[tuple[slice, ...], np.ndarray]:
    """A window of a block of voxels that holds the grain, and the gauge there."""
    reach, centre = grain.shape.reach, grain.centre - start
    low = np.clip(np.floor(centre - reach).astype(int), 0, shape)
    high = np.clip(np.ceil(centre + reach).astype(int) + 1, low, shape)
    window = tuple(map(slice, low.tolist(), high.tolist()))
    axes = [np.arange(*ends) - middle for ends, middle in zip(zip(low, high, strict=True), centre, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    return window, grain.shape.gauge(points)
