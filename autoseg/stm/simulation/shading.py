"""Brightness of terraces: each rises from its lower to its upper end, and edges are a little blurred."""

from __future__ import annotations

import cv2
import numpy as np

from autoseg.stm.simulation.cell import LENGTH
from autoseg.stm.simulation.layout import Layout

_REACH = 4
"Pixels from an edge up to which it is blurred."


def shade(grey: np.ndarray, layout: Layout, rng: np.random.Generator) -> np.ndarray:
    """Grey values (height, width), uint8, with terraces that are bright at their top and dark at their bottom."""
    low, high, share = rng.uniform(0, 60), rng.uniform(195, 255), rng.uniform(0.4, 0.9)
    lines = np.arange(len(grey)) // LENGTH
    present = [np.flatnonzero((layout.numbers == number).any(axis=1)) for number in range(layout.count)]
    levels = np.empty((layout.count, len(grey)), np.float32)
    for number, rows in enumerate(present):
        first, last = lines[rows[0]], lines[rows[-1]]
        levels[number] = low + (high - low) * (1 - (lines - first) / max(last - first, 1)).clip(0, 1)
    gradient = levels[layout.numbers, np.arange(len(grey))[:, None]]
    return cv2.addWeighted(grey.astype(np.float32), 1 - share, gradient, share, 0)


def blur_edges(grey: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Grey values float32 (height, width), blurred within 4 px of where terraces meet."""
    away = cv2.distanceTransform(1 - borders(numbers), cv2.DIST_L2, 5)
    weight = (1 - away / _REACH).clip(0, 1)
    return grey + weight * (cv2.GaussianBlur(grey, (21, 21), 3.5) - grey)


def borders(numbers: np.ndarray) -> np.ndarray:
    """Pixels of a terrace beside those of another: uint8, 1 or 0, of the shape of the numbers."""
    found = np.zeros(numbers.shape, bool)
    for ahead, behind in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        differ = numbers[ahead] != numbers[behind]
        found[ahead] |= differ
        found[behind] |= differ
    return found.view(np.uint8)
