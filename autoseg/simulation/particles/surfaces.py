"""How the surfaces of particles look: slopes, gaps, facets and texture, as factors on their brightness."""

from __future__ import annotations

import math

import cv2
import numpy as np

from autoseg.simulation.fields import smooth_field
from autoseg.simulation.particles.relief import Relief

FACETTED = 0.5
"Share of the particles that a line divides."


def measure_facing(elevation: np.ndarray, radius: float, direction: float) -> np.ndarray:
    """How much slopes face a detector in a direction in radians from the rows: -1..1, shape (height, width).

    `elevation` and the typical `radius` of particles are in pixels.
    """
    smooth = cv2.GaussianBlur(elevation, (0, 0), max(0.1 * radius, 1), borderType=cv2.BORDER_REFLECT)
    along, across = cv2.Sobel(smooth, -1, 1, 0, scale=1 / 8), cv2.Sobel(smooth, -1, 0, 1, scale=1 / 8)
    return np.clip(math.cos(direction) * along + math.sin(direction) * across, -1, 1)


def measure_occlusion(elevation: np.ndarray, radius: float) -> np.ndarray:
    """How much of what leaves the surface is caught by what rises around it: 0..1, shape (height, width).

    Nearby, only other particles count for a particle, as if there were no ground: so the groove along which two of
    them touch is dark, although it is open at its ends.
    """
    cover = (elevation > 0).astype(np.float32)
    near, far = max(0.12 * radius, 1.0), 0.7 * radius
    around, share = (cv2.GaussianBlur(it, (0, 0), near, borderType=cv2.BORDER_REFLECT) for it in (elevation, cover))
    caught = 2 * np.maximum(around / np.where(cover > 0, share, 1) - elevation, 0) / (near + 0.15 * radius)
    around = cv2.GaussianBlur(elevation, (0, 0), far, borderType=cv2.BORDER_REFLECT)
    caught += np.maximum(around - elevation, 0) / (far + 0.15 * radius)
    return 1 - np.exp(-2.5 * caught)


def draw_facets(labels: np.ndarray, relief: Relief, rng: np.random.Generator) -> np.ndarray:
    """Each particle divided by straight lines: a sum of steps of -0.5 and 0.5, and thin lines along some of them."""
    count = len(relief.radii)
    rows, columns = (np.arange(length, dtype=np.float32) for length in labels.shape)
    radii = np.maximum(relief.radii, 1)
    result = np.zeros(labels.shape, np.float32)
    for _ in range(2):
        angle = rng.uniform(0, 2 * np.pi, count)
        strength = rng.normal(0, 1, count).clip(-2, 2) * (rng.random(count) < FACETTED)
        by_row, by_column = np.sin(angle) / radii, np.cos(angle) / radii
        start = rng.uniform(-0.8, 0.8, count) - by_row * relief.centres[:, 0] - by_column * relief.centres[:, 1]
        plane = np.take(by_row.astype(np.float32), labels) * rows[:, None]
        plane += np.take(by_column.astype(np.float32), labels) * columns
        plane += np.take(start.astype(np.float32), labels)
        edge = np.take(radii, labels) * plane  # the distance in pixels to the line
        result += np.take(strength.astype(np.float32), labels) * (edge.clip(-1, 1) / 2 + np.exp(-(edge**2)))
    return result


def draw_texture(shape: tuple[int, int], radius: float, rng: np.random.Generator) -> np.ndarray:
    """Roughness of surfaces: a field of unit variance with fine and coarse features, shape (height, width)."""
    fine = smooth_field(shape, max(rng.uniform(0.05, 0.3) * radius, 1), rng)
    coarse = smooth_field(shape, rng.uniform(0.3, 1) * radius, rng)
    share = rng.uniform(0, 1)
    return math.sqrt(share) * fine + math.sqrt(1 - share) * coarse


def draw_creases(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Lines of one pixel in the lower one of two particles that touch, as strong as that one's random share of 0..1."""
    share = rng.random(int(labels.max(initial=0)) + 1).astype(np.float32)
    below = (labels > 0) & (cv2.dilate(labels.astype(np.float32), np.ones((3, 3), np.uint8)) > labels)
    return np.take(share, labels) * below
