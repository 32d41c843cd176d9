"""Real backgrounds: what lies between the particles of unlabelled micrographs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from pydantic import Field
from skimage.filters import threshold_li
from skimage.morphology import disk

from autoseg.errors import ImageError
from autoseg.images.polarity import Side
from autoseg.images.tiles import mirrored
from autoseg.options import Options

SampleBackground = Callable[[np.random.Generator, tuple[int, int]], np.ndarray | None]
"A source of backgrounds of any size (height, width): float32 in 0..1, or None where one is to be made up."

FEWEST = 0.05
"A micrograph gives no backgrounds if a smaller share of it is free of particles."
SMOOTHING = 1.5
"Standard deviation in pixels of the blur that keeps noise out of the search for particles."
DISTINCT = 4.0
"Particles are so many standard deviations off the ground; what Li's threshold finds in mere noise, not even three."
CLEAR, DIM = 3.0, 4
"Dim particles are this many standard deviations off the ground, and at least 2 x this + 1 pixels wide."
WINDOWS, CANDIDATES = 12, 8
"A background is made of at most this many windows, each the freest of this many at random places."
SEAM, NEIGHBOURHOOD = 3, 16
"Half the width in pixels of the seams between these windows, and how far around they are made equally bright."
WIDEST_NOISE = 12.0
"The range of grey values is at least this many standard deviations of the ground: else noise fills a blank image's."


class BackgroundOptions(Options):
    """How the particles of micrographs are avoided."""

    polarity: Side = "bright"
    "Whether the particles are brighter or darker than the ground."
    thinnest: int = Field(5, ge=1)
    "What is at least so many pixels wide and beyond Li's threshold is a particle; thinner things are ground texture."
    margin: int = Field(10, ge=0)
    "Distance in pixels that is kept from particles, for their halo."
    procedural: float = Field(0.15, ge=0, le=1)
    "Share of the draws that give None, so that some backgrounds are made up: they are more diverse than real ones."


@dataclass(frozen=True, eq=False)
class _Ground:
    """A micrograph, where it is free of particles, and which grey values become 0 and 1."""

    pixels: np.ndarray = field(repr=False)
    free: np.ndarray = field(repr=False)
    low: float
    high: float

    def window(self, top: int, left: int, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """Grey values in 0..1 and where they are free, mirrored beyond the edge of the micrograph."""
        rows = mirrored(np.arange(top, top + size[0]), self.pixels.shape[0])[:, None]
        columns = mirrored(np.arange(left, left + size[1]), self.pixels.shape[1])
        grey = (self.pixels[rows, columns].astype(np.float32) - self.low) / (self.high - self.low)
        return grey.clip(0, 1), self.free[rows, columns]


def backgrounds(
    micrographs: Sequence[np.ndarray], options: BackgroundOptions = BackgroundOptions()
) -> SampleBackground:
    """A source of backgrounds out of micrographs (height, width) of any depth, without their info bars.

    Particles are solid areas beyond Li's threshold. A background is a random window of a micrograph, mirrored beyond
    the micrograph's edge if it is larger. Where particles lie in it, pixels of other free places of the same micrograph
    take their place, brought to the same local mean; where these do not suffice, grey values of free pixels in random
    order. Where no micrograph has enough free area, all draws give None.

    >>> noise = np.random.default_rng(0).normal(60, 5, (200, 300))
    >>> noise[80:120, 100:150] += 100
    >>> sample = backgrounds([noise.astype(np.uint8)], BackgroundOptions(procedural=0))
    >>> background = sample(np.random.default_rng(0), (128, 128))
    >>> background.shape, bool(background.max() < 0.6)
    ((128, 128), True)
    """
    for image in micrographs:
        if image.ndim != 2 or not image.size:
            raise ImageError(f"backgrounds are taken out of grey images (height, width), not of an array {image.shape}")
    grounds = _find_grounds(micrographs, options)

    def sample(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray | None:
        if rng.random() < options.procedural or not grounds:
            return None
        background = _assembled(grounds[rng.integers(len(grounds))], size, rng)
        return np.ascontiguousarray(background[:: rng.choice([-1, 1]), :: rng.choice([-1, 1])])

    return sample


def find_free_area(image: np.ndarray, options: BackgroundOptions = BackgroundOptions()) -> np.ndarray:
    """Where a micrograph (height, width) is free of particles and their surroundings: boolean (height, width)."""
    grey = cv2.GaussianBlur(image.astype(np.float32), (0, 0), SMOOTHING, borderType=cv2.BORDER_REFLECT)
    if options.polarity == "dark":
        grey = -grey
    if grey.min() == grey.max():  # Li's threshold is of two kinds of pixels
        return np.ones(image.shape, bool)
    beyond = grey > threshold_li(grey)
    ground, deviation = float(np.median(grey[~beyond])), _robust_deviation(grey[~beyond])
    if grey[beyond].mean() - ground < DISTINCT * deviation:  # then all is ground, but for a few pixels
        ground, deviation = float(np.median(grey)), _robust_deviation(grey)
        beyond = grey > ground + DISTINCT * deviation
    dim = _opened(grey > ground + CLEAR * deviation, DIM)
    particles = _opened(beyond, (options.thinnest - 1) // 2) | _at_rim(beyond) | dim
    return ~cv2.dilate(particles.view(np.uint8), disk(options.margin, np.uint8)).view(bool)


def _at_rim(mask: np.ndarray) -> np.ndarray:
    """The parts of a mask that the edge of the image cuts: only a sliver of a particle may be visible."""
    _, parts = cv2.connectedComponents(mask.view(np.uint8), connectivity=4)
    cut = np.unique(np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]]))
    return np.isin(parts, cut[cut > 0])


def _robust_deviation(values: np.ndarray) -> float:
    """The standard deviation of normal values, robust against outliers."""
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))


def _opened(mask: np.ndarray, radius: int) -> np.ndarray:
    """The parts of a mask that a disc of this radius fits into; it may reach beyond the mask's edge."""
    rim = radius + 1
    framed = cv2.copyMakeBorder(mask.view(np.uint8), rim, rim, rim, rim, cv2.BORDER_REPLICATE)
    opened = cv2.morphologyEx(framed, cv2.MORPH_OPEN, disk(radius, np.uint8))
    return opened.view(bool)[rim:-rim, rim:-rim]


def _find_grounds(micrographs: Sequence[np.ndarray], options: BackgroundOptions) -> list[_Ground]:
    limits = np.array([np.percentile(image, (0.1, 99.9)) for image in micrographs]).reshape(-1, 2)
    usual = np.median(limits, axis=0) if len(limits) else (0.0, 0.0)
    grounds = []
    for image, (low, high) in zip(micrographs, limits, strict=True):
        free = find_free_area(image, options)
        if free.mean() < FEWEST:
            continue
        # Micrographs of one set are recorded alike: one with few particles still tells how bright these would be.
        low, high = min(low, usual[0]), max(high, usual[1])
        missing = WIDEST_NOISE * max(_robust_deviation(image[free].astype(float)), 1e-6) - (high - low)
        if missing > 0:
            low, high = (low - missing, high) if options.polarity == "dark" else (low, high + missing)
        grounds.append(_Ground(image, free, float(low), float(high)))
    return grounds


def _assembled(ground: _Ground, size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A background of a size (height, width), put together of the freest of random windows."""
    result, free = _draw_window(ground, size, rng)
    for _ in range(WINDOWS):
        if free.all():
            break
        grey, also_free = _draw_window(ground, size, rng)
        if not free.any():
            result, free = grey, also_free
        elif (also_free & ~free).any():
            result, free = _filled(result, free, grey, also_free)
    if not free.all() and free.any():
        result[~free] = rng.choice(result[free], np.count_nonzero(~free))
    return result.clip(0, 1)


def _filled(
    result: np.ndarray, free: np.ndarray, grey: np.ndarray, also_free: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """A background whose gaps another window fills where that is free, brought to the same brightness; what is free."""
    grey = grey + (_local_mean(result, free) - _local_mean(grey, also_free))
    weight = (also_free & ~free).astype(np.float32)
    # Only where both are free may they mix: elsewhere a particle would shine through the seam.
    seam = cv2.blur(weight, (2 * SEAM + 1, 2 * SEAM + 1), borderType=cv2.BORDER_REFLECT)
    weight = np.where(free & also_free, seam, weight)
    return result * (1 - weight) + grey * weight, free | also_free


def _local_mean(grey: np.ndarray, free: np.ndarray) -> np.ndarray:
    """The mean of the free pixels around each pixel; far from any, that of all."""
    weight = free.astype(np.float32)
    # The mean changes slowly: a fraction of the pixels tells it.
    coarse = cv2.resize(np.dstack([grey * weight, weight]), None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(coarse, (0, 0), NEIGHBOURHOOD / 4, borderType=cv2.BORDER_REFLECT)
    sums, weights = np.moveaxis(cv2.resize(blurred, grey.shape[::-1], interpolation=cv2.INTER_LINEAR), -1, 0)
    return (sums + 0.02 * float(grey[free].mean())) / (weights + 0.02)


def _draw_window(ground: _Ground, size: tuple[int, int], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The freest of some windows: its grey values, and where they are free."""
    room = np.maximum(np.subtract(ground.pixels.shape, size), 0)
    beyond = np.minimum(np.subtract(ground.pixels.shape, size), 0)
    corners = rng.integers(beyond, room, (CANDIDATES, 2), endpoint=True)
    coarse = ground.free[::8, ::8]
    shares = []
    for top, left in np.maximum(corners // 8, 0):
        shares.append(coarse[top : top + max(size[0] // 8, 1), left : left + max(size[1] // 8, 1)].mean())
    top, left = corners[int(np.argmax(shares))]
    return ground.window(int(top), int(left), size)
