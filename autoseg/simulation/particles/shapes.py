"""Outlines of particles without any example: spheroids, crystals, rods and grains, made by formulas."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Literal, get_args

import cv2
import numpy as np
from pydantic import Field

from autoseg.images.geometry import Factors, draw_factor
from autoseg.options import Options
from autoseg.simulation.fields import smooth_field
from autoseg.simulation.particles.outlines import SMALLEST, SampleOutlines, cropped, equivalent_diameter, framed

Kind = Literal["ellipse", "polygon", "rod", "cube", "grain"]
CORNERS = 96
"Number of corners of a smooth outline."


class ShapeOptions(Options):
    """Which shapes particles have, and how they differ in size."""

    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)] = get_args(Kind)
    "Kinds of shapes, each as often: ellipse, polygon (rounded, as crystals), rod, cube (as seen from any side), grain."
    diameter: float = Field(28.0, ge=SMALLEST)
    "Median equivalent diameter in pixels."
    spread: float = Field(0.3, ge=0, le=1)
    "Standard deviation of the natural logarithm of the diameters: 0.3 is a width of about 30 %."
    elongation: Factors = (1.0, 1.7)
    "How many times as long as wide ellipses, polygons and grains are."
    rod_elongation: Factors = (2.0, 5.0)
    "How many times as long as wide rods are."
    roughness: float = Field(0.18, ge=0, le=0.5)
    "How far, relative to its radius, a grain's outline deviates from an ellipse."
    longest: float = Field(8.0, gt=1)
    "No particle has a larger diameter than this many times the median."


class WarpOptions(Options):
    """How outlines are changed, so that a few dozen stand for many."""

    stretch: Factors = (0.85, 1.18)
    "Factor by which an outline is stretched in a random direction; its area stays."
    bend: float = Field(0.025, ge=0, le=0.3)
    "Standard deviation, relative to its diameter, of how far points of an outline are moved elastically."
    bend_length: float = Field(0.5, ge=0.1)
    "Size of the elastic bumps, relative to the outline's diameter."


def shapes(options: ShapeOptions = ShapeOptions()) -> SampleOutlines:
    """A source of outlines whose equivalent diameters are lognormal.

    >>> outlines = shapes(ShapeOptions(diameter=40, spread=0))(5, np.random.default_rng(0))
    >>> [round(equivalent_diameter(outline)) for outline in outlines]
    [40, 40, 40, 40, 40]
    """

    def sample(count: int, rng: np.random.Generator) -> list[np.ndarray]:
        kinds = rng.choice(options.kinds, count)
        diameters = options.diameter * np.exp(options.spread * rng.standard_normal(count))
        limits = SMALLEST, options.longest * options.diameter
        return [
            _filled(_CONTOURS[kind](options, rng), diameter)
            for kind, diameter in zip(kinds, diameters.clip(*limits), strict=True)
        ]

    return sample


def warped(sample: SampleOutlines, options: WarpOptions = WarpOptions()) -> SampleOutlines:
    """A source that stretches and bends the outlines of another one.

    >>> sample = warped(shapes(ShapeOptions(kinds=["cube"])))
    >>> all(outline.dtype == bool and outline.any() for outline in sample(5, np.random.default_rng(0)))
    True
    """

    def warped_sample(count: int, rng: np.random.Generator) -> list[np.ndarray]:
        return [_warp(outline, options, rng) for outline in sample(count, rng)]

    return warped_sample


def _warp(outline: np.ndarray, options: WarpOptions, rng: np.random.Generator) -> np.ndarray:
    """One outline, stretched and bent; the largest of the parts it may fall into, or itself if it vanishes."""
    diameter = equivalent_diameter(outline)
    margin = 2 + math.ceil(max(outline.shape) * (options.stretch[1] - 1) + 4 * options.bend * diameter)
    grey = cv2.GaussianBlur(framed(outline, margin).astype(np.float32), (5, 5), 0.7)
    factor, angle = math.sqrt(draw_factor(rng, options.stretch)), rng.uniform(0, math.pi)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    matrix = turn @ np.diag([1 / factor, factor]) @ turn.T
    rows, columns = (np.arange(length, dtype=np.float32) - (length - 1) / 2 for length in grey.shape)
    bends = [
        options.bend * diameter * smooth_field(grey.shape, max(options.bend_length * diameter, 2), rng)
        for _ in range(2)
    ]
    (by_row, by_column), (across_row, across_column) = matrix.astype(np.float32)
    from_rows = by_row * rows[:, None] + by_column * columns - rows[0] + bends[0]
    from_columns = across_row * rows[:, None] + across_column * columns - columns[0] + bends[1]
    moved = cv2.remap(grey, from_columns, from_rows, cv2.INTER_LINEAR, borderValue=0) > 0.5
    count, parts, statistics, _ = cv2.connectedComponentsWithStats(moved.view(np.uint8), connectivity=4)
    return cropped(parts == 1 + np.argmax(statistics[1:, cv2.CC_STAT_AREA])) if count > 1 else outline


def _filled(contour: np.ndarray, diameter: float) -> np.ndarray:
    """The outline of a contour (n, 2), turned at random beforehand, that has an equivalent diameter in pixels."""
    x, y = contour.T
    area = abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
    contour = contour * (diameter * math.sqrt(math.pi / 4 / area))
    low, high = contour.min(axis=0), contour.max(axis=0)
    height, width = np.ceil(high - low).astype(int) + 3
    return cropped(_inside(contour + ([height - 1, width - 1] - low - high) / 2, height, width))


def _inside(contour: np.ndarray, height: int, width: int) -> np.ndarray:
    """Which pixels of an image have their centres inside a contour (n, 2) of rows and columns."""
    (row, column), (next_row, next_column) = contour.T, np.roll(contour, -1, axis=0).T
    lines, sides = np.nonzero((row <= np.arange(height)[:, None]) != (next_row <= np.arange(height)[:, None]))
    slopes = (next_column - column)[sides] / (next_row - row)[sides]
    crossings = column[sides] + (lines - row[sides]) * slopes
    # A line of pixels is inside after an odd number of crossings.
    turns = np.zeros((height, width), np.intp)
    np.add.at(turns, (lines, np.ceil(crossings).astype(np.intp)), 1)
    return turns.cumsum(axis=1) % 2 > 0


def _ellipse(options: ShapeOptions, rng: np.random.Generator) -> np.ndarray:
    return _turned(_circle() * [1, draw_factor(rng, options.elongation)], rng)


def _polygon(options: ShapeOptions, rng: np.random.Generator) -> np.ndarray:
    """A crystal with 5 to 9 flat sides, whose edges are sharp to round."""
    count = rng.integers(5, 10)
    angles = 2 * np.pi * (np.arange(count) + rng.uniform(-0.3, 0.3, count)) / count
    corners = np.column_stack([np.cos(angles), np.sin(angles)])
    return _turned(_rounded(corners, rng.uniform(0.05, 0.45)) * [1, draw_factor(rng, options.elongation)], rng)


def _rod(options: ShapeOptions, rng: np.random.Generator) -> np.ndarray:
    """A rod with flat to round ends, a little bent and tapered."""
    length = draw_factor(rng, options.rod_elongation)
    exponent = rng.uniform(2, 10)  # of a superellipse: 2 is an ellipse, 10 nearly a rectangle
    angles = np.linspace(0, 2 * np.pi, CORNERS, endpoint=False)
    cosine, sine = np.cos(angles), np.sin(angles)
    along, across = (np.sign(part) * np.abs(part) ** (2 / exponent) for part in (cosine, sine))
    across = across * (1 + rng.normal(0, 0.06) * along) + rng.normal(0, 0.06) * length * along**2
    return _turned(np.column_stack([length * along, across]), rng)


def _cube(options: ShapeOptions, rng: np.random.Generator) -> np.ndarray:
    """The silhouette of a box with slightly rounded edges: flat on the ground, or turned in space."""
    half = np.array([1, rng.uniform(0.75, 1.33), rng.uniform(0.75, 1.33)])
    corners = half * np.stack(np.meshgrid(*[[-1, 1]] * 3), axis=-1).reshape(8, 3)
    tilt = np.linalg.qr(rng.standard_normal((3, 3)))[0] if rng.random() < 0.5 else np.eye(3)
    hull = cv2.convexHull((corners @ tilt)[:, :2].astype(np.float32))[:, 0].astype(float)
    return _turned(_rounded(hull, rng.uniform(0.03, 0.2)), rng)


def _grain(options: ShapeOptions, rng: np.random.Generator) -> np.ndarray:
    """An irregular grain: bumps of all sizes on an ellipse, the larger ones higher."""
    angles = np.linspace(0, 2 * np.pi, CORNERS, endpoint=False)
    orders = np.arange(2, 10)
    heights = rng.standard_normal((2, len(orders))) / orders**1.5
    bumps = heights[0] @ np.cos(np.outer(orders, angles)) + heights[1] @ np.sin(np.outer(orders, angles))
    radius = np.maximum(1 + options.roughness * bumps / 0.45, 0.3)
    return _turned(_circle() * radius[:, None] * [1, draw_factor(rng, options.elongation)], rng)


def _circle() -> np.ndarray:
    angles = np.linspace(0, 2 * np.pi, CORNERS, endpoint=False)
    return np.column_stack([np.cos(angles), np.sin(angles)])


def _rounded(corners: np.ndarray, share: float) -> np.ndarray:
    """A polygon whose corners are cut off, and what this leaves again, so that arcs span this share of each side."""
    for part in (share, 0.25, 0.25):
        following = np.roll(corners, -1, axis=0)
        pairs = [(1 - part) * corners + part * following, part * corners + (1 - part) * following]
        corners = np.stack(pairs, axis=1).reshape(-1, 2)
    return corners


def _turned(contour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    angle = rng.uniform(0, 2 * np.pi)
    return contour @ [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]


_CONTOURS: dict[str, Callable[[ShapeOptions, np.random.Generator], np.ndarray]] = {
    "ellipse": _ellipse,
    "polygon": _polygon,
    "rod": _rod,
    "cube": _cube,
    "grain": _grain,
}
"Contours (n, 2) in any scale."
