"""Which particles a picture shows: their forms, sizes, textures and insides, and where they lie."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from autoseg.images.geometry import draw_factor, draw_spread
from autoseg.simulation.recording import draw_low
from autoseg.simulation.world import compounds, solids, threads
from autoseg.simulation.world.arrangement import Space, arrange
from autoseg.simulation.world.body import Body, filled_with, roughened
from autoseg.simulation.world.options import FormWeights, PopulationOptions
from autoseg.simulation.world.textures import draw_surface

MAGNIFIED = 0.3
"Few particles are at least so large, relative to the largest."
SMALLEST = 5.5
"Diameter in pixels: smaller particles have no shape."
PATTERNS = 24
"Of so many different bodies, flipped and turned, pictures of many particles are made."
MAKERS: dict[str, Callable[[float, float, np.random.Generator], Body]] = {
    form: getattr(next(module for module in (solids, compounds, threads) if hasattr(module, form)), form)
    for form in FormWeights.model_fields
}
"Who makes each form."


@dataclass(frozen=True, eq=False)
class Population:
    """Particles, lowest first, and how their surfaces look."""

    bodies: list[Body] = field(repr=False)
    centres: np.ndarray
    arrangement: str
    diameter: float
    texture: np.ndarray = field(repr=False)
    "float32 (edge, edge): a field of unit variance, of which each particle shows a part; 0 if they are smooth."
    relief: float
    "Height in pixels of the texture's features."
    tint: float
    "How much the texture changes the brightness of surfaces, and the density of what lies below."


def draw_population(size: tuple[int, int], options: PopulationOptions, rng: np.random.Generator) -> Population:
    """The particles of a picture of a size in pixels.

    >>> drawn = draw_population((64, 64), PopulationOptions(diameter=(9, 9), large_share=0), np.random.default_rng(2))
    >>> drawn.diameter
    9.0
    """
    kind = options.arrangements.choose(rng)
    diameter = _draw_diameter(kind, options, rng)
    deviation = draw_low(rng, options.spread) * (0.3 if kind in ("packed", "grid") else 1)
    count = _draw_count(kind, diameter * math.exp(deviation**2), size, options, rng)
    diameters = diameter * draw_spread(rng, deviation, count)
    if rng.random() < options.second_size:
        diameters *= np.where(rng.random(count) < rng.uniform(0.2, 0.8), rng.uniform(0.25, 0.6), 1)
    diameters = np.maximum(diameters, SMALLEST)
    bodies = _draw_bodies(diameters, kind in ("packed", "grid") or rng.random() < 0.15, options, rng)
    reaches = np.array([body.reach for body in bodies])
    centres = arrange(kind, reaches, Space(size, diameter / 2), rng)
    order = np.argsort(-diameters[: len(centres)]) if rng.random() < 0.5 else np.arange(len(centres))
    texture = _draw_texture(bodies, diameter, options, rng)
    return Population([bodies[index] for index in order], centres[order], kind, diameter, *texture)


def _draw_diameter(kind: str, options: PopulationOptions, rng: np.random.Generator) -> float:
    """Few particles are rarely small: people magnify until they see something."""
    low, high = options.large if rng.random() < options.large_share else options.diameter
    return round(draw_factor(rng, (max(low, MAGNIFIED * high) if kind == "few" else low, high)), 6)


def _draw_count(
    kind: str, diameter: float, size: tuple[int, int], options: PopulationOptions, rng: np.random.Generator
) -> int:
    if kind == "few":
        return min(int(rng.choice([1, 1, 1, 2, 2, 3, 4, 6])), options.most)
    full = (size[0] + diameter) * (size[1] + diameter) / (math.pi / 4 * diameter**2)
    share = rng.uniform(1.0, 2.2) if kind == "heap" else 1.3 if kind == "packed" else draw_factor(rng, options.coverage)
    return int(np.clip(round(full * share), 1, options.most))


def _draw_bodies(
    diameters: np.ndarray, aligned: bool, options: PopulationOptions, rng: np.random.Generator
) -> list[Body]:
    """A body for each diameter; of many, some are alike, but for a flip where they need not lie alike."""
    main, other = options.forms.choose(rng), options.forms.choose(rng)
    share = rng.uniform(0.1, 0.5) if rng.random() < options.mixed else 0.0
    angle, finish = rng.uniform(0, np.pi), _draw_finish(options, rng)
    patterns: list[Body] = []
    chosen = np.argsort(diameters) if len(diameters) > PATTERNS else np.arange(len(diameters))
    each = len(diameters) / min(PATTERNS, len(diameters))
    bodies: dict[int, Body] = {}
    for rank, index in enumerate(chosen):
        if rank >= len(patterns) * each:
            direction = angle + rng.normal(0, 0.06) if aligned else rng.uniform(0, 2 * np.pi)
            middle = float(diameters[chosen[min(int(rank + each / 2), len(chosen) - 1)]])
            form = other if rng.random() < share else main
            patterns.append(finish(MAKERS[form](middle, direction, rng)))
        bodies[int(index)] = patterns[-1] if aligned else patterns[-1].flipped(int(rng.integers(8)))
    return [bodies[index] for index in range(len(diameters))]


def _draw_finish(options: PopulationOptions, rng: np.random.Generator) -> Callable[[Body], Body]:
    """What is done to each body of a picture: ragged rims, voids and cores."""
    ragged = rng.uniform(0.02, 0.05) * rng.uniform(1, 2) if rng.random() < options.ragged else 0.0
    fineness = rng.uniform(0.04, 0.25)
    cores: list[tuple[float, float]] = []
    if rng.random() < options.filled:
        size = rng.uniform(0.4, 0.93)
        kind = str(rng.choice(["hollow", "hollow", "core", "core", "yolk"]))
        cores = [(size, -rng.uniform(0.6, 1) if kind != "core" else rng.uniform(0.8, 6))]
        cores += [(size * rng.uniform(0.3, 0.8), rng.uniform(0.8, 4))] if kind == "yolk" else []
    off = rng.uniform(0, 0.06)

    def finish(body: Body) -> Body:
        if ragged and body.radius > 4:
            body = roughened(body, ragged * body.radius, max(fineness * body.radius, 1.8), rng)
        for size, density in cores:
            offset = rng.normal(0, off * (1 - size), 2)
            body = filled_with(body, size * rng.uniform(0.95, 1.03), density, (float(offset[0]), float(offset[1])))
        return body

    return finish


def _draw_texture(
    bodies: list[Body], diameter: float, options: PopulationOptions, rng: np.random.Generator
) -> tuple[np.ndarray, float, float]:
    edge = min(max(max(body.shape.shape) for body in bodies), 512) + 32
    if diameter < 10 or rng.random() >= options.textured:
        return np.zeros((edge, edge), np.float32), 0.0, 0.0
    scale = max(diameter * draw_factor(rng, (0.02, 0.25)), 1.3)
    surface = draw_surface(options.textures.choose(rng), edge, scale, rng)
    return surface, rng.uniform(*options.texture_depth) * scale, rng.uniform(0, 0.25)


def without_particles(size: tuple[int, int], rng: np.random.Generator) -> Population:
    """No particles, as in an empty picture."""
    nothing = np.zeros((1, 1), np.float32)
    return Population([], np.zeros((0, 2)), "few", float(rng.uniform(8, 60)), nothing, 0.0, 0.0)
