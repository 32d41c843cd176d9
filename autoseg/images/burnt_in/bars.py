"""Scale bars that software has drawn into an image: straight, black or white, perhaps with ticks at both ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from autoseg.images.burnt_in.ink import CONTRAST, HEIGHT, WIDTH, Ink, inks

_SLENDER = 3  # a bar is at least so many times as long as it is high,
_SHORTEST, _LONGEST, _HIGHEST = 0.02, 0.7, 0.06  # so long, of the width, and at most so high, of the height
_FILLED = 0.97  # of the rectangle
_BLUR = 2  # pixels that an edge may be blurred by


class Bar(NamedTuple):
    """Where a scale bar lies, in pixels."""

    row: int
    column: int
    height: int
    length: float
    "From edge to edge, or between the middles of ticks at its ends."


def find_scale_bar(pixels: np.ndarray) -> Bar | None:
    """The scale bar drawn into a grey image (rows, columns), or None: the lowest, where there are several.

    In doubt there is none: one missed can be measured by hand.

    >>> image = np.random.default_rng(0).normal(100, 10, (256, 256)).clip(1, 250).astype(np.uint8)
    >>> image[230:236, 20:90] = 255
    >>> found = find_scale_bar(image)
    >>> found.row, found.column, found.height, round(found.length)
    (230, 20, 6, 70)
    """
    found = [bar for ink in inks(pixels) for bar in find_bars(ink)]
    return max(found, key=lambda bar: (bar.row + bar.height, bar.length), default=None)


class _Shape(NamedTuple):
    """The line of a bar, in whole pixels, and how wide the ticks at its ends are."""

    row: int
    column: int
    height: int
    width: int
    tick: int


def find_bars(ink: Ink) -> Iterator[Bar]:
    """All scale bars of an ink."""
    rows, columns = ink.distance.shape
    width, height = ink.boxes[:, WIDTH], ink.boxes[:, HEIGHT]
    lengthy = (width > height) & (width >= _SHORTEST * columns) & (width <= _LONGEST * columns)
    for number in np.flatnonzero(lengthy & (height >= 2) & (height <= _HIGHEST * rows)).tolist():
        place = ink.place(number)
        shape = _find_line(ink.regions[place] == number, place[0].start, place[1].start)
        if shape and _stands_out(ink, shape):
            yield Bar(shape.row, shape.column, shape.height, _measure(ink.distance, shape))


def _find_line(ink: np.ndarray, top: int, left: int) -> _Shape | None:
    """The line of a region of ink (rows, columns), without what blur has left at its edge; None if it is no bar."""
    line = np.flatnonzero(ink.mean(axis=1) > 0.9)
    if not len(line) or line[-1] - line[0] >= len(line):
        return None
    rest = np.delete(ink, line, axis=0)
    tick = 0 if len(rest) <= 2 * _BLUR else _tick_of(rest)
    ink = ink[line[0] : line[-1] + 1]
    long = np.flatnonzero(ink.mean(axis=0) > 0.5)
    first, end = int(long[0]), int(long[-1]) + 1
    drawn = ink[:, first:end].mean() >= _FILLED and end - first >= _SLENDER * len(line)
    if tick is None or not drawn or (len(line) < 2 and not tick):
        return None
    return _Shape(top + int(line[0]), left + first, len(line), end - first, tick)


def _tick_of(rest: np.ndarray) -> int | None:
    """How wide ticks are, of which the rest of a bar (rows, columns) consists, one at each end; None if it does not."""
    third = rest.shape[1] // 3
    ends = rest[:, :third].sum(axis=1), rest[:, -third:].sum(axis=1)
    left, right = (int(np.median(end)) for end in ends)
    thin = min(left, right) > 0 and max(left, right) <= max(2, third // 2) and abs(left - right) <= _BLUR
    at_ends = rest[:, 0].mean() > 0.5 and rest[:, -1].mean() > 0.5 and not rest[:, third:-third].any()
    return (left + right) // 2 if thin and at_ends else None


def _stands_out(ink: Ink, shape: _Shape) -> bool:
    """Whether it lies within the image, and what lies above, below and at both ends of it is different."""
    row, column, height, width, tick = shape
    rows, columns = ink.distance.shape
    if min(row, column) < _BLUR or row + height + _BLUR > rows or column + width + _BLUR > columns:
        return False
    along, across = slice(column + tick, column + width - tick), slice(row, row + height)
    beside = (
        (slice(max(row - _BLUR - 1, 0), row - _BLUR + 1), along),
        (slice(row + height + _BLUR - 1, row + height + _BLUR + 1), along),
        (across, slice(max(column - _BLUR - 1, 0), column - _BLUR + 1)),
        (across, slice(column + width + _BLUR - 1, column + width + _BLUR + 1)),
    )
    return all(np.median(ink.distance[place]) >= ink.tolerance + CONTRAST for place in beside)


def _measure(distance: np.ndarray, shape: _Shape) -> float:
    """The length in pixels: from edge to edge, with as much of each pixel there as is ink; ticks: between middles."""
    first, end = shape.column, shape.column + shape.width
    profile = distance[shape.row : shape.row + shape.height].mean(axis=0)
    ink, length = np.median(profile[first:end]), shape.width - 2.0 * _BLUR - shape.tick
    left = profile[max(first - _BLUR - 1, 0) : first + _BLUR]
    right = profile[end - _BLUR : end + _BLUR + 1][::-1]
    for edge in (left, right):  # each begins beyond the blur
        if edge[0] > ink:  # else something of the bar's own grey touches its end
            length += float(((edge[0] - edge) / (edge[0] - ink)).clip(0, 1).sum())
    return round(length, 2)
