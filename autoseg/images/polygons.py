"""Polygons along the edges of pixels, which hold exactly a particle's pixels.

Coordinates are (x, y) in pixels from the upper left corner of the image, y down, as in ImageJ, COCO and QuPath: pixel
(row, column) covers the square from (column, row) to (column + 1, row + 1). Add -0.5 for coordinates that count from
the centre of the first pixel.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np
from scipy import ndimage
from skimage.draw import polygon

from autoseg.errors import ImageError
from autoseg.images.labels import as_labels

Ring = np.ndarray
"Corners (x, y), shape (n, 2), not repeated at the end: clockwise on the screen around pixels, else around a hole."
Polygon = list[Ring]
"The outer ring, then those of the holes. No ring touches itself; two may share a corner."
Filled = tuple[tuple[slice, slice], np.ndarray]
"A place in an image, and which of its pixels are inside: bool, of the shape of the place."


def trace(labels: np.ndarray) -> Iterator[tuple[int, list[Polygon]]]:
    """Each label with its polygons: one, or several where its pixels do not hang together by their edges.

    >>> for label, polygons in trace(np.array([[0, 0, 0], [0, 7, 7]])):
    ...     print(label, [[ring.tolist() for ring in polygon] for polygon in polygons])
    7 [[[[1, 1], [3, 1], [3, 2], [1, 2]]]]
    """
    for label, place in enumerate(ndimage.find_objects(labels), start=1):
        if place is None:
            continue
        rows, columns = place
        pieces, _ = ndimage.label(labels[place] == label)
        polygons = []
        for number, (low, right) in enumerate(ndimage.find_objects(pieces), start=1):
            corner = (columns.start + right.start, rows.start + low.start)
            polygons.append([ring + corner for ring in _rings(pieces[low, right] == number)])
        yield label, polygons


def signed_area(ring: Ring) -> float:
    """Area by the shoelace formula, in pixels: above 0 for outer rings, below 0 for holes."""
    x, y = ring.astype(np.int64).T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def _rings(piece: np.ndarray) -> Polygon:
    """Outer ring and holes of pixels that hang together by their edges."""
    rings = [_corners(ring) for ring in _cycles(_edges(piece), piece.shape[1] + 1)]
    # The other rings lie inside the outer one, and the area they enclose counts as negative.
    return sorted(rings, key=signed_area, reverse=True)


def _edges(piece: np.ndarray) -> Iterator[tuple[int, int]]:
    """Pixel edges between inside and outside as pairs of corners, inside to the right; corners count row by row."""
    padded = np.pad(piece.astype(np.int8), 1)
    stride = piece.shape[1] + 1
    across = np.diff(padded, axis=0)[:, 1:-1]
    down = np.diff(padded, axis=1)[1:-1]
    for steps, sign, first, second in (
        (across, 1, 0, 1),  # upper edges run to the right
        (across, -1, 1, 0),  # lower edges to the left
        (down, -1, 0, stride),  # right edges down
        (down, 1, stride, 0),  # left edges up
    ):
        rows, columns = np.nonzero(steps == sign)
        corners = rows * stride + columns
        yield from zip((corners + first).tolist(), (corners + second).tolist(), strict=True)


def _cycles(edges: Iterable[tuple[int, int]], stride: int) -> Iterator[np.ndarray]:
    """Closed walks over all edges, (x, y) per corner, cut wherever they come back to a corner."""
    following: dict[int, list[int]] = {}
    for first, second in edges:
        following.setdefault(first, []).append(second)
    for start in following:
        path, place = [start], {start: 0}
        while following[path[-1]]:
            corner = following[path[-1]].pop()
            if corner not in place:
                place[corner] = len(path)
                path.append(corner)
                continue
            cut = place[corner] + 1
            cycle = np.array([corner, *path[cut:]])
            for passed in path[cut:]:
                del place[passed]
            del path[cut:]
            yield np.stack([cycle % stride, cycle // stride], axis=1)


def _corners(ring: np.ndarray) -> Ring:
    """The points where the ring turns."""
    turns = (np.roll(ring, -1, axis=0) - ring != ring - np.roll(ring, 1, axis=0)).any(axis=1)
    return ring[turns]


def rings_of(polygons: Iterable[Polygon]) -> list[Ring]:
    """All rings of some polygons, the outer ring of each first."""
    return list(chain.from_iterable(polygons))


def fill(rings: Iterable[np.ndarray], shape: tuple[int, int]) -> Filled:
    """The pixels of an image of this shape whose centres lie inside: within one ring, or three; holes are rings, too.

    >>> place, inside = fill([np.array([[1, 1], [3, 1], [3, 2], [1, 2]])], (2, 3))
    >>> place, inside.tolist()
    ((slice(1, 2, None), slice(1, 3, None)), [[True, True]])
    """
    centred = [np.asarray(ring, float)[:, ::-1] - 0.5 for ring in rings]  # pixel centres have integer coordinates
    corners = np.concatenate([*centred, np.empty((0, 2))])
    if not len(corners):
        return (slice(0, 0), slice(0, 0)), np.zeros((0, 0), bool)
    low = np.ceil(corners.min(axis=0)).clip(0, shape).astype(int)
    high = (np.floor(corners.max(axis=0)) + 1).clip(low, shape).astype(int)
    inside = np.zeros(high - low, bool)
    for ring in centred:
        rows, columns = (ring - low).T
        inside[polygon(rows, columns, inside.shape)] ^= True
    (top, left), (bottom, right) = low.tolist(), high.tolist()
    return (slice(top, bottom), slice(left, right)), inside


def paint(outlines: Iterable[tuple[str, Filled]], shape: tuple[int, int], file: str | os.PathLike[str]) -> np.ndarray:
    """Labels, uint16 or uint32 of this shape, of outlines with a name each: the first is 1, and lies above the others.

    One of which no pixel is left is refused.
    """
    labels = np.zeros(shape, np.uint32)
    for number, (name, (place, inside)) in enumerate(outlines, start=1):
        free = inside & (labels[place] == 0)
        if not free.any():
            problem = f"holds {name}, of which no pixel lies in the image of {shape[1]} x {shape[0]}"
            raise ImageError(f"{problem}, or all of them in other outlines", file=file, advice="Remove it.")
        labels[place][free] = number
    return as_labels(labels)
