"""Where particles lie: scattered, in clusters, closely packed, in grids, piled, or a few near the middle."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from autoseg.simulation.fields import smooth_field

ROUNDS = 12
"So often particles that overlap are pushed apart."


@dataclass(frozen=True)
class Space:
    """A picture that is to be filled with particles of a typical radius, and so much around it that they fit."""

    size: tuple[int, int]
    radius: float

    @property
    def margin(self) -> float:
        return min(0.7 * self.radius, max(self.size))

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Places (count, 2) anywhere in it."""
        return rng.uniform(-self.margin, np.array(self.size) + self.margin, (count, 2))


def arrange(kind: str, reaches: np.ndarray, space: Space, rng: np.random.Generator) -> np.ndarray:
    """Centres (m, 2) in pixels, rows first, of at most as many particles as there are reaches (n,) in pixels.

    >>> centres = arrange("packed", np.full(50, 8.0), Space((64, 64), 8.0), np.random.default_rng(0))
    >>> centres.shape[1]
    2
    """
    match kind:
        case "packed" | "grid":
            return _lattice(kind, reaches, space, rng)
        case "few":
            return _few(reaches, space, rng)
        case "heap":
            return space.draw(len(reaches), rng)
        case "clustered":
            return _clustered(reaches, space, rng)
        case _:
            return push_apart(space.draw(len(reaches), rng), reaches * rng.uniform(0.8, 1.15))


def push_apart(centres: np.ndarray, reaches: np.ndarray, rounds: int = ROUNDS) -> np.ndarray:
    """Centres (n, 2) of discs, moved until hardly any overlap.

    >>> moved = push_apart(np.array([[0.0, 0], [0, 1]]), np.array([2.0, 2]))
    >>> round(float(np.hypot(*(moved[1] - moved[0]))), 2)
    4.0
    """
    centres = centres.copy()
    for _ in range(rounds):
        pairs = cKDTree(centres).query_pairs(2 * float(reaches.max(initial=0)), output_type="ndarray")
        if len(pairs) > 40 * len(centres):  # of very different sizes, or all in one place
            pairs = pairs[:: len(pairs) // (40 * len(centres)) + 1]
        away = centres[pairs[:, 1]] - centres[pairs[:, 0]]
        distance = np.maximum(np.hypot(*away.T), 1e-6)
        missing = np.maximum(reaches[pairs].sum(axis=1) - distance, 0)
        if not missing.any():
            break
        step = away * (0.5 * missing / distance)[:, None]
        for index, sign in ((0, -1), (1, 1)):
            for axis in (0, 1):
                centres[:, axis] += sign * np.bincount(pairs[:, index], step[:, axis], len(centres))
    return centres


def _clustered(reaches: np.ndarray, space: Space, rng: np.random.Generator) -> np.ndarray:
    """Some places around which particles gather; some are chains."""
    count = len(reaches)
    clusters = max(int(count / math.exp(rng.uniform(0.7, 3.5))), 1)
    seeds, member = rng.uniform(0, space.size, (clusters, 2)), rng.integers(clusters, size=count)
    away = rng.standard_normal((count, 2)) * space.radius * np.sqrt(count / clusters) * rng.uniform(0.3, 1.2)
    if rng.random() < 0.3:
        angles = rng.uniform(0, 2 * np.pi, clusters)[member]
        along = np.column_stack([np.sin(angles), np.cos(angles)])
        away = 0.2 * away + 2 * along * away[:, :1]
    return push_apart(seeds[member] + away, reaches * rng.uniform(0.8, 1.02))


def _few(reaches: np.ndarray, space: Space, rng: np.random.Generator) -> np.ndarray:
    """One to some, rather in the middle than at the edges."""
    centre = np.array(space.size) / 2 + rng.normal(0, 0.12, 2) * space.size
    away = rng.standard_normal((len(reaches), 2)) * space.radius * rng.uniform(0.5, 2.5)
    return push_apart(centre + away - away.mean(axis=0), reaches * rng.uniform(0.85, 1.1))


def _lattice(kind: str, reaches: np.ndarray, space: Space, rng: np.random.Generator) -> np.ndarray:
    """A lattice with vacancies, or islands of it."""
    spacing = (
        2 * float(np.quantile(reaches, 0.6)) * (rng.uniform(0.93, 1.1) if kind == "packed" else rng.uniform(1.2, 3))
    )
    angle, across = rng.uniform(0, np.pi), spacing * (math.sqrt(3) / 2 if kind == "packed" else 1)
    half = int((max(space.size) + 2 * space.margin) / across * 0.75) + 2
    steps = np.arange(-half, half + 1)
    rows, columns = (it.ravel().astype(float) for it in np.meshgrid(steps, steps, indexing="ij"))
    columns = columns * spacing + (rows % 2 * spacing / 2 if kind == "packed" else 0)
    turned = np.column_stack([np.cos(angle) * rows * across - np.sin(angle) * columns, 0 * rows])
    turned[:, 1] = np.sin(angle) * rows * across + np.cos(angle) * columns
    centres = turned + np.array(space.size) / 2 + rng.uniform(-spacing, spacing, 2)
    centres += rng.normal(0, rng.uniform(0, 0.08) * spacing, centres.shape)
    inside = ((centres > -space.margin) & (centres < np.array(space.size) + space.margin)).all(axis=1)
    centres = centres[inside & (rng.random(len(centres)) > rng.choice([0, 0.03, 0.15]))]
    if rng.random() < 0.5:  # islands, or a film with gaps
        field = smooth_field(space.size, rng.uniform(0.2, 0.7) * max(space.size), rng)
        row, column = np.clip(centres.astype(int), 0, np.array(space.size) - 1).T
        centres = centres[field[row, column] > rng.uniform(-1, 0.5)]
    return rng.permutation(centres)[: len(reaches)]
