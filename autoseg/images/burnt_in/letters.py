"""Letters and numbers that software has drawn into an image: panels' names, lengths of bars, lines of text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from autoseg.images.burnt_in.bars import Bar
from autoseg.images.burnt_in.ink import AREA, CONTRAST, HEIGHT, LEFT, TOP, WIDTH, Ink

_LOWEST, _HIGHEST = 7, 0.16  # pixels; of the image's height
_WIDEST, _SLIMMEST = 1.8, 0.1  # of a letter's height
_STROKE = 0.5  # of a letter's height: what is thicker is a blob
_SLIM = 0.45  # of the height is the width of an l or 1, which are all stroke
_OUTLINED = 0.9  # of the outline must stand out
_CORNER = 0.2  # of the image's width and height: there stands the name of a panel
_LINE = 3  # letters elsewhere are a line of text
_ALIKE = 2.2  # at most is the ratio of the heights of two letters of a line
_NEAR_BAR = 2.0  # letters' heights from a scale bar stands its length
_SAME, _MANY = 1.5, 4  # ratio of heights; at so many different heights in the image lie particles
_MARGIN = 4


class Box(NamedTuple):
    """Where something lies, in pixels; the ends are not included."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        """In pixels."""
        return self.bottom - self.top


def find_lines(ink: Ink) -> list[list[Box]]:
    """The regions of an ink that look like letters, in lines: of about one height, side by side."""
    lines: list[list[Box]] = []
    for letter in sorted(_letters(ink), key=lambda box: box.left):
        line = next((line for line in lines if any(_are_neighbours(letter, other) for other in line)), None)
        if line is None:
            lines.append([letter])
        else:
            line.append(letter)
    return lines


def choose_text(lines: Sequence[list[Box]], shape: tuple[int, ...], bars: Sequence[Bar]) -> list[Box]:
    """Where there is text among lines of one ink: in corners of an image of this shape, beside bars, three in a row.

    Where many regions of their height lie all over the image, these are no letters.
    """
    boxes = [_around(line) for line in lines]
    expected = [_is_expected(box, shape, bars) for box in boxes]
    others = [line for line, here in zip(lines, expected, strict=True) if not here]
    return [
        box
        for line, box, here in zip(lines, boxes, expected, strict=True)
        if (here or len(line) >= _LINE) and not _is_one_of_many(line, others)
    ]


def _letters(ink: Ink) -> list[Box]:
    rows, columns = ink.distance.shape
    left, top, width, height = (ink.boxes[:, column] for column in (LEFT, TOP, WIDTH, HEIGHT))
    sized = (height >= _LOWEST) & (height <= _HIGHEST * rows)
    sized &= (width <= _WIDEST * height) & (width >= _SLIMMEST * height) & (ink.boxes[:, AREA] > height)
    sized &= (np.minimum(left, top) > 0) & (left + width < columns) & (top + height < rows)
    places = ((number, ink.place(number)) for number in np.flatnonzero(sized).tolist())
    return [
        Box(place[0].start, place[1].start, place[0].stop, place[1].stop)
        for number, place in places
        if _is_letter(ink, number, place)
    ]


def _is_letter(ink: Ink, number: int, place: tuple[slice, slice]) -> bool:
    shape = np.pad((ink.regions[place] == number).view(np.uint8), _MARGIN)
    height, width = (side.stop - side.start for side in place)
    stroke = 2 * cv2.distanceTransform(shape, cv2.DIST_L2, 3).max()
    if stroke > _STROKE * height and width >= _SLIM * height:
        return False
    near, far = (cv2.dilate(shape, np.ones((size, size), np.uint8)) for size in (3, 5))
    rows, columns = np.nonzero(far - near)
    rows, columns = rows + place[0].start - _MARGIN, columns + place[1].start - _MARGIN
    inside = (np.minimum(rows, columns) >= 0) & (rows < len(ink.distance)) & (columns < ink.distance.shape[1])
    outline = ink.distance[rows[inside], columns[inside]]
    return float((outline > ink.tolerance + CONTRAST).mean()) >= _OUTLINED


def _are_neighbours(one: Box, other: Box) -> bool:
    low, high = sorted((one.height, other.height))
    shared = min(one.bottom, other.bottom) - max(one.top, other.top)
    gap = max(one.left, other.left) - min(one.right, other.right)
    return shared >= low / 2 and high <= _ALIKE * low and gap <= high


def _around(boxes: Sequence[Box]) -> Box:
    tops, lefts, bottoms, rights = zip(*boxes, strict=True)
    return Box(min(tops), min(lefts), max(bottoms), max(rights))


def _is_expected(box: Box, shape: tuple[int, ...], bars: Sequence[Bar]) -> bool:
    """Whether letters use to stand here: in a corner of the image, above or below a bar."""
    rows, columns = shape
    by_row = box.bottom <= _CORNER * rows or box.top >= (1 - _CORNER) * rows
    cornered = by_row and (box.right <= _CORNER * columns or box.left >= (1 - _CORNER) * columns)
    return cornered or any(_is_beside(box, bar) for bar in bars)


def _is_beside(box: Box, bar: Bar) -> bool:
    """Whether a box lies above or below a bar."""
    gap = max(bar.row, box.top) - min(bar.row + bar.height, box.bottom)
    return gap <= _NEAR_BAR * box.height and box.right > bar.column and box.left < bar.column + bar.length


def _is_one_of_many(line: list[Box], others: Sequence[list[Box]]) -> bool:
    """Whether there are regions of its height in so many other places that they are particles."""
    height = max(box.height for box in line)
    alike = [box for other in others for box in other if 1 / _SAME < box.height / height < _SAME]
    tops = np.sort([box.top for box in alike])
    return int(np.count_nonzero(np.diff(tops, prepend=-np.inf) > height / 2)) >= _MANY
