"""Heights of a scanned surface made level: lines aligned, tilt removed, scars and single wrong pixels filled."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field
from scipy import ndimage

from autoseg.options import Options

_TO_SIGMA = 1.4826  # median absolute deviation of a normal distribution to its standard deviation
_ROUNDS = 25  # in which fits move towards what most of the surface shows


class LevellingOptions(Options):
    """How heights are made level. The default keeps steps and terraces as they are."""

    rows: Literal["differences", "median", "polynomial", "none"] = "differences"
    "How scan lines are aligned: median of differences to the line before (keeps steps), median, or a polynomial each."
    row_degree: int = Field(1, ge=0, le=5)
    "Degree of the polynomials."
    tilt: Literal["facets", "plane", "none"] = "facets"
    "What is removed: the slope that most of the surface has (keeps terraces level), or the plane fitted to it all."
    scars: bool = True
    "Whether streaks along scan lines are filled from the lines above and below."
    scar_length: int = Field(16, ge=2)
    "Shortest scar, in px."
    scar_width: int = Field(4, ge=1, le=10)
    "Widest scar, in lines."
    scar_height: float = Field(3.0, gt=0)
    "By how many standard deviations of the differences between lines a scar stands out."
    outliers: float = Field(6.0, ge=0)
    "Pixels that differ from their neighbours' median by more standard deviations than this are filled; 0: none."


@dataclass(frozen=True, eq=False)
class Levelled:
    """Level heights, shape (rows, columns), in the unit they had, and which of them were filled."""

    heights: np.ndarray
    scars: np.ndarray
    outliers: np.ndarray


def level(heights: np.ndarray, options: LevellingOptions | None = None) -> Levelled:
    """Heights (rows, columns) made level, as float32 with a median of 0.

    >>> tilted = np.add.outer(np.arange(40) * 0.1, np.arange(50) * 0.2)
    >>> bool(np.abs(level(tilted).heights).max() < 1e-4)
    True
    """
    options = options or LevellingOptions()
    surface = np.asarray(heights, np.float64)
    if options.rows != "none":
        surface = align_rows(surface, options.rows, options.row_degree)
    if options.tilt != "none":
        surface = remove_plane(surface) if options.tilt == "plane" else remove_facets(surface)
    scars = outliers = np.zeros(surface.shape, bool)
    if options.scars:
        scars = find_scars(surface, options)
        surface = _filled_from_lines(surface, scars)
    if options.outliers:
        surface, outliers = _without_outliers(surface, options.outliers)
    return Levelled((surface - np.median(surface)).astype(np.float32), scars, outliers)


def align_rows(heights: np.ndarray, method: str, degree: int = 1) -> np.ndarray:
    """Scan lines without their offsets.

    >>> step = np.repeat([[0.0, 0.0, 0.0, 1.0]], 3, axis=0)
    >>> align_rows(step + [[0.0], [5.0], [2.0]], "differences").tolist() == step.tolist()
    True
    """
    if method == "median":
        return heights - np.median(heights, axis=1, keepdims=True)
    if method == "differences":
        offsets = np.cumsum(np.median(np.diff(heights, axis=0), axis=1))
        return heights - np.concatenate([[0.0], offsets])[:, None]
    return heights - _polynomials(heights, degree)


def _polynomials(heights: np.ndarray, degree: int) -> np.ndarray:
    """The polynomial of each line, fitted again and again without what lies far from the fit before."""
    place = np.linspace(-1, 1, heights.shape[1])
    powers = np.polynomial.legendre.legvander(place, min(degree, heights.shape[1] - 1))
    project = np.linalg.pinv(powers).T @ powers.T
    fit = heights @ project
    for _ in range(_ROUNDS):
        rest = heights - fit
        near = np.abs(rest) <= 3 * _deviation(rest, axis=1)
        fit = np.where(near, heights, fit) @ project
    return fit


def remove_plane(heights: np.ndarray) -> np.ndarray:
    """Heights without the plane that fits them best (least squares)."""
    rows, columns = heights.shape
    down, across = np.linspace(-1, 1, rows), np.linspace(-1, 1, columns)
    fall = _share(heights.mean(axis=1) - heights.mean(), down)
    rise = _share(heights.mean(axis=0) - heights.mean(), across)
    return heights - heights.mean() - np.add.outer(fall * down, rise * across)


def remove_facets(heights: np.ndarray) -> np.ndarray:
    """Heights without the slope that most of the surface has, so that terraces become level, whatever their steps.

    >>> terraces = 0.02 * np.arange(60) + (np.arange(60) >= 30) + np.zeros((60, 1))
    >>> level_ones = remove_facets(terraces)
    >>> bool(np.ptp(level_ones[:, :25]) < 0.01), bool(np.ptp(level_ones) > 0.95)
    (True, True)
    """
    smooth = ndimage.gaussian_filter(heights, min(3.0, min(heights.shape) / 8), mode="nearest")
    slopes = np.stack([axis.ravel() for axis in np.gradient(smooth)]) if min(heights.shape) > 1 else np.zeros((2, 1))
    slope = np.median(slopes, axis=1)
    spread = math.hypot(*(float(_deviation(axis)) for axis in slopes))
    for _ in range(_ROUNDS if spread > 0 else 0):  # towards the most frequent slope
        weights = np.exp(-((slopes - slope[:, None]) ** 2).sum(axis=0) / (2 * spread**2))
        slope = (slopes * weights).sum(axis=1) / weights.sum()
    rows, columns = heights.shape
    return heights - np.add.outer(slope[0] * np.arange(rows), slope[1] * np.arange(columns))


def find_scars(heights: np.ndarray, options: LevellingOptions) -> np.ndarray:
    """Where one line or a few stand out from those above and below over some length: a mask of the heights' shape."""
    scars = np.zeros(heights.shape, bool)
    limit = options.scar_height * float(_deviation(np.diff(heights, axis=0))) if len(heights) > 2 else 0.0
    if limit == 0:
        return scars
    line = np.ones((1, options.scar_length), bool)
    for width in range(1, min(options.scar_width, len(heights) - 2) + 1):
        above, below = heights[: -width - 1], heights[width + 1 :]
        block = np.lib.stride_tricks.sliding_window_view(heights[1:-1], width, axis=0)
        bright = block.min(axis=-1) - np.maximum(above, below) > limit
        dark = np.minimum(above, below) - block.max(axis=-1) > limit
        for found in (bright, dark):
            starts = ndimage.binary_opening(found, line)
            for line_number in range(width):
                scars[1 + line_number : 1 + line_number + len(starts)] |= starts
    return scars


def _filled_from_lines(heights: np.ndarray, holes: np.ndarray) -> np.ndarray:
    """Heights with the holes of each column filled from its values above and below."""
    filled, lines = heights.copy(), np.arange(len(heights))
    for column in np.flatnonzero(holes.any(axis=0)):
        hole = holes[:, column]
        filled[hole, column] = np.interp(lines[hole], lines[~hole], heights[~hole, column])
    return filled


def _without_outliers(heights: np.ndarray, limit: float) -> tuple[np.ndarray, np.ndarray]:
    """Heights whose single wrong pixels have their neighbours' median, and where these are."""
    median = ndimage.median_filter(heights, 3, mode="nearest")
    rest = heights - median
    outliers = np.abs(rest) > limit * max(float(np.std(rest)), float(_deviation(rest)))
    return np.where(outliers, median, heights), outliers


def _share(values: np.ndarray, direction: np.ndarray) -> float:
    return float(values @ direction / max(float(direction @ direction), 1e-12))


def _deviation(values: np.ndarray, axis: int | None = None) -> np.ndarray:
    """The standard deviation as the median absolute deviation tells it, which a few wrong values do not change."""
    centre = np.median(values, axis=axis, keepdims=True)
    return _TO_SIGMA * np.median(np.abs(values - centre), axis=axis, keepdims=axis is not None)
