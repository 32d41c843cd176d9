"""What software has drawn into an image: scale bars, and letters."""

from __future__ import annotations

import numpy as np

from autoseg.images.burnt_in.bars import Bar, find_bars, find_scale_bar
from autoseg.images.burnt_in.ink import inks
from autoseg.images.burnt_in.letters import Box, choose_text, find_lines

__all__ = ["Bar", "find_burnt_in", "find_scale_bar"]

_MARGIN = 2  # pixels that blur spreads them by


def find_burnt_in(pixels: np.ndarray) -> np.ndarray:
    """The boxes of scale bars and lines of letters drawn into a grey image (rows, columns), as a mask.

    >>> image = np.random.default_rng(0).normal(100, 10, (256, 256)).clip(1, 250).astype(np.uint8)
    >>> image[230:236, 20:90] = 255
    >>> rows, columns = np.nonzero(find_burnt_in(image))
    >>> [int(side) for side in (rows.min(), rows.max(), columns.min(), columns.max())]
    [228, 237, 18, 91]
    """
    bars: list[Bar] = []
    lines: list[list[list[Box]]] = []
    for ink in inks(pixels):
        bars += find_bars(ink)
        lines.append(find_lines(ink))
    drawn = [Box(bar.row, bar.column, bar.row + bar.height, bar.column + round(bar.length)) for bar in bars]
    for of_one_ink in lines:
        drawn += choose_text(of_one_ink, pixels.shape, bars)
    mask = np.zeros(pixels.shape, bool)
    for top, left, bottom, right in drawn:
        mask[max(top - _MARGIN, 0) : bottom + _MARGIN, max(left - _MARGIN, 0) : right + _MARGIN] = True
    return mask
