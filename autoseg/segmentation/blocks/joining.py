"""Levels joined, and the particles that count selected, band by band and block by block."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

from autoseg.segmentation.blocks.grid import Shape, cut
from autoseg.segmentation.blocks.parting import StoredFound
from autoseg.segmentation.blocks.scratch import Stored
from autoseg.segmentation.instances.filters import fill_holes
from autoseg.segmentation.joining import count_shared, number, settle
from autoseg.segmentation.pyramid import bring_labels_back


def bring_found_back(found: StoredFound, shape: Shape, path: Path) -> StoredFound:
    """Particles of a level in the pixels of an image of this shape."""
    if found.labels.shape == shape:
        return found
    brought = Stored(path, shape, np.int32)
    brought[:] = bring_labels_back(found.labels[:], shape)
    found.labels.remove()
    return StoredFound(brought, found.scores, count_pixels(brought, len(found.scores)))


def count_pixels(labels: Stored, count: int) -> np.ndarray:
    """The pixels of each label from 1 to a count."""
    return sum(
        (np.bincount(band.ravel(), minlength=count + 1)[1:] for _, band in labels.passing()), np.zeros(count, np.int64)
    )


def join_stored(finer: StoredFound, coarser: StoredFound) -> StoredFound:
    """The particles of two levels, in the file of the finer one; see `autoseg.segmentation.joining.join`."""
    shape = (len(coarser.scores) + 1, len(finer.scores) + 1)
    shared = csr_array(shape, dtype=np.int64)
    for rows, band in finer.labels.passing():
        shared = shared + count_shared(band, coarser.labels[rows], shape)
    stays, taken = settle(finer, coarser, csr_array(shared))
    if taken.any():
        first, second = number(stays), number(taken, int(stays.sum()))
        for rows, band in finer.labels.passing():
            kept = first[band]
            finer.labels[rows] = np.where(kept == 0, second[coarser.labels[rows]], kept)
        scores = np.concatenate([finer.scores[stays], coarser.scores[taken]])
        finer = StoredFound(finer.labels, scores, count_pixels(finer.labels, len(scores)))
    coarser.labels.remove()
    return finer


def select_stored(
    found: StoredFound, minimum_score: float, smallest: int, fills: bool, edge: int, halo: int
) -> tuple[np.ndarray, np.ndarray]:
    """The labels of particles of some score and size, uint16 or uint32, in reading order, and the score of each.

    With their holes filled if `fills`: a hole lies within the halo around a block of this edge, or stays.
    """
    kept = np.array([False, *((found.scores >= minimum_score) & (found.areas >= smallest))])
    table = np.where(kept, np.arange(kept.size), 0).astype(np.int32)
    order = _reading_order(found.labels, kept)
    numbers = np.zeros(kept.size, np.uint16 if order.size < 2**16 else np.uint32)
    numbers[order] = 1 + np.arange(order.size)
    labels = np.zeros((found.labels.shape[0], found.labels.shape[1]), numbers.dtype)
    for block in cut(labels.shape, edge, halo if fills else 0):
        chosen = table[found.labels[block.seen]]
        labels[block.core] = numbers[fill_holes(chosen) if fills else chosen][block.inner]
    return labels, found.scores[order - 1]


def _reading_order(labels: Stored, kept: np.ndarray) -> np.ndarray:
    """The labels that are kept and have pixels, in the order of their first pixels: filled holes do not change it."""
    present: list[np.ndarray] = []
    left = kept.copy()
    for _, band in labels.passing():
        flat = band.ravel()
        pixels = np.flatnonzero(left[flat])
        values, first = np.unique(flat[pixels], return_index=True)
        present.append(values[np.argsort(first)])
        left[values] = False
    return np.concatenate(present).astype(np.int64)
