"""Slices of tomograms by formulas: grains with rims and halos, plates with streaks, cracks, rings, shading, noise."""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

import cv2
import numpy as np
from pydantic import AfterValidator, Field

from autoseg.images.geometry import Factors, draw_factor, ordered
from autoseg.images.intensity import Amounts
from autoseg.options import Options, Share
from autoseg.simulation.fields import smooth_field
from autoseg.simulation.grains.artefacts import add_cracks, add_plates, ring_noise, streak_noise
from autoseg.simulation.grains.packing import PackingOptions, pack

Count = Annotated[int, Field(ge=0)]
Counts = Annotated[tuple[Count, Count], AfterValidator(ordered)]


class SliceOptions(Options):
    """Ranges that every slice draws its own values from; grey values are in units of the grains' contrast."""

    size: tuple[Annotated[int, Field(ge=32)], Annotated[int, Field(ge=32)]] = (512, 512)
    "Height and width in pixels."
    radius: Factors = (9.0, 22.0)
    "Median radius of the grains in pixels."
    spread: Amounts = (0.4, 0.75)
    "Standard deviation of the logarithm of the radii."
    fraction: Amounts = (0.05, 0.2)
    "Of the volume that grains take."
    touching: Amounts = (0.1, 0.4)
    "Share of the grains that touch another."
    irregularity: Amounts = (0.15, 0.4)
    "How much grains differ from balls."
    varying: Amounts = (0.1, 0.4)
    "Standard deviation of the logarithm of the contrasts of grains in one slice."
    texture: Amounts = (0.0, 0.4)
    "Of the inside of grains."
    blur: Amounts = (0.8, 2.2)
    "Standard deviation of the resolution in pixels."
    fringe: Amounts = (0.0, 2.5)
    "Strength of the bright rims and dark halos of phase contrast."
    halo: Amounts = (0.0, 0.6)
    "Strength of a shadow on one side of grains."
    shells: Share = 0.2
    "Share of the grains with a rim brighter than their inside."
    contrast_to_noise: Factors = (0.9, 3.0)
    "Contrast of grains over the standard deviation of the noise."
    noise_blur: Amounts = (1.3, 2.6)
    "By how many pixels the noise is blurred."
    shading: Amounts = (0.2, 1.6)
    "Standard deviation of the uneven brightness."
    plates: Counts = (0, 4)
    "Bright plates, which cast streaks."
    cracks: Counts = (0, 4)
    "Thin bright or dark lines."
    blots: Counts = (0, 12)
    "Bright spots without a rim, which are no grains, and dark pores."


class Slice(NamedTuple):
    """A slice, and the grain of each pixel."""

    image: np.ndarray
    "float32 (rows, columns), in any unit: as of attenuation, its range means nothing."
    labels: np.ndarray
    "int32 (rows, columns); 0 is background."


def draw_slice(rng: np.random.Generator, options: SliceOptions | None = None) -> Slice:
    """A new slice.

    >>> image, labels = draw_slice(np.random.default_rng(0), SliceOptions(size=(64, 96)))
    >>> image.shape, labels.shape, image.dtype
    ((64, 96), (64, 96), dtype('float32'))
    """
    options = options or SliceOptions()
    labels = draw_section(rng, options)
    image = _grains(labels, rng, options)
    image += _blots(labels > 0, rng, options)
    image = add_cracks(image, int(rng.integers(*options.cracks, endpoint=True)), rng)
    image = add_plates(image, labels, int(rng.integers(*options.plates, endpoint=True)), rng)
    image = cv2.GaussianBlur(image, (0, 0), rng.uniform(*options.blur), borderType=cv2.BORDER_REFLECT)
    image = _fringed(image, rng, options)
    image += rng.uniform(*options.shading) * _shading(options.size, rng)
    image += _noise(options.size, rng, options) / draw_factor(rng, options.contrast_to_noise)
    return Slice(image.astype(np.float32), labels)


def draw_section(rng: np.random.Generator, options: SliceOptions) -> np.ndarray:
    """Labels (rows, columns) of a plane through a new packing of grains."""
    radius = draw_factor(rng, options.radius)
    largest = min(4.5 * radius, 75.0)
    packing = PackingOptions(
        radius=radius,
        spread=rng.uniform(*options.spread),
        radii=(min(2.5, radius), largest),
        fraction=rng.uniform(*options.fraction),
        touching=rng.uniform(*options.touching),
        irregularity=rng.uniform(*options.irregularity),
    )
    depth = math.ceil(2.2 * largest)
    return pack((depth, *options.size), rng, packing).labels(depth // 2, depth // 2 + 1)[0]


def _grains(labels: np.ndarray, rng: np.random.Generator, options: SliceOptions) -> np.ndarray:
    """Grains, each of a contrast of its own around 1, on nothing."""
    count = int(labels.max()) + 1
    contrasts = np.exp(rng.normal(0, rng.uniform(*options.varying), count)).astype(np.float32)
    contrasts[0] = 0
    image = contrasts[labels]
    inside = labels > 0
    image += inside * rng.uniform(*options.texture) * smooth_field(labels.shape, rng.uniform(3, 12), rng)
    shell = rng.random(count) < options.shells
    depth = cv2.distanceTransform(inside.view(np.uint8), cv2.DIST_L2, 3)
    rim = np.exp(-((depth - 2) ** 2) / (2 * rng.uniform(1.0, 2.5) ** 2)) * inside
    return image + (shell[labels] * rim * rng.uniform(0.4, 1.5)).astype(np.float32)


def _blots(grains: np.ndarray, rng: np.random.Generator, options: SliceOptions) -> np.ndarray:
    """Soft spots, brighter or darker than the ground, most of them beside grains."""
    image = np.zeros(grains.shape, np.float32)
    rows, columns = (np.arange(length, dtype=np.float32) for length in grains.shape)
    for _ in range(int(rng.integers(*options.blots, endpoint=True))):
        row, column = (rng.uniform(0, length) for length in grains.shape)
        width, height = rng.uniform(2, 9, 2)
        strength = rng.uniform(0.3, 1.4) * (1 if rng.random() < 0.6 else -1)
        spot = np.exp(-(((rows - row) / height) ** 2) / 2)[:, None] * np.exp(-(((columns - column) / width) ** 2) / 2)
        image += np.float32(strength) * spot
    return image * ~grains


def _fringed(image: np.ndarray, rng: np.random.Generator, options: SliceOptions) -> np.ndarray:
    """Phase contrast: what is dense gets a bright rim and a dark halo, and a shadow on one side."""
    width = rng.uniform(1.5, 4.0)
    soft = cv2.GaussianBlur(image, (0, 0), width, borderType=cv2.BORDER_REFLECT)
    wide = cv2.GaussianBlur(image, (0, 0), 2.5 * width, borderType=cv2.BORDER_REFLECT)
    angle, shift = rng.uniform(0, 2 * np.pi), rng.uniform(2, 6)
    matrix = np.array([[1, 0, shift * math.cos(angle)], [0, 1, shift * math.sin(angle)]])
    moved = cv2.warpAffine(soft, matrix, image.shape[::-1], borderMode=cv2.BORDER_REFLECT)
    return image + rng.uniform(*options.fringe) * (soft - wide) - rng.uniform(*options.halo) * (moved - soft)


def _shading(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Uneven brightness of unit variance: broad clouds, and a cap, as of a beam that hardens."""
    clouds = smooth_field(shape, rng.uniform(60, 250), rng)
    rows, columns = (np.linspace(-1, 1, length, dtype=np.float32) + rng.uniform(-0.7, 0.7) for length in shape)
    cap = -np.hypot(rows[:, None], columns)
    cap = (cap - cap.mean()) / cap.std()
    share = rng.uniform(0.2, 0.9)
    return share * cap * rng.choice([1, 1, 1, -1]) + math.sqrt(1 - share**2) * clouds


def _noise(shape: tuple[int, int], rng: np.random.Generator, options: SliceOptions) -> np.ndarray:
    """Noise of unit variance, correlated, here stronger and there weaker, with streaks and rings."""
    noise: np.ndarray = rng.standard_normal(shape, np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), rng.uniform(*options.noise_blur), borderType=cv2.BORDER_REFLECT)
    noise = noise / noise.std()
    noise = noise * (1 + 0.3 * np.clip(smooth_field(shape, 120, rng), -2, 2))
    noise = noise + rng.uniform(0, 0.6) * streak_noise(shape, rng) + rng.uniform(0, 0.4) * ring_noise(shape, rng)
    return noise / noise.std()
