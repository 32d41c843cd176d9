"""Particles that were found at several magnifications, joined: a plausible large one beats the crumbs inside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from scipy.sparse import csr_array

from autoseg.segmentation.pyramid import Found

PREFERENCE = 1.7
"So much more must a particle of a coarser level promise: where both see the same, the finer has better outlines."


def join(several: Sequence[Found]) -> tuple[Found, np.ndarray]:
    """The particles of levels of one image, finest first, all in its pixels; and from which level each comes, (n,).

    Where a particle of a coarser level covers most of some that are there already, either it or these stay: whatever
    promises to be more area of true particles, by scores times pixels, with a preference for these. Else it takes only
    pixels that are free.

    >>> crumbs = Found(np.array([[1, 1, 0, 2, 2, 2]], np.int32), np.array([0.2, 0.3]))
    >>> whole = Found(np.array([[1, 1, 1, 1, 1, 0]], np.int32), np.array([0.8]))
    >>> joined, levels = join([crumbs, whole])
    >>> joined.labels.tolist(), joined.scores.tolist(), levels.tolist()
    ([[1, 1, 1, 1, 1, 0]], [0.8], [1])
    """
    joined, levels = several[0], np.zeros(len(several[0].scores), int)
    for level, coarser in enumerate(several[1:], start=1):
        stays, taken = settle(joined, coarser, _count_shared(joined, coarser))
        if not taken.any():
            continue
        labels = number(stays)[joined.labels]
        added = number(taken, int(stays.sum()))[coarser.labels]
        labels = np.where(labels == 0, added, labels)
        joined = Found(labels, np.concatenate([joined.scores[stays], coarser.scores[taken]]))
        levels = np.concatenate([levels[stays], np.full(int(taken.sum()), level)])
    return joined, levels


class Scored(Protocol):
    """Particles with their scores and areas, each (n,)."""

    @property
    def scores(self) -> np.ndarray:
        """From 0 to 1."""

    @property
    def areas(self) -> np.ndarray:
        """In pixels."""


def settle(finer: Scored, coarser: Scored, shared: csr_array) -> tuple[np.ndarray, np.ndarray]:
    """Which of the finer particles stay, and which of the coarser ones are taken: two bool arrays.

    `shared` is how many pixels they share, as `count_shared` counts.
    """
    areas, larger = finer.areas, coarser.areas
    promise = finer.scores * areas
    stays, taken = np.ones(len(areas), bool), np.zeros(len(larger), bool)
    for index in np.argsort(-coarser.scores, kind="stable"):
        begin, end = shared.indptr[index + 1 : index + 3]
        touched, pixels = shared.indices[begin:end] - 1, shared.data[begin:end]
        inside = pixels > 0.5 * areas[touched]
        if (pixels[~inside] > 0.5 * larger[index]).any():
            continue  # a fragment of what was seen better
        covered = touched[inside]
        if coarser.scores[index] * larger[index] > PREFERENCE * promise[covered[stays[covered]]].sum():
            taken[index], stays[covered] = True, False
    return stays, taken


def _count_shared(finer: Found, coarser: Found) -> csr_array:
    return count_shared(finer.labels, coarser.labels, (len(coarser.scores) + 1, len(finer.scores) + 1))


def count_shared(finer: np.ndarray, coarser: np.ndarray, shape: tuple[int, int]) -> csr_array:
    """How many pixels labels share: coarser ones are rows, finer ones columns, both from 0, which is nothing.

    >>> count_shared(np.array([[1, 1, 2]]), np.array([[0, 1, 1]]), (2, 3)).toarray().tolist()
    [[0, 0, 0], [0, 1, 1]]
    """
    both = np.flatnonzero((finer > 0) & (coarser > 0))
    rows, columns = coarser.ravel()[both], finer.ravel()[both]
    shared = csr_array((np.ones(len(both), np.int64), (rows, columns)), shape=shape)
    shared.sum_duplicates()
    return shared


def number(chosen: np.ndarray, after: int = 0) -> np.ndarray:
    """A table, int32, that numbers the chosen labels (n,) anew, and makes all others 0.

    >>> number(np.array([True, False, True])).tolist()
    [0, 1, 0, 2]
    """
    table = np.zeros(len(chosen) + 1, np.int32)
    table[1:][chosen] = after + 1 + np.arange(int(chosen.sum()))
    return table
