"""What lies below particles: films, webs, folds, stains, dust, and textures as coarse as the particles."""

from __future__ import annotations

import cv2
import numpy as np

from autoseg.simulation.fields import smooth_field
from autoseg.simulation.recording import draw_low
from autoseg.simulation.substrates import draw_substrate
from autoseg.simulation.world.options import GroundOptions


def draw_ground(
    size: tuple[int, int], diameter: float, transmission: bool, options: GroundOptions, rng: np.random.Generator
) -> np.ndarray:
    """Brightness of the ground relative to its grey value, float32 (height, width) around 0, for such particles.

    >>> draw_ground((32, 48), 10.0, True, GroundOptions(), np.random.default_rng(0)).shape
    (32, 48)
    """
    ground = draw_low(rng, options.grain) * smooth_field(size, rng.uniform(0.6, 3), rng)
    ground += draw_low(rng, options.gradient) * _gradient(size, rng)
    if rng.random() < options.textured:
        strength = draw_low(rng, options.texture)
        if rng.random() < (0.9 if transmission else 0.6):  # films are thin: light from a side shows nothing
            ground += strength * draw_substrate(size, float(np.clip(diameter, 8, 80)), rng)
        else:
            ground += strength * _relief(size, diameter, rng)
    if rng.random() < options.folds:
        ground += _folds(size, transmission, rng)
    if rng.random() < options.stains:
        field = smooth_field(size, rng.uniform(20, 150), rng)
        edge = 0.5 + 0.5 * np.tanh(rng.uniform(1.5, 20) * (field - rng.uniform(0.5, 1.5)))
        ground += rng.choice([-1, 1]) * rng.uniform(0.02, 0.15) * edge
    if rng.random() < options.debris:
        ground += _debris(size, diameter, rng)
    if transmission and rng.random() < options.lacey:
        ground += rng.uniform(0.1, 0.5) * _web(size, rng)
    return ground.astype(np.float32)


def _gradient(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    rows, columns = (np.linspace(-1, 1, length, dtype=np.float32) for length in size)
    angle, bow = rng.uniform(0, 2 * np.pi), rng.uniform(-0.7, 0.7)
    return np.sin(angle) * rows[:, None] + np.cos(angle) * columns + bow * (rows[:, None] ** 2 + columns**2 - 0.7)


def _relief(size: tuple[int, int], diameter: float, rng: np.random.Generator) -> np.ndarray:
    """A rough ground, lit from a side."""
    height = smooth_field(size, max(diameter * rng.uniform(0.15, 1.5), 2), rng)
    height = height + 0.4 * smooth_field(size, max(diameter * rng.uniform(0.05, 0.3), 1.5), rng)
    angle = rng.uniform(0, 2 * np.pi)
    lit = np.cos(angle) * cv2.Sobel(height, -1, 1, 0) + np.sin(angle) * cv2.Sobel(height, -1, 0, 1)
    return 0.7 * lit / max(float(lit.std()), 1e-6)


def _folds(size: tuple[int, int], transmission: bool, rng: np.random.Generator) -> np.ndarray:
    """Bent lines across the picture, thin or broad, or scratches."""
    lines = np.zeros(size, np.float32)
    sign = -1 if transmission or rng.random() < 0.5 else 1
    bend, width = 0.25 * rng.random() ** 2, float(np.exp(rng.uniform(0, 2.3)))
    for _ in range(int(rng.integers(1, 5))):
        place, direction = rng.uniform(0, 1, 2) * size, rng.uniform(0, np.pi)
        turns = direction + np.cumsum(rng.normal(0, bend, 40))
        steps = np.column_stack([np.sin(turns), np.cos(turns)]) * max(size) / 25
        points = place + np.cumsum(steps, axis=0) - steps.sum(axis=0) / 2
        ink = float(rng.uniform(0.4, 1))
        cv2.polylines(lines, [np.round(8 * points[:, ::-1]).astype(np.int32)], False, ink, max(round(width), 1), 16, 3)
    return sign * rng.uniform(0.03, 0.3) * cv2.GaussianBlur(lines, (0, 0), max(rng.uniform(0.1, 0.5) * width, 0.5))


def _debris(size: tuple[int, int], diameter: float, rng: np.random.Generator) -> np.ndarray:
    """Faint crumbs, smaller than particles."""
    specks = np.zeros(size, np.float32)
    for _ in range(int(rng.integers(3, 60))):
        centre = int(rng.integers(size[1])), int(rng.integers(size[0]))
        axes = [max(round(float(rng.uniform(0.02, 0.15) * min(diameter, 60))), 1) for _ in range(2)]
        cv2.ellipse(specks, centre, axes, float(rng.uniform(0, 180)), 0, 360, float(rng.uniform(0.2, 1)), cv2.FILLED)
    return rng.choice([-1, 1]) * rng.uniform(0.02, 0.2) * cv2.GaussianBlur(specks, (0, 0), rng.uniform(0.5, 1.5))


def _web(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Dark threads between bright holes, or a film with round holes."""
    scale = rng.uniform(25, 140)
    if rng.random() < 0.5:
        field = np.abs(smooth_field(size, scale, rng))
        return 0.5 * np.tanh(rng.uniform(5, 15) * (field - rng.uniform(0.15, 0.5))) - 0.5
    holes = smooth_field(size, scale, rng)
    return np.where(holes > rng.uniform(0.3, 1), 0.3, 0).astype(np.float32) - 0.15
