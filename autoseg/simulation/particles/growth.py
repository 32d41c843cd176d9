"""Agglomerates: particles that touch, grow into clusters from seeds, and pile up on each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, Field

from autoseg.errors import OptionsError
from autoseg.images.geometry import Factors, Shares, draw_factor, draw_spread, ordered
from autoseg.images.intensity import Amounts
from autoseg.options import Options, Share
from autoseg.simulation.particles.masks import MaskOptions, SimulatedMask, paint
from autoseg.simulation.particles.outlines import SMALLEST, SampleOutlines, equivalent_diameter, transformed
from autoseg.simulation.particles.placement import Edge, Particle

DIRECTIONS = 64
"In this many directions, the extent of an outline is measured."


class GrowthOptions(Options):
    """How many particles there are, how they form clusters, and how far they overlap."""

    size: tuple[Edge, Edge] = (384, 384)
    "Height and width of a mask in pixels."
    particles: Annotated[tuple[Edge, Edge], AfterValidator(ordered)] = (40, 240)
    "Lowest and highest number of particles in and just around a mask, whether they are visible in the end or not."
    magnification: Factors = (0.7, 1.4)
    "Range of the factor on the size of all particles in a mask, relative to the outlines."
    size_spread: Amounts = (0.0, 0.3)
    "Range, over masks, of the standard deviation of the logarithm of a further factor that each particle has."
    single: Share = 0.1
    "Share of the particles that lie alone."
    cluster: Annotated[tuple[Edge, Edge], AfterValidator(ordered)] = (2, 60)
    "Lowest and highest number of particles in a cluster; small clusters are more frequent."
    compactness: Shares = (0.2, 1.0)
    "Range, over clusters, of their shape: 0 are chains, 1 are heaps."
    overlap: Shares = (0.0, 0.5)
    "Range, over masks, of the largest overlap of neighbours, relative to the distance at which they touch."
    piled: Share = 0.4
    "Share of a cluster's particles that lie on others rather than beside them."
    max_overlap: Share = 0.9
    "A particle is left out if more than this share of its area were to lie on others."
    rim: int = Field(2, ge=0)
    "Width in pixels of the dark rim of a particle, where it lies on another one."


@dataclass(frozen=True, eq=False)
class _Member:
    """An outline with its centre: `reach` (DIRECTIONS,) tells how far from there it extends; `radius` is its mean."""

    shape: np.ndarray = field(repr=False)
    centre: np.ndarray
    reach: np.ndarray = field(repr=False)
    radius: float

    def placed(self, centre: np.ndarray) -> _Member:
        return replace(self, centre=centre)


def simulate_grown(sample: SampleOutlines, options: GrowthOptions, rng: np.random.Generator) -> SimulatedMask:
    """A random mask of agglomerates of particles whose outlines come from `sample(count, rng)`.

    >>> from autoseg.simulation.particles.shapes import shapes
    >>> simulated = simulate_grown(shapes(), GrowthOptions(size=(96, 128)), np.random.default_rng(0))
    >>> simulated.mask.shape
    (96, 128)
    """
    painting = MaskOptions(size=options.size, max_overlap=options.max_overlap, rim=options.rim)
    return paint(grow(sample, options, rng), painting)


def grow(sample: SampleOutlines, options: GrowthOptions, rng: np.random.Generator) -> list[Particle]:
    """Particles in and around a mask of `options.size`, the first one lowest, from a source of outlines.

    Clusters begin at seeds anywhere in the mask and just around it. Each further particle is put next to one of its
    cluster in a random direction, so that their outlines touch or reach a little into each other; some are put on the
    cluster instead.
    """
    members = _draw_members(sample, int(rng.integers(*options.particles, endpoint=True)), options, rng)
    beyond = max(float(member.reach.max()) for member in members)
    depth = rng.uniform(*options.overlap)
    particles: list[Particle] = []
    while members:
        count = 1 if rng.random() < _share_of_lone_groups(options) else _draw_cluster_size(options, rng)
        seed = rng.uniform(-beyond, np.array(options.size) + beyond)
        cluster = _grow_cluster(members[:count], seed, depth, options, rng)
        particles += [_as_particle(member) for member in cluster]
        members = members[count:]
    height, width = options.size
    return [p for p in particles if p.bottom > 0 and p.right > 0 and p.top < height and p.left < width]


def _draw_members(
    sample: SampleOutlines, count: int, options: GrowthOptions, rng: np.random.Generator
) -> list[_Member]:
    outlines = sample(count, rng)
    if len(outlines) != count:
        raise OptionsError(f"the source of outlines gave {len(outlines)} where {count} were asked for")
    factors, turns = _draw_factors(outlines, options, rng), rng.uniform(0, 2 * math.pi, count)
    turned = [transformed(*member) for member in zip(outlines, factors.tolist(), turns.tolist(), strict=True)]
    reaches = [_reach(shape) for shape in turned]
    members = zip(turned, reaches, strict=True)
    return [_Member(shape, np.zeros(2), reach, float(reach.mean())) for shape, reach in members]


def _draw_factors(outlines: Sequence[np.ndarray], options: GrowthOptions, rng: np.random.Generator) -> np.ndarray:
    """By how much to magnify each outline; the random spread alone makes none too small to have a shape."""
    common, deviation = draw_factor(rng, options.magnification), rng.uniform(*options.size_spread)
    spread = draw_spread(rng, deviation, len(outlines))
    least = np.array([SMALLEST / equivalent_diameter(outline) for outline in outlines])
    return np.maximum(common * spread, np.minimum(common, least))


def _reach(shape: np.ndarray) -> np.ndarray:
    """How far an outline extends from the centre of its box in each direction, in pixels."""
    angles = np.arange(DIRECTIONS) * 2 * np.pi / DIRECTIONS
    starts = shape.argmax(axis=1)  # the first and last pixel of each row are enough
    ends = shape.shape[1] - 1 - shape[:, ::-1].argmax(axis=1)
    filled = np.flatnonzero(shape.any(axis=1))
    rows = np.concatenate([filled, filled]) - (shape.shape[0] - 1) / 2
    columns = np.concatenate([starts[filled], ends[filled]]) - (shape.shape[1] - 1) / 2
    return (np.outer(np.sin(angles), rows) + np.outer(np.cos(angles), columns)).max(axis=1) + 0.5


def _share_of_lone_groups(options: GrowthOptions) -> float:
    """How often a group must be of one particle for `single` of all particles to be alone."""
    low, high = options.cluster
    mean = (high - low) / math.log(high / low) if high > low else float(low)
    alone = options.single * mean
    return alone / (alone + 1 - options.single) if alone else 0.0


def _draw_cluster_size(options: GrowthOptions, rng: np.random.Generator) -> int:
    """Clusters that are twice as large are half as frequent."""
    low, high = options.cluster
    return round(math.exp(rng.uniform(math.log(low), math.log(high))))


def _grow_cluster(
    members: Sequence[_Member], seed: np.ndarray, depth: float, options: GrowthOptions, rng: np.random.Generator
) -> list[_Member]:
    """The members at their places, lower ones first."""
    compactness = rng.uniform(*options.compactness)
    lying, piled = [members[0].placed(seed)], []
    for member in members[1:]:
        host = lying[_draw_host(lying, compactness, rng)]
        if rng.random() < options.piled:
            offset = rng.normal(0, 0.7 * host.radius, 2)
            piled.append(member.placed(host.centre + offset))
        else:
            lying.append(_attached(member, host, lying, depth, rng))
    return [lying[index] for index in rng.permutation(len(lying))] + piled


def _draw_host(lying: Sequence[_Member], compactness: float, rng: np.random.Generator) -> int:
    """The one next to which to go on: in chains the latest ones, in heaps any of them."""
    if rng.random() < compactness:
        return int(rng.integers(len(lying)))
    return len(lying) - 1 - int(min(rng.geometric(0.5) - 1, len(lying) - 1))


def _attached(
    member: _Member, host: _Member, lying: Sequence[_Member], depth: float, rng: np.random.Generator
) -> _Member:
    """A member next to its host, on that of several random sides where the others leave most room."""
    centres, radii = np.array([other.centre for other in lying]), np.array([other.radius for other in lying])
    best, best_room = host.centre, -math.inf
    for side in rng.integers(DIRECTIONS, size=4):
        angle = side * 2 * math.pi / DIRECTIONS
        touching = host.reach[side] + member.reach[(side + DIRECTIONS // 2) % DIRECTIONS]
        away = touching * (1 - rng.uniform(0, depth))
        centre = host.centre + away * np.array([math.sin(angle), math.cos(angle)])
        room = float((np.hypot(*(centres - centre).T) - radii).min() - member.radius)
        if room > best_room:
            best, best_room = centre, room
    return member.placed(best)


def _as_particle(member: _Member) -> Particle:
    top, left = np.round(member.centre - np.array(member.shape.shape) / 2).astype(int)
    return Particle(member.shape, int(top), int(left))
