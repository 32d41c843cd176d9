"""Particles put together of simple ones: raspberries, bowls and broken shells, stars."""

from __future__ import annotations

import math

import numpy as np

from autoseg.simulation.world.body import Body, body_of, plane


def raspberry(diameter: float, angle: float, rng: np.random.Generator) -> Body:
    """A sphere of, or covered with, small spheres."""
    small = diameter * rng.uniform(0.06, 0.2)
    large = diameter / 2 - 0.6 * small
    rows, columns = plane(diameter / 2 + small)
    core = large**2 - rows**2 - columns**2
    top, shape = np.sqrt(np.maximum(core, 0)), core > 0
    count = int(np.clip(rng.uniform(0.3, 2) * (2 * large / small) ** 2, 6, 120))
    directions = rng.standard_normal((count, 3))
    directions[:, 2] = np.abs(directions[:, 2])
    middle = len(rows) // 2
    for along, across, up in large * directions / np.linalg.norm(directions, axis=1, keepdims=True):
        radius = small * rng.uniform(0.7, 1.1)
        part = np.s_[
            max(int(along - radius) + middle, 0) : int(along + radius) + middle + 2,
            max(int(across - radius) + middle, 0) : int(across + radius) + middle + 2,
        ]
        ball = radius**2 - (rows[part[0]] - along) ** 2 - (columns[:, part[1]] - across) ** 2
        top[part] = np.where(ball > 0, np.maximum(top[part], up + np.sqrt(np.maximum(ball, 0))), top[part])
        shape[part] |= ball > 0
    return body_of(top, 2 * top, shape)


def bowl(diameter: float, angle: float, rng: np.random.Generator) -> Body:
    """A sphere with a dent, a hole, or an opening through which its hollow inside is seen."""
    radius = diameter / 2
    rows, columns = plane(radius)
    ball = radius**2 - rows**2 - columns**2
    top = np.sqrt(np.maximum(ball, 0))
    away, opening = rng.uniform(0, 0.5) * radius, rng.uniform(0.3, 0.75) * radius
    hole = opening**2 - (rows - away * math.sin(angle)) ** 2 - (columns - away * math.cos(angle)) ** 2
    depth = rng.uniform(0.3, 1.5) * np.sqrt(np.maximum(hole, 0))
    return body_of(top - depth, np.maximum(2 * top - 1.2 * depth, 0.2 * top), ball > 0)


def star(diameter: float, angle: float, rng: np.random.Generator) -> Body:
    """Arms like tapered ridges, from three to eight of them."""
    rows, columns = plane(0.8 * diameter)
    arms, thickness = int(rng.integers(3, 9)), rng.uniform(0.12, 0.3) * diameter
    top = np.zeros(np.broadcast_shapes(rows.shape, columns.shape), np.float32)
    for arm in range(arms):
        to = angle + 2 * np.pi * arm / arms + rng.normal(0, 0.08)
        along = rows * math.sin(to) + columns * math.cos(to)
        across = np.abs(rows * math.cos(to) - columns * math.sin(to))
        length = diameter * rng.uniform(0.6, 0.75)
        ridge = thickness * (1 - along / length) - across
        top = np.maximum(top, np.where(along > -thickness, np.minimum(ridge, thickness), 0))
    return body_of(top, 2 * top, top > 0)
