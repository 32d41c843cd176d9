"""Which particles lie where: numbers, sizes, angles and positions, drawn at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

import numpy as np
from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from autoseg.errors import OptionsError
from autoseg.images.geometry import Factors, ordered
from autoseg.options import Options
from autoseg.simulation.fields import simplex_noise
from autoseg.simulation.particles.outlines import SampleOutlines, equivalent_diameter, transformed

Edge = Annotated[int, Field(ge=1)]
CANDIDATES = 16
"This many positions are drawn for each one that is used, to find out where the noise is high."


class PlacementOptions(Options):
    """How many particles lie in a mask, how large they are, and how they are arranged."""

    size: tuple[Edge, Edge] = (384, 384)
    "Height and width of a mask in pixels."
    particles: Annotated[tuple[Edge, Edge], AfterValidator(ordered)] = (100, 150)
    "Lowest and highest number of particles in and just around a mask, whether they are visible in the end or not."
    scale: Literal["normal", "uniform", "examples"] = "normal"
    "How the factors on the outlines' sizes are distributed; examples: all outlines keep their sizes."
    scale_deviation: float = Field(0.1, ge=0, lt=1 / 3)
    "Standard deviation of normal factors, whose mean is 1, and which are clipped at three of them."
    scale_range: Factors = (0.75, 1.25)
    "Lowest and highest of uniform factors."
    magnification: float = Field(1.0, gt=0)
    "Factor on the size of all particles, relative to the outlines."
    diameter: float | None = Field(None, gt=0)
    "Equivalent diameter in pixels to which outlines are brought first. Not set: they differ in size as they are."
    rotation: Literal["disabled", "random", "correlated"] = "random"
    "Whether particles are turned by any angle, and whether neighbours are turned alike."
    clustering: bool = True
    "Particles lie only where smooth noise is high."
    clustering_threshold: float = Field(0.5, ge=0, le=0.99)
    "The share of the area that clustering leaves free."
    noise_frequency: float = Field(4.0, gt=0)
    "Frequency of the noise for clustering and correlated rotation, per longer edge of a mask."
    grid: Literal["disabled", "hexagonal", "cubic"] = "disabled"
    "The lattice that particles sit on, shifted and turned at random; it may have fewer sites than `particles` says."
    grid_spacing: float = Field(0.125, ge=0)
    "Gap between neighbours on the lattice, relative to the particles' mean equivalent diameter."
    grid_jitter: float = Field(0.05, ge=0)
    "How far off its site a particle may lie, either way, relative to the same diameter."

    @field_validator("diameter")
    @classmethod
    def _leaves_the_sizes_of_examples(cls, diameter: float | None, others: ValidationInfo) -> float | None:
        if diameter is not None and others.data.get("scale") == "examples":
            raise ValueError('must be unset where "scale" is "examples"')
        return diameter


@dataclass(frozen=True, eq=False)
class Particle:
    """An outline at its place: `shape` is boolean (height, width), its first row and column lie at `top`, `left`."""

    shape: np.ndarray = field(repr=False)
    top: int
    left: int

    @property
    def bottom(self) -> int:
        """The row below its last one."""
        return self.top + self.shape.shape[0]

    @property
    def right(self) -> int:
        """The column right of its last one."""
        return self.left + self.shape.shape[1]


def draw_particles(sample: SampleOutlines, options: PlacementOptions, rng: np.random.Generator) -> list[Particle]:
    """Particles in and around a mask of `options.size`, the first one lowest, from a source of outlines.

    Their centres lie beyond the mask by up to half the diagonal of the largest one, so that the mask's edge cuts
    particles as the edge of a micrograph does.
    """
    outlines = _drawn(sample, int(rng.integers(*options.particles, endpoint=True)), rng)
    diameters = np.array([equivalent_diameter(outline) for outline in outlines])
    factors = draw_factors(diameters, options, rng)
    diagonals = factors * [np.hypot(*outline.shape) for outline in outlines]
    _refuse_unfit(diagonals, options.size)
    spacing = float(np.mean(factors * diameters))
    centres = draw_centres(len(outlines), diagonals.max() / 2, spacing, options, rng)
    angles = draw_angles(centres, options, rng)
    # A lattice may have fewer sites than there are outlines.
    return [
        _centred(transformed(outline, factor, angle), centre)
        for outline, factor, angle, centre in zip(outlines, factors, angles, centres, strict=False)
    ]


def draw_factors(diameters: np.ndarray, options: PlacementOptions, rng: np.random.Generator) -> np.ndarray:
    """The magnification of each outline, given all their equivalent diameters in pixels."""
    count, deviation = len(diameters), options.scale_deviation
    factors = np.full(count, options.magnification)
    if options.diameter is not None:
        factors *= options.diameter / diameters
    if options.scale == "normal":
        factors *= rng.normal(1, deviation, count).clip(1 - 3 * deviation, 1 + 3 * deviation)
    if options.scale == "uniform":
        factors *= rng.uniform(*options.scale_range, count)
    return factors


def draw_centres(
    count: int, beyond: float, diameter: float, options: PlacementOptions, rng: np.random.Generator
) -> np.ndarray:
    """At most `count` positions (row, column) in random order, in the mask and up to `beyond` pixels around it."""
    low, high = np.array([-beyond, -beyond]), np.array(options.size) + beyond
    free = options.clustering_threshold if options.clustering else 0.0
    if options.grid == "disabled":
        sites = rng.uniform(low, high, (int(np.ceil(CANDIDATES * count / (1 - free))), 2))
    else:
        sites = rng.permutation(lattice(options.grid, (1 + options.grid_spacing) * diameter, low, high, rng))
        sites += rng.uniform(-1, 1, sites.shape) * options.grid_jitter * diameter
    if options.clustering and len(sites):
        noise = simplex_noise(sites * options.noise_frequency / max(options.size), rng)
        sites = sites[noise >= np.quantile(noise, free)]
    return sites[:count]


def lattice(
    kind: Literal["hexagonal", "cubic"], spacing: float, low: np.ndarray, high: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """The sites (n, 2) between the corners `low` and `high` of a lattice, shifted and turned at random."""
    opening = np.pi / 3 if kind == "hexagonal" else np.pi / 2
    turn = rng.uniform(0, 2 * np.pi)
    steps = spacing * np.array([[np.cos(angle), np.sin(angle)] for angle in (turn, turn + opening)])
    reach = int(np.linalg.norm(high - low) / (spacing * np.sin(opening))) + 1
    indices = np.stack(np.meshgrid(*[np.arange(-reach, reach + 1)] * 2), axis=-1).reshape(-1, 2)
    sites = (low + high) / 2 + (indices + rng.random(2)) @ steps
    return sites[((sites >= low) & (sites <= high)).all(axis=1)]


def draw_angles(centres: np.ndarray, options: PlacementOptions, rng: np.random.Generator) -> np.ndarray:
    """The angle in radians by which the particle at each centre is turned."""
    if options.rotation == "random":
        return rng.uniform(0, 2 * np.pi, len(centres))
    if options.rotation == "correlated":
        return np.pi * simplex_noise(centres * options.noise_frequency / max(options.size), rng)
    return np.zeros(len(centres))


def _drawn(sample: SampleOutlines, count: int, rng: np.random.Generator) -> Sequence[np.ndarray]:
    outlines = sample(count, rng)
    if len(outlines) != count:
        raise OptionsError(f"the source of outlines gave {len(outlines)} where {count} were asked for")
    if not all(outline.ndim == 2 and outline.dtype == bool and outline.any() for outline in outlines):
        raise OptionsError("an outline must be a boolean image that is True somewhere")
    return outlines


def _refuse_unfit(diagonals: np.ndarray, size: tuple[int, int]) -> None:
    """Refuse particles, of these diagonals in pixels, that cannot be seen, or that no mask can show whole."""
    if diagonals.max() > max(size):
        problem = f"particles of {diagonals.max():.0f} pixels do not fit into masks of {size[0]} x {size[1]} pixels"
        raise OptionsError(problem, advice="Ask for smaller particles or for larger masks.")
    if diagonals.min() < 2:
        problem = f"particles would be only {diagonals.min():.2g} pixels long"
        raise OptionsError(problem, advice="Ask for larger particles.")


def _centred(shape: np.ndarray, centre: np.ndarray) -> Particle:
    top, left = np.round(centre - np.array(shape.shape) / 2).astype(int)
    return Particle(shape, int(top), int(left))
