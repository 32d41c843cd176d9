"""Particles laid down one after the other: what lies on top, how high, and how much electrons pass through."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from autoseg.simulation.world.body import Body
from autoseg.simulation.world.population import Population

MOST_COVERED = {"heap": 0.75, "packed": 0.3, "few": 0.5, "clustered": 0.45}
"A particle is left out if it would hide more than this of others, relative to its area."


@dataclass(eq=False)
class Scene:
    """Layers (height, width) of what was laid down; heights and paths are in pixels, the ground is at 0."""

    labels: np.ndarray = field(repr=False)
    "int32: upper particles have higher numbers."
    height: np.ndarray = field(repr=False)
    path: np.ndarray = field(repr=False)
    "float32: of all particles that lie on each other, with their densities."
    tint: np.ndarray = field(repr=False)
    "float32: the texture of surfaces, around 0."
    count: int = 0

    @classmethod
    def empty(cls, size: tuple[int, int]) -> Scene:
        """Nothing but ground.

        >>> Scene.empty((8, 9)).labels.shape
        (8, 9)
        """
        height, path, tint = np.zeros((3, *size), np.float32)
        return cls(np.zeros(size, np.int32), height, path, tint)


def lay_down(
    population: Population,
    size: tuple[int, int],
    densities: np.ndarray,
    transmission: bool,
    rng: np.random.Generator,
) -> Scene:
    """The scene of a population, whose particles have such densities (n,).

    In transmission fewer lie on others: where many do, nobody can tell them apart.
    """
    scene, most = Scene.empty(size), MOST_COVERED.get(population.arrangement, rng.choice([0.1, 0.4]))
    most = min(most, 0.35) if transmission else most
    grain = rng.uniform(0.3, 2)
    lifted = population.arrangement == "heap" or rng.random() < 0.5
    for body, centre, density in zip(population.bodies, population.centres, densities, strict=True):
        height, width = body.shape.shape
        top, left = round(float(centre[0]) - height / 2), round(float(centre[1]) - width / 2)
        rows = slice(max(top, 0), min(top + height, size[0]))
        columns = slice(max(left, 0), min(left + width, size[1]))
        if rows.start >= rows.stop or columns.start >= columns.stop:
            continue
        part = np.s_[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
        _lay(scene, body, (rows, columns), part, float(density), (most, lifted, grain), population, rng)
    return scene


def _lay(
    scene: Scene,
    body: Body,
    window: tuple[slice, slice],
    part: tuple[slice, slice],
    density: float,
    rules: tuple[float, bool, float],
    population: Population,
    rng: np.random.Generator,
) -> None:
    """Put a part of a body into a window of the scene, if it does not hide too much there."""
    shape = body.shape[part]
    beneath = scene.labels[window] > 0
    covered = np.count_nonzero(beneath & shape)
    if not shape.any() or covered > rules[0] * np.count_nonzero(shape):
        return
    texture = _cut(population.texture, shape.shape, rng)
    base = body.radius
    if covered and rules[1]:
        base += 0.8 * float(scene.height[window][beneath & shape].mean())
    surface = base + body.top[part] + population.relief * texture
    scene.count += 1
    scene.labels[window][shape] = scene.count
    scene.height[window][shape] = surface[shape]
    scene.tint[window][shape] = (population.tint * texture)[shape]
    pattern = np.maximum(1 + rules[2] * population.tint * texture, 0.25)
    scene.path[window] += density * body.path[part] * pattern


def _cut(texture: np.ndarray, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A part of the texture, mirrored if it is too small."""
    corner = [int(rng.integers(max(have - want, 0) + 1)) for have, want in zip(texture.shape, shape, strict=True)]
    cut = texture[corner[0] : corner[0] + shape[0], corner[1] : corner[1] + shape[1]]
    missing = [(0, want - have) for have, want in zip(cut.shape, shape, strict=True)]
    return np.pad(cut, missing, mode="symmetric") if any(after for _, after in missing) else cut


def visible(labels: np.ndarray, smallest: int) -> np.ndarray:
    """Labels, int32, numbered anew in their order, without those of fewer than `smallest` pixels.

    >>> visible(np.array([[0, 5, 5, 9]]), 2).tolist()
    [[0, 1, 1, 0]]
    """
    areas = np.bincount(labels.ravel())
    areas[0] = 0
    numbers = np.zeros(len(areas), np.int32)
    kept = np.flatnonzero(areas >= max(smallest, 1))
    numbers[kept] = np.arange(1, len(kept) + 1)
    return numbers[labels]
