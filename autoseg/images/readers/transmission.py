"""What files of transmission microscopes share: one page of numbers, and the size of its pixels by both sides."""

from __future__ import annotations

import math
import unicodedata

import numpy as np

from autoseg.errors import ImageError
from autoseg.images.calibration import NANOMETRES
from autoseg.images.readers.picture import Picture, Scale, finished, refuse_complex

_SQUARE = 0.01  # by how much the sides of a square pixel may differ
_UNKNOWN = "no calibration found"


def in_nanometres(length: float, unit: str) -> float | None:
    """A length in nm; None of what is none, such as 1/nm of a diffraction pattern.

    >>> in_nanometres(0.5, "µm"), in_nanometres(2.0, "[n_m]"), in_nanometres(2.0, "1/nm")
    (500.0, 2.0, None)
    """
    name = unicodedata.normalize("NFKC", unit).strip().strip("[]").replace("_", "").lower()
    factor = NANOMETRES.get(name, {"a": 0.1, "angstrom": 0.1, "meters": 1e9}.get(name))
    size = length * factor if factor else math.nan
    return size if math.isfinite(size) and size > 0 else None


def picture_of(
    pixels: np.ndarray, sides: tuple[float | None, float | None], source: str, page: int, pages: int, notes: list[str]
) -> Picture:
    """A picture of numbers (rows, columns), whose pixels are so high and wide, in nm."""
    if pixels.ndim != 2 or not pixels.size:
        raise ImageError("holds no image of rows and columns", advice="Export the image as TIFF.")
    refuse_complex(pixels.dtype)
    height, width = sides
    size = width
    if height is None or width is None:
        size = None
    elif abs(height / width - 1) > _SQUARE:
        notes.append(f"A pixel is {width:.4g} x {height:.4g} nm large, not square: lengths are in pixels.")
        size = None
    return Picture(finished(pixels), page, pages, tuple(notes), Scale(size, source if size else _UNKNOWN, None))
