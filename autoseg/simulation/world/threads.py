"""What is made of lines: worms and fibres, dendrites, urchins, and fluffy aggregates of many small grains."""

from __future__ import annotations

import itertools
import math

import cv2
import numpy as np

from autoseg.simulation.world.body import Body, body_of

THINNEST = 2.2
"Threads are at least so many pixels wide."


def worm(diameter: float, angle: float, rng: np.random.Generator) -> Body:
    """A bent rod with round ends, as bacteria and fibres' pieces."""
    elongation = math.exp(rng.uniform(0.7, 2.4))
    return _curve(diameter, angle, elongation, rng.uniform(0, 1.2), rng)


def fibre(diameter: float, angle: float, rng: np.random.Generator) -> Body:
    """A long thread, or tube, that is straight to curly."""
    return _curve(diameter, angle, math.exp(rng.uniform(2.2, 3.4)), rng.uniform(0, 2), rng)


def dendrite(diameter: float, angle: float, rng: np.random.Generator) -> Body:
    """Arms that branch, from one centre."""
    arms, levels = int(rng.integers(3, 8)), int(rng.integers(1, 3))
    spread, shrink = rng.uniform(0.4, 1.1), rng.uniform(0.35, 0.6)
    tips = [(0.0, 0.0, angle + 2 * np.pi * arm / arms, 0.55 * diameter) for arm in range(arms)]
    lines = []
    for _ in range(levels + 1):
        following = []
        for row, column, direction, length in tips:
            length *= rng.uniform(0.7, 1.1)
            end = row + length * math.sin(direction), column + length * math.cos(direction)
            lines.append((row, column, *end))
            for share in (0.4, 0.7, 1.0):
                start = row + share * (end[0] - row), column + share * (end[1] - column)
                following += [(*start, direction + side * spread, shrink * length) for side in (-1, 1)]
        tips = following
    return _thick(lines, max(diameter * rng.uniform(0.03, 0.07), 0.9))


def urchin(diameter: float, angle: float, rng: np.random.Generator) -> Body:
    """A ball with spikes, as flowers and urchins grow."""
    count, length = int(rng.integers(8, 40)), rng.uniform(0.55, 0.85) * diameter
    angles = rng.uniform(0, 2 * np.pi, count)
    lengths = length * rng.uniform(0.7, 1, count)
    lines = [(0.0, 0.0, size * math.sin(to), size * math.cos(to)) for to, size in zip(angles, lengths, strict=True)]
    return _thick(lines, max(diameter * rng.uniform(0.02, 0.06), 0.8), rng.uniform(0.45, 0.7) * diameter / 2)


def fluffy(diameter: float, angle: float, rng: np.random.Generator) -> Body:
    """An aggregate of many small grains that counts as one particle."""
    count, reach = int(rng.integers(15, 60)), math.ceil(0.8 * diameter) + 2
    small = max(diameter * rng.uniform(0.07, 0.16), 1.2)
    centres = [np.zeros(2)]
    for _ in range(count):
        host, to = centres[int(rng.integers(len(centres)))], rng.uniform(0, 2 * np.pi)
        step = 1.2 * small * np.array([math.sin(to), rng.uniform(0.6, 1) * math.cos(to)])
        centres.append(host + step if np.hypot(*(host + step)) < 0.6 * diameter else host)
    top = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    rows, columns = np.ogrid[-reach : reach + 1, -reach : reach + 1]
    for row, column in centres:
        radius = small * rng.uniform(0.7, 1.2)
        part = np.s_[max(int(row - radius) + reach, 0) : int(row + radius) + reach + 2, :]
        ball = radius**2 - (rows[part] - row) ** 2 - (columns - column) ** 2
        top[part] = np.maximum(top[part], np.sqrt(np.maximum(ball, 0)) + (ball > 0) * rng.uniform(0, small))
    shape = cv2.morphologyEx((top > 0).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)) > 0
    path = 1.5 * top + small * cv2.GaussianBlur(top / small, (0, 0), 2 * small)
    return body_of(top, path, shape)


def _curve(diameter: float, angle: float, elongation: float, bend: float, rng: np.random.Generator) -> Body:
    elongation = min(elongation, (max(diameter, THINNEST) / THINNEST) ** 2)
    width = max(diameter / math.sqrt(elongation), THINNEST)
    steps = 24
    directions = angle + bend * np.sin(np.linspace(0, rng.uniform(1, 5), steps) + rng.uniform(0, 2 * np.pi))
    step = width * elongation / steps
    points = np.cumsum(np.column_stack([np.sin(directions), np.cos(directions)]) * step, axis=0)
    points -= points.mean(axis=0)
    lines = [(*start, *end) for start, end in itertools.pairwise(points)]
    return _thick(lines, width / 2)


def _thick(lines: list[tuple[float, float, float, float]], radius: float, ball: float = 0.0) -> Body:
    """Round lines of (row, column) to (row, column), relative to a centre, and a ball around that."""
    ends = np.array(lines).reshape(-1, 2)
    reach = int(max(np.abs(ends).max(), ball) + radius) + 3
    away = np.full((2 * reach + 1, 2 * reach + 1), 255, np.uint8)
    for start, end in zip(ends[::2], ends[1::2], strict=True):
        first, last = (tuple(round(8 * (value + reach)) for value in point[::-1]) for point in (start, end))
        cv2.line(away, first, last, 0, 1, cv2.LINE_8, 3)
    distance = cv2.distanceTransform(away, cv2.DIST_L2, 5)
    half = np.sqrt(np.maximum(radius**2 - distance**2, 0))
    shape = distance < radius
    if ball:
        rows, columns = np.ogrid[-reach : reach + 1, -reach : reach + 1]
        dome = ball**2 - rows**2 - columns**2
        half = half + np.sqrt(np.maximum(dome, 0))
        shape |= dome > 0
    return body_of(half, 2 * half, shape)
