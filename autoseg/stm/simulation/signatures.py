"""What defects look like: factors on the grey values in a box of some dimers of one row, and where these count.

Across the row a box has 18 px, along it 9 px for each dimer; rows run down.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import cv2
import numpy as np

from autoseg.stm.classes import DOUBLE, SINGLE, TWO
from autoseg.stm.simulation.cell import WIDTH

LENGTHS = {SINGLE: 27, TWO: 36, DOUBLE: 36}
"Of the boxes, in px."
SHARES = {SINGLE: 0.5, TWO: 0.3, DOUBLE: 0.2}
"How often each class is placed."
THRESHOLDS = {SINGLE: (0.02, 0.2), TWO: (0.04, 0.35), DOUBLE: (0.02, 0.2)}
"A pixel belongs to a defect whose change exceeds the first, and this share of the strongest."
Outline = Literal["box", "pieces", "unbroken"]

_AREA = np.sqrt(np.pi / 2)  # of a bell of half-width 1


def draw_signature(kind: int, rng: np.random.Generator) -> np.ndarray:
    """The factors of a random defect of a class, shape (length, 18); below 0 means black.

    >>> draw_signature(SINGLE, np.random.default_rng(0)).shape
    (27, 18)
    """
    across, along = _PROFILES[kind](np.arange(WIDTH, dtype=float), np.arange(LENGTHS[kind], dtype=float), rng)
    return 1 + np.outer(along, across)


def mask_of(factors: np.ndarray, kind: int, outline: Outline = "pieces") -> np.ndarray:
    """Which pixels belong to a defect: bool, of the shape of its factors.

    box: all. pieces: where it changes the picture enough to be seen. unbroken: the largest of these pieces.
    """
    if outline == "box":
        return np.ones(factors.shape, bool)
    change = np.abs(factors - 1)
    least, share = THRESHOLDS[kind]
    mask = change > max(least, share * float(change.max()))
    return _largest_piece(mask) if outline == "unbroken" else mask


def _largest_piece(mask: np.ndarray) -> np.ndarray:
    _, labels, found, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=4)
    return labels == 1 + int(np.argmax(found[1:, cv2.CC_STAT_AREA])) if len(found) > 1 else mask


Profiles = tuple[np.ndarray, np.ndarray]


def _single(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> Profiles:
    """A missing dimer: black in its middle."""
    length, strength = rng.uniform(4, 7), rng.uniform(0.7, 1.3)

    def across(place: np.ndarray | float) -> np.ndarray:
        sides = 28 / 7 * (_bell(place, 4, 7) + _bell(place, 14, 7))
        return strength / _AREA * (sides + 7 / 5 * _bell(place, 9, 5))

    return across(x) - across(1.0), -7 / (length * _AREA) * _bell(y, 13, length)


def _two(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> Profiles:
    """A defect of the C type: one side of two dimers dark, the other one bright."""
    bright, upper, lower = rng.uniform(0, 2), rng.uniform(7, 13), rng.uniform(7, 13)
    first_cap, last_cap = rng.uniform(0, 1.5), rng.uniform(0, 1.5)
    across = -3 / 4 * _steep(x, 12, 4) - 1 / 2 * _steep(x, 14, 2) + bright / 2.5 * _bell(x, 5, 2.5)
    dimers = upper / 7 * _bell(y, 13, 7) + lower / 7 * _bell(y, 23, 7) + 2 / 5 * _bell(y, 18, 5)
    caps = first_cap / 2 * _bell(y, 5, 2) + last_cap / 2 * _bell(y, 31, 2)
    return across / _AREA, -0.00319 + (dimers - caps) / _AREA


def _double(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> Profiles:
    """Two missing dimers."""
    middle, strength = rng.uniform(1, 2), rng.uniform(1, 3)
    first, second = rng.uniform(11, 14.5), rng.uniform(21.5, 25)
    centre = middle / 4 * np.exp(-strength * ((x - 9.5) / 4) ** 2)
    sides = 1 / 2 * (np.exp(-0.5 * ((x - 14) / 2) ** 2) + np.exp(-0.5 * ((x - 5) / 2) ** 2))
    dimers = 10 / 7 * (_bell(y, first, 7) + _bell(y, second, 7)) + 4 / 5 * _bell(y, 18, 5)
    return -strength / _AREA * (centre + sides), -0.00319 + dimers / _AREA


def _bell(place: np.ndarray | float, centre: float, width: float) -> np.ndarray:
    return np.exp(-2 * ((np.asarray(place) - centre) / width) ** 2)


def _steep(place: np.ndarray, centre: float, width: float) -> np.ndarray:
    return np.exp(-(((place - centre) / width) ** 2))


_PROFILES: dict[int, Callable[[np.ndarray, np.ndarray, np.random.Generator], Profiles]] = {
    SINGLE: _single,
    TWO: _two,
    DOUBLE: _double,
}
