"""What the microscope adds to a picture: a tilted plane, waves, noise of the amplitude, and streaks."""

from __future__ import annotations

import cv2
import numpy as np

from autoseg.stm.simulation.options import Effect, Rules

_WIDTH = 600
"Edge of the published pictures in px, by which waves are measured."


def record(grey: np.ndarray, effects: tuple[Effect, ...], rules: Rules, rng: np.random.Generator) -> np.ndarray:
    """Grey values (height, width) of 0 to 255 with these effects, as uint8."""
    grey = _add_slope(grey, effects, rules, rng)
    if "amp_noise" in effects:
        grey = grey * (1 + 0.06 * smooth_noise(grey.shape, 3, 3, rng))
    grey = grey.clip(0, 255)
    if "white_artifacts" in effects:
        grey = cv2.add(grey, draw_streaks(grey.shape, rng)).clip(0, 255)
    return grey.astype(np.uint8)


def smooth_noise(shape: tuple[int, ...], size: int, limit: float, rng: np.random.Generator) -> np.ndarray:
    """Noise of deviation 1 that a Gaussian of `size` px has smoothed, cut off at `limit`: float32 of this shape."""
    noise = cv2.GaussianBlur(rng.standard_normal(shape, np.float32), (size, size), 0)
    mean, deviation = cv2.meanStdDev(noise)
    return ((noise - float(mean[0, 0])) / max(float(deviation[0, 0]), 1e-6)).clip(-limit, limit)


def draw_streaks(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Up to twelve bright streaks along scan lines that fade to one side: float32 of this shape, to be added."""
    layer = np.zeros(shape, np.float32)
    height, width = shape
    for _ in range(int(rng.integers(0, 12, endpoint=True))):
        usual = rng.random() < 0.8
        length = min(int(rng.integers(*((30, 80) if usual else (15, 120)), endpoint=True)), width)
        streak = np.linspace(rng.uniform(230, 255), 0, length, dtype=np.float32)
        streak = streak[::-1].copy() if rng.random() < 0.5 else streak
        streak[:3] = 255
        row, left = int(rng.integers(height)), int(rng.integers(width - length + 1))
        layer[row, left : left + length] = streak
    return cv2.GaussianBlur(layer, (0, 0), 1.3)


def _add_slope(grey: np.ndarray, effects: tuple[Effect, ...], rules: Rules, rng: np.random.Generator) -> np.ndarray:
    """The picture on a tilted plane, and on a wave; the published rules know these only together."""
    plane, wave = "tilt" in effects, ("tilt" if rules == "published" else "oscillation") in effects
    if not (plane or wave):
        return grey
    height, length = rng.uniform(0.01, 0.1), rng.uniform(0.5, 2) * _WIDTH
    turn, slope, shift = rng.uniform(0, 2 * np.pi), rng.uniform(-7e-4, 7e-4), rng.uniform(-0.03, 0.03)
    down, across = np.ogrid[: grey.shape[0], : grey.shape[1]]
    if plane:
        grey = grey + (255 * (slope * (np.cos(turn) * across - np.sin(turn) * down) + shift)).astype(np.float32)
    if wave:
        # The cosine of a sum, by those of its parts: two vectors instead of a plane.
        x, y = (2 * np.pi / length * place for place in (across, down))
        waves = np.cos(x) * np.cos(y) - np.sin(x) * np.sin(y)
        grey = grey + (255 * height * waves).astype(np.float32)
    return grey.clip(0, 255)
