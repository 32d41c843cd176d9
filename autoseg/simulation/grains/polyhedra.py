"""Irregular convex grains: polyhedra with random faces, and rounded edges."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np


@dataclass(frozen=True, eq=False)
class Polyhedron:
    """A grain around the origin; coordinates are slices, rows, columns, in voxels."""

    normals: np.ndarray
    "(faces, 3): unit vectors."
    distances: np.ndarray
    "(faces,): of the faces from the origin, all above 0."
    sharpness: float = 16.0
    "Of the edges: the norm that joins the faces; infinite ones would be those of a cut crystal."

    def gauge(self, points: np.ndarray) -> np.ndarray:
        """Below 1 inside, 1 on the surface, above 1 outside, for points (..., 3); it grows linearly along every ray.

        >>> cube = Polyhedron(np.vstack([np.eye(3), -np.eye(3)]), np.full(6, 2.0))
        >>> cube.gauge(np.array([[1.0, 0, 0], [0, 0, -4]])).tolist()
        [0.5, 2.0]
        """
        over = np.maximum(points @ (self.normals / self.distances[:, None]).T, 0).astype(np.float32)
        most = np.maximum(over.max(axis=-1), np.float32(1e-6))
        return most * ((over / most[..., None]) ** self.sharpness).sum(axis=-1) ** (1 / self.sharpness)

    def extent(self, direction: np.ndarray) -> float:
        """How far it reaches from the origin along a unit vector (3,)."""
        return 1 / float(self.gauge(direction))

    @cached_property
    def reach(self) -> float:
        """No point lies further from the origin; corners may lie between the directions that are looked in."""
        return 1.1 / float(self.gauge(_DIRECTIONS).min())


def draw_polyhedron(rng: np.random.Generator, radius: float, faces: int = 18, irregularity: float = 0.2) -> Polyhedron:
    """A random grain with the volume of a ball of this radius; `irregularity` is how much it differs from one.

    >>> grain = draw_polyhedron(np.random.default_rng(0), radius=10)
    >>> bool(7 < grain.extent(np.array([1.0, 0, 0])) < 14)
    True
    """
    normals = _spread_out(faces, rng)
    stretch = np.exp(rng.normal(0, irregularity, 3).clip(-0.5, 0.5))
    distances = np.exp(rng.normal(0, irregularity / 2, faces).clip(-0.5, 0.5))
    normals = normals / stretch
    lengths = np.linalg.norm(normals, axis=1)
    grain = Polyhedron(normals / lengths[:, None], distances / lengths, float(rng.uniform(8, 30)))
    present = np.mean(grain.gauge(_DIRECTIONS).astype(float) ** -3) ** (1 / 3)
    return replace(grain, distances=grain.distances * radius / present)


def random_direction(rng: np.random.Generator) -> np.ndarray:
    """A unit vector (3,), all of them alike."""
    vector = rng.standard_normal(3)
    return vector / np.linalg.norm(vector)


def _spread_out(count: int, rng: np.random.Generator) -> np.ndarray:
    """Unit vectors that leave no side open: those of a spiral on the sphere, turned and shaken."""
    steps = np.arange(count) + 0.5
    heights, angles = 1 - 2 * steps / count, steps * np.pi * (3 - np.sqrt(5))
    circle = np.sqrt(1 - heights**2)
    vectors = np.column_stack([heights, circle * np.cos(angles), circle * np.sin(angles)])
    turned = (vectors + rng.normal(0, 0.25, vectors.shape)) @ np.linalg.qr(rng.standard_normal((3, 3)))[0]
    return turned / np.linalg.norm(turned, axis=1, keepdims=True)


_DIRECTIONS = _spread_out(500, np.random.default_rng(0))
