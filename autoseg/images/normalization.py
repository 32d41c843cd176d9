"""From grey values of any bit depth to the values that a network reads."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import AfterValidator


def _rising(percentiles: tuple[float, float]) -> tuple[float, float]:
    if not 0 <= percentiles[0] < percentiles[1] <= 100:
        raise ValueError("must rise and lie between 0 and 100")
    return percentiles


Percentiles = Annotated[tuple[float, float], AfterValidator(_rising)]
"The percentiles of an image's grey values that become 0 and 1."

PUBLISHED: Percentiles = (0.5, 99.5)


def normalize(image: np.ndarray, percentiles: Percentiles = PUBLISHED, *, clip: bool = True) -> np.ndarray:
    """The image as float32 from 0 at the low to 1 at the high percentile, clipped there; a constant one becomes 0.

    >>> normalize(np.array([[10, 20], [30, 50]], np.uint8), (0, 100)).tolist()
    [[0.0, 0.25], [0.5, 1.0]]
    """
    return scale(image, find_range(image, percentiles), clip=clip)


def find_range(image: np.ndarray, percentiles: Percentiles = PUBLISHED) -> tuple[float, float]:
    """The grey values at the low and at the high percentile.

    >>> find_range(np.array([[10, 20], [30, 50]], np.uint8), (0, 100))
    (10.0, 50.0)
    """
    low, high = np.percentile(image, percentiles)
    return float(low), float(high)


def scale(image: np.ndarray, ends: tuple[float, float], *, clip: bool = True) -> np.ndarray:
    """The image, or a part of one, as float32 from 0 to 1 between two grey values, as `normalize` makes it.

    >>> scale(np.array([[20, 60]], np.uint8), (10, 50)).tolist()
    [[0.25, 1.0]]
    """
    low, high = ends
    # The range of a constant image is 0: it is divided by 1 instead.
    scaled = (image.astype(np.float32) - np.float32(low)) / np.float32(high - low or 1.0)
    return np.clip(scaled, 0, 1) if clip else scaled
