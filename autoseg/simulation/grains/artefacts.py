"""What disturbs tomograms: bright plates and the streaks that they cast, cracks, streaks of noise, and rings."""

from __future__ import annotations

import math

import cv2
import numpy as np

SUBPIXEL = 4
"OpenCV draws to 1/16 of a pixel: coordinates in whole numbers, shifted by so many bits."


def add_plates(image: np.ndarray, labels: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """The image (rows, columns) with bright thin plates, and dark and bright streaks that start at them.

    >>> plain = np.zeros((64, 64), np.float32)
    >>> bool(add_plates(plain, plain.astype(int), 1, np.random.default_rng(0)).max() > 1)
    True
    """
    for _ in range(count):
        centre = rng.uniform(0, 1, 2) * image.shape
        angle, length, width = rng.uniform(0, np.pi), rng.uniform(15, 90), rng.uniform(2, 7)
        bright = _line(image.shape, centre, angle, length, width)
        bright = np.where(labels > 0, 0.5 * bright, bright)
        core = _line(image.shape, centre, angle, 0.8 * length, 0.35 * width)
        image = image + rng.uniform(2, 7) * bright - rng.uniform(0, 6) * core * (rng.random() < 0.5)
        for _ in range(int(rng.integers(1, 6))):
            towards = angle + rng.normal(0, 0.25) if rng.random() < 0.7 else rng.uniform(0, np.pi)
            image = image + _streak(image.shape, centre, towards, rng)
    return image.astype(np.float32)


def add_cracks(image: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """The image with bent thin lines, brighter or darker than what they cross."""
    for _ in range(count):
        steps = int(rng.integers(8, 40))
        turns = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.18, steps))
        ways = rng.uniform(4, 12) * np.column_stack([np.sin(turns), np.cos(turns)])
        points = rng.uniform(0, 1, 2) * image.shape + np.cumsum(ways, axis=0) - ways.sum(axis=0) / 2
        line = np.zeros(image.shape, np.uint8)
        xy = np.rint(points[:, ::-1] * 2**SUBPIXEL).astype(np.int32)
        cv2.polylines(line, [xy], False, 255, int(rng.integers(1, 3)), cv2.LINE_AA, SUBPIXEL)
        image = image + np.float32(rng.uniform(0.3, 1.6) * rng.choice([-1, 1]) / 255) * line
    return image.astype(np.float32)


def streak_noise(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Noise of unit variance along a few directions, as too few projections leave it.

    >>> round(float(streak_noise((50, 60), np.random.default_rng(0)).std()), 3)
    1.0
    """
    total = np.zeros(shape, np.float32)
    for _ in range(3):
        length, angle = rng.uniform(15, 60), rng.uniform(0, np.pi)
        reach = math.ceil(length)
        rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
        along = columns * math.cos(angle) + rows * math.sin(angle)
        across = rows * math.cos(angle) - columns * math.sin(angle)
        kernel = np.exp(-(along**2) / (2 * (length / 2.5) ** 2) - across**2 / 2).astype(np.float32)
        white: np.ndarray = rng.standard_normal(shape, np.float32)
        total += cv2.filter2D(white, -1, kernel / np.sqrt((kernel**2).sum()), borderType=cv2.BORDER_REFLECT)
    return total / max(float(total.std()), 1e-6)


def ring_noise(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Noise of unit variance that depends on the distance from the axis of rotation alone, arcs of the ring broken."""
    centre = rng.uniform(-0.5, 1.5, 2) * shape
    rows, columns = (np.arange(length) - middle for length, middle in zip(shape, centre, strict=True))
    distance = np.hypot(rows[:, None], columns).astype(np.float32)
    profile: np.ndarray = rng.standard_normal(int(distance.max()) + 8, np.float32)
    profile = cv2.GaussianBlur(profile[None], (0, 0), rng.uniform(0.6, 1.6))[0]
    angle = np.arctan2(rows[:, None], columns)
    arcs = 1 + 0.8 * np.cos(rng.integers(1, 5) * angle + rng.uniform(0, 2 * np.pi))
    rings = np.interp(distance, np.arange(len(profile)), profile) * arcs
    return (rings / max(float(rings.std()), 1e-6)).astype(np.float32)


def _line(shape: tuple[int, ...], centre: np.ndarray, angle: float, length: float, width: float) -> np.ndarray:
    """A soft bar of height 1."""
    along, across = _turned(shape, centre, angle)
    return np.clip((length / 2 - np.abs(along)) / 1.5 + 0.5, 0, 1) * np.clip(width / 2 - np.abs(across) + 0.5, 0, 1)


def _streak(shape: tuple[int, ...], centre: np.ndarray, angle: float, rng: np.random.Generator) -> np.ndarray:
    """A line through a point that fades with the distance from it, dark or bright."""
    along, across = _turned(shape, centre, angle)
    width, reach = rng.uniform(1, 5), rng.uniform(30, 200)
    strength = rng.uniform(0.2, 1.5) * rng.choice([-1, -1, 1])
    return strength * np.exp(-np.abs(along) / reach - across**2 / (2 * width**2))


def _turned(shape: tuple[int, ...], centre: np.ndarray, angle: float) -> tuple[np.ndarray, np.ndarray]:
    """How far each pixel lies from a point, along a direction and across it."""
    rows, columns = (np.arange(length, dtype=np.float32) - middle for length, middle in zip(shape, centre, strict=True))
    along = columns * math.cos(angle) + rows[:, None] * math.sin(angle)
    return along, rows[:, None] * math.cos(angle) - columns * math.sin(angle)
