"""Surfaces that are not smooth: bumps, cells, wrinkles, cracks, pores, flakes, spots and stripes."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from autoseg.simulation.fields import smooth_field


def draw_surface(kind: str, size: int, scale: float, rng: np.random.Generator) -> np.ndarray:
    """A texture, float32 (size, size), with features of `scale` pixels and a standard deviation of 1.

    >>> draw_surface("cells", 64, 6, np.random.default_rng(0)).shape
    (64, 64)
    """
    field = _MAKERS[kind]((size, size), max(scale, 1.2), rng)
    return ((field - field.mean()) / max(float(field.std()), 1e-6)).clip(-4, 4).astype(np.float32)


def _bumps(shape: tuple[int, int], scale: float, rng: np.random.Generator) -> np.ndarray:
    return smooth_field(shape, scale, rng)


def _fractal(shape: tuple[int, int], scale: float, rng: np.random.Generator) -> np.ndarray:
    octaves = [(factor, weight) for factor, weight in ((2, 1), (1, 0.7), (0.5, 0.5)) if factor * scale >= 1]
    return np.sum([weight * smooth_field(shape, factor * scale, rng) for factor, weight in octaves], axis=0)


def _cells(shape: tuple[int, int], scale: float, rng: np.random.Generator) -> np.ndarray:
    """Small grains side by side."""
    return -(np.minimum(_distance_to_points(shape, scale, rng) / scale, 1.2) ** 2)


def _wrinkles(shape: tuple[int, int], scale: float, rng: np.random.Generator) -> np.ndarray:
    return np.exp(-np.abs(smooth_field(shape, 1.5 * scale, rng)) * rng.uniform(2, 5))


def _cracks(shape: tuple[int, int], scale: float, rng: np.random.Generator) -> np.ndarray:
    """Thin dark lines, few of them deep."""
    field, deep = smooth_field(shape, 3 * scale, rng), smooth_field(shape, 4 * scale, rng)
    return -np.exp(-np.abs(field) * rng.uniform(10, 25)) * np.clip(deep + 0.5, 0, 2) + 0.05 * smooth_field(
        shape, scale, rng
    )


def _pores(shape: tuple[int, int], scale: float, rng: np.random.Generator) -> np.ndarray:
    """Round holes of a size."""
    return -np.clip(1.4 - _distance_to_points(shape, 1.6 * scale, rng) / (0.5 * scale), 0, 1)


def _flakes(shape: tuple[int, int], scale: float, rng: np.random.Generator) -> np.ndarray:
    """Thin bright edges of sheets that stand upright, in all directions."""
    fields = [np.abs(smooth_field(shape, 1.5 * scale, rng)) for _ in range(3)]
    return np.exp(-7 * np.minimum(np.minimum(fields[0], fields[1]), fields[2]))


def _spots(shape: tuple[int, int], scale: float, rng: np.random.Generator) -> np.ndarray:
    """Few small grains on top."""
    return np.sqrt(np.maximum(1 - (_distance_to_points(shape, 3 * scale, rng) / scale) ** 2, 0))


def _stripes(shape: tuple[int, int], scale: float, rng: np.random.Generator) -> np.ndarray:
    """Parallel lines, bent a little, as channels and layers."""
    angle, rows, columns = rng.uniform(0, np.pi), *np.ogrid[: shape[0], : shape[1]]
    across = rows * np.cos(angle) - columns * np.sin(angle)
    return np.sin(2 * np.pi * across / max(1.5 * scale, 3) + rng.uniform(0, 2) * smooth_field(shape, 6 * scale, rng))


def _distance_to_points(shape: tuple[int, int], spacing: float, rng: np.random.Generator) -> np.ndarray:
    count = max(int(shape[0] * shape[1] / (2 * spacing) ** 2), 1) * 2
    points = np.ones(shape, np.uint8)
    points[rng.integers(shape[0], size=count), rng.integers(shape[1], size=count)] = 0
    return cv2.distanceTransform(points, cv2.DIST_L2, 5)


_MAKERS: dict[str, Callable[[tuple[int, int], float, np.random.Generator], np.ndarray]] = {
    "bumps": _bumps,
    "fractal": _fractal,
    "cells": _cells,
    "wrinkles": _wrinkles,
    "cracks": _cracks,
    "pores": _pores,
    "flakes": _flakes,
    "spots": _spots,
    "stripes": _stripes,
}
