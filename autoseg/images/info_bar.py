"""Where the info bar begins: the strip with text and scale bar that microscopes draw below the image."""

from __future__ import annotations

import numpy as np

# A bar covers between 1/32 and 1/4 of the image's height.
_HIGHEST, _LOWEST = 4, 32
_SMALLEST_IMAGE = 64
_COLUMNS = 512


def find_info_bar(pixels: np.ndarray) -> int | None:
    """The row where the info bar begins in a grey image of shape (rows, columns), or None.

    What a microscope records is noisy, so that no row has a single grey value; what software draws is not. The bar
    begins where a row of one value meets a row above that is different, and goes on to the bottom with one background
    value and some text on it. In doubt there is no bar: a missed one can be set by hand, a false one cuts data away.

    >>> image = np.random.default_rng(0).normal(100, 10, (256, 256))
    >>> image[240:] = 0
    >>> image[244:252, 20:90:3] = 255
    >>> find_info_bar(image), find_info_bar(image[:240])
    (240, None)
    """
    rows, columns = pixels.shape
    if min(rows, columns) < _SMALLEST_IMAGE:
        return None
    top = rows - rows // _HIGHEST
    # One row more, for comparison; and no more columns than needed to judge by.
    band = pixels[top - 1 :, :: max(1, columns // _COLUMNS)]
    band = band.astype(np.result_type(band, np.float32))
    contrast = np.ptp(band)
    same = contrast / 255
    level = np.median(band[1:], axis=1, keepdims=True)
    background = np.median(level[-(rows // _LOWEST) :])

    # Shares of each row: at the row's own level, of the row above at that level, at the bar's background, and inked.
    uniform = _share(np.abs(band[1:] - level) <= same)
    continued = _share(np.abs(band[:-1] - level) <= same)
    plain = _share(np.abs(band[1:] - background) <= same)
    ink = _share(np.abs(band[1:] - background) > contrast / 4)

    inked = _mean_from_here_down(ink)
    begins = (uniform >= 0.95) & (continued <= 0.5)
    # A tenth of the rows may be different: border lines, and the image row that some microscopes leave at the bottom.
    drawn = (_mean_from_here_down(plain) >= 0.6) & (_mean_from_here_down(plain >= 0.3) >= 0.9)
    labelled = (inked >= 0.005) & (inked <= 0.4)
    found = np.flatnonzero((begins & drawn & labelled)[: 1 - rows // _LOWEST])
    return top + int(found[0]) if found.size else None


def _share(condition: np.ndarray) -> np.ndarray:
    return condition.mean(axis=1)


def _mean_from_here_down(values: np.ndarray) -> np.ndarray:
    """For each row the mean over it and all rows below."""
    return np.cumsum(values[::-1])[::-1] / np.arange(len(values), 0, -1)
