"""What the published program puts where nothing was measured, to compare with."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from autoseg.ellipsometry.errors import MapError

_HALF, _SIGMAS, _TURN = 32, (1.0, 8.0), 8.0  # of the kernel: pixels, pixels, radians
_WINDOWS = 512  # at a time


def fill_published(stack: np.ndarray) -> np.ndarray:
    """Maps, shape (maps, rows, columns), filled as the published program does it; measured values stay.

    A hole takes the mean of the measured values around it, weighted with a Gaussian of 1 x 8 pixels, turned by 8
    radians and cut at 65 x 65 pixels, zeros lying beyond the border. It draws streaks: use it
    to compare, not to cluster.
    """
    return np.stack([_fill_published(image) for image in stack])


def _fill_published(image: np.ndarray) -> np.ndarray:
    holes = np.argwhere(~np.isfinite(image))
    filled = np.array(image, np.float32)
    if not len(holes):
        return filled
    kernel = _published_kernel()
    padded = np.pad(image.astype(float), _HALF)
    windows = sliding_window_view(padded, kernel.shape)
    for begin in range(0, len(holes), _WINDOWS):
        rows, columns = holes[begin : begin + _WINDOWS].T
        around = windows[rows, columns]
        known = np.isfinite(around)
        weights = np.where(known, kernel, 0).sum(axis=(1, 2))
        if not weights.all():
            problem = "has a hole larger than the published kernel, which therefore cannot be filled as published"
            raise MapError(problem, advice="Take the features ncs, which need no filling.")
        filled[rows, columns] = np.where(known, around * kernel, 0).sum(axis=(1, 2)) / weights
    return filled


def _published_kernel() -> np.ndarray:
    """A Gaussian, longest 8 degrees off the rows."""
    down, across = np.mgrid[-_HALF : _HALF + 1, -_HALF : _HALF + 1].astype(float)
    cosine, sine = np.cos(_TURN), np.sin(_TURN)
    along, beside = across * cosine + down * sine, -across * sine + down * cosine
    return np.exp(-((along / _SIGMAS[0]) ** 2 + (beside / _SIGMAS[1]) ** 2) / 2)
