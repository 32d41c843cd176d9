"""What lies below particles: procedural textures of the substrates of electron microscopes."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from autoseg.simulation.fields import smooth_field


def draw_substrate(shape: tuple[int, int], scale: float, rng: np.random.Generator) -> np.ndarray:
    """A random mixture of textures, float32 (height, width), around 0; most of it lies between -1 and 1.

    `scale` is the size of the particles in pixels: the textures' features are a fraction or a multiple of it.
    """
    texture = rng.uniform(0, 0.5) * smooth_field(shape, rng.uniform(2, 8) * scale, rng)
    for make, probability in _TEXTURES:
        if rng.random() < probability:
            texture += rng.uniform(0.2, 1) * make(shape, scale, rng)
    return texture


def _grains(shape: tuple[int, int], scale: float, rng: np.random.Generator) -> np.ndarray:
    """The grain of a metal film or of filter paper: one or two sizes of it."""
    fine = smooth_field(shape, max(rng.uniform(0.03, 0.2) * scale, 1.2), rng)
    return 0.3 * fine + 0.3 * smooth_field(shape, rng.uniform(0.2, 0.6) * scale, rng)


def _wrinkles(shape: tuple[int, int], scale: float, rng: np.random.Generator) -> np.ndarray:
    """Short curved ridges, as on glue and carbon films: lines along which one field vanishes, where another is high."""
    field, gate = (smooth_field(shape, factor * scale, rng) for factor in (rng.uniform(0.3, 0.8), rng.uniform(0.8, 2)))
    # The gradient tells how far the line is: so all lines are equally wide, here 1 to 3 pixels.
    slope = np.hypot(cv2.Sobel(field, -1, 1, 0, scale=1 / 8), cv2.Sobel(field, -1, 0, 1, scale=1 / 8))
    line = np.exp(-((field / (slope + 0.01)) ** 2) / rng.uniform(0.5, 2) ** 2)
    return line * np.clip(gate + rng.uniform(-1, 0.3), 0, 1) * float(rng.choice([1.5, 1, -1]))


def _stains(shape: tuple[int, int], scale: float, rng: np.random.Generator) -> np.ndarray:
    """Flat blotches with soft, ragged edges, as of dried liquid and thicker film."""
    field = smooth_field(shape, rng.uniform(0.8, 3) * scale, rng) + 0.5 * smooth_field(shape, 0.3 * scale, rng)
    return float(rng.choice([-1, 0.6])) / (1 + np.exp(-rng.uniform(3, 12) * (field - rng.uniform(0.8, 2))))


def _grooves(shape: tuple[int, int], scale: float, rng: np.random.Generator) -> np.ndarray:
    """Parallel scratches or rolling marks in one direction."""
    angle, rows, columns = rng.uniform(0, np.pi), *np.ogrid[: shape[0], : shape[1]]
    across = rows * np.cos(angle) - columns * np.sin(angle)
    profile = smooth_field((1, 1024), rng.uniform(1.5, 8), rng)[0]
    places = np.linspace(across.min(), across.max(), len(profile))
    field = np.interp(across.ravel(), places, profile).reshape(shape).astype(np.float32)
    return 0.4 * field * (1 + 0.5 * smooth_field(shape, 3 * scale, rng))


def _dust(shape: tuple[int, int], scale: float, rng: np.random.Generator) -> np.ndarray:
    """Specks far smaller than particles."""
    specks = np.zeros(shape, np.float32)
    for _ in range(rng.integers(3, 40)):
        centre = int(rng.integers(shape[1])), int(rng.integers(shape[0]))
        radius = rng.uniform(0.5, max(0.1 * scale, 1))
        cv2.circle(specks, centre, max(round(radius), 1), float(rng.uniform(-1, 2)), cv2.FILLED)
    return cv2.GaussianBlur(specks, (0, 0), 0.7)


_TEXTURES: tuple[tuple[Callable[[tuple[int, int], float, np.random.Generator], np.ndarray], float], ...] = (
    (_grains, 0.5),
    (_wrinkles, 0.5),
    (_stains, 0.25),
    (_grooves, 0.12),
    (_dust, 0.3),
)
"The textures, and how often each occurs."
