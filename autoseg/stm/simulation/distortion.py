"""From the canvas to the picture: turned, moved by drift, stretched, and cut out."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from autoseg.stm.simulation.options import Effect

DRIFT = (3.0, 8.0)
"Range of the amplitude of drift in px, which a factor of up to 1.5 enlarges."
WAVELENGTHS = (150.0, 600.0)
"Range of the length of its waves in px."
STRETCH = (0.85, 1.2)
"Range of the factor on one axis."


@dataclass(frozen=True, eq=False)
class Layers:
    """Grey values and what they show, arrays of one shape."""

    grey: np.ndarray = field(repr=False)
    "float32, 0 to 255."
    classes: np.ndarray = field(repr=False)
    instances: np.ndarray = field(repr=False)
    rows: np.ndarray = field(repr=False)
    terraces: np.ndarray = field(repr=False)

    def mapped(self, across: np.ndarray, down: np.ndarray) -> Layers:
        """The layers at these places, float32 (height, width) each; mirrored beyond their rims."""
        how: dict[str, Any] = {"borderMode": cv2.BORDER_REFLECT_101}
        grey = cv2.remap(self.grey, across, down, cv2.INTER_LINEAR, **how)
        return Layers(grey, *(cv2.remap(one, across, down, cv2.INTER_NEAREST, **how) for one in self.masks))

    def moved(self, matrix: np.ndarray, rows_bilinear: bool = False) -> Layers:
        """The layers after an affine map of their places, as OpenCV writes it; mirrored beyond their rims.

        `rows_bilinear` interpolates the rows and rounds down, which takes pixels from them.
        """
        how: dict[str, Any] = {"dsize": self.grey.shape[::-1], "borderMode": cv2.BORDER_REFLECT_101}
        grey = cv2.warpAffine(self.grey, matrix, flags=cv2.INTER_LINEAR, **how)
        moved = Layers(grey, *(cv2.warpAffine(one, matrix, flags=cv2.INTER_NEAREST, **how) for one in self.masks))
        if rows_bilinear:
            rows = cv2.warpAffine(self.rows.astype(np.float32), matrix, flags=cv2.INTER_LINEAR, **how)
            moved.rows[:] = np.floor(rows + 1e-4)
        return moved

    def cut(self, size: int) -> Layers:
        """The square of this edge in the middle."""
        top, left = ((length - size) // 2 for length in self.grey.shape)
        window = np.s_[top : top + size, left : left + size]
        return Layers(self.grey[window], *(one[window] for one in self.masks))

    @property
    def masks(self) -> tuple[np.ndarray, ...]:
        """All but the grey values."""
        return self.classes, self.instances, self.rows, self.terraces


def canvas_size(size: int, effects: Collection[Effect]) -> int:
    """Edge of a canvas from which a picture of `size` px can be cut at any angle, with these effects.

    >>> canvas_size(600, ()), canvas_size(600, ("zones",))
    (852, 1003)
    """
    needed = 1.42 * size / (STRETCH[0] if "zones" in effects else 1)
    return math.ceil(needed + (2 * 1.5 * DRIFT[1] if "xy" in effects else 0))


def distort(layers: Layers, size: int, effects: Collection[Effect], angle: float, rng: np.random.Generator) -> Layers:
    """The picture of `size` px: the canvas turned, with an axis that is stretched, and waves of drift."""
    place = np.arange(size, dtype=np.float32) - (size - 1) / 2
    down, across = np.meshgrid(place, place, indexing="ij")
    if "xy" in effects:
        strength = rng.uniform(*DRIFT) * rng.uniform(1, 1.5)
        (first, second), (p, q) = rng.uniform(*WAVELENGTHS, 2), rng.uniform(0, 2 * np.pi, 2)
        wave, other = 2 * np.pi / first * down + p, 2 * np.pi / second * across + q
        down, across = (
            (down + strength * np.cos(wave) * np.sin(other)).astype(np.float32),
            (across + strength * np.sin(wave) * np.cos(other)).astype(np.float32),
        )
    if "zones" in effects:
        factors = [1.0, 1.0]
        factors[int(rng.integers(2))] = rng.uniform(*STRETCH)
        down, across = down / np.float32(factors[0]), across / np.float32(factors[1])
    cosine, sine = (np.float32(turn(math.radians(angle))) for turn in (math.cos, math.sin))
    middle = np.float32((len(layers.grey) - 1) / 2)
    return layers.mapped(across * cosine - down * sine + middle, across * sine + down * cosine + middle)


def distort_as_published(
    layers: Layers, size: int, effects: Collection[Effect], angle: float, rng: np.random.Generator
) -> Layers:
    """As the published code does it: terraces are shifted as a whole, and where an axis shrinks, rims are mirrored."""
    middle = (len(layers.grey) - 1) / 2
    layers = layers.moved(cv2.getRotationMatrix2D((middle, middle), angle, 1.0))
    if "xy" in effects:
        layers = _shifted_terraces(layers, rng)
    if "zones" in effects:
        axis, factor = int(rng.integers(2)), rng.uniform(*STRETCH)
        matrix = np.eye(2, 3)
        matrix[axis, axis], matrix[axis, 2] = factor, middle * (1 - factor)
        layers = layers.moved(matrix, rows_bilinear=True)
    return layers.cut(size)


def _shifted_terraces(layers: Layers, rng: np.random.Generator) -> Layers:
    """Each terrace shifted by some pixels; what it uncovers keeps the old picture."""
    moved = Layers(layers.grey.copy(), *(one.copy() for one in layers.masks))
    for number in np.unique(layers.terraces):
        strength, (p, q) = rng.uniform(*DRIFT) * rng.uniform(1, 1.5), rng.uniform(0, 2 * np.pi, 2)
        shift = -strength * math.sin(p) * math.cos(q), -strength * math.cos(p) * math.sin(q)
        inside = layers.terraces == number
        left, top, width, height = cv2.boundingRect(inside.view(np.uint8))
        window = np.s_[top : top + height, left : left + width]
        matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]]])
        how: dict[str, Any] = {"dsize": (width, height), "borderMode": cv2.BORDER_REPLICATE}
        covered = cv2.warpAffine(inside[window].view(np.uint8), matrix, flags=cv2.INTER_NEAREST, **how).view(bool)
        for old, new in zip((layers.grey, *layers.masks), (moved.grey, *moved.masks), strict=True):
            order = cv2.INTER_LINEAR if old is layers.grey else cv2.INTER_NEAREST
            shifted = cv2.warpAffine(np.ascontiguousarray(old[window]), matrix, flags=order, **how)
            np.copyto(new[window], shifted, where=covered)
    return moved
