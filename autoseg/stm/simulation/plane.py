"""The other generator: terraces are the levels of a tilted, rough plane, with edges in any direction."""

from __future__ import annotations

import cv2
import numpy as np
from scipy import ndimage

from autoseg.stm.simulation.cell import LENGTH, cell, grey
from autoseg.stm.simulation.layout import Layout, blown_up, cells_in
from autoseg.stm.simulation.scan import smooth_noise
from autoseg.stm.simulation.shading import borders

_COUNTER_CLOCKWISE = 1
_THINNEST = 2  # cells
_BLURRED, _GAIN = 7, 2.5


def draw_levels(size: int, steps: tuple[int, int], rng: np.random.Generator) -> Layout:
    """The terraces of a canvas of `size` px; rows are turned on every other one."""
    rows, columns = cells_in(size)
    direction, slope = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 0.4)
    down, across = np.ogrid[:rows, :columns]
    field = slope * (np.cos(direction) * across + np.sin(direction) * down)
    field = field + _noise((rows, columns), 5, rng) + 0.7 * _noise((rows, columns), 9, rng)
    field = (field - field.min()) / max(float(np.ptp(field)), 1e-6)
    thresholds = np.sort(rng.uniform(0, 1, int(rng.integers(*steps, endpoint=True))))
    numbers = np.digitize(field, thresholds)
    for _ in range(int(rng.integers(2, 4, endpoint=True))):
        numbers = _roughened(numbers, rng)
    numbers = _without_islands(numbers)
    if np.ptp(numbers) == 0:
        numbers = (np.arange(rows) >= rng.integers(1, rows))[:, None] + np.zeros((rows, columns), int)
    pixels = blown_up(np.unique(numbers, return_inverse=True)[1].reshape(rows, columns), size)
    count = int(pixels.max()) + 1
    corners = [cv2.boundingRect((pixels == number).view(np.uint8))[:2] for number in range(count)]
    turned = tuple(number % 2 * _COUNTER_CLOCKWISE for number in range(count))
    return Layout(pixels, turned, tuple((top, left) for left, top in corners))


def draw_cell(rng: np.random.Generator) -> np.ndarray:
    """The cell of a terrace, grey uint8 (9, 18), brighter or darker and with uneven lines."""
    lines = cv2.GaussianBlur(rng.normal(0, 3, (LENGTH, 1)), (1, 3), 0).reshape(LENGTH, 1)
    values = grey(cell()) * (1 + rng.uniform(-0.05, 0.05)) + lines
    return values.clip(0, 255).astype(np.uint8)


def shade_plane(surface: np.ndarray, layout: Layout, rng: np.random.Generator) -> np.ndarray:
    """Grey values (height, width), uint8: a terrace falls from white at its top to black at its bottom, by columns."""
    varied = (surface * (1 + 0.08 * smooth_noise(surface.shape, 11, 3, rng))).clip(0, 255)
    shaded = (0.3 * varied + 0.7 * 255 * _falling(layout)).astype(np.float32)
    near = cv2.GaussianBlur(borders(layout.numbers).astype(np.float32), (_BLURRED, _BLURRED), 0)
    weight = (_GAIN * near).clip(0, 1)
    blurred = cv2.GaussianBlur(shaded, (_BLURRED, _BLURRED), 0)
    return (shaded + weight * (blurred - shaded)).clip(0, 255).astype(np.uint8)


def _falling(layout: Layout) -> np.ndarray:
    """1 at the top of a terrace in each column, 0 at its bottom: float32."""
    height = len(layout.numbers)
    lines, values = np.arange(height, dtype=np.float32)[:, None], np.zeros(layout.numbers.shape, np.float32)
    for number in range(layout.count):
        inside = layout.numbers == number
        top, bottom = inside.argmax(axis=0), height - 1 - inside[::-1].argmax(axis=0)
        falling = 1 - (lines - top.astype(np.float32)) / np.maximum(bottom - top, 1).astype(np.float32)
        np.copyto(values, falling, where=inside)
    return values


def _noise(shape: tuple[int, int], size: int, rng: np.random.Generator) -> np.ndarray:
    return cv2.GaussianBlur(rng.standard_normal(shape), (size, size), 0)


def _roughened(numbers: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Numbers with cells that go over to a neighbour one level above, or below, where noise says so."""
    noise, share, result = _noise(numbers.shape, 7, rng), rng.uniform(0.4, 0.7), numbers.copy()
    chosen = rng.random(numbers.shape) < share
    for number in range(int(numbers.min()) + 1, int(numbers.max())):
        for sign in (1, -1):
            beside = ndimage.binary_dilation(numbers == number + sign)
            result[(numbers == number) & beside & (sign * noise > 0.35) & chosen] = number + sign
    return result


def _without_islands(numbers: np.ndarray) -> np.ndarray:
    """Numbers in which parts of a level that are thin, or inside another, are given to their neighbour."""
    result = numbers.copy()
    for number in np.unique(numbers):
        parts, _ = ndimage.label(result == number)
        for part, window in enumerate(ndimage.find_objects(parts), start=1):
            thin = min(side.stop - side.start for side in window) < _THINNEST
            inside = all(
                side.start > 0 and side.stop < length for side, length in zip(window, numbers.shape, strict=True)
            )
            here = parts == part
            around = ndimage.binary_dilation(here) & ~here
            if (thin or inside) and around.any():
                result[here] = np.bincount(result[around]).argmax()
    return result
