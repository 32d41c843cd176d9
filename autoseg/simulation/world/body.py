"""One particle by itself: its silhouette, how high its surface lies, and how much of it electrons pass through."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from autoseg.simulation.fields import smooth_field


@dataclass(frozen=True, eq=False)
class Body:
    """Arrays (height, width) around a particle; height and path are in pixels, and 0 outside of it."""

    shape: np.ndarray = field(repr=False)
    "bool: where the particle is."
    top: np.ndarray = field(repr=False)
    "float32: how high its surface lies above its middle."
    path: np.ndarray = field(repr=False)
    "float32: how much matter lies on an electron's way."

    @property
    def radius(self) -> float:
        """Radius in pixels of the disc that has its area."""
        return float(np.sqrt(np.count_nonzero(self.shape) / np.pi))

    @property
    def reach(self) -> float:
        """How far in pixels others stay away from its centre: between its radius and half its length."""
        return (self.radius + max(self.shape.shape) / 2) / 2

    def flipped(self, number: int) -> Body:
        """One of eight: number 0..7 says whether rows, columns, or both are swapped.

        >>> body = Body(*[np.ones((3, 5))] * 3)
        >>> body.flipped(4).shape.shape
        (5, 3)
        """
        rows, columns = -1 if number & 1 else 1, -1 if number & 2 else 1
        layers = [layer[::rows, ::columns] for layer in (self.shape, self.top, self.path)]
        return Body(*[layer.T if number & 4 else layer for layer in layers])


def plane(half: float) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns, counted from the middle, of a field that reaches `half` a length to every side."""
    reach = math.ceil(half) + 1
    rows, columns = np.ogrid[-reach : reach + 1, -reach : reach + 1]
    return rows.astype(np.float32), columns.astype(np.float32)


def body_of(top: np.ndarray, path: np.ndarray, shape: np.ndarray) -> Body:
    """A body of arrays of one size, cropped to where it is; the largest part of it, if it has several."""
    count, parts, statistics, _ = cv2.connectedComponentsWithStats(shape.astype(np.uint8), connectivity=4)
    if count > 2:
        shape = parts == 1 + np.argmax(statistics[1:, cv2.CC_STAT_AREA])
    left, top_row, width, height = cv2.boundingRect(shape.astype(np.uint8))
    window = np.s_[top_row : top_row + height, left : left + width]
    shape = shape[window]
    return Body(shape, *(np.where(shape, layer[window], 0).astype(np.float32) for layer in (top, path)))


def roughened(body: Body, amount: float, scale: float, rng: np.random.Generator) -> Body:
    """A body whose rim is ragged: up to `amount` pixels are bitten off, with features of `scale` pixels."""
    framed = cv2.copyMakeBorder(body.shape.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    depth = cv2.distanceTransform(framed, cv2.DIST_L2, 3)[1:-1, 1:-1]
    bitten = amount * np.clip(0.5 + 0.5 * smooth_field(body.shape.shape, scale, rng), 0, 1.5)
    shape = depth > bitten
    return body_of(body.top, body.path, shape) if shape.any() else body


def filled_with(body: Body, size: float, density: float, offset: tuple[float, float] = (0.0, 0.0)) -> Body:
    """A body with a core: the same form, `size` times as large, and so much denser; a density of -1 is a void.

    >>> ball = Body(np.ones((9, 9), bool), np.ones((9, 9), np.float32), np.ones((9, 9), np.float32))
    >>> float(filled_with(ball, 0.5, -1).path[4, 4])
    0.5
    """
    height, width = body.shape.shape
    rows, columns = (1 - size) / 2 * height + offset[0] * height, (1 - size) / 2 * width + offset[1] * width
    matrix = np.array([[size, 0, columns - (1 - size) / 2], [0, size, rows - (1 - size) / 2]])
    core = size * cv2.warpAffine(body.path, matrix, (width, height), flags=cv2.INTER_LINEAR)
    path = np.where(body.shape, np.maximum(body.path + density * core, 0.05 * body.path), 0)
    return replace(body, path=path.astype(np.float32))
