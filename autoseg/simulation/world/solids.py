"""Smooth and faceted solids: spheres, ellipsoids, rounded boxes, rods, grains, crystals and platelets.

Each function takes an equivalent diameter in pixels, about, and a direction in the plane in radians.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from autoseg.simulation.world.body import Body, body_of, plane

DIRECTIONS = 720
"In so many directions it is known how far a grain reaches."
STEEP = 0.05
"Faces whose normal has a smaller vertical part are walls."


def sphere(diameter: float, angle: float, rng: np.random.Generator) -> Body:
    """A sphere, or nearly one.

    >>> round(2 * sphere(40, 0, np.random.default_rng(0)).radius)
    40
    """
    return _superellipsoid(diameter, angle, rng.uniform(1, 1.06), (2, 2), 1)


def ellipsoid(diameter: float, angle: float, rng: np.random.Generator) -> Body:
    """An elongated or flat ellipsoid."""
    return _superellipsoid(diameter, angle, rng.uniform(1.1, 2.2), (2, 2), rng.uniform(0.4, 1))


def box(diameter: float, angle: float, rng: np.random.Generator) -> Body:
    """A box with rounded edges that lies flat."""
    exponent = rng.uniform(3, 10)
    return _superellipsoid(diameter, angle, rng.uniform(1, 1.4), (exponent, exponent), rng.uniform(0.4, 1))


def rod(diameter: float, angle: float, rng: np.random.Generator) -> Body:
    """A straight rod, round across, with round to flat ends."""
    return _superellipsoid(diameter, angle, math.exp(rng.uniform(0.6, 2)), (rng.uniform(2, 12), 2), 1)


def grain(diameter: float, angle: float, rng: np.random.Generator) -> Body:
    """An irregular rounded grain."""
    rows, columns = plane(0.95 * diameter)
    orders, angles = np.arange(2, 8)[:, None], np.linspace(-np.pi, np.pi, DIRECTIONS + 1)
    heights = rng.normal(0, rng.uniform(0.05, 0.22), orders.shape) / orders**0.9
    lobes = (heights * np.cos(orders * angles + rng.uniform(0, 2 * np.pi, orders.shape))).sum(axis=0)
    direction = np.round((np.arctan2(rows, columns) / (2 * np.pi) + 0.5) * DIRECTIONS).astype(int)
    radius = (diameter / 2 * np.maximum(1 + lobes, 0.4)).astype(np.float32)
    nearness = np.hypot(rows, columns) / radius[direction]
    half = diameter / 2 * np.maximum(1 - nearness ** rng.uniform(2, 5), 0) ** rng.uniform(0.35, 0.6)
    return body_of(half, 2 * half, nearness < 1)


def crystal(diameter: float, angle: float, rng: np.random.Generator) -> Body:
    """A crystal with flat faces, turned at random in space, or lying on a face."""
    family = str(rng.choice(["cube", "octahedron", "cuboctahedron", "dodecahedron", "prism", "bipyramid", "any"]))
    normals, distances = _faces(family, rng)
    turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    if rng.random() < 0.4:
        turn = _turned_onto(normals[rng.integers(len(normals))], angle)
    return _polyhedron(normals @ turn.T, 0.46 * diameter * distances, diameter, rng.uniform(0, 0.05))


def platelet(diameter: float, angle: float, rng: np.random.Generator) -> Body:
    """A thin plate with three, four, six or irregular sides, more or less tilted."""
    sides = int(rng.choice([3, 3, 4, 6, 6, 5, 9]))
    angles = 2 * np.pi * (np.arange(sides) + rng.uniform(-0.2, 0.2) * (rng.random(sides) < 0.5)) / sides
    walls = np.column_stack([np.cos(angles), np.sin(angles), rng.uniform(0, 0.25, sides)])
    normals = np.vstack([walls, [[0, 0, 1], [0, 0, -1]]])
    wide = {3: 0.62, 4: 0.85}.get(sides, 0.95)
    distances = np.append(wide * rng.uniform(0.9, 1.1, sides), [rng.uniform(0.06, 0.3)] * 2)
    tilt = rng.uniform(0, 1.2) if rng.random() < 0.4 else 0.0
    turn = _about(2, angle) @ _about(0, tilt)
    return _polyhedron(normals @ turn.T, diameter / 2 * distances, diameter, rng.uniform(0, 0.03))


def _superellipsoid(
    diameter: float, angle: float, elongation: float, exponents: tuple[float, float], flatness: float
) -> Body:
    width = diameter / 2 / math.sqrt(elongation)
    rows, columns = plane(1.45 * width * elongation)
    along = np.abs(columns * math.cos(angle) + rows * math.sin(angle)) / (width * elongation)
    across = np.abs(rows * math.cos(angle) - columns * math.sin(angle)) / width
    rest = 1 - along ** exponents[0] - across ** exponents[1]
    half = width * flatness * np.maximum(rest, 0) ** (1 / exponents[1])
    return body_of(half, 2 * half, rest > 0)


def _faces(family: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Unit normals (n, 3) of a crystal's faces, and their distances from its centre, about 1."""
    signs = np.array(np.meshgrid(*[[-1.0, 1]] * 3)).reshape(3, 8).T
    cube, octahedron = np.vstack([np.eye(3), -np.eye(3)]), signs / math.sqrt(3)
    cut = rng.uniform(0.75, 1.1)
    if family == "cube":
        normals, distances = cube, np.repeat(rng.uniform(0.7, 1, 3)[None], 2, 0).ravel()
    elif family == "octahedron":
        normals, distances = octahedron, np.full(8, 0.8)
    elif family == "cuboctahedron":
        normals, distances = np.vstack([cube, octahedron]), np.repeat([0.9, 0.9 * cut], [6, 8])
    elif family == "dodecahedron":
        edges = np.array([row for row in np.array(np.meshgrid(*[[-1, 0, 1]] * 3)).reshape(3, 27).T if row @ row == 2])
        normals, distances = edges / math.sqrt(2), np.full(12, 0.95)
    elif family in ("prism", "bipyramid"):
        sides = int(rng.choice([3, 4, 5, 6, 6]))
        angles = 2 * np.pi * np.arange(sides) / sides
        slope = rng.uniform(0.3, 1) if family == "bipyramid" else 0.0
        walls = [np.column_stack([np.cos(angles), np.sin(angles), np.full(sides, side)]) for side in (slope, -slope)]
        normals = np.vstack([*walls, [[0, 0, 1], [0, 0, -1]]])
        normals = normals / np.linalg.norm(normals, axis=1, keepdims=True)
        distances = np.append(np.full(2 * sides, 0.8), [rng.uniform(0.5, 1.4)] * 2)
    else:
        normals = rng.standard_normal((int(rng.integers(9, 26)), 3))
        normals = np.vstack([normals / np.linalg.norm(normals, axis=1, keepdims=True), cube])
        distances = np.append(rng.uniform(0.75, 1.05, len(normals) - 6), np.full(6, 1.15))
    return normals, distances * rng.uniform(0.95, 1.05, len(normals))


def _about(axis: int, angle: float) -> np.ndarray:
    first, second = [other for other in range(3) if other != axis]
    turn = np.eye(3)
    turn[[first, second], [first, second]] = math.cos(angle)
    turn[first, second], turn[second, first] = -math.sin(angle), math.sin(angle)
    return turn


def _turned_onto(normal: np.ndarray, angle: float) -> np.ndarray:
    """A rotation that brings a normal to the vertical."""
    helper = np.eye(3)[np.argmin(np.abs(normal))]
    first = np.cross(normal, helper)
    first = first / np.linalg.norm(first)
    return _about(2, angle) @ np.array([first, np.cross(normal, first), normal])


def _polyhedron(normals: np.ndarray, distances: np.ndarray, diameter: float, rounding: float) -> Body:
    """What lies below all faces, whose edges are rounded over this share of the diameter."""
    rows, columns = plane(1.0 * diameter)
    top, bottom = np.full((rows.size, columns.size), np.inf), np.full((rows.size, columns.size), -np.inf)
    inside = np.ones(top.shape, bool)
    for (along, across, vertical), distance in zip(normals.astype(np.float32), distances, strict=True):
        rest = np.float32(distance) - along * columns - across * rows
        if vertical > STEEP:
            np.minimum(top, rest / vertical, out=top)
        elif vertical < -STEEP:
            np.maximum(bottom, rest / vertical, out=bottom)
        else:
            inside &= rest > 0
    inside &= top > bottom
    height: np.ndarray = np.where(inside, top, 0).astype(np.float32)
    if rounding * diameter > 0.3:
        weight = inside.astype(np.float32)
        blurred = [cv2.GaussianBlur(layer, (0, 0), rounding * diameter) for layer in (height, weight)]
        height = blurred[0] / np.maximum(blurred[1], 1e-3)
    return body_of(height, np.where(inside, top - bottom, 0).astype(np.float32), inside)
